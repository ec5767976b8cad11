# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from typing import Any, Self

import pandas as pd

from odoo import api, fields, models
from odoo.fields import Domain

from . import fraud_sql
from .fraud_tables import MILLION


class TelecomAlertFactsMixin(models.AbstractModel):
    """How facts become alerts: each once; those of one place in one open alert."""

    _name = "telecom.alert.facts.mixin"
    _description = "Facts of an Alert"

    @api.model
    def _take(self, company: models.BaseModel, facts: pd.DataFrame) -> Self:
        """Store what the watch has found, and tell of what is new.

        :param facts: table of `watch.facts.find_facts`
        :return: alerts with new facts
        """
        known = self._known_facts(facts)
        new = defaultdict(list)
        for row in facts.to_dict("records"):
            values = self._fact_values(company, row)
            fact = known.get(_key(values))
            if fact:
                fact._update(values)
            else:
                new[_place(values)].append(values)
        alerts = self.browse()
        for place, values in new.items():
            alerts |= self._open_alert(company, place)._add(values)
        alerts._note_numbers()
        for alert in alerts:
            alert._tell()
        return alerts

    @api.model
    def _known_facts(self, facts: pd.DataFrame) -> dict[tuple, models.BaseModel]:
        """Facts that were stored before, by their key."""
        if facts.empty:
            return {}
        domain = Domain("rule_id", "in", facts["rule"].unique().tolist())
        domain &= Domain("partner_id", "in", facts["customer"].unique().tolist())
        domain &= Domain("start_at", ">=", facts["start"].min().to_pydatetime())
        known = self.env["telecom.fraud.fact"].search(domain)
        return {fact._key(): fact for fact in known}

    @api.model
    def _fact_values(
        self, company: models.BaseModel, row: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "company_id": company.id,
            "rule_id": row["rule"],
            "partner_id": row["customer"],
            "category": row["category"] or False,
            "destination_id": row["destination"] or False,
            "country_id": row["country"] or False,
            "start_at": row["start"].to_pydatetime(),
            "end_at": row["end"].to_pydatetime(),
            "calls": row["calls"],
            "duration": row["seconds"],
            "amount": row["amount"] / MILLION,
            "value": row["value"],
            "past": row["past"],
            "past_days": row["past_days"],
        }

    @api.model
    def _open_alert(self, company: models.BaseModel, place: tuple) -> Self:
        """The open alert of a rule, customer and place; else another one."""
        values = dict(
            zip(
                ("rule_id", "partner_id", "category", "destination_id", "country_id"),
                place,
                strict=True,
            )
        )
        domain = Domain("company_id", "=", company.id) & Domain("state", "=", "open")
        domain &= Domain.AND(Domain(name, "=", value) for name, value in values.items())
        return self.search(domain, limit=1) or self.create(
            {**values, "company_id": company.id}
        )

    def _add(self, values: list[dict[str, Any]]) -> Self:
        """More facts of this alert."""
        facts = self.env["telecom.fraud.fact"]
        facts.create([{**one, "alert_id": self.id} for one in values])
        return self

    def _note_numbers(self) -> None:
        """The numbers that the calls of these alerts were made from."""
        self.env.flush_all()
        found = defaultdict(list)
        rows = self.env.execute_query(fraud_sql.numbers_of(self.fact_ids.ids))
        for alert_id, number_id in rows:
            found[alert_id].append(number_id)
        for alert in self:
            alert.number_ids = [fields.Command.set(found[alert.id])]


def _key(values: dict[str, Any]) -> tuple:
    return (
        values["rule_id"],
        values["partner_id"],
        values["category"] or "",
        values["destination_id"] or 0,
        values["country_id"] or 0,
        values["start_at"],
    )


def _place(values: dict[str, Any]) -> tuple:
    return (
        values["rule_id"],
        values["partner_id"],
        values["category"],
        values["destination_id"],
        values["country_id"],
    )
