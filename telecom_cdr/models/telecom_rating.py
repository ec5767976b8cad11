# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pandas as pd

from odoo import api, models
from odoo.fields import Domain

from ..engine.pipeline import RatingTables, match_calls, price_calls
from .call_table import (
    COST_COLUMNS,
    NO_BUNDLE,
    Rows,
    encode_results,
    read_batch,
    update_calls,
    wanted_by,
)
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
            moved = set()
            changed += self._rate_company(company, in_company, moved=moved)
            changed += self.env["telecom.bundle.pass"]._run(company, counted=moved)
        self.env.invalidate_all()
        return changed

    @api.model
    def _rate_company(self, company, domain, marks=None, moved=None):
        """Rate the calls of a domain, batch by batch, each a step of its own.

        :param marks: what asks for it; they keep how far it is, all the same
        :param moved: takes up the ids of calls that are counted here, though the
            pass of their new customer's bundles may write them again
        :return: number of calls that were written here
        """
        self.env.flush_all()
        tables = load_tables(self.env, company)
        moved = set() if moved is None else moved
        changed = 0
        last_id = marks[0].after_id if marks else 0
        for ready in self._rated_batches(domain, tables, last_id):
            changed += self._write_batch(company, ready, moved)
            if marks:
                marks.after_id = int(ready.calls["id"].max())
                self.env["telecom.file"]._commit_step()
        return changed

    @api.model
    def _rated_batches(self, domain, tables, last_id):
        """Batches of calls as they are rated now, in order of id.

        The next batch is priced on one core while PostgreSQL stores the present one
        on another. What it is priced from are the facts, which never change.
        """
        more = wanted_by(tables)
        with ThreadPoolExecutor(1, "telecom-rating") as pricing:
            ready = None
            while True:
                calls = read_batch(self.env, self._next(domain, last_id), **more)
                following = None
                if not calls.empty:
                    following = pricing.submit(prepared, calls, tables)
                if ready:
                    yield ready.result()
                if not following:
                    return
                ready, last_id = following, int(calls["id"].max())

    @api.model
    def _next(self, domain, last_id):
        """Query of a batch: PostgreSQL looks at no call before or behind it."""
        calls = self.env["telecom.call"].sudo()
        asked = (
            Domain("id", ">", last_id) & domain & ~calls._linked() & ~calls._anonymous()
        )
        return calls._search(asked, order="id", limit=BATCH)

    @api.model
    def _write_batch(self, company, ready, moved):
        """Write what differs of a batch, and have the costs of its months computed."""
        self.env["telecom.cost.pass"]._mark_frame(company, ready.calls)
        return self._write_results(company, ready, moved)

    @api.model
    def _write_results(self, company, ready, moved=None, with_costs=False):
        """Write what differs of a batch, but what the bundle pass writes.

        :param with_costs: write the costs of those calls, too: the pass starts from
            what is stored
        """
        bundle_pass = self.env["telecom.bundle.pass"]
        if bundle_pass._has_bundles(company):
            moving, left = bundle_pass._take_over(company, ready.calls)
            if moved is not None:
                moved.update(ready.calls["id"][moving & ~left].tolist())
            if with_costs:
                update_calls(self.env, ready.calls[left], COST_COLUMNS)
            if left.any():
                return update_calls(self.env, ready.calls[~left])
        return update_calls(self.env, ready.calls, rows=ready.rows)

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
            domain = Domain.OR(mark._call_domain() for mark in group)
            self._rate_company(company, own & domain, group)
            group.unlink()
            self.env["telecom.file"]._commit_step()


class Ready(NamedTuple):
    """Calls with their results, and the same as rows of the table."""

    calls: pd.DataFrame
    rows: Rows


def encoded(calls: pd.DataFrame) -> Ready:
    """Rated calls that no bundle is asked for, ready to be written."""
    calls = calls.assign(**NO_BUNDLE)
    return Ready(calls, encode_results(calls))


def prepared(calls: pd.DataFrame, tables: RatingTables) -> Ready:
    """Stored calls, rated and ready to be written."""
    return encoded(rate(calls, tables))


def rate(calls: pd.DataFrame, tables: RatingTables) -> pd.DataFrame:
    """Stored calls, matched and priced anew, in order of carrier."""
    groups = calls.groupby("carrier_id", sort=True)
    return pd.concat(
        price_calls(match_calls(group, int(carrier), tables), int(carrier), tables)
        for carrier, group in groups
    )
