# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from .bulk_fields import BigInteger
from .rating_tables import load_tables
from .telecom_call import COST_GROUP

STATES = [
    ("draft", "New"),
    ("proposed", "Proposed"),
    ("applied", "Applied"),
    ("discarded", "Discarded"),
    ("undone", "Undone"),
]
WORKS = [
    ("propose", "Computing"),
    ("apply", "Being applied"),
    ("undo", "Being undone"),
]
# So many calls are worked off while one waits; more of them in the background.
AT_ONCE = 20_000
# What a re-rating may be started from beside calls, and where it is kept.
SELECTED_BY = {
    "res.partner": "partner_ids",
    "telecom.number": "number_ids",
    "telecom.tariff": "tariff_ids",
    "telecom.carrier": "carrier_ids",
    "telecom.file": "file_ids",
}
SELECTION = {
    "company_id",
    "date_from",
    "date_to",
    "scope",
    "call_domain",
    *SELECTED_BY.values(),
}
MANAGER = "telecom_cdr.group_telecom_manager"


class TelecomRerating(models.Model):
    """New prices of stored calls as a proposal: looked at first, then applied.

    Calls that are not invoiced get the new result; those that are stay frozen on
    their invoice, and the difference goes on a draft invoice or credit note.
    """

    _name = "telecom.rerating"
    _description = "Re-rating"
    _inherit = ["mail.thread", "telecom.rerating.work", "telecom.rerating.billing"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(
        required=True, default=lambda self: self._default_name(), tracking=True
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    state = fields.Selection(
        STATES, required=True, default="draft", readonly=True, copy=False, tracking=True
    )
    work = fields.Selection(WORKS, string="At work", readonly=True, copy=False)

    # === WHICH CALLS === #

    date_from = fields.Date(string="Days from", help="Billing days, both included.")
    date_to = fields.Date(string="Days until")
    scope = fields.Selection(
        [
            ("all", "All calls"),
            ("open", "Calls that are not invoiced"),
            ("invoiced", "Invoiced calls"),
        ],
        required=True,
        default="all",
    )
    partner_ids = fields.Many2many("res.partner", string="Customers")
    number_ids = fields.Many2many("telecom.number", string="Numbers")
    tariff_ids = fields.Many2many(
        "telecom.tariff", string="Tariffs", help="Calls that these have priced."
    )
    carrier_ids = fields.Many2many("telecom.carrier", string="Carriers")
    file_ids = fields.Many2many("telecom.file", string="Files")
    call_domain = fields.Char(
        string="Other conditions", default="[]", help="Of the calls themselves."
    )

    # === WHAT CAME OF IT === #

    line_ids = fields.One2many("telecom.rerating.line", "rerating_id", readonly=True)
    bundle_ids = fields.One2many(
        "telecom.rerating.bundle", "rerating_id", readonly=True
    )
    move_ids = fields.One2many(
        "account.move", "telecom_rerating_id", string="Corrections", readonly=True
    )
    move_count = fields.Integer(compute="_compute_move_count", compute_sudo=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    call_count = fields.Integer(string="Calls", compute="_compute_figures")
    changed_count = fields.Integer(string="Changed", compute="_compute_figures")
    open_count = fields.Integer(compute="_compute_figures")
    invoiced_count = fields.Integer(compute="_compute_figures")
    left_out_count = fields.Integer(string="Left out", compute="_compute_figures")
    difference = fields.Monetary(compute="_compute_figures")
    open_difference = fields.Monetary(string="Not invoiced", compute="_compute_figures")
    invoiced_difference = fields.Monetary(string="Invoiced", compute="_compute_figures")
    margin_difference = fields.Monetary(
        string="Margin", compute="_compute_margin_difference", groups=COST_GROUP
    )
    has_other_currency = fields.Boolean(
        string="Another currency", compute="_compute_figures"
    )
    proposed_at = fields.Datetime(string="Proposed on", readonly=True, copy=False)
    applied_at = fields.Datetime(string="Applied on", readonly=True, copy=False)
    applied_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    after_id = BigInteger(copy=False, help="Done up to here.")
    is_read = fields.Boolean(string="Read in", copy=False)

    _days_order = models.Constraint(
        "CHECK(date_to >= date_from)", "The last day is before the first one."
    )

    @api.model
    def _default_name(self):
        today = fields.Date.context_today(self)
        return self.env._("Re-rating of %s", fields.Date.to_string(today))

    # === COMPUTE METHODS === #

    @api.depends("line_ids", "state", "work")
    def _compute_figures(self):
        names = ("call_count", "changed_count", "blocked_count", "difference")
        rows = self.env["telecom.rerating.line"]._read_group(
            [("rerating_id", "in", self.ids)],
            ["rerating_id", "is_invoiced", "currency_id"],
            [f"{name}:sum" for name in names],
        )
        left_out = dict(
            self.env["telecom.rerating.call"]._read_group(
                [("rerating_id", "in", self.ids), ("is_left_out", "=", True)],
                ["rerating_id"],
                ["__count"],
            )
        )
        for rerating in self:
            own = [row[1:] for row in rows if row[0] == rerating]
            rerating._set_figures(own)
            rerating.left_out_count = left_out.get(rerating, 0)

    def _set_figures(self, rows):
        """Sum rows of (is invoiced, currency, calls, changed, blocked, difference)."""
        self.call_count = sum(row[2] for row in rows)
        self.changed_count = sum(row[3] for row in rows)
        self.open_count = sum(row[3] for row in rows if not row[0])
        self.invoiced_count = sum(row[3] for row in rows if row[0])
        same = [row for row in rows if not row[1] or row[1] == self.currency_id]
        self.open_difference = sum(row[5] for row in same if not row[0])
        self.invoiced_difference = sum(row[5] for row in same if row[0])
        self.difference = self.open_difference + self.invoiced_difference
        self.has_other_currency = any(row[5] for row in rows if row not in same)

    @api.depends("line_ids")
    def _compute_margin_difference(self):
        sums = dict(
            self.env["telecom.rerating.line"]._read_group(
                [("rerating_id", "in", self.ids)],
                ["rerating_id"],
                ["margin_difference:sum"],
            )
        )
        for rerating in self:
            rerating.margin_difference = sums.get(rerating, 0)

    @api.depends("move_ids")
    def _compute_move_count(self):
        for rerating in self:
            rerating.move_count = len(rerating.move_ids)

    # === CHECKS === #

    @api.constrains("call_domain", "scope", "partner_ids", "file_ids")
    def _check_call_domain(self):
        """Who sets the conditions must see what they are about: no hidden costs."""
        calls = self.env["telecom.call"].sudo(False)  # constraints run as superuser
        for rerating in self:
            try:
                calls._search(rerating._call_domain(), limit=1)
            except (AccessError, UserError):
                raise
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        "These conditions cannot be searched by: %(error)s",
                        error=error,
                    )
                ) from error

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applied(self):
        if any(rerating.state == "applied" or rerating.work for rerating in self):
            raise UserError(
                self.env._(
                    "What was applied is kept, so that it can be undone and explained."
                )
            )

    def write(self, vals):
        """A proposal is about the calls that were selected for it."""
        if SELECTION & vals.keys() and any(
            rerating.work or rerating.state in ("proposed", "applied")
            for rerating in self
        ):
            raise UserError(
                self.env._(
                    "The calls of a proposal stay those that were selected. Discard it "
                    "first, or start another one."
                )
            )
        return super().write(vals)

    def unlink(self):
        for rerating in self:
            rerating._forget_proposal()
        return super().unlink()

    # === THE SELECTION === #

    def _call_domain(self):
        """The calls that were selected."""
        self.ensure_one()
        domain = Domain("company_id", "=", self.company_id.id)
        if self.date_from:
            domain &= Domain("day", ">=", self.date_from)
        if self.date_to:
            domain &= Domain("day", "<=", self.date_to)
        if self.scope != "all":
            operator = "=" if self.scope == "invoiced" else "!="
            domain &= Domain("state", operator, "invoiced")
        for field, records in (
            ("partner_id", self.partner_ids.commercial_partner_id),
            ("number_id", self.number_ids),
            ("rate_id.tariff_id", self.tariff_ids),
            ("carrier_id", self.carrier_ids),
            ("file_id", self.file_ids),
        ):
            if records:
                domain &= Domain(field, "in", records.ids)
        return domain & Domain(literal_eval(self.call_domain or "[]"))

    def _known_domain(self):
        """Those of them that can be priced: not of anonymous calls."""
        return self._call_domain() & ~self.env["telecom.call"]._anonymous()

    def _selected(self):
        """SQL of the ids that were selected and can be priced."""
        calls = self.env["telecom.call"].sudo()
        query = calls._search(self._known_domain(), order="id")
        return query.subselect()

    @api.model
    def _action_for(self, records):
        """Start a re-rating of calls, or of the calls of what was selected."""
        self.check_access("create")
        field = SELECTED_BY.get(records._name)
        values = (
            {field: [fields.Command.set(records.ids)]}
            if field
            else {"call_domain": repr([("id", "in", records.ids)])}
        )
        rerating = self.create(values)
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": rerating.id,
            "view_mode": "form",
        }

    # === BUTTONS === #

    def action_propose(self):
        """Work out what the selected calls would cost now; nothing is written."""
        self.ensure_one()
        self.check_access("write")
        self._begin(("draft", "proposed", "discarded", "undone"))
        self._forget_proposal()
        calls = self.env["telecom.call"].sudo()
        count = calls.search_count(self._known_domain(), limit=AT_ONCE + 1)
        self._tell_anonymous()
        self.write({"state": "draft", "work": "propose"})
        return self._now_or_later(count)

    def _tell_anonymous(self):
        """Say that some of the selected calls stay as they are."""
        domain = self._call_domain() & self.env["telecom.call"]._anonymous()
        if self.env["telecom.call"].sudo().search(domain, limit=1):
            self.message_post(
                body=self.env._(
                    "Some of these calls are anonymous: without their numbers nobody "
                    "can tell what they should cost. They are left as they are."
                )
            )

    def action_apply(self):
        """Write the results, and draft what corrects invoiced calls."""
        self.ensure_one()
        self._check_manager()
        self._begin(("proposed",))
        if not self.changed_count:
            raise UserError(
                self.env._("Nothing would change: there is nothing to apply.")
            )
        self.write({"work": "apply", "after_id": 0, "applied_by_id": self.env.uid})
        return self._now_or_later(self.changed_count)

    def action_discard(self):
        self.ensure_one()
        self.check_access("write")
        self._begin(("draft", "proposed"))
        self._forget_proposal()
        self.state = "discarded"

    def action_undo(self):
        """Give calls their earlier results back, and remove drafts of corrections."""
        self.ensure_one()
        self._check_manager()
        self._begin(("applied",))
        self._check_moves_are_drafts()
        self.write({"work": "undo", "after_id": 0})
        return self._now_or_later(self.changed_count)

    def action_open_calls(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rerating_call_action"
        )
        action["domain"] = [("rerating_id", "=", self.id)]
        return action

    def action_open_left_out(self):
        action = self.action_open_calls()
        action["context"] = {"search_default_filter_left_out": 1}
        return action

    def action_open_lines(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rerating_line_action"
        )
        action["domain"] = [("rerating_id", "=", self.id)]
        return action

    def action_open_moves(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("id", "in", self.move_ids.ids)]
        action["context"] = {"create": False}
        return action

    def _check_manager(self):
        if not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._("Only a manager of Telephony applies or undoes a re-rating.")
            )
        self.check_access("write")

    def _begin(self, states):
        """Hold the proposal for this work; of two clicks the second finds it done."""
        self.lock_for_update()
        self.invalidate_recordset()
        if self.work or self.state not in states:
            described = dict(self._fields["state"]._description_selection(self.env))
            works = dict(self._fields["work"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "This cannot be done now: the re-rating is '%(state)s'.",
                    state=works[self.work] if self.work else described[self.state],
                )
            )

    # === WORK, AT ONCE OR STEP BY STEP === #

    def _now_or_later(self, count):
        """Do the work now where it is small, else let the scheduled action do it."""
        if count <= AT_ONCE:
            self.sudo()._work_through()
            return None
        self.env.ref("telecom_cdr.ir_cron_telecom_rerate").sudo()._trigger()
        return self.env["telecom.source"]._notify(
            "info",
            self.env._(
                "There are many calls: this goes on in the background, and you are "
                "told when it is done."
            ),
        )

    def _work_through(self, step_done=None):
        """Go on with the work to its end, or until told to stop between two steps."""
        self.ensure_one()
        tables = load_tables(self.env, self.company_id)
        while self.work and getattr(self, f"_{self.work}_step")(tables):
            if step_done and not step_done():
                return

    @api.model
    def _cron_work(self):
        """Go on with what is at work; each step is committed and stands."""
        cron = self.env["ir.cron"]
        waiting = self.sudo().search([("work", "!=", False)], order="id")
        cron._commit_progress(remaining=len(waiting))

        def step_done():
            self.env["telecom.file"]._commit_step()
            return cron._commit_progress()

        for rerating in waiting:
            rerating._work_through(step_done)
            if rerating.work or not cron._commit_progress(1):
                break
            rerating._tell_done()
        cron._commit_progress(
            remaining=self.sudo().search_count([("work", "!=", False)])
        )

    def _tell_done(self):
        """The finished result comes to who started it."""
        user = self.applied_by_id if self.state == "applied" else self.create_uid
        self.message_post(
            body=self.env._(
                "Done: %(changed)s of %(calls)s calls have another result.",
                changed=self.changed_count,
                calls=self.call_count,
            ),
            partner_ids=user.partner_id.ids,
        )

    def _forget_proposal(self):
        """Remove what an earlier proposal has worked out."""
        self.env.flush_all()
        for table in ("call", "line", "bundle", "period", "draw"):
            self.env.cr.execute(
                SQL(
                    "DELETE FROM %s WHERE rerating_id = %s",
                    SQL.identifier(f"telecom_rerating_{table}"),
                    self.id,
                )
            )
        self.env.invalidate_all()
        self.write({"after_id": 0, "is_read": False})
