# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class TelecomSource(models.Model):
    _inherit = "telecom.source"

    file_type = fields.Selection(
        selection_add=[("fixed_fee", "Fixed fees")],
        ondelete={"fixed_fee": "set default"},
        help="What the files hold: calls, messages and data sessions; or fixed fees: "
        "line rental, installation, equipment, credits.",
    )

    is_fee_information = fields.Boolean(
        string="For information only",
        help="Its charges are compared with what customers pay (Drift), and never "
        "billed.",
    )

    def write(self, vals: dict) -> bool:
        result = super().write(vals)
        if "is_fee_information" in vals:
            self.env["telecom.charge"]._take_up_soon()
        return result

    @api.constrains("file_type", "format_id")
    def _check_file_type_of_format(self):
        types = dict(self._fields["file_type"]._description_selection(self.env))
        for source in self:
            if source.file_type != source.format_id.file_type:
                raise ValidationError(
                    self.env._(
                        "The files of %(name)s hold %(type)s, but the format "
                        "%(format)s reads %(read)s. Choose another format or kind of "
                        "file.",
                        name=source.name,
                        type=types[source.file_type],
                        format=source.format_id.name,
                        read=types[source.format_id.file_type],
                    )
                )

    @api.onchange("format_id")
    def _onchange_format_id_file_type(self):
        if self.format_id:
            self.file_type = self.format_id.file_type
