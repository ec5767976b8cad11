# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a rule of the fraud watch says, and for whom."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

# Columns that tell one place from another.
PLACES = {
    "destination": ("destination",),
    "category": ("category",),
    "country": ("country",),
    "all": (),
}
QUANTITIES = ("calls", "seconds", "amount")


@dataclass(frozen=True)
class Rule:
    """When calls of a customer are an alert. Each limit that is not 0 must be reached.

    :ivar kind: rise (at least so many times what the customer's past has in the same
        hour of the day), night (at night, to a country that the past does not have),
        short (many short calls), cap (the limits alone)
    :ivar window: hour, day or night (local): what is added up
    :ivar place: destination, category, country or all: each is judged by itself
    :ivar categories: codes of those that count; none: all
    :ivar measure: calls, seconds or amount: what is compared with the past
    :ivar min_amount: millionths
    :ivar factor_percent: 500: five times the past
    :ivar past_days: so many days before count as the past
    :ivar history_days: who is a customer for fewer days is not judged
    :ivar night_start: local hour, 0 to 23; it ends at the start of the hour `night_end`
    :ivar short_seconds: longest of the short calls
    """

    id: int
    kind: str
    window: str = "hour"
    place: str = "all"
    categories: frozenset[str] = frozenset()
    measure: str = "seconds"
    min_calls: int = 0
    min_seconds: int = 0
    min_amount: int = 0
    factor_percent: int = 0
    past_days: int = 0
    history_days: int = 0
    night_start: int = 22
    night_end: int = 6
    short_seconds: int = 0

    @property
    def measured(self) -> str:
        """Name of the column that is judged."""
        return f"short_{self.short_seconds}" if self.kind == "short" else self.measure

    @property
    def minimums(self) -> dict[str, int]:
        """What has to be reached, by column; the number of calls is of those judged."""
        calls = "value" if self.kind == "short" else "calls"
        return {
            calls: self.min_calls,
            "seconds": self.min_seconds,
            "amount": self.min_amount,
        }


# An exception of a customer: a rule of its own, or none at all.
Exceptions = Mapping[tuple[int, int], Rule | None]


def variants(
    rules: Iterable[Rule], own: Exceptions, customers: np.ndarray
) -> Iterator[tuple[Rule, np.ndarray]]:
    """Give each rule with the customers (unique, int64) whom it is for."""
    for rule in rules:
        others = [customer for rule_id, customer in own if rule_id == rule.id]
        yield rule, np.setdiff1d(customers, np.array(others, np.int64))
        for customer in sorted(others):
            variant = own[rule.id, customer]
            if variant is not None:
                yield variant, np.intersect1d(customers, np.array([customer]))


def all_rules(rules: Iterable[Rule], own: Exceptions) -> list[Rule]:
    """Rules, and those that customers have instead."""
    return [*rules, *(rule for rule in own.values() if rule is not None)]


def reach(rules: Iterable[Rule], own: Exceptions) -> int:
    """How many days before the calls to judge the table has to begin."""
    return max((rule.past_days for rule in all_rules(rules, own)), default=0) + 1


def short_limits(rules: Iterable[Rule], own: Exceptions) -> list[int]:
    """Longest durations of short calls, in order, that the table counts."""
    kept = (rule for rule in all_rules(rules, own) if rule.kind == "short")
    return sorted({rule.short_seconds for rule in kept})
