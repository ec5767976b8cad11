# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from odoo import api, fields, models

from ..authorisation.answers import Answer
from ..authorisation.asked import Asked, Facts
from ..authorisation.refusal import Refusal
from . import authorisation_sql as queries
from .redirect_rules import Redirect, counting, leads_to

# Redirections are followed through so many numbers of ours.
STEPS = 10


class TelecomAuthorisationRedirect(models.AbstractModel):
    """Where incoming calls go: to accounts, or to another number."""

    _name = "telecom.authorisation.redirect.mixin"
    _description = "Redirection of Incoming Calls at the Switch"

    @api.model
    def _answer_incoming(self, asked: Asked, facts: Facts) -> Answer:
        """Where a call to one of our numbers rings, or goes instead."""
        called = self._called(asked, facts)
        number = self._called_number(facts, called)
        targets = self._targets(asked, facts, number)
        told = {
            "number": called,
            "accounts": self._ringing(asked, number),
            "on_busy": targets.get("busy", ("", 0))[0],
            "on_no_answer": targets.get("no_answer", ("", 0))[0],
            "no_answer_seconds": targets.get("no_answer", ("", 0))[1],
            "on_unreachable": targets.get("unreachable", ("", 0))[0],
        }
        if asked.condition not in targets:
            return Answer(True, "ok", **told)
        return self._redirected(asked, facts, number, targets, told)

    @api.model
    def _redirected(
        self,
        asked: Asked,
        facts: Facts,
        number: dict[str, Any],
        targets: dict[str, tuple[str, int]],
        told: dict[str, Any],
    ) -> Answer:
        """The answer that sends a call on: its leg is paid by who redirects it."""
        target = targets[asked.condition][0]
        try:
            if number["is_stopped"]:
                raise Refusal("account_blocked")
            seconds = self._reserve(asked, facts, number, target)
        except Refusal as refusal:
            text = self._reasons()[refusal.reason]
            return Answer(True, "redirect_refused", text=text, **told)
        return Answer(
            True,
            "ok",
            redirect=target,
            caller=number["number"],
            max_duration=seconds,
            **told,
        )

    @api.model
    def _called_number(self, facts: Facts, called: str) -> dict[str, Any]:
        query = queries.number_query(facts.company_id, called, fields.Datetime.now())
        rows = self.env.execute_query_dict(query)
        if not rows:
            raise Refusal("unknown_number", number=called)
        if not rows[0]["is_active"]:
            raise Refusal("number_inactive", number=called)
        return rows[0]

    @api.model
    def _ringing(self, asked: Asked, number: dict[str, Any]) -> tuple[str, ...]:
        query = queries.ring_query(number["id"], number["partner_id"], asked.switch_id)
        return tuple(login for (login,) in self.env.execute_query(query))

    @api.model
    def _targets(
        self, asked: Asked, facts: Facts, number: dict[str, Any]
    ) -> dict[str, tuple[str, int]]:
        """By condition, where calls of a number go now and after how many seconds.

        Targets that are blocked, or that lead back, are left out.
        """
        rules = self._counting(number["id"])
        own = rules.get(number["number"], [])
        if not own:
            return {}
        graph = {text: [rule.target for rule in some] for text, some in rules.items()}
        blocks, _limits = self._rules(facts.company_id, number)
        book = self._book(facts.company_id, facts.version)
        found = {}
        for rule in own:
            if leads_to(graph, rule.target, number["number"]):
                continue
            try:
                place = book.place(rule.target)
                self._check_blocks(blocks, number, rule.target, place)
            except Refusal:
                continue
            found[rule.condition] = (rule.target, rule.after_seconds)
        return found

    @api.model
    def _counting(self, number_id: int) -> dict[str, list[Redirect]]:
        """By number, the redirections that count now, through those they lead to."""
        now = fields.Datetime.now()
        rules, zones = defaultdict(list), {}
        query = queries.redirects_query(number_id, now, STEPS)
        for row in self.env.execute_query_dict(query):
            zones[row["number"]] = row["zone"] or "UTC"
            values = {name: row[name] for name in Redirect._fields}
            rules[row["number"]].append(Redirect(**values))
        moment = now.replace(tzinfo=UTC)
        return {
            number: counting(some, moment.astimezone(ZoneInfo(zones[number])))
            for number, some in rules.items()
        }
