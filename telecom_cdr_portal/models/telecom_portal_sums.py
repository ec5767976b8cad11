# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Callable, Iterable
from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..parameters import CallFilter
from .telecom_portal_filters import CHARGED

# Adding up more calls than these takes longer than people wait for a page.
SUM_LIMIT = 100_000
MAX_GROUPS = 500
GROUPS = {"number": "own", "day": "day", "destination": "place"}
OUTGOING = SQL("c.direction IS DISTINCT FROM 'incoming'")


class TelecomPortalSums(models.AbstractModel):
    """What calls come to: the sums of a filter, and of groups of its calls."""

    _name = "telecom.portal.sums"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: Sums"

    @api.model
    def _sums(self, calls: CallFilter) -> dict | None:
        """Totals of the listed calls of a filter; None where they are too many."""
        if self._has_more_than(calls, SUM_LIMIT):
            return None
        rows = self._summed_rows(calls, [], self._listed_sql(calls))
        return self._add_up(rows)

    @api.model
    def _groups(self, calls: CallFilter, group_by: str) -> list[dict] | None:
        """Groups of the listed calls of a filter; None where they are too many.

        :param group_by: number, day or destination
        :return: dicts of title, filter (what finds these calls alone) and totals; days
            the latest first, others the dearest
        """
        if self._has_more_than(calls, SUM_LIMIT):
            return None
        keys = getattr(self, f"_{GROUPS[group_by]}_keys")()
        rows = self._summed_rows(calls, keys, self._listed_sql(calls))
        totals = self._by_key(rows, len(keys))
        order = (lambda key: key) if group_by == "day" else _weight(totals)
        ordered = sorted(totals, key=order, reverse=True)[:MAX_GROUPS]
        names = getattr(self, f"_{GROUPS[group_by]}_names")(ordered)
        return [{**names[key], "totals": totals[key]} for key in ordered]

    @api.model
    def _by_key(self, rows: list[tuple], size: int) -> dict[tuple, dict]:
        """Totals of rows that begin with keys, by these."""
        grouped = {}
        for row in rows:
            grouped.setdefault(row[:size], []).append(row[size:])
        return {key: self._add_up(group) for key, group in grouped.items()}

    @api.model
    def _summed_rows(
        self, calls: CallFilter, keys: list[SQL], condition: SQL
    ) -> list[tuple]:
        """Keys, then what ``_add_up`` takes, of the calls that meet a condition."""
        places = [SQL(str(n + 1)) for n in range(len(keys) + 2)]
        return self.env.execute_query(
            SQL(
                """
                SELECT %(keys)s, count(*), sum(c.duration)::bigint,
                       sum(c.volume)::bigint,
                       count(*) FILTER (WHERE c.rating_state IN ('unrated', 'late')),
                       (sum(c.price) FILTER (WHERE %(charged)s))::text,
                       0, 0, NULL
                  FROM telecom_call c
             LEFT JOIN telecom_rate r ON r.id = c.rate_id
                 WHERE %(scope)s AND %(condition)s
              GROUP BY %(places)s
                """,
                keys=SQL(", ").join([*keys, SQL("c.service"), SQL("c.currency_id")]),
                scope=self._scope_sql(calls),
                condition=condition,
                charged=CHARGED,
                places=SQL(", ").join(places),
            )
        )

    # === BY OWN NUMBER === #

    @api.model
    def _own_keys(self) -> list[SQL]:
        return [SQL("c.number_id")]

    @api.model
    def _own_names(self, keys: list[tuple]) -> dict[tuple, dict]:
        ids = {number_id for (number_id,) in keys}
        names = self._number_names(ids)
        numbers = self.env["telecom.number"].sudo().browse(ids - {None}).exists()
        plain = {number.id: number.number for number in numbers}
        unknown = self.env._("Without a number")
        return {
            (id_,): {
                "title": names.get(id_, unknown),
                "filter": {"number": plain[id_]} if id_ in plain else None,
            }
            for id_ in ids
        }

    # === BY DAY: of the reader's clock, as the filter's dates are === #

    @api.model
    def _day_keys(self) -> list[SQL]:
        zone = self._zone().key
        return [
            SQL("(c.start_at AT TIME ZONE 'UTC' AT TIME ZONE %s)::date AS day", zone)
        ]

    @api.model
    def _day_names(self, keys: list[tuple]) -> dict[tuple, dict]:
        return {
            key: {
                "title": format_date(self.env, key[0], date_format="EEE d MMM y"),
                "filter": dict.fromkeys(("date_from", "date_to"), key[0].isoformat()),
            }
            for key in keys
        }

    # === BY WHAT IS SHOWN AS DESTINATION === #

    @api.model
    def _place_keys(self) -> list[SQL]:
        """Label of the rate, else destination, else category: the other two empty."""
        label = SQL(
            "COALESCE(NULLIF(r.label->>%s, ''), NULLIF(r.label->>'en_US', ''))",
            self.env.lang or "en_US",
        )
        has_place = SQL("%s IS NULL AND %s", label, OUTGOING)
        return [
            SQL("%s AS label", label),
            SQL("CASE WHEN %s THEN c.destination_id END AS place", has_place),
            SQL(
                "CASE WHEN %s AND c.destination_id IS NULL THEN c.category END AS kind",
                has_place,
            ),
        ]

    @api.model
    def _place_names(self, keys: list[tuple]) -> dict[tuple, dict]:
        ids = {place for _label, place, _kind in keys} - {None}
        places = self.env["telecom.destination"].sudo().browse(ids).exists()
        names = {place.id: place.name for place in places}
        categories = dict(self._selection("category"))
        found = {}
        for label, place, kind in keys:
            name = label or names.get(place)
            search = {"text": name} if name else {"category": kind} if kind else None
            found[label, place, kind] = {
                "title": name or categories.get(kind) or self.env._("Incoming calls"),
                "filter": search or {"direction": "incoming"},
            }
        return found

    # === WORDS === #

    @api.model
    def _group_texts(self, groups: Iterable[dict]) -> list[dict]:
        """Groups as texts for people."""
        return [
            {
                "title": group["title"],
                "filter": group["filter"],
                "count": self._decimal_text(call_count(group["totals"]), 0),
                "time": self._duration_text(group["totals"]["seconds"]),
                "more": self._more_texts(group["totals"]),
                "amount": ", ".join(self._amounts_texts(group["totals"]["amounts"])),
            }
            for group in groups
        ]

    @api.model
    def _more_texts(self, totals: dict) -> str:
        """Messages and data, where there are any."""
        texts = []
        if totals["sms"]:
            texts.append(self._count_text("sms", totals["sms"]))
        if totals["data"]:
            texts.append(self._volume_text(totals["bytes"]))
        return ", ".join(texts)


def call_count(totals: dict) -> int:
    """Calls, messages and data sessions together."""
    return totals["voice"] + totals["sms"] + totals["data"]


def _weight(totals: dict) -> Callable:
    """What a group is sorted by: money, then the number of calls."""

    def weight(key: tuple) -> tuple:
        amount = sum(totals[key]["amounts"].values(), Decimal(0))
        return amount, call_count(totals[key]), str(key)

    return weight
