# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta

from psycopg2.errors import (
    DeadlockDetected,
    LockNotAvailable,
    SerializationFailure,
    UniqueViolation,
)

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, LockError, UserError

_logger = logging.getLogger(__name__)

# Customers of one step: they are invoiced together, and committed together.
BATCH = 50
# A run of so many customers is done while one waits.
AT_ONCE = 50
# So often a step is repeated that somebody else came in between.
ATTEMPTS = 5
# Another one was faster: what it has done is seen only by the next transaction.
MET_ANOTHER = (
    ConcurrencyError,
    DeadlockDetected,
    LockError,
    LockNotAvailable,
    SerializationFailure,
)
# What follows a work by itself where the run is to go so far.
FOLLOWING = {"invoice": "post", "post": "send"}
LAST_WORK = {"draft": "invoice", "post": "post", "send": "send"}
REACHED = {
    "preview": "previewed",
    "invoice": "invoiced",
    "post": "posted",
    "send": "sent",
}


class TelecomRunWork(models.AbstractModel):
    """The steps of a run: each is short, and may be the last before a crash.

    A step takes a batch of customers from one state to the next and is committed with
    it, so whoever goes on finds those that are not done yet, and nothing twice.
    """

    _name = "telecom.run.work.mixin"
    _description = "Steps of an Invoicing Run"

    # === GOING ON === #

    def _now_or_later(self):
        """Do small work while one waits; else the scheduled action does it."""
        run = self.sudo()
        if not run._has_marks():
            if run.work == "preview":
                run._preview_step()
            if len(run._open_lines().partner_id) <= AT_ONCE:
                run._work_through()
        if run.work:
            run._trigger()
            return None
        run._tell_done()
        return None

    def _trigger(self, at=None):
        self.env.ref("telecom_cdr.ir_cron_telecom_run").sudo()._trigger(at)

    def _has_marks(self):
        """Whether prices are still to be computed: that may take its time."""
        marks = self.env["telecom.rating.mark"].sudo()
        return bool(
            marks.search_count([("company_id", "=", self.company_id.id)], limit=1)
        )

    def _work_through(self, step_done=None):
        """Go on to the end, until told to stop, or until others have to do theirs.

        :param step_done: called after each step; it commits, and returns whether there
            is time for another. Without it a meeting with somebody else is raised: the
            request is repeated by Odoo.
        :return: whether all was done that can be done now
        """
        attempt = 0
        while self.work:
            # In the background a step is repeated first, then customers fail alone.
            repeats = bool(step_done) and attempt < ATTEMPTS - 1
            try:
                goes_on = self.with_context(telecom_run_repeats=repeats)._step()
                attempt = 0
            except (*MET_ANOTHER, UniqueViolation):
                attempt += 1
                if not step_done or attempt == ATTEMPTS:
                    raise
                self.env.cr.rollback()
                self.env.invalidate_all()
                continue
            in_time = not step_done or step_done()
            if not goes_on or not in_time:
                return not goes_on
        return True

    def _step(self):
        """One step of the work; returns whether to go on at once."""
        return getattr(self, f"_{self.work}_step")()

    def _hold(self):
        """Be the only one who works on this run until the transaction ends."""
        self.env.flush_all()
        self.lock_for_update(allow_referencing=True)
        self.invalidate_recordset()

    @api.model
    def _cron_work(self):
        """Go on with the runs that are at work; each step is committed and stands."""
        cron = self.env["ir.cron"]
        self.sudo()._preview_by_itself()
        waiting = self.sudo().search([("work", "!=", False)], order="id")
        cron._commit_progress(remaining=len(waiting))
        for run in waiting:
            if not run._go_on(cron):
                break
        # Runs that wait for the sending of their invoices are looked at later.
        left = waiting.exists().filtered(lambda run: run.work and not run._waits())
        cron._commit_progress(remaining=len(left))

    def _go_on(self, cron):
        """Work on one run in the background; returns whether there is time for more."""
        try:
            finished = self._work_through(cron._commit_progress)
        except MET_ANOTHER:
            _logger.info("Run %s is worked on by somebody else", self.id)
            self.env.cr.rollback()
            self.env.invalidate_all()
            self._trigger(fields.Datetime.now() + timedelta(minutes=1))
            return True
        if not self.work:
            self._tell_done()
        elif finished:
            self._trigger(fields.Datetime.now() + timedelta(minutes=1))
        return cron._commit_progress(1) and finished

    def _waits(self):
        return self.work == "send" and not self._next_partners("posted")

    def _end_phase(self):
        """Go over to what follows; returns whether there is something."""
        done = self.work
        following = FOLLOWING.get(done)
        if done == LAST_WORK[self.target] or done == "preview":
            following = False
        self.write({"state": REACHED[done], "work": following})
        return bool(following)

    # === CUSTOMERS OF A STEP === #

    def _worker(self):
        """This run with the rights and in the name of who started it."""
        user = self.started_by_id or self.env.user
        return self.with_user(user).with_context(
            allowed_company_ids=self.company_id.ids, lang=user.lang
        )

    def _invoicing(self):
        """The invoicing of this company; its drafts belong to the run."""
        values = {"telecom_run_id": self.id}
        if self.invoice_date:
            values["invoice_date"] = self.invoice_date
        invoicing = self._worker().env["telecom.invoicing"]
        return invoicing.with_context(telecom_move_values=values)

    def _next_partners(self, state):
        """The next customers who wait for something, in the order of the list."""
        lines = self.env["telecom.run.customer"].search(
            [("run_id", "=", self.id), ("state", "=", state)],
            order="partner_id, id",
            limit=BATCH,
        )
        return lines.partner_id

    def _lines_of(self, partners):
        return self.env["telecom.run.customer"].search(
            [("run_id", "=", self.id), ("partner_id", "in", partners.ids)],
            order="partner_id, id",
        )

    def _settle_prices(self, partners):
        """Have prices computed that a change has touched.

        That commits. So it is done ahead of the step, until nothing is left that this
        transaction sees: invoicing, which does the same, then finds nothing to do.

        :param partners: whose allowances are dealt out; None: those of all
        """
        company = self.company_id
        own = [("company_id", "=", company.id)]
        of_partners = own + ([("partner_id", "in", partners.ids)] if partners else [])
        passes = self.env["telecom.bundle.pass"].sudo()
        costs = self.env["telecom.cost.pass"].sudo()
        for _turn in range(ATTEMPTS):
            if not (
                self._has_marks()
                or costs.search_count(own, limit=1)
                or passes.search_count(of_partners, limit=1)
            ):
                return
            self.env["telecom.rating"].sudo()._work_off_marks(company)
            passes._run(company, partners)
            self.env.flush_all()

    def _attempt(self, partners, do):
        """Do a step for customers; where it fails, for each of them alone.

        Who fails alone has the message on the own line, and the others go on.
        """
        try:
            with self.env.cr.savepoint():
                do(partners)
            return
        except MET_ANOTHER:
            raise
        except Exception as error:
            message = self._reason(error)
        if len(partners) > 1:
            for partner in partners:
                self._attempt(partner, do)
        else:
            self._lines_of(partners)._fail(message)

    def _reason(self, error):
        """Why a step has failed, in words; raised where it is to be repeated."""
        another = isinstance(error.__cause__ or error, UniqueViolation)
        if another and self.env.context.get("telecom_run_repeats"):
            raise error.__cause__ or error
        if isinstance(error, UserError):
            return str(error)
        _logger.warning("Run %s of a customer has failed", self.id, exc_info=error)
        return f"{type(error).__name__}: {error}"

    def _ready_for(self, state):
        """The next customers, with their prices computed; the run is held."""
        partners = self._next_partners(state)
        if partners:
            self._settle_prices(partners)
        self._hold()
        # Whoever was at it meanwhile has taken some of them.
        return self._next_partners(state) & partners

    # === DRAFTS === #

    def _invoice_step(self):
        """Make the drafts of a batch of customers."""
        partners = self._ready_for("ready")
        if partners:
            self._attempt(partners, self._invoice_partners)
            return True
        return bool(self._next_partners("ready")) or self._end_phase()

    def _invoice_partners(self, partners):
        self._check_data(partners)
        lines = self._lines_of(partners)
        invoicing = self._invoicing()
        moves = invoicing.env["account.move"]
        for date_to, group in lines.grouped("date_to").items():
            payers = group.partner_id.with_env(invoicing.env)
            moves |= invoicing._invoice(payers, self.date_from, date_to)
        if self.skip_zero:
            empty = moves.filtered(lambda m: m.currency_id.is_zero(m.amount_total))
            moves -= empty
            empty.unlink()
        lines._note_moves(moves.sudo())

    # === UNDO === #

    def _undo_step(self):
        """Delete a batch of drafts; their calls are free again."""
        self._hold()
        drafts = self._drafts_to_undo(limit=BATCH)
        if drafts:
            lines = self._lines_of(drafts.commercial_partner_id)
            drafts.with_env(self._worker().env).unlink()
            lines._follow_moves()
            return True
        left = self.move_ids.filtered(lambda move: move.state != "cancel")
        reached = self.state if left else "previewed"
        self.write({"work": False, "state": reached})
        return False

    def _drafts_to_undo(self, limit=None):
        """Drafts that never had a number."""
        return self.env["account.move"].search(
            [
                ("telecom_run_id", "=", self.id),
                ("state", "=", "draft"),
                ("posted_before", "=", False),
            ],
            limit=limit,
        )
