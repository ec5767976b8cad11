# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from odoo import models


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _check_access(self, operation):
        """The bytes of a file of calls are for who may see all that is in it."""
        result = super()._check_access(operation)
        if operation != "read" or not self.env["telecom.file"]._must_hide_amounts():
            return result
        hidden = self.sudo().filtered(lambda one: one._is_hidden_file())
        if not hidden:
            return result
        forbidden = result[0] if result else self.browse()
        forbidden |= hidden.sudo(False)
        error = partial(self.env["ir.rule"]._make_access_error, operation, forbidden)
        return forbidden, result[1] if result else error

    def _is_hidden_file(self):
        is_content = (self.res_model, self.res_field) == ("telecom.file", "content")
        file = self.env["telecom.file"].browse(self.res_id if is_content else [])
        return bool(file.exists()) and file._holds_amounts()
