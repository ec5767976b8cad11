# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import date, datetime
from zoneinfo import ZoneInfo

from odoo.tests import BaseCase

from ..models.telecom_portal_export import safe_text
from ..parameters import (
    BadParameter,
    CallKey,
    day_start,
    next_month,
    read_day,
    read_month,
    shortened,
)

HOSTILE = [
    "yesterday", "2026-13-01", "2026-02-30", "0001-01-01", "9999-12-31",
    "²026-01-01",
    "' OR 1=1 --", "../../etc/passwd", "\0", "9" * 5000, "2026-07", "<b>", "%s%d{x}",
]  # fmt: skip


class TestParameters(BaseCase):
    def test_days(self):
        self.assertEqual(read_day("2026-07-31"), date(2026, 7, 31))
        self.assertEqual(read_day(" 2026-07-31 "), date(2026, 7, 31))
        for nothing in (None, ""):
            self.assertIsNone(read_day(nothing))

    def test_what_is_no_day_is_refused_with_what_was_found(self):
        for text in HOSTILE:
            with (
                self.subTest(text=text[:20]),
                self.assertRaises(BadParameter) as caught,
            ):
                read_day(text)
            self.assertEqual(caught.exception.args, (shortened(text),))

    def test_months(self):
        self.assertEqual(read_month("2026-07"), date(2026, 7, 1))
        for text in (
            *HOSTILE[:-3],
            "2026-00",
            "2026-07-01",
            "202607",
            "\u0662\u0660\u0662\u0666-\u0660\u0667",
        ):
            with self.subTest(text=text[:20]), self.assertRaises(BadParameter):
                read_month(text)

    def test_next_month_crosses_years(self):
        self.assertEqual(next_month(date(2026, 12, 1)), date(2027, 1, 1))
        self.assertEqual(next_month(date(2026, 1, 1), -1), date(2025, 12, 1))
        self.assertEqual(next_month(date(2026, 7, 1), -18), date(2025, 1, 1))

    def test_a_key_comes_back_as_it_went(self):
        key = CallKey(datetime(2026, 7, 10, 8, 0, 1, 250), 2**40)
        self.assertEqual(CallKey.parse(str(key)), key)

    def test_what_is_no_key_is_refused(self):
        good = "20260710T080001000000-7"
        self.assertEqual(CallKey.parse(good).id, 7)
        bad = ("-7", good + "0" * 20, "20261310T080001000000-7", good + "\n", "1;--")
        for text in (*HOSTILE, *bad):
            with self.subTest(text=text[:30]), self.assertRaises(BadParameter):
                CallKey.parse(text)

    def test_a_day_begins_at_local_midnight(self):
        zone = ZoneInfo("Europe/Madrid")
        self.assertEqual(day_start(date(2026, 7, 1), zone), datetime(2026, 6, 30, 22))
        self.assertEqual(day_start(date(2026, 1, 1), zone), datetime(2025, 12, 31, 23))

    def test_messages_hold_no_long_or_unprintable_text(self):
        self.assertEqual(shortened("x" * 50), "x" * 40 + "…")
        self.assertEqual(shortened("a\0b\nc"), "a?b?c")


class TestSafeText(BaseCase):
    def test_formulas_are_disarmed(self):
        cases = [
            "=cmd()", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1",
            "\n=1", "+34 600=1", "+", "+ 34", "+\u0663", "+34;=1", "+1" + "0" * 60,
        ]  # fmt: skip
        for text in cases:
            with self.subTest(text=text):
                self.assertEqual(safe_text(text), f"'{text}")

    def test_phone_numbers_and_plain_words_stay(self):
        for text in ("+34 600 00 00 01", "+34600000001", "112", "Poland - Mobile", ""):
            with self.subTest(text=text):
                self.assertEqual(safe_text(text), text)
