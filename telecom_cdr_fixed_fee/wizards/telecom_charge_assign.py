# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import pandas as pd

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.telecom_cdr.models.telecom_number import PHONE_KINDS
from odoo.addons.telecom_cdr.parsers import numbering


class TelecomChargeAssign(models.TransientModel):
    """Asks who pays charges whose reference nobody knew."""

    _name = "telecom.charge.assign"
    _description = "Assign Charges"

    charge_ids = fields.Many2many("telecom.charge", required=True)
    reference = fields.Char(compute="_compute_reference")
    partner_id = fields.Many2one("res.partner", string="Customer")
    number_id = fields.Many2one(
        "telecom.number", string="Number", help="Its holder pays."
    )
    is_all_of_reference = fields.Boolean(
        string="All waiting charges with this reference", default=True
    )
    is_remembered = fields.Boolean(
        string="Remember it",
        default=True,
        help="The reference becomes a number of this customer, or a code of it at the "
        "carrier, so that later charges find their customer by themselves.",
    )
    charge_count = fields.Integer(compute="_compute_charge_count")

    @api.depends("charge_ids")
    def _compute_reference(self):
        for wizard in self:
            wizard.reference = ", ".join(
                sorted(set(wizard.charge_ids.mapped("reference")))
            )

    @api.depends("charge_ids", "is_all_of_reference")
    def _compute_charge_count(self):
        for wizard in self:
            wizard.charge_count = len(wizard._charges())

    @api.onchange("number_id")
    def _onchange_number_id(self):
        if self.number_id.partner_id:
            self.partner_id = self.number_id.commercial_partner_id

    def _charges(self):
        """Those that were selected, and perhaps others of the same references."""
        charges = self.charge_ids._origin
        if not self.is_all_of_reference:
            return charges
        return charges | charges.search(
            Domain("reference", "in", charges.mapped("reference"))
            & Domain("carrier_id", "in", charges.carrier_id.ids)
            & Domain("state", "=", "unmatched")
        )

    def action_assign(self) -> dict:
        """Give the charges their customer, and remember it where that is wanted."""
        self.ensure_one()
        if not self.partner_id and not self.number_id:
            raise UserError(self.env._("Choose a customer or a number."))
        charges = self._charges()
        charges.check_access("write")
        if self.is_remembered and not self.number_id:
            self._remember(charges)
            charges._settle()
            charges = charges.filtered(lambda c: c.state == "unmatched")
        payer = self.partner_id.commercial_partner_id
        if charges:
            charges.write({"number_id": self.number_id.id, "partner_id": payer.id})
        return self.env["telecom.waiting"]._reload_and_close()

    def _remember(self, charges):
        """Make the references numbers of the customer, from the first charge on."""
        for (carrier, reference), group in charges.grouped(
            lambda charge: (charge.carrier_id, charge.reference)
        ).items():
            if group.filtered("number_id"):
                continue
            number, kind = self._identifier(carrier, reference)
            self.env["telecom.number"].create(
                {
                    "number": number,
                    "kind": kind,
                    "carrier_id": carrier.id,
                    "company_id": carrier.company_id.id,
                    "partner_id": self.partner_id.id,
                    "date_start": fields.Datetime.to_datetime(
                        fields.Date.subtract(min(group.mapped("period_from")), days=1)
                    ),
                }
            )

    @api.model
    def _identifier(self, carrier, reference):
        """A phone number in its usual spelling, else a code as the carrier has it."""
        country = carrier.country_id.code or "ES"
        [number] = numbering.normalise(pd.Series([reference], dtype=object), country)
        if number and number.startswith("+"):
            [kind] = numbering.numbers_type([number.removeprefix("+")], country)
            if kind in PHONE_KINDS:
                return number, kind
        return reference, "customer_code"
