# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A call of a bill in words: as values for files, and as texts for paper."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

from odoo.tools.misc import formatLang

from ..engine.masking import masked
from ..parsers import numbering
from .detail_calls import Bill, Call
from .durations import hms

MEGABYTE = 1_000_000

Value = str | date | time | timedelta | Decimal | None


class DetailWords:
    """What the columns of a layout say of a call; the same words are made once."""

    def __init__(self, bill: Bill) -> None:
        self.env = bill.partner.env
        self.hidden = bill.hidden_digits
        self.summed = bill.layout._summed_categories()
        call_fields = self.env["telecom.call"]._fields
        self.categories = dict(call_fields["category"]._description_selection(self.env))
        self.directions = dict(
            call_fields["direction"]._description_selection(self.env)
        )
        self._international = cache(numbering.format_international)
        self._other = cache(self._other_text)

    def value(self, column: str, call: Call) -> Value:
        """What a column says of a call: texts, days, times, durations and amounts."""
        return getattr(self, f"_{column}_value")(call)

    def group(self, group_by: str, call: Call) -> tuple:
        """What calls of one group have in common."""
        if group_by == "day":
            return (call["start_local"].date(),)
        names = {
            "number": ("number", "label"),
            "department": ("department",),
            "category": ("category",),
            "destination": ("place",),
            "none": (),
        }
        return tuple(call[name] for name in names[group_by])

    def is_listed(self, call: Call) -> bool:
        """Whether a call has a row of its own."""
        return call["is_listed"] and call["category"] not in self.summed

    def summed_name(self, call: Call) -> str:
        """What other calls are summed up by: label of the rate, else category."""
        if call["rate_label"] or call["category"] not in self.summed:
            return call["rate_label"] or ""
        return self._category_value(call)

    def summed_text(self, name: str, calls: int) -> str:
        """What a row of summed up calls says."""
        if not name:
            return self.env._("Other calls: %s", calls)
        return self.env._("%(label)s: %(calls)s calls", label=name, calls=calls)

    # === COLUMNS === #

    def _own_value(self, call):
        return self._international(call["number"] or "")

    def _label_value(self, call):
        return call["label"] or ""

    def _department_value(self, call):
        return call["department"] or ""

    def _day_value(self, call):
        return call["start_local"].date()

    def _time_value(self, call):
        start: datetime = call["start_local"]
        return start.time().replace(microsecond=0)

    def _direction_value(self, call):
        return self.directions.get(call["direction"]) or ""

    def _other_value(self, call):
        return self._other(call["direction"], call["other_number"], call["prefix"])

    def _other_text(self, direction, number, prefix):
        is_incoming = direction == "incoming"
        # The prefix is that of who was called: it tells nothing of the caller.
        shown = masked(
            self._international(number or ""),
            self.hidden,
            "" if is_incoming else prefix or "",
        )
        if not is_incoming:
            return shown
        return self.env._("from %s", shown or self.env._("withheld"))

    def _destination_value(self, call):
        name = call["place"]
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

    def _category_value(self, call):
        return self.categories.get(call["category"]) or ""

    def _country_value(self, call):
        return call["visited"] or ""

    def _account_code_value(self, call):
        return call["account_code"] or ""

    def _duration_value(self, call):
        if call["service"] == "sms":
            return self.env._("message")
        if call["service"] == "data":
            return self._megabytes(call["volume"] or 0)
        return timedelta(seconds=call["duration"] or 0)

    def _billed_value(self, call):
        if call["service"] in ("sms", "data"):
            return self._duration_value(call)
        return timedelta(seconds=call["billed_duration"] or 0)

    def _covered_value(self, call):
        if not call["is_covered"]:
            return ""
        if not call["bundle_duration"]:
            return "✓"
        return timedelta(seconds=call["bundle_duration"])

    def _price_value(self, call):
        return Decimal(call["price"])

    def _megabytes(self, volume):
        return self.env._("%s MB", formatLang(self.env, volume / MEGABYTE, digits=1))


class DetailSums:
    """How many calls there are, and what they come to."""

    def __init__(self) -> None:
        self.calls = 0
        self.seconds = {"duration": 0, "billed": 0, "covered": 0}
        self.price = Decimal(0)

    def add(self, call: Call) -> None:
        self.calls += 1
        self.seconds["duration"] += call["duration"] or 0
        self.seconds["billed"] += call["billed_duration"] or 0
        self.seconds["covered"] += call["bundle_duration"]
        self.price += Decimal(call["price"])

    def value(self, column: str) -> Value:
        """The sum of a column; None: there is none."""
        if column == "price":
            return self.price
        if column in self.seconds:
            return timedelta(seconds=self.seconds[column])
        return None


def hms_of(value: timedelta) -> str:
    """A duration as people read it."""
    return hms(int(value.total_seconds()))
