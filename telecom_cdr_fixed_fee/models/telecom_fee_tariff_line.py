# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal
from typing import Self

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine.fees import FeeLine

KINDS = [
    ("recurring", "Recurring"),
    ("one_off", "One-off"),
    ("credit", "Credit"),
]
# May change after the line has priced what is invoiced.
FREE_FIELDS = {"date_end", "product_id", "note"}


class TelecomFeeTariffLine(models.Model):
    """The price of some charges in a period."""

    _name = "telecom.fee.tariff.line"
    _description = "Line of a Fixed-Fee Tariff"
    _inherit = ["telecom.fee.billed.mixin"]
    _charge_field = "fee_line_id"
    _order = "tariff_id, product_code desc, kind, date_start desc, id"

    tariff_id = fields.Many2one(
        "telecom.fee.tariff", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="tariff_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="tariff_id.currency_id")
    product_code = fields.Char(
        help="The carrier's product code; * stands for any characters, ? for one. "
        "Empty: all codes. The narrowest line counts: a whole code, then the pattern "
        "with more letters, then the line with a kind."
    )
    kind = fields.Selection(
        KINDS,
        help="Empty: all kinds. A line with an own price is for credits only where "
        "that is its kind, since a credit may give back a part only.",
    )
    method = fields.Selection(
        [
            ("price", "Own price"),
            ("markup", "Mark-up on cost"),
            ("included", "Included in a bundle"),
            ("none", "Not passed on"),
        ],
        required=True,
        default="price",
        help="Included in a bundle: nothing, for customers who have a bundle that "
        "lists the product code; for others the next line counts.",
    )
    price = fields.Float(
        digits=(16, 6),
        help="Net price of one. What a line for credits says is given back.",
    )
    markup = fields.Float(
        string="Mark-up (%)", digits=(16, 4), help="0: at cost, -100: for nothing."
    )
    is_prorated = fields.Boolean(
        string="By days",
        help="The price is that of a month: a part of a month pays for its days, "
        "several months pay for each.",
    )
    product_id = fields.Many2one(
        "product.product",
        string="Billed as",
        help="Empty: line rental for recurring charges, installation for one-off ones.",
    )
    note = fields.Char(string="Remark")
    date_start = fields.Date(
        string="From", help="First day of a charge's period that it counts for."
    )
    date_end = fields.Date(string="Until", help="Not included.")

    _price_positive = models.Constraint(
        "CHECK(price >= 0 AND markup >= -100)",
        "A price cannot be negative, and a mark-up takes at most the whole cost.",
    )
    _period_order = models.Constraint(
        "CHECK(date_end > date_start)",
        "A line must end after it starts.",
    )
    _period_excl = models.Constraint(
        "EXCLUDE USING gist (tariff_id WITH =,"
        " COALESCE(lower(product_code), '') WITH =, COALESCE(kind, '') WITH =,"
        " (CASE WHEN method = 'included' THEN 1 ELSE 0 END) WITH =,"
        " daterange(date_start, date_end) WITH &&)",
        "This tariff already has a line for the same charges in a part of this "
        "period. End the other one first.",
    )

    @api.depends("product_code", "kind", "tariff_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for line in self:
            target = (
                line.product_code or kinds.get(line.kind) or self.env._("All charges")
            )
            line.display_name = f"{line.tariff_id.name}: {target}"

    @api.constrains("price", "method")
    def _check_price(self):
        for line in self:
            if line.method == "price" and line.price > 10**7:
                raise ValidationError(
                    self.env._(
                        "%(price)s is no plausible price: at most 10,000,000 is taken.",
                        price=line.price,
                    )
                )

    @api.constrains("method", "tariff_id")
    def _check_method_of_cost(self):
        for line in self:
            if line.tariff_id.is_cost and line.method not in ("price", "none"):
                raise ValidationError(
                    self.env._(
                        "%(tariff)s is what a carrier charges: its lines have a price "
                        "of their own, or none.",
                        tariff=line.tariff_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list: list[dict]) -> Self:
        for vals in vals_list:
            vals["product_code"] = (vals.get("product_code") or "").strip() or False
        self.flush_model()  # periods that end for these to begin
        lines = super().create(vals_list)
        self.env["telecom.charge"]._take_up_soon()
        return lines

    def write(self, vals: dict) -> bool:
        if "product_code" in vals:
            vals = {
                **vals,
                "product_code": (vals["product_code"] or "").strip() or False,
            }
        result = super().write(vals)
        self.env["telecom.charge"]._take_up_soon()
        return result

    def _frozen_names(self, vals):
        return vals.keys() - FREE_FIELDS

    def _frozen_text(self):
        return self.env._(
            "%(name)s has priced charges that are invoiced, so it stays as it is. Set "
            "the day until which it counts, and add a line from then on.",
            name=self[0].display_name,
        )

    def _forget_charges(self):
        self.env["telecom.charge"]._forget_lines(self)

    def action_take_up(self) -> dict:
        """Price the charges that wait for it, at once."""
        for company in self.company_id:
            self.env["telecom.charge"]._settle_now(
                [("company_id", "=", company.id), ("state", "=", "unpriced")]
            )
        return self.env["telecom.waiting"]._reload_and_close()

    def _to_engine(self):
        """The lines as the engine takes them."""
        return [
            FeeLine(
                line_id=line.id,
                pattern=line.product_code or "",
                kind=line.kind or "",
                method=line.method,
                price=Decimal(str(line.price)),
                markup=Decimal(str(line.markup)),
                is_prorated=line.is_prorated,
                start=line.date_start or None,
                end=line.date_end or None,
            )
            for line in self
        ]
