# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The way to a price, step by step, in exact numbers that end in the stored figure.

Written apart from the table code, with fractions and one call at a time, so that each
proves the other.  Steps are codes and numbers; who shows them words them.  Amounts are
`*_nano` (10^-9, int or Fraction) or `*_micro` (10^-6, int); `amount_nano` is always the
amount of the call so far, `of_nano` what this step alone comes to.

state           state, reason: there is no price; the only step then
tariff, rate    the rows that were given
band            band_id: the time band of the rate
draw            the draw (kind, quantity, covered, ...), but those of money; where it
                took of a limit of money in another currency than the price: numerator,
                denominator (from the limit's to the price's)
rest            duration, volume: what draws leave, priced as a call of its own
runs_through    covered, duration: the call's increments run on, these seconds are paid
covered         nothing is left to pay but what the bundle says
free            duration, grace, free_seconds: so short that it costs nothing
free_seconds    free_seconds, duration: these are off the start, this is left
month           rate_id, unit, rule, scope, tier_from, start: units of the month before
                the call (rule whole: the month's total); start of the tier, None: the
                rate's own; a step for each rate that a part of the call is priced by
increments      duration, minimum_duration, initial, increment, increments,
                billed_duration
duration        billed_duration, price_seconds, price_nano, amount_nano
piece           increments alike, where a call goes through tiers or bands: rate_id,
                band_id, is_initial, at (second or byte of the call), count, step,
                quantity (to be paid of them), unit (what the price is for), is_bytes,
                price_nano, start (of the tier by second, None), month_start (of the
                tier of the month, None), month_unit, of_nano, amount_nano
pieces          billed_duration, amount_nano: the sum of these
call            price_nano, amount_nano, is_partly, is_wholly (by bundles covered)
no_call         price_nano: not due, by the bundle that covers a part
message         price_nano, amount_nano
volume          volume, billed_volume, initial, increment, megabyte, price_nano,
                amount_nano
part            rest, whole, amount_nano: the part of the cost that is to be paid
cost_tier       cost_nano (of the whole call, its currency), start, markup_ppm
markup          markup_ppm, cost_nano, amount_nano
units           formula, inputs (name -> Fraction or None), units: of the units formula
formula         formula, inputs, amount_nano
connect         connect_nano, amount_nano
no_connect      connect_nano: not due, by the bundle
rest_discount   percent_ppm (below 0: off), amount_nano: by the bundle, off what is left
discount        the line, percent_ppm (below 0: off), amount_nano
surcharge       the line, surcharge_nano, currency_id, numerator, denominator (to the
                tariff's currency; 1, 1), amount_nano
minimum         minimum_nano, amount_nano
maximum         maximum_nano, amount_nano
charge          charge_nano, amount_nano: by the bundle, for what it covered
conversion      numerator, denominator, from_nano, amount_nano
rounding        digits, rounding, amount_nano, price_micro
paid            the draw of money, covered_micro (of the price), left_micro; where it is
                in another currency than the price: numerator, denominator as for draws
paid_discount   percent_ppm (below 0: off), of_nano (of the price before rounding, what
                money did not pay), left_micro: off what money did not pay
price           price_micro: the last step of a call that has a price
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd

from ..codes import MILLION
from ..money import AMOUNT_SCALE, MEGABYTE, PRICE_DIGITS
from ..pricing.formula import Explanation, compile_formula
from .walk import Around, Piece, Route, last_begun, number, unit_of, walk

__all__ = ["Around", "Step", "steps"]

PRICED = ("rated", "invoiced")
HALF = Fraction(1, 2)
AWAY = {
    "half_up": lambda whole, rest: rest >= HALF,
    "half_even": lambda whole, rest: rest > HALF or (rest == HALF and whole % 2 == 1),
    "up": lambda whole, rest: rest > 0,
    "down": lambda whole, rest: False,
}
ANY = ("service", "direction", "category")
Ratio = tuple[int, int]
Row = Mapping[str, Any]


class Step(NamedTuple):
    """One step: a code to word it by, and its numbers (amounts in nano or micro)."""

    code: str
    values: dict[str, Any]


class Rest(NamedTuple):
    """What draws leave of a call, and how bundles want that priced."""

    duration: int
    volume: int
    is_whole: bool
    runs_through: bool
    covered: int
    charge_nano: int
    connect_rule: str
    discount_ppm: int
    is_touched: bool


class Case(NamedTuple):
    """One call with all that its price comes from."""

    call: Row
    rate: Row
    tariff: Row
    rest: Rest
    around: Around
    cost_conversion: Ratio | None


Found = tuple[Fraction, list[Step]]


def steps(
    call: Row,
    rate: Row | None,
    tariff: Row | None,
    draws: Sequence[Row] = (),
    conversion: Ratio | None = None,
    cost_conversion: Ratio | None = None,
    around: Around | None = None,
) -> list[Step]:
    """Explain a call's price; the last step holds it as `price_micro`.

    call: state, service, duration, volume; cost_nano where marked up; tier_from where
    the rate has tiers of the month, tier_parts where others that price a part have some
    (both as `rate_bundled` gave them); start_at, direction, category, destination_id
    where there are bands or discounts; what formulas name; rest_discount_ppm and
    paid_discount_ppm as `rate_bundled` gave them.  rate: a row of the rates table;
    tariff: the row of the rate's tariff.  draws: what the call took, in order, each
    with kind and quantity, covered where that differs (of money: micro of the price),
    conversion ("numerator/denominator") where money was converted, and the bundle's
    run_through, connect_rule, covered_price_nano, covered_connect_nano where it has
    them.
    conversion: numerator and denominator from the tariff's currency to the price's;
    cost_conversion: from the cost's to the tariff's.  A call without a price gets one
    step, "state".
    """
    if call["state"] not in PRICED or rate is None or tariff is None:
        return [
            Step("state", {"state": call["state"], "reason": call.get("reason", "")})
        ]
    draws = [with_ratio(draw) for draw in draws]
    quantities = [draw for draw in draws if draw["kind"] != "amount"]
    rest = what_is_left(call, quantities)
    case = Case(call, rate, tariff, rest, around or Around(), cost_conversion)
    shown = [Step("tariff", dict(tariff)), Step("rate", dict(rate))]
    if number(rate, "band_id"):
        shown.append(Step("band", {"band_id": number(rate, "band_id")}))
    shown += [Step("draw", dict(draw)) for draw in quantities]
    amount, more = amount_steps(case)
    shown += rest_steps(rest, bool(quantities)) + more
    exact, _shown = converted_steps(amount, conversion)
    micro, more = rounded_steps(case, amount, conversion, bool(more))
    shown += more
    micro, more = paid_steps(case, (exact, micro), draws)
    return [*shown, *more, Step("price", {"price_micro": micro})]


def with_ratio(draw: Row) -> Row:
    """Give a draw with the ratio that money was counted by, where it was."""
    top, slash, bottom = (draw.get("conversion") or "").partition("/")
    ratio = {"numerator": int(top), "denominator": int(bottom)} if slash else {}
    return {**draw, **ratio}


def what_is_left(call: Row, draws: Sequence[Row]) -> Rest:
    """Give what draws leave, and what the first one's bundle says of it."""
    taken = {"seconds": 0, "bytes": 0, "messages": 0, "calls": 0}
    charge, seconds = 0, 0
    first = draws[0] if draws else {}
    for draw in draws:
        covered = number(draw, "covered", number(draw, "quantity"))
        taken[draw["kind"]] += covered
        now = {"seconds": covered, "calls": int(call["duration"]) - taken["seconds"]}
        part = now.get(draw["kind"], 0)
        seconds += part
        charge += part * number(draw, "covered_price_nano")
    rest = int(call["duration"]) - taken["seconds"]
    volume = int(call["volume"]) - taken["bytes"]
    whole = taken["messages"] + taken["calls"] > 0
    whole |= taken["seconds"] > 0 and rest == 0
    whole |= taken["bytes"] > 0 and volume == 0
    discount = number(call, "rest_discount_ppm", number(first, "rest_discount_ppm"))
    return Rest(
        duration=rest,
        volume=volume,
        is_whole=whole,
        runs_through=bool(first.get("run_through")),
        covered=seconds,
        charge_nano=charge + number(first, "covered_connect_nano"),
        connect_rule=first.get("connect_rule") or "unless_whole",
        discount_ppm=0 if whole else discount,
        is_touched=bool(draws),
    )


def rest_steps(rest: Rest, has_draws: bool) -> list[Step]:
    """Show what draws leave."""
    if rest.is_whole:
        return [Step("covered", {})]
    if not has_draws:
        return []
    if rest.runs_through:
        values = {"covered": rest.covered, "duration": rest.duration}
        return [Step("runs_through", values)]
    return [Step("rest", {"duration": rest.duration, "volume": rest.volume})]


def rounded_steps(
    case: Case, amount: Fraction, conversion: Ratio | None, has_steps: bool
) -> tuple[int, list[Step]]:
    """Convert and round; nothing of it is shown where nothing is left to pay."""
    amount, more = converted_steps(amount, conversion)
    tariff = case.tariff
    micro = round_micro(amount, tariff["rounding_digits"], tariff["rounding"])
    if case.rest.is_whole and not has_steps:
        return micro, []
    return micro, [*more, rounding_step(amount, tariff, micro)]


def paid_steps(
    case: Case, price: tuple[Fraction, int], draws: Sequence[Row]
) -> tuple[int, list[Step]]:
    """Take off what allowances of money pay, and what they give off the rest.

    price: nano before rounding, micro behind it.  What they give off is of the first,
    which is rounded once.
    """
    shown, tariff = [], case.tariff
    exact, micro = price
    for draw in draws:
        if draw["kind"] == "amount":
            covered = number(draw, "covered", number(draw, "quantity"))
            micro, exact = micro - covered, exact - covered * 1000
            values = {"covered_micro": covered, "left_micro": micro}
            shown.append(Step("paid", {**draw, **values}))
    off = number(case.call, "paid_discount_ppm")
    if off:
        exact = max(exact, Fraction(0))
        left = exact * Fraction(MILLION - off, MILLION)
        micro = round_micro(left, tariff["rounding_digits"], tariff["rounding"])
        values = {"percent_ppm": -off, "of_nano": exact, "left_micro": micro}
        shown.append(Step("paid_discount", values))
    return micro, shown


def amount_steps(case: Case) -> Found:
    """Give the amount in nano before conversion and rounding, and the steps to it."""
    rate, rest = case.rate, case.rest
    if rest.is_whole:
        return charged(case, *due_all_the_same(case))
    duration = paid_duration(case)
    free, grace = number(rate, "free_seconds"), number(rate, "grace")
    if is_free(case, duration):
        values = {"duration": duration, "grace": grace, "free_seconds": free}
        shown = [Step("free", values)]
        if not (rest.is_touched and fee_due(case)):
            return charged(case, Fraction(0), shown)
        return finished(case, *connected(case, Fraction(0), shown))
    makers = {
        "duration": by_duration,
        "call": spared if rest.connect_rule == "never" else by_call,
        "volume": by_volume,
        "markup": by_markup,
        "formula": by_formula,
    }
    amount, shown = makers[rate["method"]](case)
    if rest.connect_rule == "never":
        if number(rate, "connect_nano"):
            values = {"connect_nano": number(rate, "connect_nano")}
            shown.append(Step("no_connect", values))
    else:
        amount, shown = connected(case, amount, shown)
    return finished(case, amount, shown)


def finished(case: Case, amount: Fraction, shown: list[Step]) -> Found:
    """Apply what comes behind price and connect fee of a call that is to be paid."""
    amount, shown = discounted(case, amount, shown)
    amount, shown = bounded(amount, case.rate, shown)
    return charged(case, amount, shown)


def due_all_the_same(case: Case) -> Found:
    """Give what a wholly covered call pays: what is due once, if the bundle says so."""
    if case.rest.connect_rule != "always":
        return Fraction(0), []
    is_per_call = case.rate["method"] == "call"
    amount, shown = by_call(case) if is_per_call else (Fraction(0), [])
    return connected(case, amount, shown)


def paid_duration(case: Case) -> int:
    """Give the seconds that steps begin with: all, or what draws leave."""
    rest = case.rest
    return int(case.call["duration"]) if rest.runs_through else rest.duration


def is_free(case: Case, duration: int) -> bool:
    """Tell whether a call is no longer than what is free."""
    method, free = case.rate["method"], number(case.rate, "free_seconds")
    grace, rest = number(case.rate, "grace"), case.rest
    if method == "call" and rest.is_touched and rest.connect_rule != "never":
        return False  # The price is of the whole call, not of what is left.
    by_voice = method in ("call", "formula") and case.call["service"] == "voice"
    if duration <= grace and (method == "duration" or by_voice or grace > 0):
        return True
    return free > 0 and duration <= free and method != "volume"


def connected(case: Case, amount: Fraction, shown: list[Step]) -> Found:
    """Add the connect fee."""
    connect = number(case.rate, "connect_nano")
    if connect:
        amount += connect
        values = {"connect_nano": connect, "amount_nano": amount}
        shown.append(Step("connect", values))
    return amount, shown


def charged(case: Case, amount: Fraction, shown: list[Step]) -> Found:
    """Add what the bundle charges for what it covered."""
    charge = case.rest.charge_nano
    if charge:
        amount += charge
        shown.append(Step("charge", {"charge_nano": charge, "amount_nano": amount}))
    return amount, shown


def bounded(amount: Fraction, rate: Row, shown: list[Step]) -> Found:
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


def discounted(case: Case, amount: Fraction, shown: list[Step]) -> Found:
    """Apply the bundle's discount, then all percents, then all surcharges."""
    off = case.rest.discount_ppm
    if off:
        amount *= 1 - Fraction(off, MILLION)
        shown.append(
            Step("rest_discount", {"percent_ppm": -off, "amount_nano": amount})
        )
    lines = discount_lines(case)
    for line in lines:
        percent = number(line, "percent_ppm")
        if percent:
            amount *= 1 + Fraction(percent, MILLION)
            values = {**line, "percent_ppm": percent, "amount_nano": amount}
            shown.append(Step("discount", values))
    for line in lines:
        extra, currency_id = number(line, "amount_nano"), number(line, "currency_id")
        if extra:
            numerator, denominator = case.around.conversions.get(currency_id, (1, 1))
            amount += Fraction(extra * numerator, denominator)
            values = {**line, "surcharge_nano": extra, "currency_id": currency_id}
            values |= {"numerator": numerator, "denominator": denominator}
            shown.append(Step("surcharge", {**values, "amount_nano": amount}))
    return amount, shown


def discount_lines(case: Case) -> list[Row]:
    """Give the lines that are for the call, each once, in order."""
    found = {}
    for line in case.around.discounts:
        owner = case.around.owners.get(line["owner_kind"], 0)
        if owner and owner == line["owner_id"] and is_for(line, case.call):
            found[line["discount_id"]] = line
    return sorted(
        found.values(), key=lambda one: (number(one, "sequence"), one["discount_id"])
    )


def is_for(line: Row, call: Row) -> bool:
    """Tell whether a line of a discount is for such a call, at its start."""
    destination = number(line, "destination_id")
    return (
        line["start"] <= epoch(call) < line["end"]
        and all(not line.get(name) or line[name] == call.get(name) for name in ANY)
        and (not destination or destination == number(call, "destination_id"))
    )


def epoch(call: Row) -> int:
    """Give the start of the call as epoch seconds; 0 where it is not known."""
    start = call.get("start_at")
    return 0 if pd.isna(start) else pd.Timestamp(start).value // 10**9


def month_steps(case: Case) -> tuple[int, Row | None, list[Step]]:
    """Give the units of the month before the call, its tier and the step of it."""
    return month_at(case, case.rate, number(case.call, "tier_from"))


def month_at(
    case: Case, rate: Row, tier_from: int
) -> tuple[int, Row | None, list[Step]]:
    """Give the same for one of the rates that price a part of the call."""
    unit = rate.get("volume_unit") or ""
    tiers = case.around.tiers_of(rate, "volume") if unit else []
    if not tiers:
        return 0, None, []
    rule = rate.get("volume_rule") or "graduated"
    values = {"rate_id": number(rate, "rate_id"), "unit": unit, "rule": rule}
    done = max(tier_from - 1, 0) if rule == "whole" else tier_from
    tier = last_begun(tiers, done)
    values |= {"scope": rate.get("volume_scope") or "partner", "tier_from": tier_from}
    start = tier["start"] if tier else None
    return done, tier, [Step("month", {**values, "start": start})]


def months_of(case: Case) -> tuple[dict[int, int], list[Step]]:
    """Give the units of the month before the call, by rate, and the steps of it."""
    done, _tier, shown = month_steps(case)
    own = number(case.rate, "rate_id")
    found = {own: done}
    if not case.around.is_split(case.tariff):
        return found, shown
    rates = {number(one, "rate_id"): one for one in case.around.rates}
    for part in str(case.call.get("tier_parts") or "").split():
        key, tier_from, _units = map(int, part.split(":"))
        if key != own and key in rates:
            found[key], _tier, more = month_at(case, rates[key], tier_from)
            shown += more
    return found, shown


def price_of(case: Case) -> tuple[int, list[Step]]:
    """Give the price of a rate that goes by its tier of the month as a whole."""
    _done, tier, shown = month_steps(case)
    price = number(case.rate, "price_nano")
    return number(tier or {}, "price_nano", price), shown


def by_duration(case: Case) -> Found:
    """Price increments of seconds."""
    rate, around, free = case.rate, case.around, number(case.rate, "free_seconds")
    seconds = paid_duration(case) - free
    shown = []
    if free:
        values = {"free_seconds": free, "duration": seconds}
        shown.append(Step("free_seconds", values))
    has_pieces = not pd.isna(rate.get("initial_price_nano"))
    has_pieces |= bool(around.tiers_of(rate, "second")) or around.is_split(case.tariff)
    done, month = months_of(case)
    if not has_pieces and not month:
        amount, more = by_increments(case, seconds)
        return amount, [*shown, *more]
    total = max(seconds, number(rate, "minimum_duration"))
    offset = 0 if case.rest.runs_through else case.call["duration"] - case.rest.duration
    start = epoch(case.call)
    moment, more = start + int(offset) + free, (done, skipped(case), fee_due(case))
    route = Route(rate, case.tariff, around, False, total, free, moment, start, *more)
    return in_pieces(route, [*shown, *month])


def fee_due(case: Case) -> int:
    """Give the connect fee, 0 where the bundle that covers a part spares it."""
    is_spared = case.rest.connect_rule == "never"
    return 0 if is_spared else number(case.rate, "connect_nano")


def skipped(case: Case) -> int:
    """Give the billed seconds that are covered, where the steps run on."""
    return case.rest.covered if case.rest.runs_through else 0


def in_pieces(route: Route, shown: list[Step]) -> Found:
    """Price a call that goes through tiers or bands."""
    amount, billed = Fraction(0), 0
    for piece in walk(route):
        unit = unit_of(piece.rate, route.is_bytes)
        part = Fraction(piece.price_nano * piece.quantity, unit)
        amount, billed = amount + part, billed + piece.quantity
        values = piece_values(piece) | {"unit": unit, "is_bytes": route.is_bytes}
        values |= {"of_nano": part, "amount_nano": amount}
        shown.append(Step("piece", values))
    values = {"billed_duration": billed, "amount_nano": amount}
    return amount, [*shown, Step("pieces", values)]


def piece_values(piece: Piece) -> dict[str, Any]:
    """Give the numbers of a piece."""
    return {
        "rate_id": number(piece.rate, "rate_id"),
        "band_id": number(piece.rate, "band_id"),
        "is_initial": piece.is_initial,
        "at": piece.at,
        "count": piece.count,
        "step": piece.step,
        "quantity": piece.quantity,
        "price_nano": piece.price_nano,
        "start": piece.start,
        "month_start": piece.month,
        "month_unit": piece.rate.get("volume_unit") or "",
    }


def by_increments(case: Case, seconds: int) -> Found:
    """Price increments that are all alike."""
    rate = case.rate
    initial, increment = number(rate, "initial"), number(rate, "increment", 1)
    counted = max(seconds, number(rate, "minimum_duration"))
    increments = -(min(initial - counted, 0) // increment)
    billed = initial + increments * increment
    values = {"duration": seconds, "minimum_duration": number(rate, "minimum_duration")}
    values |= {"initial": initial, "increment": increment, "increments": increments}
    paid, unit = max(billed - skipped(case), 0), number(rate, "price_seconds", 60)
    amount = Fraction(number(rate, "price_nano") * paid, unit)
    price = {"price_nano": number(rate, "price_nano"), "amount_nano": amount}
    return amount, [
        Step("increments", {**values, "billed_duration": billed}),
        Step("duration", {"billed_duration": paid, "price_seconds": unit, **price}),
    ]


def by_call(case: Case) -> Found:
    """Price the call as one piece."""
    price, shown = price_of(case)
    values = {"price_nano": price, "amount_nano": Fraction(price)}
    values["is_wholly"] = case.rest.is_whole
    values["is_partly"] = case.rest.is_touched and not case.rest.is_whole
    return Fraction(price), [*shown, Step("call", values)]


def spared(case: Case) -> Found:
    """Leave out a price per call that the bundle spares."""
    price, _month = price_of(case)
    return Fraction(0), [Step("no_call", {"price_nano": price})]


def by_volume(case: Case) -> Found:
    """Price a message, or bytes at a price per megabyte."""
    rate, volume = case.rate, case.rest.volume
    price, shown = price_of(case)
    if case.call["service"] == "sms":
        values = {"price_nano": price, "amount_nano": Fraction(price)}
        return Fraction(price), [*shown, Step("message", values)]
    if shown:
        done, _more = months_of(case)
        start = epoch(case.call)
        more = (start, start, done, 0, fee_due(case))
        route = Route(rate, case.tariff, case.around, True, volume, 0, *more)
        return in_pieces(route, shown)
    initial = number(rate, "volume_initial", 1)
    increment = number(rate, "volume_increment", 1)
    longer = -(min(initial - volume, 0) // increment) * increment
    billed = initial + longer if volume else 0
    amount = Fraction(price * billed, MEGABYTE)
    values = {"volume": volume, "billed_volume": billed, "initial": initial}
    values |= {"increment": increment, "megabyte": MEGABYTE, "price_nano": price}
    return amount, [Step("volume", {**values, "amount_nano": amount})]


def by_markup(case: Case) -> Found:
    """Price the carrier's cost, or the part of it that is left, times 1 + markup."""
    whole_cost = number(case.call, "cost_nano")
    cost, shown = converted_steps(Fraction(whole_cost), case.cost_conversion)
    left, whole = share_of(case)
    if left != whole:
        cost *= Fraction(left, whole)
        values = {"rest": left, "whole": whole, "amount_nano": cost}
        shown.append(Step("part", values))
    percent = number(case.rate, "markup_ppm")
    tier = last_begun(case.around.tiers_of(case.rate, "cost"), whole_cost - 1)
    if tier and not pd.isna(tier.get("markup_ppm")):
        percent = number(tier, "markup_ppm")
        values = {"cost_nano": whole_cost, "start": tier["start"]}
        shown.append(Step("cost_tier", {**values, "markup_ppm": percent}))
    _done, month, more = month_steps(case)
    percent = number(month or {}, "markup_ppm", percent)
    amount = cost * (1 + Fraction(percent, MILLION))
    values = {"markup_ppm": percent, "cost_nano": cost, "amount_nano": amount}
    return amount, [*shown, *more, Step("markup", values)]


def share_of(case: Case) -> tuple[int, int]:
    """Give what is left of what a call's cost is shared out by, and all of it."""
    by_bytes = case.call["service"] == "data" and int(case.call["volume"]) > 0
    name = "volume" if by_bytes else "duration"
    left = case.rest.volume if by_bytes else case.rest.duration
    whole = int(case.call[name])
    return (left, whole) if whole else (1, 1)


def by_formula(case: Case) -> Found:
    """Price by a formula, its amount in units of the tariff's currency."""
    values, shown = formula_values(case), []
    written = case.rate.get("units_formula")
    if written:
        found = explained(written, values)
        values["units"] = found.value
        inputs = {"formula": written, "inputs": found.inputs}
        shown.append(Step("units", {**inputs, "units": found.value}))
    found = explained(case.rate["formula"], values)
    amount = (found.value or Fraction(0)) * AMOUNT_SCALE
    inputs = {"formula": found.text, "inputs": found.inputs}
    return amount, [*shown, Step("formula", {**inputs, "amount_nano": amount})]


def explained(text: str, values: Mapping[str, Fraction | None]) -> Explanation:
    """Compute a formula for one call."""
    return compile_formula(text).explain(values)


def formula_values(case: Case) -> dict[str, Fraction | None]:
    """Give what formulas may name."""
    call, rate, rest = case.call, case.rate, case.rest
    free = number(rate, "free_seconds")
    _amount, more = by_increments(case, paid_duration(case) - free)
    billed = more[1].values["billed_duration"]
    carrier = scaled(call, "carrier_amount_nano", AMOUNT_SCALE)
    if carrier is not None and case.around.carrier_conversion:
        carrier *= Fraction(*case.around.carrier_conversion)
    cost = scaled(call, "cost_nano", AMOUNT_SCALE)
    if cost is not None and case.cost_conversion:
        cost *= Fraction(*case.cost_conversion)
    left, whole = share_of(case)
    units = {"sms": Fraction(1), "data": Fraction(rest.volume, MEGABYTE)}
    seconds = Fraction(billed, number(rate, "price_seconds", 60))
    return {
        "duration": Fraction(max(paid_duration(case) - skipped(case), 0)),
        "original_duration": Fraction(int(call["duration"])),
        "billed_duration": Fraction(billed),
        "volume": Fraction(rest.volume),
        "carrier_amount": carrier,
        "carrier_amount_without_free_minutes": carrier
        and carrier * Fraction(left, whole),
        "cost": cost,
        "discount": scaled(call, "discount_ppm", MILLION),
        "price_per_unit": scaled(call, "price_per_unit_nano", AMOUNT_SCALE),
        "price": Fraction(number(rate, "price_nano"), AMOUNT_SCALE),
        "total_hours": scaled(call, "total_hours_nano", AMOUNT_SCALE),
        "units": units.get(call["service"], seconds),
    }


def scaled(call: Row, name: str, scale: int) -> Fraction | None:
    """Give a number of the call divided by a scale; None where it has none."""
    value = call.get(name)
    return None if pd.isna(value) else Fraction(int(value), scale)


def converted_steps(amount: Fraction, conversion: Ratio | None) -> Found:
    """Convert an amount exactly, where there is anything to convert."""
    if conversion is None or conversion[0] == conversion[1]:
        return amount, []
    numerator, denominator = conversion
    values = {"numerator": numerator, "denominator": denominator, "from_nano": amount}
    amount *= Fraction(numerator, denominator)
    return amount, [Step("conversion", {**values, "amount_nano": amount})]


def round_micro(amount: Fraction, digits: int, mode: str) -> int:
    """Round an amount in nano once, to `digits` decimals; give micro."""
    scaled_up = amount * 10 ** int(digits) / AMOUNT_SCALE
    whole, rest = divmod(abs(scaled_up), 1)
    magnitude = whole + AWAY[mode](whole, rest)
    return int(magnitude if scaled_up >= 0 else -magnitude) * 10 ** (
        PRICE_DIGITS - int(digits)
    )


def rounding_step(amount: Fraction, tariff: Row, micro: int) -> Step:
    """Give the step of the one rounding."""
    values = {"digits": int(tariff["rounding_digits"]), "rounding": tariff["rounding"]}
    return Step("rounding", {**values, "amount_nano": amount, "price_micro": micro})
