# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets

from odoo import fields, models
from odoo.exceptions import UserError

from ..engine.identity import SALT_BYTES

RELEASES = [
    ("known", "Read it, calls that are known stay out"),
    ("new", "These are new charges"),
]


class TelecomFileReleaseMixin(models.AbstractModel):
    """Held files: what is done with those that look like files that came before."""

    _name = "telecom.file.release.mixin"
    _description = "Release of a File"

    release_kind = fields.Selection(
        RELEASES, string="Released as", readonly=True, copy=False
    )
    identity_salt = fields.Char(
        readonly=True,
        copy=False,
        help="Makes the calls of this file others than the same rows of other files: "
        "somebody has said that they are new charges. It stays as long as the file.",
    )

    def action_ask_release(self):
        """Show held files beside those that they may repeat, and ask what they are."""
        held = self.filtered(lambda file: file.state == "held")
        if not held:
            raise UserError(self.env._("None of these files is held."))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_file_release_action"
        )
        action["context"] = {"default_file_ids": held.ids}
        return action

    def action_release(self):
        """Process held files after all: calls that are known stay out."""
        self._release("known")

    def _release(self, kind, reason=""):
        """Let held files be processed, and write down who said so.

        :param reason: why the rows are new charges, where they are
        """
        held = self.filtered(lambda file: file.state == "held")
        held.write({"state": "received", "hold_wording": False, "release_kind": kind})
        for file in held:
            if kind == "new":
                # A file that is read again tells of the same calls as before.
                file._add_salt()
            file.message_post(body=self._release_text(kind, reason))
        self._trigger_processing()

    def _add_salt(self):
        self.identity_salt = self.identity_salt or secrets.token_hex(SALT_BYTES)

    def _release_text(self, kind, reason):
        user = self.env.user.name
        if kind == "new":
            return self.env._(
                "Released by %(user)s as new charges, which are billed beside those of "
                "the files that it repeats: %(reason)s",
                user=user,
                reason=reason,
            )
        return self.env._("Released by %s.", user)

    def _release_as_parent(self):
        """Members are what somebody has said of their archive."""
        parent = self.parent_id
        self.write({"release_kind": parent.release_kind})
        if parent.release_kind == "new":
            self._add_salt()
