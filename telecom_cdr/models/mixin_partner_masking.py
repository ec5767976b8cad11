# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError

READER = "telecom_cdr.group_telecom_reader"


class TelecomPartnerMaskingMixin(models.AbstractModel):
    """Whether digits of the numbers that a customer calls are hidden."""

    _name = "telecom.partner.masking.mixin"
    _description = "Masking of a Customer"

    telecom_masking_ids = fields.One2many(
        "telecom.masking", "partner_id", string="Masking", groups=READER
    )
    telecom_masking_text = fields.Char(
        string="Called numbers", compute="_compute_telecom_masking_text", groups=READER
    )

    def _compute_telecom_masking_text(self):
        masking = self.env["telecom.masking"]
        for partner in self:
            present = masking._present(partner.commercial_partner_id)
            partner.telecom_masking_text = (
                self.env._(
                    "Last %(digits)s digits hidden since %(date)s",
                    digits=present.hidden_digits,
                    date=fields.Date.to_string(
                        fields.Datetime.context_timestamp(self, present.date_start)
                    ),
                )
                if present.hidden_digits
                else self.env._("Whole numbers")
            )

    def _telecom_set_masking(self, hide, number=None):
        """Hide digits of the numbers called from now on, or show them again.

        :param hide: whether, for as many digits as the company has it
        :param number: a number of the customer that this is for; None: all
        :return: the choice that is in force from now on, if there is any
        """
        self.ensure_one()
        payer = self.commercial_partner_id
        masking = self.env["telecom.masking"]
        if number and number.partner_id.commercial_partner_id != payer:
            raise UserError(self.env._("This number is not one of this customer."))
        digits = self.env.company.telecom_masked_digits if hide else 0
        if hide and not digits:
            raise UserError(
                self.env._("%s does not offer to hide digits.", self.env.company.name)
            )
        present = masking._present(payer, number)
        if present.hidden_digits == digits and (present or not (hide or number)):
            return present
        return masking.create(
            {
                "partner_id": payer.id,
                "number_id": number.id if number else False,
                "hidden_digits": digits,
            }
        )

    def action_telecom_masking(self):
        self.ensure_one()
        payer = self.commercial_partner_id
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_masking_action"
        )
        action["domain"] = [("partner_id", "=", payer.id)]
        action["context"] = {"default_partner_id": payer.id}
        return action
