# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd

from odoo import api, fields, models
from odoo.tools.misc import split_every

from ..watch.facts import find_facts
from ..watch.rules import Rule, reach, short_limits
from . import fraud_sql
from .fraud_tables import load_sums

# Customers whose calls are added up together.
BATCH = 200
# Files that are looked at together.
FILES = 50
DAY = timedelta(days=1)


class TelecomFraudWatch(models.AbstractModel):
    """Looks at calls of customers, and tells of what rules find suspicious."""

    _name = "telecom.fraud.watch"
    _description = "Fraud Watch"

    @api.model
    def _cron_watch(self) -> None:
        """Look at calls that came with files, and at those under way."""
        # pylint: disable-next=no-search-all
        companies = self.env["res.company"].sudo().search([])
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            watch = self.sudo().with_company(company)
            while watch._look_at_files(company):
                if not cron._commit_progress():
                    return
            watch._look_at_underway(company)
            if not cron._commit_progress(1):
                return

    @api.model
    def _look_at_files(self, company: models.BaseModel) -> models.BaseModel:
        """Look at the customers of some files that nobody has looked at yet."""
        files = self.env["telecom.file"].search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "processed"),
                ("is_watched", "=", False),
            ],
            order="id",
            limit=FILES,
        )
        if files:
            starts = dict(self.env.execute_query(fraud_sql.touched(files.ids)))
            self._look_at(company, starts)
            files.is_watched = True
        return files

    @api.model
    def _look_at_underway(self, company: models.BaseModel) -> None:
        """Look at the customers who are talking now."""
        now = fields.Datetime.now()
        rows = self.env.execute_query(fraud_sql.talking(company.id, now))
        # A day: what a rule adds up may have begun so long ago.
        self._look_at(company, {partner_id: now - DAY for (partner_id,) in rows})

    @api.model
    def _look_at(
        self, company: models.BaseModel, starts: dict[int, datetime]
    ) -> models.BaseModel:
        """Judge customers from a moment each on; alerts with something new.

        :param starts: {customer id: moment}; those of a similar time go together
        """
        alerts = self.env["telecom.fraud.alert"]
        rules, own = self._rules(company)
        if not rules:
            return alerts
        by_day = defaultdict(list)
        for partner_id, start in starts.items():
            by_day[start.date()].append(partner_id)
        for partner_ids in by_day.values():
            since = min(starts[partner_id] for partner_id in partner_ids)
            for some in split_every(BATCH, sorted(partner_ids)):
                facts = self._find(company, rules, own, some, since)
                alerts |= alerts._take(company, facts)
        return alerts

    @api.model
    def _rules(
        self, company: models.BaseModel
    ) -> tuple[list[Rule], dict[tuple[int, int], Rule | None]]:
        """The rules of a company, and those that customers have instead."""
        rules = self.env["telecom.fraud.rule"].search([("company_id", "=", company.id)])
        own = {
            (one.rule_id.id, one.partner_id.id): one._to_watch()
            for one in rules.exception_ids
        }
        return [rule._to_watch() for rule in rules], own

    @api.model
    def _find(
        self,
        company: models.BaseModel,
        rules: list[Rule],
        own: dict[tuple[int, int], Rule | None],
        partner_ids: Sequence[int],
        since: datetime | None,
    ) -> pd.DataFrame:
        """What the rules find in the calls of some customers."""
        self.env.flush_all()
        zone = company.telecom_tz or "UTC"
        asked = fraud_sql.Asked(
            company_id=company.id,
            partner_ids=list(partner_ids),
            since=since - reach(rules, own) * DAY,
            now=fields.Datetime.now(),
            zone=zone,
            short=short_limits(rules, own),
        )
        table = load_sums(self.env, company, asked)
        return find_facts(rules, own, table, since, zone)
