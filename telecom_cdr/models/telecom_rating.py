# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.pipeline import match_calls, price_calls
from .call_table import read_calls, update_calls
from .rating_tables import load_tables

BATCH = 50_000


class TelecomRating(models.AbstractModel):
    """Rates stored calls again: matching and pricing, set by set."""

    _name = "telecom.rating"
    _description = "Rating of Stored Calls"

    @api.model
    def _rate_again(self, domain, companies):
        """Match and price the calls of a domain that are not invoiced.

        :return: number of calls whose result is another one than before
        """
        changed = 0
        for company in companies:
            in_company = Domain("company_id", "=", company.id) & Domain(domain)
            changed += self._rate_company(company, in_company)
            self.env["telecom.bundle.pass"]._run(company)
        self.env.invalidate_all()
        return changed

    @api.model
    def _rate_company(self, company, domain, marks=None):
        """Rate the calls of a domain, batch by batch, each a step of its own.

        :param marks: what asks for it; they keep how far it is, all the same
        """
        self.env.flush_all()
        query = self.env["telecom.call"].sudo()._search(domain, order="id")
        tables = load_tables(self.env, company)
        changed = 0
        last_id = marks[0].after_id if marks else 0
        while True:
            calls = read_calls(self.env, query.subselect(), last_id, BATCH)
            if calls.empty:
                return changed
            last_id = int(calls["id"].max())
            changed += self._rate_batch(company, calls, tables)
            if marks:
                marks.after_id = last_id
                self.env["telecom.file"]._commit_step()

    @api.model
    def _rate_batch(self, company, calls, tables):
        """Rate a batch and write what differs."""
        changed = 0
        for carrier_id, group in calls.groupby("carrier_id", sort=True):
            rated = match_calls(group, int(carrier_id), tables)
            rated = price_calls(rated, int(carrier_id), tables)
            changed += update_calls(self.env, rated.assign(bundle_duration=0))
        ids = [int(id_) for id_ in calls["id"]]
        self.env["telecom.bundle.pass"]._mark_calls(SQL("c.id = ANY(%s)", ids))
        return changed

    @api.model
    def _cron_rate(self):
        """Work off the marks of what has changed, company by company."""
        companies = self.env["telecom.rating.mark"]._all_companies()
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            self._work_off_marks(company)
            self.env["telecom.bundle.pass"]._run(company)
            if not cron._commit_progress(1):
                break

    @api.model
    def _work_off_marks(self, company):
        """Rate again what changes have touched, and forget the changes."""
        marks = self.env["telecom.rating.mark"].sudo()
        marks = marks.search([("company_id", "=", company.id)], order="id")
        own = Domain("company_id", "=", company.id)
        for group in marks.grouped("after_id").values():
            domain = Domain.OR(self._mark_domain(mark) for mark in group)
            self._rate_company(company, own & domain, group)
            group.unlink()
            self.env["telecom.file"]._commit_step()

    @api.model
    def _mark_domain(self, mark):
        """The calls that a mark may touch."""
        domain = Domain.TRUE
        if mark.date_start:
            domain &= Domain("start_at", ">=", mark.date_start)
        if mark.date_end:
            domain &= Domain("start_at", "<", mark.date_end)
        if mark.partner_id and not mark.number:
            domain &= Domain("partner_id", "=", mark.partner_id.id)
        if mark.number:
            domain &= Domain.OR(
                Domain(name, "=", mark.number)
                for name in (
                    "calling_number",
                    "called_number",
                    "redirecting_number",
                    "account_code",
                    "trunk",
                )
            )
        if mark.prefix:
            # Short codes and what is no number at all are few: rate them too.
            domain &= Domain("called_number", "=like", f"+{mark.prefix}%") | ~Domain(
                "called_number", "=like", "+%"
            )
        return domain
