# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the chosen rates make of calls: amounts as ratios, then one rounding each.

Calls at rates that need nothing special are priced by plain columns.  What needs more
(see `steps`, `markup`, `formulas`, `discounts`) is worked out for its calls alone and
put in their place, as one exact amount each.
"""

import numpy as np

from ..codes import CALL, DURATION, FORMULA, MARKUP, MILLION, SMS, VOLUME
from ..exact import Fractions, lowest, times
from ..money import MEGABYTE
from ..periods import epoch_seconds
from ..rates.discounts import Applied, added
from ..tables import Array, integers
from .asked import Asked, Factors, factors_of
from .conversion import Ratios, currencies_of, own_currencies, ratios
from .formulas import computed
from .markup import marked_up
from .outcome import Priced, reason_code
from .steps import Stretch, Walk
from .terms import Terms, amounts_micro, ratio_of
from .usage import bytes_of, seconds_of


def price_calls(asked: Asked) -> Priced:
    """Apply the chosen rates to what was used."""
    book, choice = asked.book, asked.choice
    row, (parts, ratio) = choice.rate, made_of(asked)
    micro, fits = amounts_micro(terms_of(asked, parts, ratio))
    reason = np.where(fits, 0, reason_code("amount"))
    reason[~ratio.known] = reason_code("no_currency_rate")
    reason = np.where(parts.reason > 0, parts.reason, reason)
    reason[book.rates.is_late[row]] = reason_code("late")
    reason[row < 0] = reason_code("no_rate")
    reason[choice.tariff < 0] = reason_code("no_tariff")
    return Priced(reason, parts.billed, micro, ratio)


def made_of(asked: Asked) -> tuple[Factors, Ratios]:
    """Give what amounts are computed from, and the ratio to the price's currency."""
    book, choice = asked.book, asked.choice
    parts = discounted(asked, dealt(asked, factors(asked)))
    own, wanted = own_currencies(book, choice), currencies_of(asked.calls, book, choice)
    return parts, ratios(asked.calls, book.currencies, own, wanted)


def exact_amounts(asked: Asked) -> Fractions:
    """Give the amounts of calls that have a price before they are rounded (nano)."""
    parts = terms_of(asked, *made_of(asked)).wide()
    return Fractions(*ratio_of(parts))


def terms_of(asked: Asked, parts: Factors, ratio: Ratios) -> Terms:
    """Put together what the amounts are made of."""
    rates, row = asked.book.rates, asked.choice.rate
    tariff, is_part = rates.tariffs[row], ~asked.deal.is_whole
    return Terms(
        fixed=parts.fixed,
        price=parts.price,
        quantity=parts.quantity,
        unit=parts.unit,
        minimum=rates.minimum[row],
        has_minimum=rates.has_minimum[row] & is_part,
        maximum=rates.maximum[row],
        has_maximum=rates.has_maximum[row] & is_part,
        is_free=asked.owes_nothing,
        extra=asked.deal.charge,
        top=ratio.top,
        bottom=ratio.bottom,
        digits=asked.book.tariffs.digits[tariff],
        modes=asked.book.tariffs.modes[tariff],
    )


def factors(asked: Asked) -> Factors:
    """Give what the amounts are computed from, before discounts."""
    parts, row = plain_factors(asked), asked.choice.rate
    if asked.book.plain.all():
        return parts
    special = ~asked.book.plain[row]
    method = asked.book.rates.methods[row]
    is_message = (method == VOLUME) & (asked.usage.service == SMS)
    walked = asked.book.walked[row] & ~is_message
    for wanted, price in (
        (walked, stepped),
        (special & ~walked & ((method == CALL) | (method == VOLUME)), of_month),
        (method == MARKUP, marked_up),
        (method == FORMULA, computed),
    ):
        rows = np.flatnonzero(wanted & ~asked.is_free)
        if rows.size:
            parts = parts.replaced(rows, price(asked.take(rows), parts.take(rows)))
    return parts


def plain_factors(asked: Asked) -> Factors:
    """Give the factors of rates that need nothing special.

    Duration: per price_seconds billed.  Call: 1.  Volume: messages, or bytes of a
    megabyte.
    """
    rates, row, usage = asked.book.rates, asked.choice.rate, asked.usage
    billed = seconds_of(rates, row, usage, asked.is_free)
    method = rates.methods[row]
    fixed, price, unit = rates.connect[row], rates.price[row], rates.price_seconds[row]
    quantity, reason = billed, np.zeros(len(row), dtype=np.int64)
    if not (method == DURATION).all():
        is_bytes = (method == VOLUME) & (usage.service != SMS)
        cases = [method == DURATION, is_bytes]
        quantity = np.select(cases, [billed, bytes_of(rates, row, usage.volume)], 1)
        unit = np.select(cases, [unit, MEGABYTE], 1)
    return Factors(fixed, price, quantity, unit, billed, reason)


def stepped(asked: Asked, parts: Factors) -> Factors:
    """Give the factors of calls that are walked through in pieces."""
    stretch = stretch_of(asked)
    walked = Walk(asked.book, stretch).through()
    parts = parts._replace(price=walked.sums.top, unit=walked.sums.bottom)
    parts = parts._replace(quantity=np.ones_like(stretch.row))
    billed = np.where(stretch.is_bytes, parts.billed, walked.billed)
    reason = np.where(walked.is_late, reason_code("late"), 0)
    reason[walked.is_lost] = reason_code("no_rate")
    return parts._replace(billed=billed, reason=reason)


def stretch_of(asked: Asked) -> Stretch:
    """Give what is to be walked through of calls that have a rate."""
    rates, row, usage = asked.book.rates, asked.choice.rate, asked.usage
    is_bytes = rates.methods[row] == VOLUME
    free = np.where(is_bytes, 0, rates.free_seconds[row])
    seconds = np.maximum(usage.duration - free, rates.minimum_duration[row])
    start = epoch_seconds(asked.calls["start_at"])
    return Stretch(
        row=row,
        slot=asked.choice.slot,
        total=np.where(is_bytes, usage.volume, seconds),
        is_bytes=is_bytes,
        elapsed=free,
        clock=start + usage.offset + free,
        start=start,
        is_split=asked.book.splits[row] & ~is_bytes,
        done=asked.done,
        skip=usage.skip,
        connect=np.where(asked.deal.has_connect, rates.connect[row], 0),
    )


def of_month(asked: Asked, parts: Factors) -> Factors:
    """Give the factors of calls whose price is that of a tier of the month."""
    tiers = asked.book.tiers.volume
    tier = tiers.at(asked.choice.rate, asked.before)
    has_price = (tier >= 0) & tiers.has_price[tier]
    return parts._replace(price=np.where(has_price, tiers.price[tier], parts.price))


def dealt(asked: Asked, parts: Factors) -> Factors:
    """Leave out what bundles say is not to be paid: connect fees, covered calls.

    Of a call that they leave so little of that it is free, the connect fee may be due.
    A price per call is no price of a part: it is due where a connect fee is.
    """
    is_whole, has_connect = asked.deal.is_whole, asked.deal.has_connect
    if not asked.deal.is_touched.any():
        return parts
    is_spared = is_whole | asked.is_free
    is_spared = np.where(asked.is_per_call(), ~has_connect, is_spared)
    return parts._replace(
        fixed=np.where(has_connect, parts.fixed, 0),
        quantity=np.where(is_spared, 0, parts.quantity),
        billed=np.where(is_whole, 0, parts.billed),
        reason=np.where(is_whole, 0, parts.reason),
    )


def discounted(asked: Asked, parts: Factors) -> Factors:
    """Apply what bundles give off what is left, then discounts, then surcharges."""
    count, off = len(asked.calls), asked.deal.discount
    applied = discounts_of(asked)
    rows = np.flatnonzero(off)
    if applied:
        rows = np.union1d(rows, applied.calls)
    if not rows.size:
        return parts
    factor = lowest(Fractions(MILLION - off, np.full(count, MILLION)))
    if applied:
        factor = times(factor, applied.factors(count))
    some = parts.take(rows)
    amounts, reason = times(lowest(some.amounts()), factor.take(rows)), some.reason
    if applied:
        amounts, reason = surcharged(asked, applied, rows, (amounts, reason))
    return parts.replaced(rows, factors_of(amounts, some.billed, reason))


def discounts_of(asked: Asked) -> Applied | None:
    """Find the discounts that count for calls that have a rate and are not free."""
    book, calls = asked.book, asked.calls
    if not book.discounts:
        return None
    partner = integers(calls, "partner_id", missing=0)
    number = integers(calls, "number_id", missing=0)
    owners = {
        "partner": partner,
        "number": number,
        "department": book.partners.departments(number),
        "tariff": np.append(book.tariffs.ids, 0)[asked.choice.tariff],
        "class": book.partners.classes(partner),
    }
    has_price = (asked.choice.rate >= 0) & ~asked.owes_nothing & ~asked.deal.is_whole
    owners = {kind: np.where(has_price, ids, 0) for kind, ids in owners.items()}
    return book.discounts.of(calls, owners)


def surcharged(
    asked: Asked, applied: Applied, rows: Array, so_far: tuple[Fractions, Array]
) -> tuple[Fractions, Array]:
    """Add the amounts of discounts, in the currency of the tariff, to some calls."""
    amounts, reason = so_far
    lines = applied.surcharges()
    call = lines["call"].to_numpy()
    own = own_currencies(asked.book, asked.choice)[call]
    ratio = ratios(
        asked.calls.iloc[call],
        asked.book.currencies,
        integers(lines, "currency_id"),
        own,
    )
    place = np.searchsorted(rows, call)
    one = Fractions(lines["amount"].to_numpy(), np.ones(len(lines), np.int64))
    more = times(one, Fractions(ratio.top, ratio.bottom))
    reason = reason.copy()
    reason[place[~ratio.known]] = reason_code("no_currency_rate")
    return added(amounts, place, more), reason
