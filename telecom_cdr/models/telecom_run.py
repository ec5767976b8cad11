# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError
from odoo.tools.misc import format_date

from .customer_periods import following_end

STATES = [
    ("draft", "New"),
    ("previewed", "Preview"),
    ("invoiced", "Drafts"),
    ("posted", "Posted"),
    ("sent", "Sent"),
]
WORKS = [
    ("preview", "Being previewed"),
    ("invoice", "Drafts are being made"),
    ("post", "Being posted"),
    ("send", "Being sent"),
    ("undo", "Drafts are being deleted"),
]
TARGETS = [
    ("draft", "Make drafts"),
    ("post", "Make drafts and post them"),
    ("send", "Make drafts, post and send them"),
]
DATA = [
    ("none", "Nothing"),
    ("address", "Address"),
    ("tax", "Address and tax ID"),
]
# Customers in these states still wait for the work.
OPEN_STATES = {
    "preview": ("waiting",),
    "invoice": ("ready",),
    "post": ("invoiced",),
    "send": ("posted", "sending"),
    "undo": ("invoiced",),
}
DONE_STATES = ("invoiced", "posted", "sending", "sent")
# What the preview was made of.
SELECTION = {
    "company_id",
    "date_from",
    "date_to",
    "scope",
    "partner_ids",
    "category_ids",
    "class_ids",
    "partner_domain",
    "use_cutoff",
}
CHOICES = {"invoice_date", "minimum_amount", "skip_zero", "required_data", "target"}


class TelecomRun(models.Model):
    """The invoices of a period: looked at first, then made, posted and sent."""

    _name = "telecom.run"
    _description = "Invoicing Run"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "telecom.run.selection.mixin",
        "telecom.run.preview.mixin",
        "telecom.run.gate.mixin",
        "telecom.run.work.mixin",
        "telecom.run.sending.mixin",
    ]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(required=True, copy=False, default="/", readonly=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: self._default_period()[0],
        help="A customer's fees count from the first day of the customer's first run; "
        "what was before is invoiced elsewhere. Calls and fees of earlier days that "
        "are on no invoice since then are invoiced, too.",
    )
    date_to = fields.Date(
        string="Cut-off",
        required=True,
        default=lambda self: self._default_period()[1],
        help="The last day, included, in the company's billing time zone.",
    )
    invoice_date = fields.Date(help="Empty: the day on which they are posted.")
    target = fields.Selection(
        TARGETS, string="What to do", required=True, default="draft", tracking=True
    )
    minimum_amount = fields.Monetary(
        string="Least amount",
        help="Customers who owe less, untaxed, are left out: their calls and fees wait "
        "for a later run.",
    )
    skip_zero = fields.Boolean(
        string="No invoices without an amount",
        help="Calls that come to nothing wait for an invoice with an amount.",
    )
    required_data = fields.Selection(
        DATA,
        string="Customers must have",
        required=True,
        default="none",
        help="Who lacks it has no invoice until it is there.",
    )
    state = fields.Selection(
        STATES, required=True, default="draft", readonly=True, copy=False, tracking=True
    )
    work = fields.Selection(WORKS, string="At work", readonly=True, copy=False)
    is_listed = fields.Boolean(copy=False, readonly=True)
    started_by_id = fields.Many2one(
        "res.users", string="Started by", readonly=True, copy=False
    )
    work_started_at = fields.Datetime(readonly=True, copy=False)
    previewed_at = fields.Datetime(string="Preview of", readonly=True, copy=False)
    line_ids = fields.One2many("telecom.run.customer", "run_id", readonly=True)
    gap_ids = fields.One2many("telecom.run.gap", "run_id", readonly=True)
    move_ids = fields.One2many("account.move", "telecom_run_id", readonly=True)

    # === FIGURES === #

    customer_count = fields.Integer(compute="_compute_figures")
    ready_count = fields.Integer(string="To invoice", compute="_compute_figures")
    draft_count = fields.Integer(string="Drafts", compute="_compute_figures")
    unsent_count = fields.Integer(string="Not sent", compute="_compute_figures")
    failed_count = fields.Integer(string="Failed", compute="_compute_figures")
    odd_count = fields.Integer(string="Odd ones", compute="_compute_figures")
    left_out_count = fields.Integer(string="Left out", compute="_compute_figures")
    call_count = fields.Integer(string="Calls", compute="_compute_figures")
    total = fields.Monetary(string="Untaxed total", compute="_compute_figures")
    previous_total = fields.Monetary(string="Period before", compute="_compute_figures")
    change = fields.Float(compute="_compute_figures", digits=(12, 1), help="Percent.")
    waiting_call_count = fields.Integer(
        string="Calls that wait", compute="_compute_waiting"
    )
    is_held_up = fields.Boolean(compute="_compute_waiting")
    progress = fields.Float(compute="_compute_progress")
    remaining_text = fields.Char(compute="_compute_progress")
    move_count = fields.Integer(compute="_compute_move_count", compute_sudo=True)

    _days_order = models.Constraint(
        "CHECK(date_to >= date_from)", "The last day is before the first one."
    )

    @api.model
    def _default_period(self):
        """The month before."""
        first = fields.Date.context_today(self).replace(day=1)
        last = first - timedelta(days=1)
        return last.replace(day=1), last

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("name", "/") == "/":
                vals["name"] = self.env["ir.sequence"].next_by_code("telecom.run")
        return super().create(vals_list)

    @api.depends("name", "date_to")
    def _compute_display_name(self):
        for run in self:
            last = run.date_to and format_date(self.env, run.date_to)
            run.display_name = f"{run.name} ({last})" if last else run.name

    # === COMPUTE METHODS === #

    @api.depends("line_ids.state", "line_ids.total", "work", "state")
    def _compute_figures(self):
        rows = self.env["telecom.run.customer"]._read_group(
            [("run_id", "in", self.ids)],
            ["run_id", "state", "flag", "currency_id"],
            ["__count", "call_count:sum", "total:sum", "previous:sum"],
        )
        for run in self:
            run._set_figures([row[1:] for row in rows if row[0] == run._origin])

    def _set_figures(self, rows):
        """Sum rows of (state, flag, currency, customers, calls, total, before)."""
        counts = {}
        for state, _flag, _currency, count, *_more in rows:
            counts[state] = counts.get(state, 0) + count
        kept = [row for row in rows if row[0] != "left_out"]
        self.customer_count = sum(counts.values())
        self.ready_count = counts.get("ready", 0)
        self.draft_count = counts.get("invoiced", 0)
        self.unsent_count = counts.get("posted", 0)
        self.failed_count = counts.get("failed", 0)
        self.left_out_count = counts.get("left_out", 0)
        self.odd_count = sum(row[3] for row in kept if row[1])
        self.call_count = sum(row[4] or 0 for row in kept)
        self.total = sum(self._in_company_currency(row[2], row[5]) for row in kept)
        before = sum(self._in_company_currency(row[2], row[6]) for row in rows)
        self.previous_total = before
        self.change = (self.total - before) / before * 100 if before else 0

    def _in_company_currency(self, currency, amount):
        company = self.company_id
        return currency._convert(
            amount or 0, company.currency_id, company, self.date_to
        )

    @api.depends("gap_ids.record_count", "gap_ids.left_count")
    def _compute_waiting(self):
        for run in self:
            calls = run.gap_ids.filtered("duration")
            run.waiting_call_count = sum(calls.mapped("record_count"))
            run.is_held_up = any(run.gap_ids.mapped("is_closed"))

    @api.depends("work", "line_ids.state")
    def _compute_progress(self):
        for run in self:
            left = len(run._open_lines()) if run.work else 0
            asked = run.customer_count - run.left_out_count or left
            run.progress = 100 * (1 - left / asked) if asked else 0
            run.remaining_text = run._remaining(asked - left, left)

    def _remaining(self, done, left):
        """How long the work will still take, as long as it took so far."""
        if not (self.work and done > 0 and self.work_started_at):
            return False
        passed = fields.Datetime.now() - self.work_started_at
        minutes = round(passed.total_seconds() * left / done / 60)
        if minutes < 1:
            return self.env._("less than a minute left")
        return self.env._("about %s minutes left", minutes)

    @api.depends("move_ids")
    def _compute_move_count(self):
        counts = dict(
            self.env["account.move"]._read_group(
                [("telecom_run_id", "in", self.ids)], ["telecom_run_id"], ["__count"]
            )
        )
        for run in self:
            run.move_count = counts.get(run._origin, 0)

    def _open_lines(self):
        """The customers that the present work has still to be done for."""
        return self.env["telecom.run.customer"].search(
            [
                ("run_id", "in", self.ids),
                ("state", "in", OPEN_STATES.get(self.work, ())),
            ]
        )

    # === CHECKS === #

    def write(self, vals):
        """What was looked at is what is invoiced."""
        changed = self.filtered(
            lambda run: (run.work and (SELECTION | CHOICES) & vals.keys())
            or (run.state not in ("draft", "previewed") and SELECTION & vals.keys())
        )
        if changed and not self.env.su:
            raise UserError(
                self.env._(
                    "%s has begun: its period and customers stay those of the preview.",
                    changed[0].name,
                )
            )
        asked_anew = self.filtered(
            lambda run: run.state == "previewed" and SELECTION & vals.keys()
        )
        result = super().write(vals)
        # Another selection is to be looked at first.
        if asked_anew:
            asked_anew.sudo()._forget_preview()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_begun(self):
        if any(run.work or run.sudo().move_ids for run in self):
            raise UserError(
                self.env._(
                    "A run with invoices is kept, so that one sees where they come "
                    "from. Undo its drafts first."
                )
            )

    def _check_may_run(self):
        """Invoicing is for accountants: who only looks after calls sees it."""
        user = self.env.user
        if not self.env.su and not (
            user.has_group("account.group_account_invoice")
            and user.has_group("telecom_cdr.group_telecom_reader")
        ):
            raise AccessError(
                self.env._("Only those who may invoice work with invoicing runs.")
            )
        self.check_access("write")

    def _check_selecting(self):
        """Customers are left out or taken in before the run has begun, or after."""
        busy = self.filtered("work")
        if busy:
            raise UserError(
                self.env._("%s is at work: wait until it is done.", busy[0].name)
            )

    def _begin(self, states, work):
        """Hold the run for a work; of two clicks the second finds it done."""
        self.ensure_one()
        self._check_may_run()
        try:
            self.lock_for_update(allow_referencing=True)
        except LockError as error:
            raise UserError(
                self.env._("%s is at work: look again in a moment.", self.name)
            ) from error
        self.invalidate_recordset()
        if self.work or self.state not in states:
            described = dict(self._fields["state"]._description_selection(self.env))
            works = dict(self._fields["work"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "This cannot be done now: %(run)s is '%(state)s'.",
                    run=self.name,
                    state=works[self.work] if self.work else described[self.state],
                )
            )
        self.sudo().write(
            {
                "work": work,
                "started_by_id": self.env.uid,
                "work_started_at": fields.Datetime.now(),
            }
        )

    def _forget_preview(self):
        self.write({"state": "draft", "is_listed": False, "previewed_at": False})

    # === BUTTONS === #

    def action_preview(self):
        """Look at what would be invoiced; nothing is kept but the figures."""
        self._begin(("draft", "previewed"), "preview")
        self.sudo()._forget_preview()
        return self._now_or_later()

    def action_start(self):
        """Invoice those who are ready, and go on as far as the run is to go."""
        self.ensure_one()
        self._check_may_run()
        self._check_problems()
        if self.state == "previewed":
            self._check_gate()
            self._check_ready()
        self._begin(("previewed",), "invoice")
        return self._now_or_later()

    def _check_ready(self):
        if not self.ready_count:
            raise UserError(
                self.env._(
                    "There is nothing to invoice: no customer is ready. Look at those "
                    "who are left out, or have failed."
                )
            )

    def action_post(self):
        """Post the drafts of the run."""
        return self._reach("post")

    def action_send(self):
        """Post what is a draft, and send all, as each customer wants it."""
        return self._reach("send")

    def _reach(self, target):
        self.ensure_one()
        self._check_may_run()
        self.sudo().target = target
        self._check_problems()
        self._begin(("invoiced", "posted"), "post")
        return self._now_or_later()

    def action_retry(self):
        """Try again what has failed, in as far as it has come."""
        failed = self.sudo().line_ids.filtered(lambda line: line.state == "failed")
        return self._retry(failed)

    def _retry(self, lines):
        """Take failed customers up again; a preview that failed is made again."""
        self.ensure_one()
        self._check_may_run()
        if self.state == "previewed":
            return self.action_preview()
        self._check_problems()
        self._begin(("invoiced", "posted", "sent"), "invoice")
        lines._follow_moves()
        return self._now_or_later()

    def action_undo(self):
        """Delete the drafts of the run; what is posted stays."""
        self.ensure_one()
        self._check_may_run()
        if not self.sudo()._drafts_to_undo(limit=1):
            raise UserError(
                self.env._(
                    "%s has no drafts to delete. What is posted is taken back by a "
                    "credit note.",
                    self.name,
                )
            )
        self._begin(("invoiced", "posted", "sent"), "undo")
        return self._now_or_later()

    def action_next(self):
        """Propose the run of the period after this one."""
        self.ensure_one()
        self._check_may_run()
        last = following_end(self.date_from, self.date_to)
        invoice_date = self.invoice_date and fields.Date.add(
            self.invoice_date, months=1
        )
        following = self.copy(
            {
                "date_from": self.date_to + timedelta(days=1),
                "date_to": last,
                "invoice_date": last
                if self.invoice_date == self.date_to
                else invoice_date,
            }
        )
        return following._action_open()

    def action_count_gaps(self):
        """Count anew what waits."""
        self.ensure_one()
        self._check_may_run()
        self._check_selecting()
        self.sudo()._update_gaps()

    def action_refresh(self):
        """Show how far it is."""
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_open_lines(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_run_customer_action"
        )
        action["domain"] = [("run_id", "=", self.id)]
        return action

    def action_open_odd(self):
        action = self.action_open_lines()
        action["context"] = {"search_default_filter_odd": 1}
        return action

    def action_open_failed(self):
        action = self.action_open_lines()
        action["context"] = {"search_default_filter_failed": 1}
        return action

    def action_open_waiting(self):
        """Open the workbench."""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_waiting_action"
        )

    def action_open_moves(self):
        self.ensure_one()
        return self._action_moves(self.sudo().move_ids.ids)

    def _action_moves(self, ids):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("id", "in", ids)]
        action["context"] = {"create": False}
        return action

    @api.model
    def _action_new(self):
        """The form of another run."""
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "name": self.env._("Invoicing run"),
            "views": [(False, "form")],
        }

    def _action_open(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    # === WHAT CAME OF IT === #

    def _tell_done(self):
        """The finished result comes to who started it; what failed as an activity."""
        self.invalidate_recordset()
        user = self.started_by_id
        speaker = self.with_context(lang=user.lang)
        self.message_post(
            body=speaker._summary(),
            partner_ids=user.partner_id.ids,
            author_id=self.env.ref("base.partner_root").id,
        )
        self.activity_unlink(["mail.mail_activity_data_warning"])
        if self.failed_count:
            self.activity_schedule(
                "mail.mail_activity_data_warning",
                user_id=user.id,
                summary=speaker.env._(
                    "%s customers could not be invoiced", self.failed_count
                ),
            )

    def _summary(self):
        """Customers by state, and the total, in one sentence."""
        words = dict(
            self.env["telecom.run.customer"]
            ._fields["state"]
            ._description_selection(self.env)
        )
        states = dict(
            self.env["telecom.run.customer"]._read_group(
                [("run_id", "=", self.id)], ["state"], ["__count"]
            )
        )
        counts = ", ".join(
            f"{word}: {states[state]}"
            for state, word in words.items()
            if state in states
        )
        return self.env._(
            "Done. %(counts)s. Untaxed total %(total)s, the period before %(before)s.",
            counts=counts or self.env._("No customers"),
            total=self.currency_id.format(self.total),
            before=self.currency_id.format(self.previous_total),
        )

    @api.model
    def _preview_by_itself(self):
        """Prepare the run of the month before where a company wants that."""
        today = fields.Date.context_today(self)
        companies = self.env["res.company"].search(
            [("telecom_run_day", ">", 0), ("telecom_run_day", "<=", today.day)]
        )
        first, last = self._default_period()
        for company in companies:
            known = [("company_id", "=", company.id), ("date_to", ">=", last)]
            if self.search_count(known, limit=1):
                continue
            run = self.create(
                {"company_id": company.id, "date_from": first, "date_to": last}
            )
            run.write({"work": "preview", "started_by_id": self.env.uid})
