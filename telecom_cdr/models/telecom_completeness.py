# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .bulk_fields import BigInteger
from .completeness_sql import completeness_rows
from .telecom_call import COST_GROUP

CLOSING_STATES = [
    ("open", "Open"),
    ("closed", "Closed"),
    ("signed", "Closed with a difference"),
    ("changed", "Changed since it was closed"),
]
# What is kept of a period when it is closed, to tell whether it changed since.
KEPT = (
    "row_count",
    "call_count",
    "duplicate_count",
    "skipped_count",
    "merged_count",
    "rejected_count",
    "difference",
    "open_file_count",
    "duration",
)


class TelecomCompleteness(models.Model):
    """Whether every row of a source and month is accounted for."""

    _name = "telecom.completeness"
    _description = "Completeness"
    _auto = False
    # What is still to be written is written before the rows are made.
    _depends = {
        "telecom.call": ["rating_state"],
        "telecom.file": [
            "state",
            "period",
            "source_id",
            "row_count",
            "duplicate_count",
            "skipped_count",
            "merged_count",
            "rejected_count",
        ],
    }
    _order = "month desc, carrier_id, source_id, id"

    company_id = fields.Many2one("res.company", readonly=True)
    carrier_id = fields.Many2one("telecom.carrier", readonly=True)
    source_id = fields.Many2one("telecom.source", readonly=True)
    month = fields.Date(readonly=True)
    file_count = fields.Integer(string="Files", readonly=True)
    open_file_count = fields.Integer(
        string="Files not read",
        readonly=True,
        help="Held, failed, or still to be read.",
    )
    row_count = fields.Integer(string="Rows", readonly=True)
    call_count = fields.Integer(string="Calls", readonly=True)
    unmatched_count = fields.Integer(string="No customer", readonly=True)
    unrated_count = fields.Integer(string="No rate", readonly=True)
    late_count = fields.Integer(string="Price comes later", readonly=True)
    rated_count = fields.Integer(string="To invoice", readonly=True)
    invoiced_count = fields.Integer(string="Invoiced", readonly=True)
    excluded_count = fields.Integer(string="Not charged", readonly=True)
    duplicate_count = fields.Integer(string="Duplicates", readonly=True)
    skipped_count = fields.Integer(string="Skipped", readonly=True)
    merged_count = fields.Integer(string="Merged", readonly=True)
    rejected_count = fields.Integer(string="Rejected", readonly=True)
    difference = fields.Integer(
        readonly=True, help="Rows that are nowhere: there should be none."
    )
    duration = BigInteger(string="Time", readonly=True)
    cost = fields.Float(
        digits=(18, 9),
        readonly=True,
        groups=COST_GROUP,
        help="Empty where the costs are in several currencies.",
    )
    currency_id = fields.Many2one("res.currency", readonly=True, groups=COST_GROUP)
    missing_count = fields.Integer(
        string="Missing files", compute="_compute_missing_count"
    )
    closing_id = fields.Many2one(
        "telecom.completeness.close", compute="_compute_closing"
    )
    state = fields.Selection(
        CLOSING_STATES, compute="_compute_closing", search="_search_state"
    )

    @property
    def _table_query(self):
        return completeness_rows()

    @api.depends("source_id", "month")
    def _compute_display_name(self):
        for row in self:
            month = fields.Date.to_string(row.month)[:7] if row.month else ""
            row.display_name = f"{row.source_id.display_name} {month}"

    @api.depends("source_id", "month")
    def _compute_missing_count(self):
        for row in self:
            after = fields.Date.add(row.month, months=1)
            row.missing_count = sum(
                one.file_count
                for one in row.source_id.missing_ids
                if one.state == "missing"
                and row.month <= (one.day or one.noticed_at.date()) < after
            )

    @api.depends("source_id", "month")
    def _compute_closing(self):
        closings = self.env["telecom.completeness.close"].search(
            [("source_id", "in", self.source_id.ids), ("reopened_at", "=", False)]
        )
        by_period = {(one.source_id.id, one.month): one for one in closings}
        for row in self:
            row.closing_id = by_period.get((row.source_id.id, row.month))
            row.state = row._closing_state()

    def _closing_state(self):
        closing = self.closing_id
        if not closing:
            return "open"
        if any(self[name] != closing[name] for name in KEPT):
            return "changed"
        return "signed" if closing.is_signed else "closed"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        every = self.search([])  # pylint: disable=no-search-all
        found = every.filtered(lambda row: row.state in value)
        return Domain("id", "in", found.ids)

    def _balances(self):
        return not (self.difference or self.open_file_count or self.missing_count)

    # === ACTIONS === #

    def action_close(self):
        """Close periods that balance; a single other one asks for a signature."""
        self.env["telecom.completeness.close"].check_access("create")
        waiting = self.filtered(lambda row: row.state in ("open", "changed"))
        off = waiting.filtered(lambda row: not row._balances())
        if off and len(self) == 1:
            return off._ask_signature()
        if off:
            raise UserError(
                self.env._(
                    "%(count)s of these periods do not balance, such as %(name)s. "
                    "Close those one by one: somebody has to sign the difference.",
                    count=len(off),
                    name=off[0].display_name,
                )
            )
        waiting._close()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _ask_signature(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_completeness_sign_action"
        )
        values = self._kept_values()
        action["context"] = {f"default_{name}": values[name] for name in values}
        return action

    def _kept_values(self):
        """The period, and what stands in it now."""
        return {
            "source_id": self.source_id.id,
            "month": fields.Date.to_string(self.month),
            "missing_count": self.missing_count,
            **{name: self[name] for name in KEPT},
        }

    def _close(self):
        self.closing_id._reopen(self.env._("Closed anew."))
        self.env["telecom.completeness.close"].create(
            [row._kept_values() for row in self]
        )

    def action_reopen(self):
        """Open periods again; who did it is kept."""
        self.closing_id.check_access("write")
        self.closing_id._reopen("")
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_open_files(self):
        """The files of these periods."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_file_action"
        )
        action.update(domain=list(self._files_domain()), context={})
        return action

    def action_open_calls(self):
        """The calls of these periods."""
        files = self.env["telecom.file"].search(self._files_domain())
        return files._action_open("telecom_call_action", self.env._("Calls"))

    def action_open_closings(self):
        """Who closed and opened this period."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_completeness_close_action"
        )
        action["domain"] = [
            ("source_id", "=", self.source_id.id),
            ("month", "=", self.month),
        ]
        return action

    def _files_domain(self):
        kept = Domain("state", "!=", "discarded")
        return kept & Domain.OR(row._file_domain() for row in self)

    def _file_domain(self):
        after = fields.Date.add(self.month, months=1)
        period = Domain("period", ">=", self.month) & Domain("period", "<", after)
        received = Domain("create_date", ">=", self.month)
        received &= Domain("create_date", "<", after)
        period |= Domain("period", "=", False) & received
        return Domain("source_id", "=", self.source_id.id) & period
