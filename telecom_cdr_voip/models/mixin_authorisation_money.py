# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Lock
from typing import Any, NamedTuple

import pandas as pd
from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.telecom_cdr.models.bundle_tables import read_draws
from odoo.addons.telecom_cdr.models.rating_tables import load_tables

from ..authorisation.asked import Asked, Facts
from ..authorisation.price_book import Place, PriceBook
from ..authorisation.price_ladder import (
    MICRO,
    BundledLadder,
    Ladder,
    PlannedCall,
    Priced,
)
from ..authorisation.refusal import Refusal
from . import authorisation_sql as queries
from .block_rules import Block, blocking

# A call that is not told the end of is taken as ended so long after its longest end.
GRACE = timedelta(seconds=60)
DRAW_DAYS = 62  # draws of older periods cover no call of now
DRAW_COLUMNS = (
    "subscription_id",
    "allowance_id",
    "number_id",
    "period_start",
    "quantity",
    "amount_micro",
)


class Limited(NamedTuple):
    """Limits of a call, the most seconds it may get of them at once, and the moment."""

    ids: list[int]
    most: int
    now: datetime


# Price books of this process, by database and company, with their versions.
_books: dict[tuple[str, int], tuple[str, PriceBook]] = {}
_loading = Lock()


class TelecomAuthorisationMoney(models.AbstractModel):
    """What a call costs, what its limits leave for it, and what is reserved."""

    _name = "telecom.authorisation.money.mixin"
    _description = "Money of Calls Under Way"

    @api.model
    def _book(self, company_id: int, version: str) -> PriceBook:
        """The prices of a company, loaded where another version is here."""
        key = (self.env.registry.db_name, company_id)
        found = _books.get(key)
        if found and found[0] == version:
            return found[1]
        with _loading:
            found = _books.get(key)
            if not (found and found[0] == version):
                company = self.env["res.company"].sudo().browse(company_id)
                tables = load_tables(self.env(su=True), company)
                book = PriceBook(tables, company.telecom_call_seconds)
                found = _books[key] = (version, book)
        return found[1]

    @api.model
    def _place(self, company: models.BaseModel, called: str) -> Place:
        """Where a number leads: prefix, destination id and category."""
        [(version,)] = self.env.execute_query(SQL("SELECT %s", queries.VERSION))
        return self._book(company.id, version).place(called)

    @api.model
    def _reserve(
        self, asked: Asked, facts: Facts, number: dict[str, Any], called: str
    ) -> int:
        """The seconds that a call may last; what they cost is reserved.

        Refusal where it is blocked, has no price, or no limit has anything left for it.
        """
        book = self._book(facts.company_id, facts.version)
        blocks, limit_ids = self._rules(facts.company_id, number)
        self._check_blocks(blocks, number, called, book.place(called))
        now = fields.Datetime.now()
        call = self._planned(number, called, now)
        ladder = book.ladder(call)
        if ladder.reason:
            raise Refusal("no_rate", number=called)
        if not ladder.is_allowed:
            raise Refusal("not_allowed", number=called)
        if limit_ids and not asked.reference:
            raise Refusal("reference", number=called)
        priced = self._priced(book, call, ladder, asked, now)
        limited = Limited(limit_ids, self._most(facts, limit_ids), now)
        seconds = self._affordable(asked, facts, called, priced, limited)
        allowed = seconds if facts.ends_calls else facts.longest
        if not asked.reference:
            return allowed
        values = self._noted(asked, facts, call, priced, (seconds, allowed))
        return self._note(queries.reserve_query(values), called)

    @api.model
    def _planned(
        self, number: dict[str, Any], called: str, start: datetime
    ) -> PlannedCall:
        return PlannedCall(
            called=called,
            calling=number["number"],
            number_id=number["id"],
            partner_id=number["partner_id"],
            carrier_id=number["carrier_id"],
            start=start,
        )

    # === BLOCKS AND LIMITS === #

    @api.model
    def _rules(
        self, company_id: int, number: dict[str, Any]
    ) -> tuple[list[Block], list[int]]:
        """Blocks, and the ids of limits that refuse calls, which are locked now."""
        query = queries.rules_query(company_id, number["partner_id"], number["id"])
        [(blocks, limit_ids)] = self.env.execute_query(query)
        return [Block(**block) for block in blocks or []], limit_ids

    @api.model
    def _check_blocks(
        self, blocks: list[Block], number: dict[str, Any], called: str, place: Place
    ) -> None:
        if blocking(blocks, number["id"], called, place.destination_id, place.category):
            raise Refusal("blocked", number=called)

    @api.model
    def _most(self, facts: Facts, limit_ids: list[int]) -> int:
        """The most seconds that are allowed at once, whatever is left to spend."""
        if limit_ids and facts.time_reserved:
            return min(facts.longest, facts.time_reserved)
        return facts.longest

    @api.model
    def _affordable(
        self, asked: Asked, facts: Facts, called: str, priced: Priced, limited: Limited
    ) -> int:
        """The seconds that every limit pays for; Refusal where that is not one."""
        most = limited.most
        if not limited.ids:
            return most
        rest = self._rest(asked, facts.company_id, priced.currency_id, limited)
        if priced.price(most) <= max(rest, 0):
            return most
        seconds = priced.longest(rest, most) if rest > 0 else 0
        if not seconds:
            raise Refusal("limit", number=called)
        return seconds

    @api.model
    def _rest(
        self, asked: Asked, company_id: int, currency_id: int, limited: Limited
    ) -> int:
        """What limits leave (micro of a currency), after other calls under way."""
        query = queries.rest_query(
            limited.ids, limited.now, asked.switch_id, asked.reference
        )
        rests = []
        for _id, limit, own_id, taken in self.env.execute_query(query):
            rest = Decimal(limit)
            for other_id, spent in taken or []:
                amount = Decimal(spent or 0)
                rest -= self._converted(amount, other_id, own_id, company_id)
            rests.append(self._converted(rest, own_id, currency_id, company_id))
        return int(min(rests) * MICRO)

    @api.model
    def _converted(
        self, amount: Decimal, from_id: int, to_id: int, company_id: int
    ) -> Decimal:
        """An amount in another currency, at the rate of today."""
        if from_id == to_id or not (from_id and to_id and amount):
            return amount
        currencies = self.env["res.currency"]
        rate = currencies._get_conversion_rate(
            currencies.browse(from_id),
            currencies.browse(to_id),
            self.env["res.company"].browse(company_id),
            fields.Date.context_today(self),
        )
        return amount * Decimal(repr(rate))

    # === BUNDLES === #

    @api.model
    def _priced(
        self,
        book: PriceBook,
        call: PlannedCall,
        ladder: Ladder,
        asked: Asked,
        now: datetime,
    ) -> Priced:
        """What a call costs by its seconds, after bundles where its payer has them."""
        if not book.has_bundle(call.partner_id):
            return ladder
        used = self._draws(call, asked, now)
        return BundledLadder(call, book.tables, ladder, used)

    @api.model
    def _draws(self, call: PlannedCall, asked: Asked, now: datetime) -> pd.DataFrame:
        """What stored calls and other calls under way take of a customer's bundles."""
        stored = read_draws(
            self.env,
            SQL(
                """
                telecom_bundle_draw d
                  JOIN telecom_bundle_subscription s ON s.id = d.subscription_id
                  JOIN res_partner p ON p.id = s.partner_id
                """
            ),
            SQL(
                "p.commercial_partner_id = %s AND d.period_start >= %s",
                call.partner_id,
                (now - timedelta(days=DRAW_DAYS)).date(),
            ),
        )
        query = queries.underway_draws_query(call.partner_id, now)
        others = [
            draw
            for switch_id, reference, draws in self.env.execute_query(query)
            if (switch_id, reference) != (asked.switch_id, asked.reference)
            for draw in draws
        ]
        if not others:
            return stored
        frame = pd.DataFrame(others, columns=list(DRAW_COLUMNS))
        frame["period_start"] = pd.to_datetime(frame["period_start"])
        return pd.concat([stored, frame.astype(stored.dtypes.to_dict())])

    @api.model
    def _draw_values(self, draws: pd.DataFrame | None) -> list | bool:
        """Draws as they are kept with a call under way; nothing for none."""
        if draws is None or draws.empty:
            return False
        days = draws["period_start"].astype("datetime64[s]").dt.strftime("%Y-%m-%d")
        rows = draws.assign(period_start=days)[list(DRAW_COLUMNS)]
        return json.loads(rows.to_json(orient="values"))

    # === CALLS UNDER WAY === #

    @api.model
    def _noted(
        self,
        asked: Asked,
        facts: Facts,
        call: PlannedCall,
        priced: Priced,
        durations: tuple[int, int],
    ) -> dict[str, Any]:
        """Columns of a call with what its reserved seconds cost."""
        seconds, allowed = durations
        return {
            "switch_id": asked.switch_id,
            "reference": asked.reference,
            "company_id": facts.company_id,
            "account_id": facts.account_id,
            "partner_id": call.partner_id,
            "number_id": call.number_id,
            "called": call.called,
            "reserved": Decimal(priced.price(seconds)) / MICRO,
            "currency_id": priced.currency_id or None,
            "draws": Json(self._draw_values(priced.draws(seconds)) or None),
            "max_duration": allowed,
            "started_at": call.start,
            "expires_at": call.start + timedelta(seconds=allowed) + GRACE,
            "ended_at": None,
            "settled_at": None,
        }

    @api.model
    def _note(self, query: SQL, called: str) -> int:
        """Keep a call, for whose longest duration the query asks.

        Refusal where its reference is another call's: nobody could tell the two apart,
        and one reservation would pay for both. A failure is not logged with the number.
        """
        self.env.cr.execute(query, log_exceptions=False)
        if not self.env.cr.rowcount:
            raise Refusal("reference", number=called)
        [duration] = self.env.cr.fetchone()
        return duration
