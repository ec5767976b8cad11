# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the files of one run have in common, so that small ones cost little."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from odoo import api, models

from ..engine.pipeline import RatingTables
from .call_table import refresh_statistics
from .rating_tables import load_tables
from .same_calls import SameCalls

MANY = 50_000


class ImportRun:
    """Rate tables that are loaded once, and what is done once behind all files."""

    def __init__(self, env: api.Environment) -> None:
        self.env = env
        self._tables: dict[int, tuple[tuple, RatingTables]] = {}
        self._stored: Counter[models.BaseModel] = Counter()
        self._customers: defaultdict[models.BaseModel, set[int]] = defaultdict(set)
        self._same_calls: dict[int, SameCalls] = {}

    def tables(self, company: models.BaseModel, carrier_id: int) -> RatingTables:
        """The tables of a company, loaded again where what they hold has changed."""
        version = self.version(company)
        known, tables = self._tables.get(company.id, (None, None))
        if version != known or carrier_id not in tables.carriers:
            tables = load_tables(self.env, company)
            self._tables[company.id] = version, tables
        return tables

    def same_calls(self, company: models.BaseModel) -> SameCalls:
        """How calls are compared with those of other carriers."""
        if company.id not in self._same_calls:
            self._same_calls[company.id] = SameCalls(company)
        return self._same_calls[company.id]

    def version(self, company: models.BaseModel) -> tuple:
        """What the tables of a company are now, as its prices have it."""
        return self.env["telecom.rating.change"]._version(company)

    def note(
        self, company: models.BaseModel, count: int, partner_ids: Iterable[int]
    ) -> None:
        """Remember that calls of customers (0: nobody) were stored."""
        self._stored[company] += count
        self._customers[company].update(partner_ids)

    def rate_again_if_changed(
        self, files: models.BaseModel, priced_with: Sequence | None = None
    ) -> None:
        """Have calls of files rated again that were priced while prices changed.

        Whoever changes a price leaves a mark, but that finds only calls that were
        committed by then. To be called behind the commit of the calls.

        :param files: of one carrier
        :param priced_with: version of the tables, else that of this run
        """
        company, told = files.company_id, files.filtered("date_first")
        if priced_with is None:
            priced_with, _tables = self._tables.get(company.id, (None, None))
        if not (priced_with and told):
            return
        if tuple(priced_with) == tuple(self.version(company)):
            return
        day = timedelta(days=1)
        self.env["telecom.rating.mark"]._mark(
            [
                {
                    "company_id": company.id,
                    "carrier_id": files.carrier_id.id,
                    "date_start": min(told.mapped("date_first")) - day,
                    "date_end": max(told.mapped("date_last")) + 2 * day,
                }
            ]
        )

    def finish(self) -> None:
        """Deal out allowances, have PostgreSQL look at the table, look at limits."""
        for company in self._stored:
            self.env["telecom.bundle.pass"]._run(company)
        stored = self._stored.total()
        if stored > MANY:
            refresh_statistics(self.env, stored)
        self._stored.clear()
        self.env["telecom.file"]._commit_step()
        self._look_at_limits()

    def _look_at_limits(self) -> None:
        """Behind the prices: limits of the customers who have new calls."""
        for company, partner_ids in self._customers.items():
            self.env["telecom.limit"]._refresh_customers(company, partner_ids - {0})
        self._customers.clear()
        self.env["telecom.file"]._commit_step()
