# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..collect.email_parts import allows, names_sender, wants


class TelecomSourceEmailMixin(models.AbstractModel):
    """An address of its own for a source, and who may send files there."""

    _name = "telecom.source.email.mixin"
    _description = "Source: e-mail"
    _inherit = ["mail.alias.mixin.optional"]

    email_senders = fields.Text(
        string="Allowed senders",
        tracking=True,
        help="Addresses that files are taken from, separated by blanks or lines: "
        "cdr@carrier.example, or @carrier.example for everybody there. * is anybody. "
        "What others send is kept aside or refused, see the settings.",
    )

    @api.onchange("protocol", "name")
    def _onchange_email_alias(self):
        """Propose an address."""
        if self.protocol == "email" and self.name and not self.alias_name:
            name = self.env["mail.alias"]._sanitize_alias_name(self.name)
            self.alias_name = f"cdr-{name}" if name else False

    def _alias_get_creation_values(self):
        values = super()._alias_get_creation_values()
        values["alias_model_id"] = self.env["ir.model"]._get_id("telecom.mail")
        if self.id:
            values["alias_defaults"] = {
                "source_id": self.id,
                "company_id": self.company_id.id,
            }
            values["alias_domain_id"] = self.company_id.alias_domain_id.id
        return values

    def _alias_get_error(self, message, message_dict, alias):
        """The gateway asks here whether this sender may write to the source."""
        mails = self.env["telecom.mail"]
        source = self.sudo()
        if error := mails._sender_error(source.company_id, source, message_dict):
            return error
        return super()._alias_get_error(message, message_dict, alias)

    def _set_brought(self):
        """A file came."""
        self.write(
            {
                "state": "ok",
                "error_wording": False,
                "last_collected_at": fields.Datetime.now(),
            }
        )

    # === CHOOSING METHODS === #

    def _allowing(self, email):
        """The sources that take files of a sender."""
        return self.filtered(lambda source: allows(source.email_senders or "", email))

    def _naming(self, email):
        """The sources that name a sender; those for anybody where none does."""
        named = self.filtered(
            lambda source: names_sender(source.email_senders or "", email)
        )
        return named or self._allowing(email)

    def _wanting(self, name, mimetype):
        """The sources whose pattern a file of a mail fits."""
        return self.filtered(
            lambda source: wants(source.file_pattern or "*", name, mimetype or "")
        )
