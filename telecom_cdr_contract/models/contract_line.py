# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, datetime, timedelta
from typing import NamedTuple, Self

from odoo import api, fields, models
from odoo.fields import Domain

# What decides what the customer has by a line.
FOLLOWED = {
    "product_id",
    "quantity",
    "date_start",
    "date_end",
    "is_canceled",
    "contract_id",
    "display_type",
}


class Sold(NamedTuple):
    """What a line sells to whom, and when: the end is not included, None is open."""

    product_id: int
    partner_id: int
    quantity: float
    start: datetime
    end: datetime | None


class Due(NamedTuple):
    """Days whose telephony goes onto an invoice: first and last."""

    start: date
    end: date


class ContractLine(models.Model):
    _name = "contract.line"
    _inherit = ["contract.line", "telecom.bundle.line.mixin"]

    telecom_bundle_id = fields.Many2one(
        help="The customer has it for as long as the line runs. Its fee is that of the "
        "line, on the invoices of the contract."
    )
    # A copy of the contract is for others, who have other numbers.
    telecom_number_ids = fields.Many2many(
        copy=False, domain="[('partner_id', 'child_of', partner_id)]"
    )
    telecom_subscription_ids = fields.One2many(
        "telecom.bundle.subscription", "contract_line_id", string="Bundles of the line"
    )

    # === WHAT THE CUSTOMER HAS FOLLOWS THE LINE === #

    @api.model_create_multi
    def create(self, vals_list: list[dict]) -> Self:
        lines = super().create(vals_list)
        lines._follow_telecom({})
        return lines

    def write(self, vals: dict) -> bool:
        lines = self if FOLLOWED & vals.keys() else self.browse()
        before = lines._telecom_sold()
        result = super().write(vals)
        lines._follow_telecom(before)
        if "telecom_number_ids" in vals:
            self._hand_telecom_numbers()
        return result

    def unlink(self) -> bool:
        self.sudo().telecom_subscription_ids._end_sold()
        return super().unlink()

    def _telecom_sold(self):
        """What these lines sell, by line id; nothing where they sell no bundle."""
        sold = {}
        for line in self.sudo():
            is_bundle = line.telecom_bundle_id or line.product_id.telecom_usage
            if is_bundle or line.telecom_subscription_ids:
                sold[line.id] = line._telecom_sold_now()
        return sold

    def _telecom_sold_now(self):
        """What the line sells; None: it is cancelled, or its contract archived."""
        contract = self.contract_id
        is_sold = contract.active and contract.contract_type == "sale"
        if not is_sold or self.is_canceled or self.display_type or not self.date_start:
            return None
        ends = [day for day in (self.date_end, contract.date_end) if day]
        return Sold(
            self.product_id.id,
            contract.partner_id.commercial_partner_id.id,
            self.quantity,
            self._telecom_midnight(self.date_start),
            self._telecom_midnight(min(ends) + timedelta(days=1)) if ends else None,
        )

    def _telecom_midnight(self, day):
        """The moment at which a day begins, where the calls are billed."""
        return self.env["telecom.bundle.subscription"]._midnight(day, self.company_id)

    def _follow_telecom(self, before):
        """Have customers hold what lines sell now.

        :param before: what they sold until now, as of ``_telecom_sold``
        """
        after = self._telecom_sold()
        for line in self.sudo():
            old, new = before.get(line.id), after.get(line.id)
            if old == new:
                continue
            held = line.telecom_subscription_ids
            if not new or (old and old[:2] != new[:2]):
                held._end_sold()
            elif old:
                held._move_sold(old, new)
            if new and not line._telecom_has_ended(new):
                line._give_telecom_bundles()

    def _telecom_has_ended(self, sold):
        """Whether it is over what the line gave: nothing of it is given again."""
        is_past = sold.end and sold.end <= fields.Datetime.now()
        return bool(is_past and self.telecom_subscription_ids)

    def _hand_telecom_numbers(self):
        """The numbers of the line are those of what it gives."""
        for line in self.sudo():
            line._telecom_held().write(
                {"number_ids": [fields.Command.set(line.telecom_number_ids.ids)]}
            )

    # === WHAT IS GIVEN === #

    def _telecom_quantity(self):
        return self.quantity

    def _telecom_document(self):
        return self.contract_id

    def _telecom_bundle_count(self):
        """Telephony is had once, however often the line charges for it."""
        if self.product_id.telecom_usage:
            return int(self.quantity > 0)
        return super()._telecom_bundle_count()

    def _telecom_held(self):
        """Also what has ended with the line: it is not given again."""
        held, sold = super()._telecom_held(), self._telecom_sold_now()
        if not sold or not sold.end:
            return held
        return held | self.telecom_subscription_ids.filtered(
            lambda one: one.date_end == sold.end and not one.next_ids
        )

    def _prepare_subscription(self):
        sold = self._telecom_sold_now()
        start = sold.start
        if self.telecom_subscription_ids:
            start = max(start, fields.Datetime.now())
        return {
            "partner_id": self.contract_id.partner_id.id,
            "bundle_id": self.telecom_bundle_id.id,
            "number_ids": [fields.Command.set(self.telecom_number_ids.ids)],
            "date_start": start,
            "date_end": sold.end,
            "contract_line_id": self.id,
            "is_contract_fee": True,
        }

    # === WHICH CALLS ITS INVOICE BRINGS === #

    def _telecom_days(self, before):
        """Days whose calls the invoice that was made last brings.

        Paid in advance, they are those of the period before: nobody has called yet.

        :param before: until when the line was invoiced before
        """
        start = before + timedelta(days=1) if before else self.date_start
        if self.recurring_invoicing_type == "post-paid":
            return Due(start, self.last_date_invoiced)
        period = self.get_relative_delta(
            self.recurring_rule_type, self.recurring_interval
        )
        return Due(start - period, start - timedelta(days=1))

    @api.model
    def _telecom_bringing(self, payers, until: date) -> models.BaseModel:
        """Contracts that go on to bring calls of customers, begun by a day.

        Until one has begun others bill: it looks at no earlier fees.
        """
        lines = self.sudo().search(
            Domain("company_id", "=", self.env.company.id)
            & Domain("contract_id.commercial_partner_id", "in", payers.ids)
            & Domain("contract_id.contract_type", "=", "sale")
            & Domain("contract_id.active", "=", True)
            & Domain("product_id.telecom_usage", "=", True)
            & Domain("is_canceled", "=", False)
            & Domain("recurring_next_date", "!=", False)
            & Domain("date_start", "<=", until)
        )
        return lines.filtered(lambda line: not line._telecom_is_over()).contract_id

    def _telecom_is_over(self) -> bool:
        """Whether its contract has ended before its next invoice."""
        end = self.contract_id.date_end
        return bool(end and end < self.recurring_next_date)
