# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

KINDS = [
    ("shown", "Numbers shown"),
    ("exported", "Numbers as a file"),
    ("file", "Raw file"),
]


class TelecomLawfulLog(models.Model):
    """Who saw whole numbers, when, of what and why. Nobody changes it."""

    _name = "telecom.lawful.log"
    _description = "Lawful Access"
    _order = "id desc"

    company_id = fields.Many2one("res.company", required=True, index=True)
    user_id = fields.Many2one("res.users", required=True, ondelete="restrict")
    moment = fields.Datetime(string="When", required=True, index=True)
    kind = fields.Selection(KINDS, string="What", required=True)
    reason = fields.Text(help="As whoever had access wrote it.")
    asked = fields.Text(string="Asked for", help="Customer, number, period, file.")
    call_count = fields.Integer(string="Calls")

    @api.depends("moment", "user_id")
    def _compute_display_name(self):
        for entry in self:
            entry.display_name = f"{entry.user_id.name} {entry.moment}"

    def write(self, vals):
        if self:
            raise UserError(self.env._("The log of lawful access is never changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The log of lawful access is never deleted."))

    def copy_data(self, default=None):
        raise UserError(self.env._("The log of lawful access is never changed."))

    @api.model
    def _log(self, company, kind, asked, reason=False, call_count=0):
        """Note an access of the present user."""
        return self.sudo().create(
            {
                "company_id": company.id,
                "user_id": self.env.uid,
                "moment": fields.Datetime.now(),
                "kind": kind,
                "reason": reason,
                "asked": asked,
                "call_count": call_count,
            }
        )

    @api.model
    def _log_file(self, file):
        """Note that the user gets a raw file."""
        name = file.sudo().name
        self._log_once(file, self.env._("File %(id)s: %(name)s", id=file.id, name=name))

    @api.model
    def _log_mail(self, mail):
        """Note that the user gets files that wait with a mail."""
        name = mail.sudo().name
        asked = self.env._("Files of e-mail %(id)s: %(name)s", id=mail.id, name=name)
        self._log_once(mail, asked)

    @api.model
    def _log_once(self, record, asked):
        """Note an access, once in a transaction."""
        known = self.env.cr.cache.setdefault("telecom_lawful_files", set())
        key = (self.env.uid, record._name, record.id)
        if key not in known:
            known.add(key)
            self._log(record.sudo().company_id, "file", asked)
