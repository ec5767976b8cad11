# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How dates are written, by all values of a column."""

from datetime import date

import pytest
from parsers.guess.guess_dates import guess_dates, guess_times

CASES = [
    (["2026-10-05 10:00:00"], "%Y-%m-%d %H:%M:%S", True),
    (["2026/10/05 09:28"], "%Y/%m/%d %H:%M", True),
    (["2026-10-05T22:25:27.521Z"], "%Y-%m-%dT%H:%M:%S.%f%Z", True),
    (["2026-10-05 11:09:18+00"], "%Y-%m-%d %H:%M:%S%z", True),
    (["13/10/2026 19:03:57"], "%d/%m/%Y %H:%M:%S", True),
    (["10/13/26 12:52PM"], "%m/%d/%y %I:%M%p", True),
    # The days of a file are near each other.
    (["05/10/2026 08:00", "06/10/2026 08:00"], "%d/%m/%Y %H:%M", True),
    (["10/05/2026 08:00", "10/06/2026 08:00"], "%m/%d/%Y %H:%M", True),
    # One that cannot be otherwise decides for all.
    (["05/10/2026 08:00", "04/15/2026 08:00"], "%m/%d/%Y %H:%M", True),
    (["05/10/2026 08:00"], "%d/%m/%Y %H:%M", False),
    (["26-10-13 17:11:43", "26-10-14 09:00:00"], "%y-%m-%d %H:%M:%S", True),
    (["04.10.2026 18:58:55"], "%d.%m.%Y %H:%M:%S", False),
    (["01-Oct-26 8:34", "02-Oct-26 18:40"], "%d-%b-%y %H:%M", True),
    (["Mon, 05 Oct 2026 08:02:31 +0000"], "%a, %d %b %Y %H:%M:%S %z", True),
    (["Oct 5, 2026 8:02 PM"], "%b %d, %Y %I:%M %p", True),
    (["10/28 02:36p"], "%m/%d %I:%M%p", True),
    (["20261005100000", "20261005110000"], "%Y%m%d%H%M%S", True),
    (["20261005"], "%Y%m%d", True),
    (["1791187200", "1791187300.5"], "epoch", True),
    (["1791187200123"], "epoch", True),
    (["63958406400"], "gregorian", True),
]


@pytest.mark.parametrize(("cells", "pattern", "is_sure"), CASES)
def test_the_spelling(cells: list[str], pattern: str, is_sure: bool) -> None:
    found = guess_dates(cells, "ES", date(2026, 11, 1))
    assert found is not None
    assert (found.patterns, found.is_sure) == ((pattern,), is_sure)


def test_the_country_where_nothing_else_says_it() -> None:
    found = guess_dates(["05/10/2026"], "US")
    assert found is not None
    assert (found.patterns, found.is_sure) == (("%m/%d/%Y",), False)


def test_two_spellings_in_a_column() -> None:
    cells = ["2026-10-05 10:00:00", "2026-10-05 10:00:01.5", "0000-00-00 00:00:00", ""]
    found = guess_dates(cells)
    assert found is not None
    assert found.patterns == ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")


@pytest.mark.parametrize(
    "cells",
    [
        [],
        ["", "0"],
        ["600000099"],
        ["2025550101"],
        ["31/02/2026"],
        ["2026-10-05", "no", "no"],
        ["10:00:00"],
        # Ten digits, years apart: numbers that can be dialled.
        ["1202555010", "1812555010"],
    ],
)
def test_what_is_no_date(cells: list[str]) -> None:
    assert guess_dates(cells, "ES", date(2026, 11, 1)) is None


def test_times_of_day() -> None:
    assert guess_times(["10:03AM", "01:07PM"]).patterns == ("%I:%M%p",)
    assert guess_times(["18:58:55", ""]).patterns == ("%H:%M:%S",)
    assert guess_times(["25:00:00"]) is None
    assert guess_times(["600000099"]) is None
