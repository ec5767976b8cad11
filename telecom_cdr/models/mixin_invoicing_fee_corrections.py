# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import NamedTuple

from odoo import fields, models
from odoo.tools.misc import format_date

from ..engine.fee_periods import common, corrections, without


class Correction(NamedTuple):
    """Days of a fee that are given back (sign -1) or due again (1)."""

    line: models.BaseModel
    number: int
    start: date
    end: date
    sign: int


class TelecomInvoicingFeeCorrections(models.AbstractModel):
    """Fees that were invoiced for other days than a bundle ran: the rest by days.

    A line of a fee and the lines that correct it are looked at together. What they
    come to, day by day, is compared with the days that are due now, so it does not
    matter what was cancelled, credited or given back in between.
    """

    _name = "telecom.invoicing.fee.corrections.mixin"
    _description = "Correction of Invoiced Fees"

    def _fee_correction_lines(self, subscriptions):
        """What is to be put right: (customer id, currency id, line values)."""
        lines = []
        for subscription, found in self._all_fee_lines(subscriptions).items():
            payer = subscription.partner_id.commercial_partner_id
            writer = self._in_language_of(payer.id)
            for due in self._fee_corrections(subscription, found):
                values = writer._prepare_fee_correction(subscription, due)
                if values["price_unit"]:
                    lines.append((payer.id, due.line.currency_id.id, values))
        return lines

    def _all_fee_lines(self, subscriptions):
        """All lines that bill or have billed subscriptions, by subscription."""
        lines = self.env["account.move.line"].search(
            [("telecom_subscription_id", "in", subscriptions.ids)], order="id"
        )
        return lines.grouped("telecom_subscription_id")

    def _fee_corrections(self, subscription, lines):
        """What is to be put right of a subscription's fees."""
        left, result = [subscription._running_days()], []
        for line, parts in lines.grouped(lambda x: x.telecom_fee_line_id or x).items():
            open_parts = parts.filtered(lambda part: not part.telecom_is_released)
            wanted = self._wanted_days(line, left)
            numbers = count(max(parts.mapped("telecom_fee_number")) + 1)
            billed = [part._telecom_fee_span() for part in open_parts]
            result += [
                Correction(line, next(numbers), *days)
                for days in corrections(billed, wanted)
            ]
            left = [rest for days in left for rest in without(days, wanted)]
        return result

    def _wanted_days(self, line, left):
        """Days of a line that are due: all, where its fee is not by days."""
        if line.telecom_is_released or line.telecom_fee_number:
            return []
        start, end, _sign = line._telecom_fee_span()
        if not line.telecom_is_by_days:
            return [(start, end)]
        parts = [common((start, end), days) for days in left]
        return [days for days in parts if days[0] < days[1]]

    # === INVOICE VALUES === #

    def _prepare_fee_correction(self, subscription, due):
        """Days of a fee with its own taxes, at its own price."""
        line = due.line
        start, end, sign = line._telecom_fee_span()
        price = sign * line._telecom_fee_amount() / (end - start).days
        return {
            "product_id": line.product_id.id,
            "name": self._correction_name(due),
            "account_id": line.account_id.id,
            "tax_ids": [fields.Command.set(line.tax_ids.ids)],
            "analytic_distribution": line.analytic_distribution,
            # Electronic invoices take less of something, but no price below 0.
            "quantity": due.sign,
            "price_unit": float(price * Decimal((due.end - due.start).days)),
            "telecom_subscription_id": subscription.id,
            "telecom_fee_line_id": line.id,
            "telecom_fee_number": due.number,
            "telecom_is_fee_credit": due.sign < 0,
            "telecom_period_start": due.start,
            "telecom_period_end": due.end,
        }

    def _correction_name(self, due):
        """Which line it corrects, of which invoice, and for which days."""
        move = due.line.move_id
        parts = {
            "fee": due.line.name,
            "invoice": move.name if move.state == "posted" else move.display_name,
            "first": format_date(self.env, due.start),
            "last": format_date(self.env, due.end - timedelta(days=1)),
        }
        if due.sign < 0:
            return self.env._(
                "Given back for %(first)s to %(last)s: %(fee)s, %(invoice)s", **parts
            )
        return self.env._(
            "Due after all for %(first)s to %(last)s: %(fee)s, %(invoice)s", **parts
        )
