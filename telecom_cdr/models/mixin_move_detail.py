# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import tempfile

from odoo import api, fields, models
from odoo.tools import SQL

from .detail_calls import Bill
from .detail_files import MIME_TYPES, write_detail
from .telecom_annex import TelecomAnnex

# Calls of a line: billed by it now, or given back by a credit note since.
LINKS = SQL(
    "(SELECT call_id, move_line_id FROM telecom_call_invoice"
    " UNION ALL SELECT call_id, move_line_id FROM telecom_call_release)"
)
REPORT = "telecom_cdr.action_report_call_detail"


class TelecomMoveDetailMixin(models.AbstractModel):
    """The calls of an invoice as its customer sees them: a part of it, and files."""

    _name = "telecom.move.detail.mixin"
    _description = "Call Details of an Invoice"

    # As the PDF of the invoice: the file for the customer, whoever may see the invoice.
    telecom_detail_file = fields.Binary(
        string="File of call details", attachment=True, copy=False
    )
    telecom_detail_id = fields.Many2one(
        "ir.attachment",
        string="Call details attached",
        compute="_compute_telecom_detail_id",
    )

    @api.depends("telecom_detail_file")
    def _compute_telecom_detail_id(self):
        self._compute_linked_attachment_id("telecom_detail_id", "telecom_detail_file")

    # === WHAT IS SHOWN === #

    def _telecom_bill(self):
        """The calls of this invoice, in the language of the environment."""
        self.ensure_one()
        calls = SQL(
            "(SELECT k.call_id FROM %s k"
            " JOIN account_move_line l ON l.id = k.move_line_id WHERE l.move_id = %s)",
            LINKS,
            self.id,
        )
        return Bill(
            self.company_id, self.partner_id, self.currency_id, calls, self.name or ""
        )

    def _telecom_detail(self):
        """The calls as the report shows them."""
        return TelecomAnnex(self._telecom_bill())

    def _telecom_annex(self):
        """The sections of the report: one for each number, or as the layout says."""
        return self._telecom_detail().sections()

    def _telecom_has_annex(self):
        """Whether the calls are listed behind the invoice."""
        return bool(
            self.sudo().telecom_call_count and self._telecom_bill().layout.has_annex
        )

    # === FILES === #

    def _telecom_detail_kind(self):
        """Which file of calls goes with this invoice: pdf, csv, xlsx or None."""
        if not self.sudo().telecom_call_count:
            return None
        return self.partner_id._telecom_detail_kind(self.company_id)

    def _telecom_detail_base(self):
        """The name of a file of calls, without its extension."""
        invoice = (self.name or "").replace("/", "_").strip("_")
        speaker = self._telecom_for_customer()
        return (
            f"{invoice}_{speaker.env._('calls')}" if invoice else speaker.env._("calls")
        )

    def _telecom_detail_name(self, kind):
        return f"{self._telecom_detail_base()}.{kind}"

    def _telecom_for_customer(self):
        """This invoice, speaking the language of its customer."""
        return self.with_context(lang=self.partner_id.lang or self.env.lang)

    def _write_telecom_detail(self, kind, target):
        """Write the calls as a file.

        :param kind: pdf, csv or xlsx
        :param target: a binary file
        """
        self.check_access("read")
        if kind != "pdf":
            return write_detail(
                self._telecom_for_customer()._telecom_bill(), kind, target
            )
        reports = self.env["ir.actions.report"].with_company(self.company_id)
        content, _kind = reports._render_qweb_pdf(REPORT, self.ids)
        return target.write(content)

    def _attach_telecom_detail(self, kind):
        """Make the file of calls that goes with this invoice, in place of any other."""
        with tempfile.TemporaryFile() as target:
            self._write_telecom_detail(kind, target)
            target.seek(0)
            values = {
                "name": self._telecom_detail_name(kind),
                "mimetype": MIME_TYPES[kind].partition(";")[0],
                "raw": target.read(),
            }
        place = {
            "res_model": self._name,
            "res_id": self.id,
            "res_field": "telecom_detail_file",
        }
        self.sudo().telecom_detail_id.unlink()
        attachment = self.env["ir.attachment"].sudo().create(values | place)
        self.invalidate_recordset(["telecom_detail_file", "telecom_detail_id"])
        return attachment

    def action_telecom_detail(self):
        """Ask in which form the calls of this invoice are wanted."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_detail_wizard_action"
        )
        action["context"] = {"default_move_id": self.id}
        return action
