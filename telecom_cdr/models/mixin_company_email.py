# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class TelecomCompanyEmailMixin(models.AbstractModel):
    """The address for the files of all sources, and what strangers get."""

    _name = "telecom.company.email.mixin"
    _description = "Company: e-mail with files"

    telecom_mail_alias_id = fields.Many2one(
        "mail.alias", copy=False, ondelete="set null", groups="base.group_system"
    )
    telecom_mail_alias_name = fields.Char(
        string="Address for all sources",
        compute="_compute_telecom_mail_alias_name",
        inverse="_inverse_telecom_mail_alias_name",
        compute_sudo=True,
        help="Files that are sent here go to the source whose allowed senders and "
        "file names they fit; where that does not tell, somebody is asked.",
    )
    telecom_unknown_sender = fields.Selection(
        [
            ("keep", "Keep the e-mail aside and ask"),
            ("bounce", "Send it back"),
        ],
        string="E-mail of unknown senders",
        required=True,
        default="keep",
        help="What becomes of e-mail with files whose sender is on no source's list.",
    )
    telecom_mail_user_id = fields.Many2one(
        "res.users",
        string="Who is asked",
        domain="[('share', '=', False)]",
        help="Gets an activity for each e-mail that waits for somebody to choose its "
        "source.",
    )

    @api.depends("telecom_mail_alias_id.alias_name")
    def _compute_telecom_mail_alias_name(self):
        for company in self:
            company.telecom_mail_alias_name = company.telecom_mail_alias_id.alias_name

    def _inverse_telecom_mail_alias_name(self):
        for company in self.sudo():
            name = company.telecom_mail_alias_name
            alias = company.telecom_mail_alias_id
            if alias:
                alias.alias_name = name
            elif name:
                values = {"alias_name": name, **company._telecom_mail_alias_values()}
                company.telecom_mail_alias_id = alias.create(values)

    def _telecom_mail_alias_values(self):
        models_of = self.env["ir.model"]
        return {
            "alias_domain_id": self.alias_domain_id.id,
            "alias_model_id": models_of._get_id("telecom.mail"),
            "alias_parent_model_id": models_of._get_id(self._name),
            "alias_parent_thread_id": self.id,
            "alias_defaults": {"company_id": self.id},
        }

    def _alias_get_error(self, message, message_dict, alias):
        """The gateway asks here whether a sender may write to the address for all."""
        sources = (
            self.env["telecom.source"]
            .sudo()
            .search([("company_id", "in", self.ids), ("protocol", "=", "email")])
        )
        if alias in self.sudo().telecom_mail_alias_id:
            mails = self.env["telecom.mail"]
            if error := mails._sender_error(self.sudo(), sources, message_dict):
                return error
        return super()._alias_get_error(message, message_dict, alias)
