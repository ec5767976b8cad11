# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What FTP servers write about files, as many of them write it."""

from calendar import timegm

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_cdr.collect.ftp_lists import parse_facts, parse_line, parse_time

NOW = timegm((2026, 3, 10, 12, 0, 0))


def at(*when):
    return timegm((*when, 0, 0, 0)[:6])


FACTS = {
    b"type=file;size=5;modify=20260105102030; calls.csv": (
        b"calls.csv",
        ("file", 5, at(2026, 1, 5, 10, 20, 30), "20260105102030", ""),
    ),
    b"Size=7;Modify=20260105102030.123;Type=FILE;Unique=fd01g2a;Perm=r;  a b.csv": (
        b" a b.csv",
        ("file", 7, at(2026, 1, 5, 10, 20, 30), "20260105102030", "fd01g2a"),
    ),
    b"type=dir;modify=20260105102030;unique=1g2; out": (
        b"out",
        ("dir", None, at(2026, 1, 5, 10, 20, 30), "20260105102030", "1g2"),
    ),
    b"type=cdir; .": (b".", ("", None, 0, "", "")),
    b"type=OS.unix=slink:/x;size=1; link.csv": (b"link.csv", ("", 1, 0, "", "")),
    b"type=file;size=-3;modify=191000105102030; old.csv": (
        b"old.csv",
        ("file", None, 0, "", ""),
    ),
    b"type=file;size=1; a;b=c\xf1.csv": (b"a;b=c\xf1.csv", ("file", 1, 0, "", "")),
    b"type=file;size=1;": None,
    b"": None,
}


@pytest.mark.parametrize("line", FACTS)
def test_facts(line):
    found = parse_facts(line)
    if found is None:
        assert FACTS[line] is None
        return
    name, facts = found
    told = (facts.kind, facts.size, facts.modified, facts.stamp, facts.unique)
    assert (name, told) == FACTS[line]
    assert not facts.is_rough


LINES = {
    b"-rw-r--r--   1 owner group   12345 Jan  5 10:20 calls.csv": (
        b"calls.csv",
        ("file", 12345, at(2026, 1, 5, 10, 20), "2026-01-05"),
    ),
    # Ten months ago, since it is not more than a day ahead.
    b"-rw-r--r--   1 owner group   1 May  5 10:20 calls.csv": (
        b"calls.csv",
        ("file", 1, at(2025, 5, 5, 10, 20), "2025-05-05"),
    ),
    b"-rw-r--r--   1 owner group   1 Mar 11 10:20 ahead.csv": (
        b"ahead.csv",
        ("file", 1, at(2026, 3, 11, 10, 20), "2026-03-11"),
    ),
    b"-rw-r--r--   1 0 0 7 Feb 29  2024 leap year.csv": (
        b"leap year.csv",
        ("file", 7, at(2024, 2, 29), "2024-02-29"),
    ),
    b"-rw-r--r--   1 0 0 7 Feb 29 08:00 leap.csv": (
        b"leap.csv",
        ("file", 7, at(2024, 2, 29, 8, 0), "2024-02-29"),
    ),
    b"-rwxrwxrwx+ 1 a b  1 Jan  5 10:20 a 3 Jan  5 10:20 b.csv": (
        b"a 3 Jan  5 10:20 b.csv",
        ("file", 1, at(2026, 1, 5, 10, 20), "2026-01-05"),
    ),
    b"-rw-r--r-- 1 a b 42 5 Jan 10:20 day-first.csv": (
        b"day-first.csv",
        ("file", 42, at(2026, 1, 5, 10, 20), "2026-01-05"),
    ),
    b"-rw-r--r-- 1 a b 42 2026-01-05 10:20 iso.csv": (
        b"iso.csv",
        ("file", 42, at(2026, 1, 5, 10, 20), "2026-01-05"),
    ),
    b"-rw-r--r-- 1 a b 42 ene  5 10:20 in-spanish.csv": (
        b"in-spanish.csv",
        ("file", 42, 0, ""),
    ),
    b"drwxr-xr-x 2 a b 4096 Jan  5 10:20 out": (
        b"out",
        ("dir", 4096, at(2026, 1, 5, 10, 20), "2026-01-05"),
    ),
    b"lrwxrwxrwx 1 a b 4 Jan  5 10:20 link -> up": (
        b"link -> up",
        ("", 4, at(2026, 1, 5, 10, 20), "2026-01-05"),
    ),
    b"01-05-26  10:20PM              12345 calls 1.csv": (
        b"calls 1.csv",
        ("file", 12345, at(2026, 1, 5, 22, 20), "2026-01-05"),
    ),
    b"01-05-2026  10:20       <DIR>          out": (
        b"out",
        ("dir", None, at(2026, 1, 5, 10, 20), "2026-01-05"),
    ),
    b"01-05-26  10:20AM       <JUNCTION>     up": (
        b"up",
        ("", None, at(2026, 1, 5, 10, 20), "2026-01-05"),
    ),
    b"total 12": None,
    b"": None,
    b"calls.csv": None,
}


@pytest.mark.parametrize("line", LINES)
def test_lines(line):
    found = parse_line(line, NOW)
    if found is None:
        assert LINES[line] is None
        return
    name, facts = found
    assert (name, (facts.kind, facts.size, facts.modified, facts.stamp)) == LINES[line]
    assert facts.is_rough


def test_the_stamp_of_a_line_is_the_same_when_the_server_writes_the_year_later():
    early = parse_line(b"-rw-r--r-- 1 a b 42 Jan  5 10:20 calls.csv", NOW)
    late = parse_line(b"-rw-r--r-- 1 a b 42 Jan  5  2026 calls.csv", NOW + 200 * 86400)
    assert early[1].stamp == late[1].stamp == "2026-01-05"


def test_times():
    for text, found in {
        "20260105102030": (at(2026, 1, 5, 10, 20, 30), "20260105102030"),
        "20260105102030.5": (at(2026, 1, 5, 10, 20, 30), "20260105102030"),
        "20261305102030": (0, ""),
        "1910001051020": (0, ""),
        "": (0, ""),
    }.items():
        assert parse_time(text) == found


@given(st.binary(max_size=120))
def test_any_line_is_read_or_left(line):
    for found in (parse_facts(line), parse_line(line, NOW)):
        assert found is None or found[1].kind in ("file", "dir", "")
