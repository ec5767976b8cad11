# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which line of a fixed-fee tariff prices a charge, and what that gives. Exact."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np

from ...telecom_cdr.engine.money import round_ratio

PRICE_DIGITS = 6
METHODS = ("price", "markup", "included", "none")
# What takes nothing from the customer.
FREE = ("included", "none")


@dataclass(frozen=True)
class FeeLine:
    """One line of a tariff.

    :ivar pattern: product codes, with * and ?; empty: all
    :ivar kind: recurring, one_off, credit; empty: all (see `applies` about credits)
    :ivar method: price (own price of one), markup (percent on cost), included (in a
        bundle: only where the customer has one that lists the code), none
    :ivar is_prorated: the own price is that of a month, and a part of one pays a part
    :ivar start: first day that it counts for, None from ever
    :ivar end: first day that it does not count for any more
    """

    line_id: int
    pattern: str
    kind: str
    method: str
    price: Decimal = Decimal(0)
    markup: Decimal = Decimal(0)
    is_prorated: bool = False
    start: date | None = None
    end: date | None = None

    def applies(self, code: str, kind: str, day: date) -> bool:
        """Whether it is for such a charge.

        A credit may give back a part only (an outage of three days), which an own price
        cannot know: such a line is for credits only where it says so.
        """
        is_for_all = not self.kind and (kind != "credit" or self.method != "price")
        return (
            (is_for_all or self.kind == kind)
            and (self.start is None or self.start <= day)
            and (self.end is None or day < self.end)
            and bool(compiled(self.pattern).fullmatch(code))
        )

    def specificity(self) -> tuple[bool, int, bool, bool]:
        """How narrow it is: a whole code, more letters, a kind, what a bundle holds."""
        wild = self.pattern.count("*") + self.pattern.count("?")
        is_code = bool(self.pattern) and not wild
        return (
            is_code,
            len(self.pattern) - wild,
            bool(self.kind),
            self.method == "included",
        )


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of codes as a regular expression; letters in any case."""
    pieces = (
        ".*" if char == "*" else "." if char == "?" else re.escape(char)
        for char in pattern or "*"
    )
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


def lists(patterns: str, code: str) -> bool:
    """Whether one of some patterns, separated by blanks or commas, is for a code."""
    return any(
        compiled(pattern).fullmatch(code)
        for pattern in re.split(r"[\s,;]+", patterns)
        if pattern
    )


def choose(
    lines: Iterable[FeeLine],
    code: str,
    kind: str,
    day: date,
    is_covered: bool = False,
) -> FeeLine | None:
    """The narrowest line that is for a charge; the first of equals by id.

    :param is_covered: whether a bundle of the customer's lists the code
    """
    fitting = [
        line
        for line in lines
        if line.applies(code, kind, day) and (is_covered or line.method != "included")
    ]
    narrowest = sorted(fitting, key=lambda line: line.line_id)
    return max(narrowest, key=FeeLine.specificity, default=None)


def retail(
    line: FeeLine,
    cost: Fraction,
    quantity: Decimal,
    kind: str,
    digits: int,
    mode: str,
    share: Fraction = Fraction(1),
) -> Decimal:
    """What the customer pays, rounded once.

    :param cost: the carrier's net amount in the tariff's currency, credits below 0
    :param digits: decimals of the result, 0 to 6
    :param share: the part of an own price that is due, more than 1 for several months
    :param mode: half_up, half_even, up, down; symmetric about zero
    """
    if line.method in FREE:
        return Decimal(0)
    if line.method == "markup":
        value = cost * (1 + Fraction(line.markup) / 100)
    else:
        value = Fraction(line.price) * Fraction(abs(quantity)) * share
        value = -value if kind == "credit" else value
    return rounded(value, digits, mode)


def rounded(value: Fraction, digits: int, mode: str) -> Decimal:
    """A ratio with so many decimals."""
    scaled = value * 10**digits
    whole = round_ratio(
        np.array([scaled.numerator], dtype=object),
        np.array([scaled.denominator], dtype=object),
        mode,
    )
    return Decimal(int(whole[0])).scaleb(-digits)


def quantity_and_unit(quantity: Decimal, amount: Decimal) -> tuple[Decimal, Decimal]:
    """How an invoice line shows an amount: so many at so much, exactly.

    Where the price of one would need more than six decimals, or the quantity more
    than the two that invoice lines have, it is one at the whole amount.
    """
    exact = Fraction(amount) / Fraction(quantity)
    scaled = exact * 10**PRICE_DIGITS
    if scaled.denominator != 1 or quantity != round(quantity, 2):
        return Decimal(1), amount
    return quantity, Decimal(scaled.numerator).scaleb(-PRICE_DIGITS)
