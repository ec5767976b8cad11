# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The call detail behind an invoice, worded for its customer."""

from decimal import Decimal
from functools import cache

from odoo import models
from odoo.tools import groupby
from odoo.tools.misc import format_date, formatLang

from ..parsers import numbering
from .durations import hms

MEGABYTE = 1_000_000
PRICE_DIGITS = 6


class TelecomAnnex:
    """Words the calls of one invoice: thousands of them, each value once."""

    def __init__(self, move: models.BaseModel) -> None:
        self.env = move.env
        self.calls = move._telecom_annex_calls()
        self.currency = move.currency_id
        self.digits = self._digits()
        call_fields = self.env["telecom.call"]._fields
        self.categories = dict(call_fields["category"]._description_selection(self.env))
        self._number = cache(numbering.format_international)
        self._money = cache(lambda text: self._format(Decimal(text)))
        self._day = cache(lambda day: format_date(self.env, day))

    def _digits(self):
        """As many decimals as the prices have, so that they stand in line."""
        decimals = (
            len(call["price"].partition(".")[2].rstrip("0")) for call in self.calls
        )
        return min(max(decimals, default=0), PRICE_DIGITS) or 0

    def _format(self, amount):
        digits = max(self.digits, self.currency.decimal_places)
        return formatLang(self.env, float(amount), digits=digits)

    def sections(self) -> list[dict]:
        """One section a number: its name, its rows and their totals."""
        return [
            self._section(number, calls)
            for number, calls in groupby(self.calls, lambda call: call["number"])
        ]

    def _section(self, number, calls):
        label = calls[0]["label"]
        name = self._number(number or "") or self.env._("Without a number")
        return {
            "name": f"{name} ({label})" if label else name,
            "rows": [self._row(call) for call in calls if call["is_listed"]],
            "others": self._sums([call for call in calls if not call["is_listed"]]),
            "has_covered": any(call["is_covered"] for call in calls),
            **self._sums(calls),
        }

    def _sums(self, calls):
        """How many calls these are, and what they come to."""
        return {
            "count": len(calls),
            "duration": hms(sum(call["duration"] or 0 for call in calls)),
            "covered": hms(sum(call["bundle_duration"] for call in calls)),
            "price": self._format(sum(Decimal(call["price"]) for call in calls)),
        }

    def _row(self, call):
        start = call["start_local"]
        return {
            "day": self._day(start.date()),
            "time": f"{start:%H:%M:%S}",
            "number": self._other(call),
            "destination": self._destination(call),
            "duration": self._quantity(call),
            "covered": self._covered(call),
            "price": self._money(call["price"]),
        }

    def _other(self, call):
        if call["direction"] != "incoming":
            return self._number(call["other_number"] or "")
        caller = self._number(call["other_number"] or "") or self.env._("withheld")
        return self.env._("from %s", caller)

    def _destination(self, call):
        name = call["rate_label"] or call["destination"]
        if not name and call["service"] == "data":
            name = self.env._("Data")
        name = name or self.categories.get(call["category"]) or ""
        if not call["visited"]:
            return name
        return self.env._(
            "%(destination)s, roaming in %(country)s",
            destination=name,
            country=call["visited"],
        )

    def _quantity(self, call):
        if call["service"] == "sms":
            return self.env._("message")
        if call["service"] == "data":
            return self._megabytes(call["volume"] or 0)
        return hms(call["duration"])

    def _covered(self, call):
        if not call["is_covered"]:
            return ""
        return hms(call["bundle_duration"]) if call["bundle_duration"] else "✓"

    def _megabytes(self, volume):
        return self.env._("%s MB", formatLang(self.env, volume / MEGABYTE, digits=1))
