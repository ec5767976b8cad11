# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import ValidationError


class TelecomPayerMixin(models.AbstractModel):
    """What a customer has, it has as the one who pays: the commercial partner."""

    _name = "telecom.payer.mixin"
    _description = "Belongs to who pays"

    def _contact_text(self, contact, customer):
        """What to do instead, where somebody names a contact of the customer."""
        raise NotImplementedError

    @api.constrains("partner_id")
    def _check_commercial_partner(self):
        for record in self:
            partner = record.partner_id
            payer = partner.commercial_partner_id
            if partner != payer:
                raise ValidationError(record._contact_text(partner.name, payer.name))
