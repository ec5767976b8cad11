# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import os
import tempfile
from contextlib import contextmanager

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from ..models.call_results import KINDS, write_results
from ..models.call_trial import CallTrial
from ..models.covered_rows import CoveredRows
from ..models.durations import hms
from ..models.mixin_file_masking import covered
from ..models.reading_messages import worded
from ..models.stored_content import store_stream
from ..models.telecom_call import COST_GROUP
from ..parsers import numbering
from .mixin_test_run_background import BACKGROUND_BYTES

TOTALS = 50
MB = 1024 * 1024
# Results that are larger are not kept with the test: process the file instead.
KEPT_MB = 512
# A workbook of more takes longer than a scheduled action may: there is the CSV.
MOST_IN_A_BOOK = 300_000


class TelecomTestRun(models.TransientModel):
    """Reads, matches and prices a file, shows what comes of it, and stores nothing.

    What bundles would take is left out: that depends on the rest of the month.
    """

    _name = "telecom.test.run"
    _description = "Test Run of a File"
    _inherit = ["telecom.test.run.background.mixin"]
    # The results of a large file are looked at when there is time.
    _transient_max_hours = 72

    source_id = fields.Many2one("telecom.source", required=True, ondelete="cascade")
    file_id = fields.Many2one("telecom.file", ondelete="cascade", readonly=True)
    content = fields.Binary(string="File to test", attachment=True)
    content_name = fields.Char()
    report = fields.Html(sanitize=False, readonly=True)
    customers_csv = fields.Binary(readonly=True, attachment=True)
    calls_csv = fields.Binary(readonly=True, attachment=True)
    results_xlsx = fields.Binary(readonly=True, attachment=True)
    customers_csv_name = fields.Char(compute="_compute_names")
    calls_csv_name = fields.Char(compute="_compute_names")
    results_xlsx_name = fields.Char(compute="_compute_names")

    def _compute_names(self):
        for run in self:
            stem = (run._name_of_file() or "").rpartition(".")[0] or "test"
            for kind in KINDS:
                run[f"{kind.replace('.', '_')}_name"] = f"{stem}-{kind}"

    def _name_of_file(self):
        return self.file_id.name or self.content_name or ""

    def action_run(self):
        """Test the file and show what came of it."""
        self.ensure_one()
        self.source_id.check_access("read")
        if self.source_id.file_type != "usage":
            raise UserError(self.env._("Only files of calls can be tested."))
        self.env["telecom.file"].check_access("create")
        with self._open() as stream:
            if stream.seek(0, os.SEEK_END) > BACKGROUND_BYTES:
                self._run_later()
                return self.action_show()
            stream.seek(0)
            trial = CallTrial(self.file_id or self._pretended_file())
            trial.test(stream, self._name_of_file())
        self._finish(trial)
        return self.action_show()

    def _finish(self, trial):
        """Keep what came of the test."""
        self.report = self._render(trial)
        self._keep_results(trial)
        self.state = "done"

    def _pretended_file(self):
        """A file as the import takes it, which is not in the database."""
        return self.env["telecom.file"].new(
            {"source_id": self.source_id.id, "name": self.content_name or "test"}
        )

    @contextmanager
    def _open(self):
        """The bytes to test, as a stream."""
        if self.file_id:
            with self.file_id._open() as stream:
                yield stream
            return
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", self.id),
                    ("res_field", "=", "content"),
                ],
                limit=1,
            )
        )
        if not attachment:
            raise UserError(self.env._("Choose the file to test."))
        with tempfile.TemporaryFile() as stream:
            if attachment.store_fname:
                path = attachment._full_path(attachment.store_fname)
                with open(path, "rb") as stored:
                    yield stored
                return
            stream.write(attachment.raw or b"")
            stream.seek(0)
            yield stream

    def _keep_results(self, trial):
        """Keep the results as files, as long as this window lives."""
        company = self.source_id.company_id
        for kind in KINDS:
            if kind == "results.xlsx" and trial.counts["calls"] > MOST_IN_A_BOOK:
                continue
            with tempfile.TemporaryFile() as target:
                write_results(self.env, company, trial.calls, kind, target)
                if target.tell() > KEPT_MB * MB:
                    continue
                target.seek(0)
                stored = store_stream(self.env, target, KEPT_MB * MB)
                stored.attach(self, kind.replace(".", "_"))

    # === WHAT IS SHOWN === #

    def _render(self, trial):
        return self.env["ir.qweb"]._render(
            "telecom_cdr.test_run_report",
            {
                "counts": self._counts(trial),
                "failures": [
                    {"name": name, "text": worded(self.env, wording)}
                    for name, wording in trial.failures
                ],
                "rejected": self._rejected(trial),
                "problems": self._problems(trial),
                "losses": self._losses(trial),
                "customers": self._totals(trial, "partner_id", "res.partner"),
                "destinations": self._totals(
                    trial, "destination_id", "telecom.destination"
                ),
            },
        )

    def _counts(self, trial):
        """Label and number of the rows by what would become of them."""
        counts, known = trial.counts, trial.known_count()
        return [
            (self.env._("Rows"), counts["rows"]),
            (self.env._("New calls"), counts["calls"] - known),
            (self.env._("Duplicates"), counts["duplicates"] + known),
            (self.env._("Skipped"), counts["skipped"]),
            (self.env._("Merged"), counts["merged"]),
            (self.env._("Rejected"), counts["rejected"]),
        ]

    def _rejected(self, trial):
        """Rejected rows by cause, with the first of each."""
        field = self.env["telecom.rejection"]._fields["reason"]
        words = dict(field._description_selection(self.env))
        rows = CoveredRows(self.file_id) if self.file_id._hides_amounts() else None
        digits = self.file_id._digits_to_cover_here()
        return [
            {
                "name": words.get(reason, reason),
                "count": count,
                "samples": [
                    covered(self._sample(reason, sample, rows), digits)
                    for sample in trial.samples[reason]
                ],
            }
            for reason, count in trial.rejected.most_common()
        ]

    def _sample(self, reason, sample, rows):
        """A rejected row, without amounts for who may not see these."""
        line, raw, wording = sample
        if rows:
            found = str((wording.get("values") or {}).get("found", ""))
            raw, _found, wording = rows.shown(reason, raw, found, wording)
        return {"line": line, "raw": raw, "text": worded(self.env, wording)}

    def _problems(self, trial):
        """Calls that would wait by cause, with the first of each."""
        fields_ = self.env["telecom.call"]._fields
        states = dict(fields_["rating_state"]._description_selection(self.env))
        reasons = dict(fields_["rating_reason"]._description_selection(self.env))
        return [
            {
                "name": states[state],
                "reason": reasons.get(reason, ""),
                "count": count,
                "time": hms(seconds),
                "samples": [
                    {
                        "line": line,
                        "calling": numbering.format_international(calling or ""),
                        "called": numbering.format_international(called or ""),
                        "time": hms(duration),
                    }
                    for line, calling, called, duration in trial.problem_samples(
                        state, reason
                    )
                ],
            }
            for state, reason, count, seconds in trial.problems()
        ]

    def _losses(self, trial):
        """Calls that cost more than they bring, for who may see costs."""
        if not self.env.user.has_group(COST_GROUP):
            return None
        [(count, seconds, loss)] = trial.losses()
        if not count:
            return None
        currency = self.source_id.company_id.currency_id
        text = formatLang(self.env, float(loss), currency_obj=currency)
        return {"count": count, "time": hms(seconds), "loss": text}

    def _totals(self, trial, name, model):
        """Calls, time and price by customer or destination, the largest first."""
        rows = trial.totals(name, TOTALS)
        records = self.env[model].browse([row[0] for row in rows if row[0]])
        names = {record.id: record.display_name for record in records}
        currencies = self.env["res.currency"]
        return [
            {
                "name": names.get(id_) or self.env._("Others"),
                "count": count,
                "time": hms(int(seconds)),
                "price": formatLang(
                    self.env, float(price), currency_obj=currencies.browse(currency)
                ),
            }
            for id_, currency, count, seconds, price in rows
        ]
