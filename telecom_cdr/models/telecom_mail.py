# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import ast

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from odoo.addons.mail.tools.alias_error import AliasError

from ..collect.email_parts import has_no_calls, parts_of


class TelecomMail(models.Model):
    """One e-mail that came for a source, and what became of its files.

    The gateway makes it; its files go to the source that the address names. One that
    came to the address for all picks the source by sender and file name, and waits for
    somebody to choose where that does not tell.
    """

    _name = "telecom.mail"
    _description = "Received E-mail"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True
    _primary_email = "email_from"

    name = fields.Char(string="Subject", required=True, readonly=True)
    email_from = fields.Char(string="Sender", readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    source_id = fields.Many2one(
        "telecom.source",
        index="btree_not_null",
        check_company=True,
        ondelete="set null",
        help="Where the address or the sender leads to; else choose it here.",
    )
    file_ids = fields.Many2many("telecom.file", string="Files taken", readonly=True)
    state = fields.Selection(
        [
            ("new", "New"),
            ("waiting", "Waiting"),
            ("done", "Files taken"),
            ("ignored", "Nothing taken"),
        ],
        required=True,
        default="new",
        readonly=True,
        index=True,
    )
    reason = fields.Selection(
        [
            ("sender", "The sender is on no list of allowed senders"),
            ("several", "Several sources fit"),
            ("name", "No source asks for files of these names"),
            ("size", "A file is larger than the largest in the settings"),
        ],
        string="Why it waits",
        readonly=True,
    )

    # === GATEWAY METHODS === #

    @api.model
    def _deliveries(self, message, message_dict, routes):
        """Each mail with files is a delivery of its own, also one that is an answer;
        and the files come byte for byte, not as the text that a mail shows."""
        if not any(route[0] == self._name for route in routes):
            return routes
        parts = list(parts_of(message))
        if all(route[0] == self._name for route in routes):
            message_dict["attachments"] = [
                self._Attachment(part.name, part.content, {"cid": part.content_id})
                for part in parts
            ]
        has_files = any(not has_no_calls(part.name, part.mimetype) for part in parts)
        return self._without_address_for_all(
            [self._delivery(route, has_files) for route in routes]
        )

    @api.model
    def _delivery(self, route, has_files):
        model, thread_id, _values, user_id, alias = route
        if model != self._name or not thread_id or not has_files:
            return route
        if alias:
            values = ast.literal_eval(alias.alias_defaults)
        else:
            values = {"company_id": self.sudo().browse(thread_id).company_id.id}
        return (model, 0, values, user_id, alias)

    @api.model
    def _without_address_for_all(self, routes):
        """A mail that also names a source's own address is for that source alone."""

        def names_source(route):
            return bool((route[2] or {}).get("source_id"))

        if not any(route[0] == self._name and names_source(route) for route in routes):
            return routes
        return [
            route for route in routes if route[0] != self._name or names_source(route)
        ]

    @api.model
    def _detect_loop_sender_domain(self, email_from_normalized):
        """A carrier may send a mail a minute: only unknown senders are counted."""
        return [
            *super()._detect_loop_sender_domain(email_from_normalized),
            ("reason", "=", "sender"),
        ]

    @api.model
    def _sender_error(self, company, sources, message_dict):
        """What the gateway sends back to a stranger, where the company wants that."""
        email = email_normalize(message_dict["email_from"]) or ""
        if company.telecom_unknown_sender == "keep" or sources._allowing(email):
            return False
        return AliasError(
            "error_telecom_sender", self.env._("the sender is not on the list")
        )

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        values = dict(custom_values or {})
        source = self.env["telecom.source"].browse(values.get("source_id")).exists()
        company = source.company_id.id or values.get("company_id")
        values.update(
            name=msg_dict.get("subject") or self.env._("Without a subject"),
            source_id=source.id,
            company_id=company or self.env.company.id,
        )
        return super().message_new(msg_dict, values)

    def _message_post_after_hook(self, message, msg_values):
        result = super()._message_post_after_hook(message, msg_values)
        if self.state == "new" and message.message_type == "email":
            message.sudo().attachment_ids._forget_words()
            self.sudo()._take_or_wait(message.sudo().attachment_ids)
        return result

    # === CHOOSING METHODS === #

    def _take_or_wait(self, attachments):
        """Take what has a place to go to, and say why the rest waits."""
        reason = False
        email = email_normalize(self.email_from) or ""
        allowing = self._sources()._allowing(email)
        if allowing:
            reason = self._take_fitting(allowing._naming(email), attachments)
        elif any(not has_no_calls(a.name, a.mimetype or "") for a in attachments):
            reason = "sender"
        self._set_state(reason)

    def _sources(self):
        """The source that the address names, else all that take mails."""
        if self.source_id.active and self.source_id.protocol == "email":
            return self.source_id
        return self.env["telecom.source"].search(
            [("company_id", "=", self.company_id.id), ("protocol", "=", "email")]
        )

    def _take_fitting(self, sources, attachments):
        """Take each file that one source asks for; gives why others wait."""
        reason = False
        unasked = attachments.browse()
        for attachment in attachments:
            fitting = sources._wanting(attachment.name, attachment.mimetype)
            if len(fitting) == 1:
                reason = self._take(fitting, attachment) or reason
            elif fitting:
                reason = "several"
            elif not has_no_calls(attachment.name, attachment.mimetype or ""):
                unasked |= attachment
        if unasked and not self.file_ids:
            reason = reason or "name"
        return reason

    def _take(self, source, attachment):
        """Make an attachment a file of a source; gives why that is not possible."""
        files = self.env["telecom.file"].with_company(source.company_id)
        try:
            with self.env.cr.savepoint():
                file = files._receive_attachment(source, attachment.sudo())
        except UserError:
            return "size"
        self.sudo().write({"file_ids": [fields.Command.link(file.id)]})
        attachment.sudo().unlink()
        source.sudo()._set_brought()
        return False

    def _set_state(self, reason):
        state = "waiting" if reason else "done" if self.file_ids else "ignored"
        values = {"state": state, "reason": reason}
        if not self.source_id and len(self.file_ids.source_id) == 1:
            values["source_id"] = self.file_ids.source_id.id
        self.write(values)
        user = self.company_id.sudo().telecom_mail_user_id
        if reason and user and not self.activity_ids:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Choose the source of this e-mail"),
                user_id=user.id,
            )

    def _hides_files(self):
        """Whether the user must not see the files that wait; else it is logged."""
        mail = self.sudo().exists()
        if not self.env["telecom.masking"]._is_in_play(mail.company_id):
            return False
        if self.env["telecom.file"]._must_hide_numbers():
            return True
        self.env["telecom.lawful.log"]._log_mail(self)
        return False

    # === ACTIONS === #

    def action_take(self):
        """Take the files that wait, for the source that was chosen."""
        for mail in self.filtered(lambda m: m.state == "waiting"):
            if not mail.source_id:
                raise UserError(
                    self.env._("Choose the source that the files belong to.")
                )
            mail.check_access("write")
            reason = False
            for attachment in mail._waiting_attachments():
                reason = mail._take(mail.source_id, attachment) or reason
            mail.sudo()._set_state(reason)
            if not reason:
                mail.activity_unlink(["mail.mail_activity_data_todo"])

    def _waiting_attachments(self):
        """The files that are still there, without what comes along with mails."""
        attachments = self.env["ir.attachment"].sudo()
        found = attachments.search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)], order="id"
        )
        return found.filtered(
            lambda a: self.source_id._wanting(a.name, a.mimetype)
            or not has_no_calls(a.name, a.mimetype or "")
        )

    def action_discard(self):
        """Leave out what waits; the mail is kept."""
        waiting = self.filtered(lambda m: m.state == "waiting")
        waiting.check_access("write")
        waiting.sudo().write({"state": "ignored", "reason": False})
        waiting.activity_unlink(["mail.mail_activity_data_todo"])
