# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import tempfile

from odoo import api, fields, models

from .call_results import ROW_SOURCES, write_results

SUMMARY_RULES = [
    ("each", "Each file"),
    ("problems", "Only files with problems"),
    ("daily", "Once a day, all files"),
]
TEMPLATE = "telecom_cdr.mail_template_file_summary"
# Larger results are not mailed: the mail says where they are.
MAILED_BYTES = 5_000_000
OPERATOR = "telecom_cdr.group_telecom_user"
READER = "telecom_cdr.group_telecom_reader"
COST_GROUP = "telecom_cdr.group_telecom_cost"


class TelecomSourceSummaryMixin(models.AbstractModel):
    """Who is told what became of the files of a source."""

    _name = "telecom.source.summary.mixin"
    _description = "Summary of a Source's Files"

    summary_user_ids = fields.Many2many(
        "res.users",
        "telecom_source_summary_user_rel",
        "source_id",
        "user_id",
        string="Mail a summary to",
        help="With results and rejected rows. Rows of the file are only mailed to "
        "who may see costs: they may hold them, and mails are passed on.",
    )
    summary_rule = fields.Selection(
        SUMMARY_RULES, string="When", required=True, default="problems"
    )
    summary_sent_on = fields.Date(readonly=True, copy=False)

    @api.model
    def _cron_summary(self):
        """Mail what became of files, in the background."""
        due = self.env["telecom.file"].search([("is_summary_due", "=", True)])
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(due.source_id))
        for source, files in due.grouped("source_id").items():
            source._send_due(files)
            if not cron._commit_progress(1):
                break

    def _send_due(self, files):
        """Send what this source wants told of some files; others are left alone."""
        self.ensure_one()
        read = files.filtered(lambda file: file._is_dealt_with())
        if self.summary_rule == "daily":
            today = fields.Date.context_today(self.with_context(tz=self.carrier_id.tz))
            if self.summary_sent_on == today:
                return
            self.summary_sent_on = today
        read.is_summary_due = False
        if self.summary_rule == "problems":
            read = read.filtered(lambda file: file._has_problems())
        groups = [read] if self.summary_rule == "daily" else list(read)
        for group in groups:
            if group:
                self._send_summary(group)

    def _send_summary(self, files):
        """One mail to each reader, in the reader's language."""
        template = self.env.ref(TEMPLATE, False)
        if not template:
            return
        for user in self.summary_user_ids.filtered("active"):
            is_ours = self.company_id in user.company_ids
            if not (is_ours and user.has_group(READER)):
                continue  # who lost the role, or the company, is told nothing
            told = template.sudo().with_context(
                lang=user.lang, summary_file_ids=files.ids, tz=user.tz
            )
            told.send_mail(
                self.id,
                email_values={
                    "recipient_ids": [(6, 0, user.partner_id.ids)],
                    "attachment_ids": [
                        # With the message they go away once it is sent.
                        (0, 0, {"name": name, "raw": raw, "res_model": "mail.message"})
                        for name, raw in self._summary_parts(files, user)
                    ],
                },
            )

    def _summary_parts(self, files, user):
        """What is mailed beside the text: name and bytes."""
        everything = files | files.child_ids
        results = self._results_part(everything)
        if results:
            yield results
        if user.has_group(OPERATOR) and user.has_group(COST_GROUP):
            for file in everything:
                part = file._unprocessed_part(MAILED_BYTES)
                if part:
                    yield part

    def _results_part(self, files):
        if not sum(files.mapped("call_count")):
            return None
        with tempfile.TemporaryFile() as target:
            source = ROW_SOURCES["stored"](files.ids)
            write_results(self.env, self.company_id, source, "customers.csv", target)
            if target.tell() > MAILED_BYTES:
                return None
            target.seek(0)
            return files[:1]._results_name("customers.csv"), target.read()

    def _summary_rows(self):
        """The files that a mail is about, as its template shows them."""
        ids = self.env.context.get("summary_file_ids")
        files = self.env["telecom.file"].browse(ids) if ids else self.file_ids[:5]
        states = dict(files._fields["state"]._description_selection(self.env))
        return [
            {
                "file": file,
                "state": states[file.state],
                "error": file.last_error or file.hold_reason or "",
                "waiting": file._waiting_counts(),
            }
            for file in files | files.child_ids
        ]
