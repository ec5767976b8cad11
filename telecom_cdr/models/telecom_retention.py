# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from . import retention_sql as sql
from .bulk_fields import BigInteger
from .call_secret import make_anonymous

# Ids of calls that are looked at, and files that go, in one step.
SPAN = 50_000
FILES = 100
STATES = [
    ("calls", "At work: calls"),
    ("files", "At work: files"),
    ("done", "Done"),
]


class TelecomRetention(models.Model):
    """A run that makes old calls anonymous, and the log of what it did.

    It goes through the calls by id, each step a transaction of its own, so a run that
    was stopped goes on where it was. What had to stay is looked at again by the next.
    """

    _name = "telecom.retention"
    _description = "Calls Made Anonymous"
    _order = "id desc"
    _rec_name = "date_limit"

    company_id = fields.Many2one("res.company", required=True, index=True)
    date_limit = fields.Date(
        string="Calls before", required=True, help="In the billing time zone."
    )
    state = fields.Selection(STATES, required=True, default="calls")
    started_at = fields.Datetime(string="Begun", required=True)
    ended_at = fields.Datetime(string="Ended")
    call_count = fields.Integer(string="Calls made anonymous")
    kept_count = fields.Integer(
        string="Calls kept",
        help="Old ones that still wait, are disputed, in a draft or a proposal, or of "
        "a period that is being compared.",
    )
    file_count = fields.Integer(string="Files whose content was deleted")
    row_count = fields.Integer(string="Rejected rows whose text was deleted")
    after_id = BigInteger(help="Done up to this call.")

    # === THE LOG === #

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The log of what became anonymous stays."))

    def copy_data(self, default=None):
        raise UserError(self.env._("The log of what became anonymous stays."))

    @api.model
    def _last_limit(self, company):
        """The day before which a company's calls have been made anonymous, or False."""
        last = self.sudo().search(
            [("company_id", "=", company.id), ("call_count", ">", 0)],
            order="date_limit desc",
            limit=1,
        )
        return last.date_limit

    # === THE WORK === #

    @api.model
    def _cron_anonymise(self):
        """Go through the calls of each company that does not keep them for ever."""
        cron = self.env["ir.cron"]
        companies = self.env["res.company"].sudo()
        companies = companies.search([("telecom_retention_months", ">", 0)])
        cron._commit_progress(remaining=len(companies))

        def has_time():
            self.env["telecom.file"]._commit_step()
            return cron._commit_progress()

        for company in companies:
            if not self._run(company, has_time) or not cron._commit_progress(1):
                break

    @api.model
    def _run(self, company, has_time=None):
        """Work off a company, as far as there is time; whether it is done."""
        run = self._begin(company)
        while run:
            getattr(run, f"_step_{run.state}")()
            if run.state == "done":
                break
            if has_time and not has_time():
                return False
        return True

    @api.model
    def _begin(self, company):
        """The run that was stopped, else a new one, else none: today's is done."""
        limit = company._telecom_retention_limit()
        own = [("company_id", "=", company.id)]
        runs = self.sudo()
        stopped = runs.search([*own, ("state", "!=", "done")], limit=1)
        if stopped or not limit:
            return stopped if limit else runs
        if runs.search_count([*own, ("date_limit", ">=", limit)], limit=1):
            return runs
        now = fields.Datetime.now()
        return runs.create(
            {"company_id": company.id, "date_limit": limit, "started_at": now}
        )

    def _step_calls(self):
        """Make the next calls anonymous."""
        self.env.flush_all()
        last = self._last_id()
        end = min(self.after_id + SPAN, last)
        ids = (self.after_id, end)
        calls = sql.old_calls(self.env, self.company_id.id, self.date_limit, ids)
        over = calls[calls["is_over"]]
        if not over.empty:
            make_anonymous(self.env, over)
        self.call_count += len(over)
        self.kept_count += len(calls) - len(over)
        self.after_id = end
        if end >= last:
            self._forget_beside()
            self.state = "files"

    def _last_id(self):
        query = SQL("SELECT COALESCE(max(id), 0) FROM telecom_call")
        return self.env.execute_query(query)[0][0]

    def _forget_beside(self):
        """What else is kept of the same calls."""
        company = self.company_id.id
        sql.forget_twins(self.env, company, self.date_limit)
        sql.forget_differences(self.env, company, self.date_limit)
        sql.forget_disputes(self.env, company)

    def _step_files(self):
        """Delete what the next files held."""
        self.env.flush_all()
        ids = sql.old_files(self.env, self.company_id.id, self.date_limit, FILES)
        files = self.env["telecom.file"].sudo().browse(ids)
        if files:
            self.file_count += len(files)
            self.row_count += files._forget_content()
            return
        self.write({"state": "done", "ended_at": fields.Datetime.now()})
