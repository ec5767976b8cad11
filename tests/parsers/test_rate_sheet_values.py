# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Cells of rate sheets: prices, increments, dates, states."""

from datetime import datetime
from decimal import Decimal

import pytest
from parsers.rate_sheets.columns import field_of
from parsers.rate_sheets.prefixes import Problem
from parsers.rate_sheets.values import (
    Price,
    date_reader,
    end_of,
    find_date_order,
    find_decimal_mark,
    flag_of,
    price_reader,
    read_steps,
    state_of,
)

PRICES = [
    # text, mark, implied, factor, nano, currency
    ("0.05", ".", 0, "1", 50_000_000, ""),
    ("0,05", ",", 0, "1", 50_000_000, ""),
    ("0,05", ".", 0, "1", 50_000_000, ""),
    (".5", ".", 0, "1", 500_000_000, ""),
    ("€ 0,05", ",", 0, "1", 50_000_000, "EUR"),
    ("0.05 USD", ".", 0, "1", 50_000_000, "USD"),
    ("$0.05/min", ".", 0, "1", 50_000_000, "USD"),
    ("1,234.50", ".", 0, "1", 1_234_500_000_000, ""),
    ("1.234,50", ",", 0, "1", 1_234_500_000_000, ""),
    ("12 345,5", ",", 0, "1", 12_345_500_000_000, ""),
    ("0,082", ",", 0, "1", 82_000_000, ""),
    ("5.00E-04", ".", 0, "1", 500_000, ""),
    ("(0.01)", ".", 0, "1", -10_000_000, ""),
    ("-0.01", ".", 0, "1", -10_000_000, ""),
    ("1234", ".", 4, "1", 123_400_000, ""),
    ("5.5", ".", 0, "0.01", 55_000_000, ""),
    ("0.001", ".", 0, "60", 60_000_000, ""),
    ("0", ".", 0, "1", 0, ""),
]
WRONG_PRICES = [
    ("x", ".", 0),
    ("1,234", ".", 0),
    ("1.234", ",", 0),
    ("1.2.3", ".", 0),
    ("12,34.5", ".", 0),
    ("0.05.", ",", 0),
    ("5%", ".", 0),
    ("0.5", ".", 4),
    ("99999999999", ".", 0),
    ("nan", ".", 0),
    ("0.05 0.06 x", ".", 0),
]
MARKS = [
    (["0.05", "1.5"], "."),
    (["0,05", "1,5"], ","),
    (["1,234.5"], "."),
    (["1.234,5"], ","),
    (["1,234"], ","),
    (["1.234"], "."),
    (["12", ""], "."),
    (["0,05", "1.234", "2.345"], ","),
]
STEPS = [
    ("60/60", (60, 60)),
    ("60+1", (60, 1)),
    ("30 / 6", (30, 6)),
    ("1:1", (1, 1)),
    ("60-1", (60, 1)),
    ('60"/1"', (60, 1)),
    ("60s/1s", (60, 1)),
    ("6", (6, 6)),
    ("60 sec", (60, 60)),
    ("per second", (1, 1)),
    ("por minuto", (60, 60)),
    ("2027-01-01", (1, 1)),
    ("0/60", (0, 60)),
    ("", None),
    ("-", None),
]
WRONG_STEPS = ["0/0", "60/0", "a/b", "1/2/3", "2027-06-30", "99999/1"]
DATES = [
    ("2027-02-01", "dmy", (2027, 2, 1)),
    ("2027/02/01 10:30", "dmy", (2027, 2, 1, 10, 30)),
    ("20270201", "dmy", (2027, 2, 1)),
    ("01/02/2027", "dmy", (2027, 2, 1)),
    ("01/02/2027", "mdy", (2027, 1, 2)),
    ("1.2.27", "dmy", (2027, 2, 1)),
    ("27-02-01", "ymd", (2027, 2, 1)),
    ("01-Feb-2027", "mdy", (2027, 2, 1)),
    ("1 de febrero de 2027", "dmy", (2027, 2, 1)),
    ("1st February, 2027", "dmy", (2027, 2, 1)),
    ("February 1, 2027", "dmy", (2027, 2, 1)),
    ("15 ene 2027", "dmy", (2027, 1, 15)),
    ("Monday 1 Feb 2027 12:00 AM", "dmy", (2027, 2, 1)),
    ("2/1/2027 1:05 PM", "mdy", (2027, 2, 1, 13, 5)),
    ("2027-02-01T00:00:00Z", "dmy", (2027, 2, 1)),
    ("01/02/2027 00:00 GMT", "dmy", (2027, 2, 1)),
    ("46419", "dmy", (2027, 2, 1)),
    ("", "dmy", None),
    ("ASAP", "dmy", None),
]
WRONG_DATES = ["31/02/2027", "2027-13-01", "soon", "01/01/1850", "1/2", "12:00"]
ORDERS = [
    (["01/02/2027", "13/02/2027"], ("dmy", False)),
    (["8/16/2027", "1/2/2027"], ("mdy", False)),
    (["1/2/2027"], ("dmy", True)),
    (["13/2/2027", "2/13/2027"], ("dmy", True)),
    (["2027-02-01"], ("dmy", False)),
]
STATES = [
    ("Blocked", "blocked"), ("closed", "blocked"), ("Bloqueado", "blocked"),
    ("Not available", "blocked"), ("Blocked from 1 May", "blocked"),
    ("Code deleted", "deleted"), ("Removed", "deleted"), ("D", "deleted"),
    ("Eliminado", "deleted"), ("Inactive", "deleted"), ("Increase", ""), ("New", ""),
    ("No change", ""), ("Active", ""), ("", ""), ("Ended promo, see mail", ""),
    ("1", ""),
]  # fmt: skip
HEADERS = [
    ("Cost / Min (USD)", "price"), ("Connection Cost (USD)", "connect"),
    ("Per minute charge", "price"), ("Connection charge", "connect"),
    ("Charge period", "increment"), ("Target Pattern Name", "destination"),
    ("Precio por minuto (€)", "price"), ("Código", "prefix"), ("PREFIJO", "prefix"),
    ("Dial Codes", "prefix"), ("Country Code", "country_code"),
    ("Area Code", "area_code"), ("Effective Date (dd/mm/yyyy)", "start"),
    ("Fecha de entrada en vigor", "start"), ("Gültig ab", "start"),
    ("Increment (sec)", "increment"), ("Initial Increment", "initial"),
    ("Billing Increment", "increments"), ("Duración mínima", "minimum_duration"),
    ("Valid until", "end"), ("Establecimiento de llamada", "connect"),
    ("Moneda", "currency"), ("Estado", "status"), ("Old Rate", None),
    ("Created Date", None), ("Priority", None), ("", None), ("x" * 200, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "mark", "implied", "factor", "nano", "code"), PRICES)
def test_prices(text, mark, implied, factor, nano, code):
    read = price_reader("price", mark, implied, Decimal(factor))
    assert read(text) == Price(nano, code)


@pytest.mark.parametrize(("text", "mark", "implied"), WRONG_PRICES)
def test_what_is_no_price(text, mark, implied):
    problem = price_reader("price", mark, implied, Decimal(1))(text)
    assert isinstance(problem, Problem)
    assert (problem.reason, problem.found) == ("price", text)


def test_prices_that_are_words_or_too_fine():
    read = price_reader("price", ".", 0, Decimal(1))
    assert read("Blocked") == Price(None, is_blocked=True)
    assert read("n/a") is None
    assert read("0.01733333333333") == Price(17_333_333, is_rounded=True)
    assert read("0.0000000005") == Price(1, is_rounded=True)
    assert read("0.0173330000000") == Price(17_333_000)


@pytest.mark.parametrize(("texts", "mark"), MARKS)
def test_the_decimal_mark_is_found(texts, mark):
    assert find_decimal_mark(texts) == mark


@pytest.mark.parametrize(("text", "steps"), STEPS)
def test_increments(text, steps):
    assert read_steps(text) == steps


@pytest.mark.parametrize("text", WRONG_STEPS)
def test_what_are_no_increments(text):
    problem = read_steps(text)
    assert isinstance(problem, Problem)
    assert (problem.reason, problem.found) == ("increment", text)


@pytest.mark.parametrize(("text", "order", "parts"), DATES)
def test_dates(text, order, parts):
    assert date_reader("start", order)(text) == (parts and datetime(*parts))  # noqa: DTZ001


@pytest.mark.parametrize("text", WRONG_DATES)
def test_what_is_no_date(text):
    problem = date_reader("end", "dmy")(text)
    assert isinstance(problem, Problem)
    assert (problem.reason, problem.found) == ("end", text)


@pytest.mark.parametrize(("texts", "order"), ORDERS)
def test_the_order_of_dates_is_found(texts, order):
    assert find_date_order(texts) == order


def test_where_both_orders_stand_only_clear_dates_are_read():
    read = date_reader("start", "dmy", is_open=True)
    assert read("13/02/2027") == datetime(2027, 2, 13)  # noqa: DTZ001
    assert read("02/13/2027") == datetime(2027, 2, 13)  # noqa: DTZ001
    assert read("02/02/2027") == datetime(2027, 2, 2)  # noqa: DTZ001
    assert isinstance(read("01/02/2027"), Problem)


@pytest.mark.parametrize(
    ("given", "inclusive", "wanted"),
    [
        (datetime(2027, 2, 1), True, datetime(2027, 2, 2)),  # noqa: DTZ001
        (datetime(2027, 2, 1), False, datetime(2027, 2, 1)),  # noqa: DTZ001
        (datetime(2027, 2, 1, 23, 59, 59), True, datetime(2027, 2, 2)),  # noqa: DTZ001
        (datetime(2027, 2, 1, 12), True, datetime(2027, 2, 1, 12)),  # noqa: DTZ001
    ],
)
def test_ends_are_exclusive(given, inclusive, wanted):
    assert end_of(given, inclusive) == wanted


@pytest.mark.parametrize(("text", "state"), STATES)
def test_states(text, state):
    assert state_of(text) == state


def test_a_column_called_blocked_may_say_yes():
    assert [flag_of(text) for text in ("Yes", "x", "no", "")] == [
        "blocked", "blocked", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "field"), HEADERS)
def test_names_of_columns(name, field):
    known = field_of(name)
    assert (known and known[1]) == field
