# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What calls cost: tables of cases computed by hand."""

import numpy as np
import pandas as pd
import pytest
from engine.exceptions import BookError
from engine.money import parse_nano
from engine.pricing.rating import billed_seconds, rate_calls, rate_cost
from engine_samples import EUR, USD, book, calls_table, rate

BILLED = [
    # duration, initial, increment, minimum, grace, billed
    (0, 60, 60, 0, 0, 0),
    (0, 60, 60, 120, 0, 0),
    (1, 60, 60, 0, 0, 60),
    (60, 60, 60, 0, 0, 60),
    (61, 60, 60, 0, 0, 120),
    (1, 60, 1, 0, 0, 60),
    (61, 60, 1, 0, 0, 61),
    (1, 30, 6, 0, 0, 30),
    (30, 30, 6, 0, 0, 30),
    (31, 30, 6, 0, 0, 36),
    (37, 30, 6, 0, 0, 42),
    (37, 1, 1, 0, 0, 37),
    (37, 0, 6, 0, 0, 42),
    (36, 0, 6, 0, 0, 36),
    (5, 1, 1, 30, 0, 30),
    (31, 20, 15, 30, 0, 35),
    (5, 60, 60, 0, 5, 0),
    (6, 60, 60, 0, 5, 60),
    (3, 1, 1, 10, 3, 0),
    (86_400, 60, 60, 0, 0, 86_400),
]
PRICES = [
    # price a minute, connect, duration, rate, price
    ("0.05", "0", 60, {}, "0.05"),
    ("0.05", "0.10", 60, {}, "0.15"),
    ("0.05", "0.10", 0, {}, "0"),
    ("0.05", "0.10", 61, {}, "0.20"),
    ("0.05", "0", 1, {"initial": 1, "increment": 1}, "0.0008"),
    ("0.05", "0", 37, {"initial": 30, "increment": 6}, "0.035"),
    ("0.01", "0", 20, {"initial": 1, "increment": 1}, "0.0033"),
    ("0.01", "0", 10, {"initial": 1, "increment": 1}, "0.0017"),
    ("-0.01", "0", 10, {"initial": 1, "increment": 1}, "-0.0017"),
    ("0.05", "0.10", 9, {"grace": 10}, "0"),
    ("0.05", "0.10", 11, {"grace": 10}, "0.15"),
    ("0.05", "0", 60, {"minimum": "0.2"}, "0.2"),
    ("0.05", "0", 600, {"minimum": "0.2"}, "0.5"),
    ("0.05", "0", 600, {"maximum": "0.3"}, "0.3"),
    ("0.05", "0", 600, {"maximum": "0"}, "0"),
    ("0.05", "0", 0, {"minimum": "0.2"}, "0"),
    ("0.05", "0.1", 60, {"minimum": "0.12", "maximum": "0.13"}, "0.13"),
    ("0", "0", 60, {}, "0"),
    ("0.50", "0", 600, {"method": "call"}, "0.50"),
    ("0.50", "0.1", 1, {"method": "call"}, "0.60"),
    ("0.50", "0.1", 0, {"method": "call"}, "0"),
    ("0.50", "0", 5, {"method": "call", "grace": 5}, "0"),
    ("0.123456789", "0", 60, {}, "0.1235"),
]
PIECES = [
    # service, price, rate, call, price
    ("sms", "0.08", {"method": "volume"}, {"duration": 0}, "0.08"),
    ("sms", "0.08", {"method": "call"}, {"duration": 0}, "0.08"),
    ("data", "0.02", {"method": "volume"}, {"volume": 1_000_000}, "0.02"),
    ("data", "0.02", {"method": "volume"}, {"volume": 2_500_000}, "0.05"),
    ("data", "0.02", {"method": "volume"}, {"volume": 1}, "0"),
    ("data", "0.02", {"method": "volume"}, {"volume": 0, "duration": 0}, "0"),
    ("data", "0.06", {"method": "duration"}, {"duration": 61}, "0.12"),
    ("data", "0.06", {"method": "call"}, {"duration": 0}, "0.06"),
]
MARKUPS = [
    # percent x 10^4, cost, duration, price
    (200_000, "0.10", 60, "0.12"),
    (0, "0.123456789", 60, "0.1235"),
    (-500_000, "0.10", 60, "0.05"),
    (2_500_000, "0.0333", 60, "0.1166"),
    (125_000, "-0.04", 60, "-0.045"),
    (200_000, "0.10", 0, "0.12"),
]
ROUNDINGS = [
    # digits, mode, price of 1 s at 0.075 a minute (0.00125) and of its credit
    (4, "half_up", "0.0013"),
    (4, "half_even", "0.0012"),
    (4, "down", "0.0012"),
    (4, "up", "0.0013"),
    (3, "half_up", "0.001"),
    (3, "up", "0.002"),
    (2, "up", "0.01"),
    (6, "half_up", "0.00125"),
    (0, "half_up", "0"),
    (0, "up", "1"),
]


def micro(text):
    """Give an amount in micro."""
    return parse_nano(text) // 1000


def price(rate_row, call, **tariff):
    """Give the price in micro of one call at one rate."""
    result = rate_calls(calls_table([call]), book([rate_row], [tariff]))
    assert result["state"].tolist() == ["rated"]
    return int(result["price_micro"][0])


@pytest.mark.parametrize("row", BILLED)
def test_billed_seconds_by_table(row):
    *given, expected = (np.array([value]) for value in row)
    assert billed_seconds(*given).tolist() == expected.tolist()


def test_billed_seconds_of_a_table_at_once():
    *given, expected = (np.array(column) for column in zip(*BILLED, strict=True))
    assert billed_seconds(*given).tolist() == expected.tolist()


@pytest.mark.parametrize(("each", "connect", "duration", "values", "expected"), PRICES)
def test_voice_prices_by_table(each, connect, duration, values, expected):
    row = rate(1, each, connect, **values)
    assert price(row, {"duration": duration}) == micro(expected)


@pytest.mark.parametrize(("service", "each", "values", "call", "expected"), PIECES)
def test_messages_and_data_by_table(service, each, values, call, expected):
    row = rate(1, each, service=service, **values)
    assert price(row, {"service": service, **call}) == micro(expected)


@pytest.mark.parametrize(("markup", "cost", "duration", "expected"), MARKUPS)
def test_markup_on_the_carriers_cost_by_table(markup, cost, duration, expected):
    row = rate(1, method="markup", markup_ppm=markup)
    call = {"duration": duration, "cost_nano": parse_nano(cost)}
    assert price(row, call) == micro(expected)


@pytest.mark.parametrize(("digits", "mode", "expected"), ROUNDINGS)
def test_one_rounding_symmetric_for_credits(digits, mode, expected):
    tariff = {"rounding_digits": digits, "rounding": mode}
    second = {"duration": 1}
    steps = {"initial": 1, "increment": 1}
    assert price(rate(1, "0.075", **steps), second, **tariff) == micro(expected)
    assert price(rate(1, "-0.075", **steps), second, **tariff) == -micro(expected)


def test_increments_add_up_exactly():
    """0.05 a minute for 60 s is 0.05, never 0.0498 (ten rounded pieces of 6 s)."""
    row = rate(1, "0.05", initial=6, increment=6)
    assert price(row, {"duration": 60}) == 50_000
    assert price(row, {"duration": 60 * 1000}) == 50_000_000


def test_tariffs_of_other_roundings_are_priced_side_by_side():
    tariffs = [{"tariff_id": 1, "rounding": "up"}, {"tariff_id": 2, "rounding": "down"}]
    rates = [rate(1, "0.01", increment=1, initial=1)]
    rates += [rate(2, "0.01", increment=1, initial=1, tariff_id=2, prefix="44")]
    tariffs[0]["parent_id"], tariffs[0]["rounding_digits"] = 2, 3
    rates[0]["prefix"] = "34"
    calls = [{"called_number": "34", "duration": 10}, {"called_number": "44"}]
    calls[1]["duration"] = 10
    result = rate_calls(calls_table(calls), book(rates, tariffs))
    assert result["price_micro"].tolist() == [2_000, 1_600]


STATES = [
    # call, rate, state, reason
    ({}, {}, "rated", ""),
    # Found by the customer's reference, without a number of ours.
    ({"number_id": 0}, {}, "rated", ""),
    ({"number_id": 0, "partner_id": 0}, {}, "unmatched", "no_number"),
    ({"partner_id": 0}, {}, "unmatched", "no_number"),
    ({"called_number": "44"}, {"prefix": "34"}, "unrated", "no_rate"),
    ({"called_number": "44", "duration": 0}, {"prefix": "34"}, "unrated", "no_rate"),
    ({"direction": "incoming"}, {}, "excluded", "excluded"),
    ({"direction": "internal"}, {}, "excluded", "excluded"),
    ({"service": "sms"}, {}, "excluded", "excluded"),
    (
        {"direction": "incoming", "number_id": 0, "partner_id": 0},
        {},
        "unmatched",
        "no_number",
    ),
    ({}, {"is_late_priced": True}, "late", "late"),
    ({}, {"method": "markup"}, "unrated", "no_cost"),
    ({"duration": 0}, {"method": "markup"}, "unrated", "no_cost"),
    ({"currency_id": USD}, {}, "unrated", "no_currency_rate"),
    ({"currency_id": EUR}, {}, "rated", ""),
    ({"duration": 0}, {}, "rated", ""),
]


@pytest.mark.parametrize(("call", "values", "state", "reason"), STATES)
def test_states_by_table(call, values, state, reason):
    result = rate_calls(calls_table([call]), book([rate(1, "0.05", **values)]))
    assert (result["state"][0], result["reason"][0]) == (state, reason)
    assert result["price_micro"].isna()[0] == (state != "rated")
    assert result["rate_id"][0] == (
        reason in ("", "late", "no_cost", "no_currency_rate")
    )


def test_the_table_at_once_agrees_with_the_states_one_by_one():
    calls = calls_table([call for call, values, *_ in STATES if not values])
    result = rate_calls(calls, book([rate(1, "0.05")]))
    assert result["state"].tolist() == [row[2] for row in STATES if not row[1]]


def test_a_direction_whose_rates_are_over_waits_instead_of_being_excluded():
    rates = [rate(1), rate(2, direction="incoming", end=0)]
    result = rate_calls(calls_table([{"direction": "incoming"}]), book(rates))
    assert result["state"].tolist() == ["unrated"]


def test_incoming_calls_are_priced_by_the_number_called():
    rates = [rate(1), rate(2, "0.02", direction="incoming", prefix="34900")]
    call = {"direction": "incoming", "called_number": "+34900123456"}
    result = rate_calls(calls_table([call]), book(rates))
    assert result["price_micro"].tolist() == [20_000]


def test_what_is_not_allowed_is_priced_and_flagged():
    rates = [rate(1, "0.05"), rate(2, "9", prefix="3491", is_allowed=False)]
    calls = calls_table([{}, {"called_number": "44"}])
    result = rate_calls(calls, book(rates))
    assert result["is_allowed"].tolist() == [False, True]
    assert result["price_micro"].tolist() == [9_000_000, 50_000]


def test_the_result_has_the_index_of_the_calls():
    calls = calls_table([{"duration": 60}, {"duration": 120}]).set_axis([30, 10])
    result = rate_calls(calls, book([rate(1, "0.05")]))
    assert result["price_micro"].to_dict() == {30: 50_000, 10: 100_000}
    assert result["billed_duration"].to_dict() == {30: 60, 10: 120}


def ratios(*rows):
    """Give the currencies table: day, from, to, numerator, denominator."""
    names = ["day", "from_id", "to_id", "numerator", "denominator"]
    table = pd.DataFrame(list(rows), columns=names)
    return table.assign(day=pd.to_datetime(table["day"]))


def test_prices_are_converted_before_the_one_rounding():
    """0.0333 EUR rounded first would give 0.03663; exact is 0.0333333 x 1.1."""
    currencies = ratios(("2026-03-10", EUR, USD, 11, 10))
    rates = [rate(1, "0.10", initial=1, increment=1)]
    calls = calls_table([{"duration": 20, "currency_id": USD}, {"duration": 20}])
    result = rate_calls(calls, book(rates, currencies=currencies))
    assert result["price_micro"].tolist() == [36_700, 33_300]
    assert result["currency_id"].tolist() == [USD, EUR]


def test_the_rate_of_the_calls_own_local_day_counts_and_never_an_older_one():
    currencies = ratios(
        ("2026-03-10", EUR, USD, 11, 10), ("2026-03-11", EUR, USD, 12, 10)
    )
    starts = ["2026-03-10 22:59", "2026-03-10 23:00", "2026-03-11 23:00"]
    calls = [{"start_at": start, "currency_id": USD} for start in starts]
    result = rate_calls(calls_table(calls), book([rate(1, "1")], currencies=currencies))
    assert result["price_micro"].tolist() == [1_100_000, 1_200_000, pd.NA]
    assert result["reason"].tolist() == ["", "", "no_currency_rate"]


def test_a_markup_converts_the_cost_into_the_tariffs_currency_and_on():
    currencies = ratios(("2026-03-10", USD, EUR, 9, 10), ("2026-03-10", EUR, 3, 300, 2))
    rates = [rate(1, method="markup", markup_ppm=100_000, minimum="0.01")]
    cost = {"cost_nano": 10**9, "cost_currency_id": USD}
    calls = [cost, {**cost, "currency_id": 3}, {**cost, "cost_currency_id": 4}]
    result = rate_calls(calls_table(calls), book(rates, currencies=currencies))
    assert result["price_micro"].tolist() == [990_000, 148_500_000, pd.NA]
    assert result["reason"].tolist() == ["", "", "no_currency_rate"]


@pytest.mark.parametrize("wrong", [(0, 1), (1, 0), (-1, 1), (1.5, 1)])
def test_currency_rates_that_are_no_ratio_are_refused(wrong):
    with pytest.raises(BookError, match="whole numbers above 0") as refused:
        book([rate(1)], currencies=ratios(("2026-03-10", EUR, USD, *wrong)))
    assert refused.value.reason == "currency_rate"


HUGE = [
    # price a minute, duration, currency ratio, price in micro
    ("9000000000", 60, (1, 1), 9_000_000_000_000_000),
    ("9000000000", 600, (1, 1), 90_000_000_000_000_000),
    ("0.05", 10**9, (1, 1), 833_333_350_000),
    ("0.05", 60, (10**30, 10**30 - 1), 50_000),
    ("0.05", 60, (3 * 10**18 + 1, 10**18), 150_000),
    ("-9000000000", 600, (1, 1), -90_000_000_000_000_000),
]


@pytest.mark.parametrize(("each", "duration", "ratio", "expected"), HUGE)
def test_amounts_beyond_64_bits_on_the_way_are_exact(each, duration, ratio, expected):
    currencies = ratios(("2026-03-10", EUR, USD, *ratio))
    call = {"duration": duration, "currency_id": USD}
    calls = calls_table([call, {"duration": 60, "currency_id": EUR}, call])
    result = rate_calls(calls, book([rate(1, each)], currencies=currencies))
    usual = rate_calls(calls.iloc[1:2], book([rate(1, each)]))["price_micro"].iloc[0]
    assert result["price_micro"].tolist() == [expected, usual, expected]


def test_prices_beyond_64_bits_leave_the_call_unrated():
    currencies = ratios(("2026-03-10", EUR, USD, 10**12, 1))
    calls = calls_table([{"currency_id": USD}, {}])
    result = rate_calls(calls, book([rate(1, "9000000000")], currencies=currencies))
    assert result["reason"].tolist() == ["amount", ""]
    assert result["price_micro"].tolist() == [pd.NA, 9_000_000_000_000_000]


def test_a_markup_beyond_64_bits_on_the_way_is_exact():
    currencies = ratios(("2026-03-10", USD, EUR, 10**20 + 1, 10**20))
    rates = [rate(1, method="markup", markup_ppm=10**12)]
    call = {"cost_nano": 10**12, "cost_currency_id": USD}
    result = rate_calls(calls_table([call]), book(rates, currencies=currencies))
    assert result["price_micro"].tolist() == [1_000_001_000_000_000]


def costs(call, tariff_id, rates=(), **tables):
    """Give (cost, currency, rate) of one call with a carrier amount in USD."""
    calls = calls_table([call])
    amounts = pd.array(calls["carrier_amount_nano"].tolist(), dtype="Int64")
    calls["carrier_amount_nano"] = amounts
    found = rate_cost(calls, book(list(rates) or [rate(1)], **tables), tariff_id, USD)
    return found.astype(object).iloc[0].tolist()


def test_the_cost_is_the_files_amount_or_the_carriers_tariffs():
    said = {"carrier_amount_nano": 12_345_678_901, "number_id": 0}
    rates = [rate(1, "0.05"), rate(2, "0.02", prefix="44")]
    assert costs(said, 0, rates) == [12_345_678_901, USD, 0]
    assert costs(said, 1, rates) == [50_000_000, EUR, 1]
    assert costs({"carrier_amount_nano": None}, 1, rates) == [50_000_000, EUR, 1]
    assert costs({"carrier_amount_nano": None}, 0, rates) == [pd.NA, USD, 0]


def test_where_the_carriers_tariff_has_no_price_the_file_is_believed():
    rates = [rate(1, "0.05", prefix="44")]
    assert costs({"carrier_amount_nano": 7}, 1, rates) == [7, USD, 0]
    assert costs({"carrier_amount_nano": None}, 1, rates) == [pd.NA, USD, 0]
    assert costs({"carrier_amount_nano": 7}, 99, rates) == [7, USD, 0]


def test_a_cost_tariff_may_mark_up_what_the_file_said():
    rates = [rate(1, method="markup", markup_ppm=-100_000)]
    currencies = ratios(("2026-03-10", USD, EUR, 1, 2))
    cost = costs({"carrier_amount_nano": 10**9}, 1, rates, currencies=currencies)
    assert cost == [450_000_000, EUR, 1]
