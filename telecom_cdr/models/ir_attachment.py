# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from odoo import api, models

from ..collect.email_parts import has_no_calls


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model_create_multi
    def create(self, vals_list):
        """No words of files of calls are kept to search in: they hold numbers."""
        attachments = super().create(vals_list)
        attachments.filtered(lambda one: one._is_content())._forget_words()
        return attachments

    def _forget_words(self):
        self.sudo().filtered("index_content").index_content = False

    def _check_access(self, operation):
        """The bytes of a file of calls are for who may see all that is in it."""
        result = super()._check_access(operation)
        if operation != "read" or self.env.su:
            return result
        hidden = self.sudo().filtered(lambda one: one._is_hidden_from(self.env))
        if not hidden:
            return result
        forbidden = result[0] if result else self.browse()
        forbidden |= hidden.sudo(False)
        error = partial(self.env["ir.rule"]._make_access_error, operation, forbidden)
        return forbidden, result[1] if result else error

    def _compute_raw(self):
        """What a search gave was not checked one by one."""
        if not self.env.su:
            contents = self.sudo().filtered(
                lambda one: one._is_content() or one._is_mailed_file()
            )
            contents.sudo(False).check_access("read")
        return super()._compute_raw()

    def _is_content(self):
        return (self.res_model, self.res_field) == ("telecom.file", "content")

    def _is_mailed_file(self):
        """Whether it came with a mail, and may hold calls."""
        return self.res_model == "telecom.mail" and not has_no_calls(
            self.name, self.mimetype or ""
        )

    def _is_hidden_from(self, env):
        """Whether it is a file of calls that a user must not see; else it is logged."""
        if self._is_mailed_file():
            return env["telecom.mail"].browse(self.res_id)._hides_files()
        if not self._is_content():
            return False
        file = env["telecom.file"].browse(self.res_id).exists()
        if file._hides_amounts() or file._hides_numbers():
            return True
        if file and file._holds_hidden():
            file._log_content()
        return False
