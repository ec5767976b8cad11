# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from odoo import api, fields, models
from odoo.tools import SQL

from ..authorisation.answers import Answer
from ..authorisation.asked import Asked, Facts
from ..authorisation.price_ladder import MICRO, Priced
from ..authorisation.refusal import Refusal
from . import authorisation_sql as queries
from .mixin_authorisation_money import Limited

DAY_SECONDS = 24 * 3600


class TelecomAuthorisationCall(models.AbstractModel):
    """What a switch tells of a call that was allowed: it goes on, or has ended."""

    _name = "telecom.authorisation.call.mixin"
    _description = "Calls That a Switch Tells Of"

    @api.model
    def _ended(self, asked: Asked, duration: int | None) -> Answer:
        """Reserve of an ended call what it has cost, until its record comes.

        :param duration: seconds that were talked; None: since it was allowed
        """
        try:
            facts = self._facts(asked)
            call = self._underway(asked)
            if not call.ended_at:
                self._end(facts, asked, call, duration)
        except Refusal as refusal:
            return self._refused(refusal)
        return Answer(True, "ok", number=call.called)

    @api.model
    def _end(
        self, facts: Facts, asked: Asked, call: models.BaseModel, duration: int | None
    ) -> None:
        now = fields.Datetime.now()
        if duration is None:
            duration = max(0, int((now - call.started_at).total_seconds()))
        duration = min(duration, DAY_SECONDS)
        priced = self._priced_again(facts, asked, call)
        seconds = min(duration, facts.longest)
        call.write(
            {
                "ended_at": now,
                "duration": duration,
                "reserved": priced.price(seconds) / MICRO,
                "draws": self._draw_values(priced.draws(seconds)),
            }
        )
        self.env["telecom.limit"]._refresh_customers(
            call.company_id, call.partner_id.ids
        )

    @api.model
    def _continue(self, asked: Asked) -> Answer:
        """Let a call go on, as long as its limits pay for: seconds from its start."""
        try:
            facts = self._facts(asked)
            call = self._underway(asked)
            if call.ended_at or call.expires_at <= fields.Datetime.now():
                raise Refusal("unknown_call")
            allowed = self._extend(facts, asked, call)
        except Refusal as refusal:
            return self._refused(refusal)
        return Answer(True, "ok", number=call.called, max_duration=allowed)

    @api.model
    def _extend(self, facts: Facts, asked: Asked, call: models.BaseModel) -> int:
        """Reserve the next part of a call; what it has stays where there is no more."""
        now = fields.Datetime.now()
        number = self._number_of(call)
        blocks, limit_ids = self._rules(facts.company_id, number)
        priced = self._priced_again(facts, asked, call)
        book = self._book(facts.company_id, facts.version)
        self._check_blocks(blocks, number, call.called, book.place(call.called))
        gone = int((now - call.started_at).total_seconds())
        most = min(facts.longest, gone + self._most(facts, limit_ids))
        limited = Limited(limit_ids, most, now)
        seconds = self._affordable(asked, facts, call.called, priced, limited)
        planned = self._planned(number, call.called, call.started_at)
        allowed = seconds if facts.ends_calls else facts.longest
        known = facts._replace(account_id=call.account_id.id or None)
        values = self._noted(asked, known, planned, priced, (seconds, allowed))
        self._note(queries.extend_query(values), call.called)
        call.invalidate_recordset()
        return allowed

    @api.model
    def _underway(self, asked: Asked) -> models.BaseModel:
        """The call under way that a switch means, locked."""
        calls = self.env["telecom.call.underway"].sudo()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM telecom_call_underway WHERE switch_id = %s"
                " AND reference = %s FOR UPDATE",
                asked.switch_id,
                asked.reference,
            )
        )
        if not rows:
            raise Refusal("unknown_call")
        return calls.browse(rows[0][0])

    @api.model
    def _number_of(self, call: models.BaseModel) -> dict[str, Any]:
        number = call.number_id
        return {
            "id": number.id,
            "number": number.number,
            "partner_id": call.partner_id.id,
            "carrier_id": number.carrier_id.id,
        }

    @api.model
    def _priced_again(
        self, facts: Facts, asked: Asked, call: models.BaseModel
    ) -> Priced:
        """What a call under way costs by its seconds, at the prices of its start."""
        book = self._book(facts.company_id, facts.version)
        planned = self._planned(self._number_of(call), call.called, call.started_at)
        ladder = book.ladder(planned)
        return self._priced(book, planned, ladder, asked, fields.Datetime.now())
