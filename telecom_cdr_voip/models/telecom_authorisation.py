# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from odoo import api, fields, models
from odoo.tools import SQL, consteq

from ..authorisation.answers import Answer
from ..authorisation.asked import Asked, Facts
from ..authorisation.refusal import Refusal
from . import authorisation_sql as queries
from .dialled import spelled, unblocked
from .networks import covers
from .switch_requests import is_shut_out, may_ask, note_wrong_key
from .telecom_switch import hashed


class TelecomAuthorisation(models.AbstractModel):
    """Decides whether a call may be made, for how long, and where it goes."""

    _name = "telecom.authorisation"
    _description = "Authorisation of Calls"
    _inherit = [
        "telecom.authorisation.money.mixin",
        "telecom.authorisation.redirect.mixin",
        "telecom.authorisation.call.mixin",
    ]

    @api.model
    def _authorise(self, asked: Asked) -> Answer:
        """The answer to a switch; a refusal is an answer, too."""
        try:
            return self._decide(asked, self._facts(asked))
        except Refusal as refusal:
            return self._refused(refusal)

    @api.model
    def _decide(self, asked: Asked, facts: Facts | None) -> Answer:
        if asked.direction == "in":
            return self._answer_incoming(asked, facts)
        return self._answer_outgoing(asked, facts)

    @api.model
    def _try(self, asked: Asked) -> Answer:
        """The same answer to somebody who tries it; nothing is reserved or told."""
        facts = self._read_facts(asked)
        savepoint = self.env.cr.savepoint()
        try:
            return self._decide(asked, facts)
        except Refusal as refusal:
            return self._refused(refusal)
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    @api.model
    def _refused(self, refusal: Refusal) -> Answer:
        """The answer that says why not.

        It is cheap, as it may be asked for often: limits tell by mail that they are
        reached when a call ends, when records come, and at their scheduled action.
        """
        text = self._reasons().get(refusal.reason, refusal.reason)
        return Answer(False, refusal.reason, text=text, number=refusal.number)

    # === WHO ASKS === #

    @api.model
    def _facts(self, asked: Asked) -> Facts:
        """The switch and the account; Refusal where the switch is not the one."""
        if is_shut_out(asked.remote):
            raise Refusal("rate_limit")
        facts = self._read_facts(asked)
        known = (facts and facts.key_hash) or hashed("")
        if not (consteq(known, hashed(asked.key)) and asked.key and facts):
            note_wrong_key(asked.remote)
            raise Refusal("key")
        self._check_switch(facts, asked)
        return facts

    @api.model
    def _read_facts(self, asked: Asked) -> Facts | None:
        query = queries.facts_query(asked.switch_id, asked.login, fields.Datetime.now())
        rows = self.env.execute_query(query)
        return Facts(*rows[0]) if rows else None

    @api.model
    def _check_switch(self, facts: Facts, asked: Asked) -> None:
        if not facts.is_switch_active:
            raise Refusal("key")
        if not covers(facts.allowed_networks, asked.remote):
            raise Refusal("switch_address")
        if not may_ask(self.env.registry.db_name, asked.switch_id, facts.rate_limit):
            raise Refusal("rate_limit")

    # === OUTGOING === #

    @api.model
    def _answer_outgoing(self, asked: Asked, facts: Facts) -> Answer:
        called = self._called(asked, facts)
        if not facts.account_id:
            raise Refusal("unknown_account", number=called)
        number = self._number(asked, facts)
        caller = self._caller(facts, number)
        if self._is_emergency(called, facts):
            return Answer(True, "emergency", number=called, caller=caller)
        self._check_account(asked, facts, number)
        seconds = self._reserve(asked, facts, number, called)
        return Answer(True, "ok", max_duration=seconds, number=called, caller=caller)

    @api.model
    def _called(self, asked: Asked, facts: Facts) -> str:
        called = asked.called and spelled(asked.called, facts.country)
        if not called:
            raise Refusal("called")
        return called

    @api.model
    def _is_emergency(self, called: str, facts: Facts) -> bool:
        return called in unblocked(facts.unblocked or "", facts.country)

    @api.model
    def _number(self, asked: Asked, facts: Facts) -> dict[str, Any] | None:
        """The number that the call is from: as asked for, else the account's first."""
        held = self._held(facts)
        numbers = [*held, *(facts.numbers or [])]
        if asked.calling:
            wanted = spelled(asked.calling, facts.country)
            return next((one for one in numbers if one["number"] == wanted), None)
        own = (one for one in held if one["id"] == facts.caller_number_id)
        return next(own, None) or next(iter(numbers), None)

    @api.model
    def _held(self, facts: Facts) -> list[dict[str, Any]]:
        """The numbers of the account that are in service, and its customer's still."""
        return [
            one
            for one in facts.numbers or []
            if one["is_active"] and one["partner_id"] == facts.partner_id
        ]

    @api.model
    def _caller(self, facts: Facts, number: dict[str, Any] | None) -> str:
        """What called people see: the caller id of the account, else the number.

        Never the number of somebody else, not even in emergency calls.
        """
        held = self._held(facts)
        own = [one for one in held if one["id"] == facts.caller_number_id]
        shown = own[0] if own else number
        is_own = shown and shown["partner_id"] == facts.partner_id
        return shown["number"] if is_own else ""

    @api.model
    def _check_account(
        self, asked: Asked, facts: Facts, number: dict[str, Any] | None
    ) -> None:
        if facts.account_state != "active":
            raise Refusal("account_blocked")
        if facts.networks and not covers(",".join(facts.networks), asked.address):
            raise Refusal("address")
        if not number or number["partner_id"] != facts.partner_id:
            raise Refusal("number")
        if not number["is_active"]:
            raise Refusal("number_inactive")

    # === TEXTS === #

    @api.model
    def _reasons(self) -> dict[str, str]:
        """What each reason of a refusal means."""
        return {
            "key": self.env._("There is no such switch, or the key is not its key."),
            "switch_address": self.env._("The switch may not ask from this address."),
            "rate_limit": self.env._("Too many requests in a second."),
            "request": self.env._("The request can not be read."),
            "called": self.env._("The called number can not be read."),
            "unknown_account": self.env._("The switch has no such account."),
            "account_blocked": self.env._("The account is blocked."),
            "address": self.env._("The account may not be used from this address."),
            "number": self.env._("The calling number is not one of the account."),
            "number_inactive": self.env._("The calling number is not in service."),
            "unknown_number": self.env._("The called number is none of ours."),
            "blocked": self.env._("Calls to this number are blocked."),
            "not_allowed": self.env._(
                "The tariff does not allow calls to this number."
            ),
            "no_rate": self.env._("There is no price for calls to this number."),
            "limit": self.env._(
                "The limit of spending is reached, or reserved by calls."
            ),
            "reference": self.env._(
                "A call that is limited needs a reference of its own."
            ),
            "unknown_call": self.env._("There is no such call under way."),
            "error": self.env._("The answer could not be worked out; see Odoo's log."),
        }

    # === VERSION OF PRICES === #

    def init(self) -> None:
        """Note each change of what calls are priced by, whoever makes it."""
        result = super().init()
        self.env.cr.execute(queries.CREATE_VERSION)
        for table in (*queries.PRICE_TABLES, *queries.PRICE_COLUMNS):
            columns = queries.PRICE_COLUMNS.get(table) or self._columns(table)
            self.env.cr.execute(queries.price_trigger(table, list(columns)))
        return result

    @api.model
    def _columns(self, table: str) -> list[str]:
        rows = self.env.execute_query(
            SQL(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = current_schema AND table_name = %s",
                table,
            )
        )
        return [name for (name,) in rows if name not in queries.NO_CHANGE]

    @api.autovacuum
    def _forget_versions(self) -> None:
        self.env.cr.execute(queries.FORGET_VERSIONS)
