# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The way to a price, step by step, in exact numbers that end in the stored figure.

Written apart from the table code, with fractions and one call at a time, so that each
proves the other.  Steps are codes and numbers; who shows them words them.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd

from .money import AMOUNT_SCALE, MEGABYTE, PRICE_DIGITS
from .rating import MARKUP_UNIT

PRICED = ("rated", "invoiced")
HALF = Fraction(1, 2)
AWAY = {
    "half_up": lambda whole, rest: rest >= HALF,
    "half_even": lambda whole, rest: rest > HALF or (rest == HALF and whole % 2 == 1),
    "up": lambda whole, rest: rest > 0,
    "down": lambda whole, rest: False,
}
Ratio = tuple[int, int]


class Step(NamedTuple):
    """One step: a code to word it by, and its numbers (amounts in nano or micro)."""

    code: str
    values: dict[str, Any]


def steps(
    call: Mapping[str, Any],
    rate: Mapping[str, Any] | None,
    tariff: Mapping[str, Any] | None,
    draws: Sequence[Mapping[str, Any]] = (),
    conversion: Ratio | None = None,
    cost_conversion: Ratio | None = None,
) -> list[Step]:
    """Explain a call's price; the last step holds it as `price_micro`.

    call: state, service, duration, volume; cost_nano where marked up.  rate: a row of
    the rates table; tariff: the row of the rate's tariff.  draws: what the call took,
    each with kind and quantity (and what else is to be shown).  conversion: numerator
    and denominator from the tariff's currency to the price's; cost_conversion: from the
    cost's to the tariff's.  A call without a price gets one step, "state".
    """
    if call["state"] not in PRICED or rate is None or tariff is None:
        return [
            Step("state", {"state": call["state"], "reason": call.get("reason", "")})
        ]
    shown = [Step("tariff", dict(tariff)), Step("rate", dict(rate))]
    quantities = [draw for draw in draws if draw["kind"] != "amount"]
    shown += [Step("draw", dict(draw)) for draw in quantities]
    rest, volume, is_whole = what_is_left(call, quantities)
    if quantities and not is_whole:
        shown.append(Step("rest", {"duration": rest, "volume": volume}))
    if is_whole:
        shown.append(Step("covered", {}))
        micro = 0
    else:
        amount, more = amount_steps(call, rate, rest, volume, cost_conversion)
        shown += more
        amount, more = converted_steps(amount, conversion)
        micro = round_micro(amount, tariff["rounding_digits"], tariff["rounding"])
        shown += [*more, rounding_step(amount, tariff, micro)]
    for draw in draws:
        if draw["kind"] == "amount":
            micro -= draw["quantity"]
            shown.append(Step("paid", {**draw, "left_micro": micro}))
    return [*shown, Step("price", {"price_micro": micro})]


def what_is_left(call: Mapping, draws: Sequence[Mapping]) -> tuple[int, int, bool]:
    """Give seconds and bytes that draws leave, and whether all is covered."""
    taken = {"seconds": 0, "bytes": 0, "messages": 0, "calls": 0}
    for draw in draws:
        taken[draw["kind"]] += draw["quantity"]
    rest = int(call["duration"]) - taken["seconds"]
    volume = int(call["volume"]) - taken["bytes"]
    whole = taken["messages"] + taken["calls"] > 0
    whole |= taken["seconds"] > 0 and rest == 0
    return rest, volume, whole or (taken["bytes"] > 0 and volume == 0)


def amount_steps(
    call: Mapping, rate: Mapping, rest: int, volume: int, conversion: Ratio | None
) -> tuple[Fraction, list[Step]]:
    """Give the amount in nano before conversion and rounding, and the steps to it."""
    method, grace = rate["method"], int(rate["grace"])
    counts = method == "duration" or (method == "call" and call["service"] == "voice")
    if rest <= grace and (counts or grace > 0):
        return Fraction(0), [Step("free", {"duration": rest, "grace": grace})]
    makers = {
        "duration": lambda: by_duration(rate, rest),
        "call": lambda: by_call(rate),
        "volume": lambda: by_volume(call, rate, volume),
        "markup": lambda: by_markup(call, rate, rest, volume, conversion),
    }
    amount, shown = makers[method]()
    connect = int(rate["connect_nano"])
    if connect:
        amount += connect
        values = {"connect_nano": connect, "amount_nano": amount}
        shown.append(Step("connect", values))
    return bounded(amount, rate, shown)


def bounded(
    amount: Fraction, rate: Mapping, shown: list[Step]
) -> tuple[Fraction, list]:
    """Keep an amount between the rate's minimum and maximum, where it has them."""
    for code, name, pick in (
        ("minimum", "minimum_nano", max),
        ("maximum", "maximum_nano", min),
    ):
        bound = rate.get(name)
        if pd.isna(bound):
            continue
        changed = pick(amount, Fraction(int(bound)))
        if changed != amount:
            amount = changed
            shown.append(Step(code, {name: int(bound), "amount_nano": amount}))
    return amount, shown


def by_duration(rate: Mapping, seconds: int) -> tuple[Fraction, list[Step]]:
    """Price increments of seconds, at a price per minute."""
    initial, increment = int(rate["initial"]), int(rate["increment"])
    counted = max(seconds, int(rate["minimum_duration"]))
    increments = -(min(initial - counted, 0) // increment)
    billed = initial + increments * increment
    amount = Fraction(int(rate["price_nano"]) * billed, 60)
    values = {"duration": seconds, "minimum_duration": int(rate["minimum_duration"])}
    values |= {"initial": initial, "increment": increment, "increments": increments}
    price = {"price_nano": int(rate["price_nano"]), "amount_nano": amount}
    return amount, [
        Step("increments", {**values, "billed_duration": billed}),
        Step("duration", {"billed_duration": billed, **price}),
    ]


def by_call(rate: Mapping) -> tuple[Fraction, list[Step]]:
    """Price the call as one piece."""
    amount = Fraction(int(rate["price_nano"]))
    values = {"price_nano": int(rate["price_nano"]), "amount_nano": amount}
    return amount, [Step("call", values)]


def by_volume(call: Mapping, rate: Mapping, volume: int) -> tuple[Fraction, list[Step]]:
    """Price a message, or bytes at a price per megabyte."""
    is_message = call["service"] == "sms"
    units = Fraction(1) if is_message else Fraction(volume, MEGABYTE)
    amount = int(rate["price_nano"]) * units
    values = {"price_nano": int(rate["price_nano"]), "amount_nano": amount}
    if is_message:
        return amount, [Step("message", values)]
    return amount, [Step("volume", {"volume": volume, "megabyte": MEGABYTE, **values})]


def by_markup(
    call: Mapping, rate: Mapping, rest: int, volume: int, conversion: Ratio | None
) -> tuple[Fraction, list[Step]]:
    """Price the carrier's cost, or the part of it that is left, times 1 + markup."""
    cost, shown = converted_steps(Fraction(int(call["cost_nano"])), conversion)
    by_bytes = call["service"] == "data" and int(call["volume"]) > 0
    name, left = ("volume", volume) if by_bytes else ("duration", rest)
    if left != int(call[name]):
        cost *= Fraction(left, int(call[name]))
        values = {"rest": left, "whole": int(call[name]), "amount_nano": cost}
        shown.append(Step("part", values))
    amount = cost * (1 + Fraction(int(rate["markup_ppm"]), MARKUP_UNIT))
    values = {"markup_ppm": int(rate["markup_ppm"]), "cost_nano": cost}
    return amount, [*shown, Step("markup", {**values, "amount_nano": amount})]


def converted_steps(
    amount: Fraction, conversion: Ratio | None
) -> tuple[Fraction, list[Step]]:
    """Convert an amount exactly, where there is anything to convert."""
    if conversion is None or conversion[0] == conversion[1]:
        return amount, []
    numerator, denominator = conversion
    values = {"numerator": numerator, "denominator": denominator, "from_nano": amount}
    amount *= Fraction(numerator, denominator)
    return amount, [Step("conversion", {**values, "amount_nano": amount})]


def round_micro(amount: Fraction, digits: int, mode: str) -> int:
    """Round an amount in nano once, to `digits` decimals; give micro."""
    scaled = amount * 10 ** int(digits) / AMOUNT_SCALE
    whole, rest = divmod(abs(scaled), 1)
    magnitude = whole + AWAY[mode](whole, rest)
    return (magnitude if scaled >= 0 else -magnitude) * 10 ** (
        PRICE_DIGITS - int(digits)
    )


def rounding_step(amount: Fraction, tariff: Mapping, micro: int) -> Step:
    """Give the step of the one rounding."""
    values = {"digits": int(tariff["rounding_digits"]), "rounding": tariff["rounding"]}
    return Step("rounding", {**values, "amount_nano": amount, "price_micro": micro})
