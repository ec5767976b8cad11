# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How an invoice line shows an amount: quantity and price of one, shares of others."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

# Decimals of a price that electronic invoices can carry (UBL BIS 3).
PRICE_DIGITS = range(2, 7)
QUANTITY_UNIT = Decimal("0.01")


class LinePrice(NamedTuple):
    """What an invoice line says of its amount; the price is not below zero."""

    quantity: Decimal
    price: Decimal
    is_minutes: bool


def rounded(amount: Decimal, digits: int) -> Decimal:
    """Return an amount with so many decimals, halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def line_price(amount: Decimal, minutes: Decimal | None, digits: int) -> LinePrice:
    """Return the quantity of a line and the price of one.

    What is negative has a negative quantity: no electronic invoice takes a negative
    price. The product, rounded to the currency, is the amount exactly: where no price
    of up to six decimals times the minutes gives it, the line is one of the whole.

    :param amount: what the line comes to, in whole units of the currency
    :param minutes: what the line counts, or None: one
    :param digits: decimals of the currency
    """
    sign = -1 if amount < 0 else 1
    counted = (minutes or Decimal(0)).quantize(QUANTITY_UNIT, ROUND_HALF_UP)
    if counted > 0:
        for places in PRICE_DIGITS:
            price = rounded(abs(amount) / counted, places)
            if rounded(price * counted, digits) == abs(amount):
                return LinePrice(counted * sign, price, True)
    return LinePrice(Decimal(sign), abs(amount), False)


def shared_distribution(
    parts: list[tuple[Decimal, Mapping[str, float]]],
) -> dict[str, float]:
    """Return an analytic distribution of a sum: those of its parts by their weight.

    :param parts: weight of each part, and its percentages by account; a part without
        any is of no account
    :return: percentages by account, two decimals; that of all where all have the same
    """
    if all(shares == parts[0][1] for _weight, shares in parts):
        return dict(parts[0][1]) if parts else {}
    weights = [abs(weight) for weight, _shares in parts]
    if not any(weights):
        weights = [Decimal(1)] * len(parts)
    total = sum(weights, Decimal(0))
    result: dict[str, Decimal] = {}
    for weight, (_weight, shares) in zip(weights, parts, strict=True):
        for account, percent in shares.items():
            share = Decimal(repr(percent)) * weight / total
            result[account] = result.get(account, Decimal(0)) + share
    return {account: float(rounded(share, 2)) for account, share in result.items()}
