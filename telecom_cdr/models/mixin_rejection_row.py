# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from .covered_rows import TOLD, CoveredRows
from .mixin_file_masking import covered
from .reading_messages import worded

# What is kept of a row -> what is shown of it.
KEPT = {"raw": "kept_raw", "found": "kept_found"}


class TelecomRejectionRowMixin(models.AbstractModel):
    """The text of a rejected row, as whoever looks at it may see it.

    It may hold what the carrier charges: without the role for that it is shown with
    these cells covered, or not at all.
    """

    _name = "telecom.rejection.row.mixin"
    _description = "Text of a Rejected Row"

    kept_raw = fields.Text(string="Row as kept", groups=fields.NO_ACCESS)
    kept_found = fields.Char(string="Found as kept", groups=fields.NO_ACCESS)
    raw = fields.Text(
        compute="_compute_row",
        search="_search_raw",
        help="The row as it stands in the file.",
    )
    found = fields.Char(compute="_compute_row", search="_search_found")
    wording = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    message = fields.Char(
        compute="_compute_row",
        search="_search_message",
        help="What was found and what was expected.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Rows come with their text, what was found in it and what is said of it.

        Who creates them need not be able to read all of that.
        """
        self.check_access("create")
        names = {name for vals in vals_list for name in vals} - {*KEPT, "wording"}
        for name in names & self._fields.keys():
            self._check_field_access(self._fields[name], "write")
        kept = [
            {KEPT.get(name, name): vals[name] for name in vals} for vals in vals_list
        ]
        rows = super(TelecomRejectionRowMixin, self.sudo()).create(kept)
        rows = rows.sudo(self.env.su)
        rows.check_access("create")
        return rows

    @api.depends_context("lang", "uid")
    @api.depends("kept_raw", "kept_found", "wording", "file_id", "reason")
    def _compute_row(self):
        for file, rejections in self.grouped("file_id").items():
            # Of a file that is gone nothing is left to be covered.
            is_there = not file.content_gone_on
            rows = CoveredRows(file) if is_there and file._hides_amounts() else None
            digits = file._digits_to_cover_here()
            for rejection in rejections:
                # What these say of themselves has no hidden digits.
                is_told = rejection.reason in TOLD
                rejection._show(rows, 0 if is_told else digits)

    def _show(self, rows, digits):
        """Show the row, by way of what covers its amounts and digits of numbers."""
        kept = self.sudo()
        told = (kept.kept_raw or "", kept.kept_found or "", kept.wording or {})
        if rows:
            told = rows.shown(self.reason, *told)
        told = [covered(one, digits) for one in told]
        self.raw, self.found = (text or False for text in told[:2])
        self.message = worded(self.env, told[2]) or False

    # === SEARCHING: nobody finds what is not shown === #

    def _search_raw(self, operator, value):
        return self._search_kept(Domain("kept_raw", operator, value))

    def _search_found(self, operator, value):
        return self._search_kept(Domain("kept_found", operator, value))

    def _search_message(self, operator, value):
        """Texts are made when they are shown: search what was found, and the reason."""
        if operator not in ("ilike", "like", "=ilike", "=like"):
            return NotImplemented
        labels = dict(self._fields["reason"]._description_selection(self.env))
        term = value.strip("%").casefold()
        reasons = [code for code, label in labels.items() if term in label.casefold()]
        found = self._search_kept(Domain("kept_found", operator, value))
        return found | Domain("reason", "in", reasons)

    def _search_kept(self, domain):
        """Rows by their kept text, where whoever searches may see it."""
        if self.env["telecom.file"]._must_hide_amounts():
            source = "file_id.source_id"
            domain &= Domain(f"{source}.file_type", "=", "usage")
            domain &= Domain(f"{source}.format_id.holds_amounts", "=", False)
        if self.env["telecom.file"]._must_hide_numbers():
            hiding = self.env["telecom.masking"]._companies_in_play()
            domain &= Domain("company_id", "not in", hiding.ids)
        return Domain("id", "in", self.sudo()._search(domain))
