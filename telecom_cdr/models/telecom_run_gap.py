# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError

from .bulk_fields import BigInteger
from .durations import hms
from .waiting_sql import CONFLICTS

KINDS = [
    ("unmatched", "Calls without a customer"),
    ("unrated", "Calls without a rate"),
    ("late", "Calls whose price comes later"),
    ("disputed", "Calls left out while a customer disputes them"),
    ("conflict", "Conflicts"),
    ("held", "Held files"),
    ("failed", "Files that could not be read"),
    ("unread", "Files still to be read"),
    ("missing", "Missing files"),
]
# What comes later is invoiced later: no run waits for it.
OPEN_KINDS = ("late", "disputed")
CALL_KINDS = ("unmatched", "unrated", "late")
FILE_STATES = {
    "held": ["held"],
    "failed": ["failed"],
    "unread": ["received", "processing"],
}
MANAGER = "telecom_cdr.group_telecom_manager"


class TelecomRunGap(models.Model):
    """What of a run's period is not ready, by kind; a manager may let it be left."""

    _name = "telecom.run.gap"
    _description = "What an Invoicing Run Lacks"
    _order = "run_id, id"

    run_id = fields.Many2one(
        "telecom.run", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    kind = fields.Selection(KINDS, string="What", required=True)
    record_count = fields.Integer(string="Count")
    duration = BigInteger(string="Time", aggregator="sum")
    left_count = fields.Integer(
        string="May be left", help="So many may be left; with more the run waits again."
    )
    left_by_id = fields.Many2one("res.users", string="Said by")
    is_closed = fields.Boolean(string="Holds the run up", compute="_compute_is_closed")

    _kind_uniq = models.Constraint("UNIQUE(run_id, kind)", "It is counted already.")

    @api.depends("kind", "record_count", "left_count")
    def _compute_is_closed(self):
        for gap in self:
            waits = gap.record_count > gap.left_count
            gap.is_closed = waits and gap.kind not in OPEN_KINDS

    @api.depends("kind", "record_count")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for gap in self:
            gap.display_name = gap._text()

    def _text(self):
        """What, and how much of it."""
        what = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        if not self.duration:
            return self.env._("%(what)s: %(count)s", what=what, count=self.record_count)
        return self.env._(
            "%(what)s: %(count)s (%(time)s)",
            what=what,
            count=self.record_count,
            time=hms(self.duration),
        )

    # === ACTIONS === #

    def action_leave(self):
        """Let the run start although these wait; who said so is kept with it."""
        self._check_manager()
        for gap in self:
            gap.sudo().write(
                {"left_count": gap.record_count, "left_by_id": self.env.uid}
            )
            gap.run_id.sudo().message_post(
                body=self.env._(
                    "%(user)s lets these be left: %(gap)s",
                    user=self.env.user.name,
                    gap=gap._text(),
                ),
                author_id=self.env.user.partner_id.id,
            )

    def action_take_back(self):
        """Let the run wait for these after all."""
        self._check_manager()
        self.sudo().write({"left_count": 0, "left_by_id": False})
        for gap in self:
            gap.run_id.sudo().message_post(
                body=self.env._(
                    "%(user)s wants these to be solved first: %(gap)s",
                    user=self.env.user.name,
                    gap=gap._text(),
                ),
                author_id=self.env.user.partner_id.id,
            )

    def _check_manager(self):
        if not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._(
                    "Only a manager of Telephony says what an invoicing run may leave."
                )
            )
        self.check_access("read")

    def action_open(self):
        """Open what waits."""
        self.ensure_one()
        if self.kind in CALL_KINDS:
            return self._open(
                "telecom_call_action",
                [
                    ("company_id", "=", self.company_id.id),
                    ("rating_state", "=", self.kind),
                    ("day", ">=", self.run_id.date_from),
                    ("day", "<=", self.run_id.date_to),
                ],
            )
        if self.kind in FILE_STATES:
            return self._open(
                "telecom_file_action",
                [
                    ("company_id", "=", self.company_id.id),
                    ("state", "in", FILE_STATES[self.kind]),
                ],
            )
        if self.kind == "disputed":
            return self._open(
                "telecom_dispute_action",
                [
                    ("company_id", "=", self.company_id.id),
                    ("state", "=", "open"),
                    ("keep_off_invoice", "=", True),
                ],
            )
        if self.kind == "conflict":
            return self._open(
                "telecom_rejection_action",
                [("reason", "in", CONFLICTS), ("is_open", "=", True)],
            )
        return self._open("telecom_missing_file_action", [("state", "=", "missing")])

    def _open(self, xmlid, domain):
        action = self.env["ir.actions.act_window"]._for_xml_id(f"telecom_cdr.{xmlid}")
        words = dict(self._fields["kind"]._description_selection(self.env))
        action.update(name=words[self.kind], domain=domain, context={})
        return action
