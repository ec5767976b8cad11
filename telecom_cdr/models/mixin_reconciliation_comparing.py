# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .call_comparison import CallComparison
from .reading_messages import worded

COUNTS = {
    "missing": "missing_call_count",
    "extra": "extra_call_count",
    "duration": "other_duration_count",
    "price": "other_price_count",
}


class TelecomReconciliationComparingMixin(models.AbstractModel):
    """Down to the call: what the carrier's file of the same period tells otherwise."""

    _name = "telecom.reconciliation.comparing.mixin"
    _description = "Comparing of Calls"

    currency_id = fields.Many2one("res.currency")
    compared_name = fields.Char(string="Compared with", readonly=True, copy=False)
    compared_at = fields.Datetime(string="Compared on", readonly=True, copy=False)
    missing_call_count = fields.Integer(
        string="Calls that they do not tell of", compute="_compute_difference_counts"
    )
    extra_call_count = fields.Integer(
        string="Calls that we do not have", compute="_compute_difference_counts"
    )
    other_duration_count = fields.Integer(
        string="Calls of another duration", compute="_compute_difference_counts"
    )
    other_price_count = fields.Integer(
        string="Calls of another price", compute="_compute_difference_counts"
    )
    listed_count = fields.Integer(
        string="Calls that differ", compute="_compute_difference_counts"
    )
    claimed_amount = fields.Monetary(
        compute="_compute_difference_counts",
        help="What the carrier wants for the calls that differ, less what we reckon.",
    )

    def _compute_difference_counts(self):
        for one in self:
            groups = self.env["telecom.file.difference"]._read_group(
                one._differences_domain(),
                ["kind"],
                ["__count", "amount_theirs:sum", "amount_ours:sum"],
            )
            counts = {kind: count for kind, count, *_amounts in groups}
            for kind, name in COUNTS.items():
                one[name] = counts.get(kind, 0)
            one.listed_count = sum(counts.values())
            one.claimed_amount = sum((g[2] or 0) - (g[3] or 0) for g in groups)

    def _differences_domain(self):
        """What the file that was dropped tells otherwise, else what all files do."""
        if self.compared_at:
            return Domain("reconciliation_id", "=", self.id)
        first, last = self._moments()
        return (
            Domain("carrier_id", "=", self.carrier_id.id)
            & Domain("file_id", "!=", False)
            & Domain("start_at", ">=", first)
            & Domain("start_at", "<", last)
        )

    def _moments(self):
        """The first moment of the period and the one behind its last, in UTC."""
        return self._moments_of(self.date_from, self.date_to)

    def _moments_of(self, first, last):
        """The first moment of a day and the one behind another, in UTC."""
        zone = ZoneInfo(self.company_id.telecom_tz or "UTC")
        days = (first, last + timedelta(days=1))
        return [
            datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)
            for day in days
        ]

    def _compare(self, source, name, stream, is_whole):
        """Compare a file of the carrier with its calls; nothing of it is stored.

        :param source: how the file is read, and what may differ
        :param is_whole: whether it should tell of the whole period
        """
        self.ensure_one()
        self._check_not_accepted()
        self._check_not_comparing()
        self.env.flush_all()
        found = CallComparison(self._compared_file(source, name), self)
        found.test(stream, name)
        self._finish_comparing(found, name, is_whole)

    def _compared_file(self, source, name):
        """A file as the import takes it, which is not in the database."""
        files = self.env["telecom.file"].sudo()
        return files.new({"source_id": source.id, "name": name})

    def _finish_comparing(self, found, name, is_whole):
        """List what is missing, and say what came of it."""
        if found.failures:
            told = [f"{one}: {worded(self.env, text)}" for one, text in found.failures]
            raise UserError("\n".join(told))
        found.comparison.list_missing(is_whole)
        self.write({"compared_name": name, "compared_at": fields.Datetime.now()})
        self.invalidate_recordset()
        self.message_post(body=self._comparison_words(name, found.counts))

    def _comparison_words(self, name, counts):
        return self.env._(
            "Compared with %(name)s: %(rows)s rows, %(rejected)s of them unreadable. "
            "%(missing)s calls that it does not tell of, %(extra)s that we do not "
            "have, %(durations)s of another duration, %(prices)s of another price.",
            name=name,
            rows=counts["rows"],
            rejected=counts["rejected"],
            missing=self.missing_call_count,
            extra=self.extra_call_count,
            durations=self.other_duration_count,
            prices=self.other_price_count,
        )

    def action_forget_comparison(self):
        """Drop what a file was compared with."""
        self.check_access("write")
        self._check_not_accepted()
        self._check_not_comparing()
        differences = self.env["telecom.file.difference"].sudo()
        differences.search([("reconciliation_id", "in", self.ids)]).unlink()
        self.write({"compared_name": False, "compared_at": False})

    def action_open_differences(self):
        """The calls that differ."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_file_difference_action"
        )
        action["domain"] = list(self._differences_domain())
        return action

    def action_compare(self):
        """Ask for the file to compare with."""
        self._check_not_comparing()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_reconciliation_compare_action"
        )
        source = self.carrier_id.source_ids.filtered(lambda s: s.file_type == "usage")
        confirming = source.filtered("confirms_source_ids")
        action["context"] = {
            "default_reconciliation_id": self.id,
            "default_source_id": (confirming or source)[:1].id,
        }
        return action
