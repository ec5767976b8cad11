# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
import io
from datetime import datetime, timedelta
from itertools import chain
from unittest.mock import patch
from urllib.parse import quote

import openpyxl

from odoo.tests import tagged

from ..models import telecom_portal_calls, telecom_portal_export, telecom_portal_sums
from .common import PortalCase
from .test_parameters import HOSTILE


@tagged("post_install", "-at_install")
class TestPortalFilters(PortalCase):
    """Filters, order, sums, groups and files of the calls page."""

    def _found(self, query):
        return self._shown_ids(self._open(f"/my/calls?{query}"))

    # === DIRECTION AND CATEGORY === #

    def test_directions(self):
        out, answered, missed, inside, message = self._create_calls(
            [
                {},
                {"direction": "incoming", "duration": 5},
                {"direction": "incoming", "duration": 0, "rating_state": "excluded"},
                {"direction": "internal"},
                {"direction": "incoming", "duration": 0, "service": "sms"},
            ]
        )
        for direction, expected in {
            "outgoing": {out},
            "incoming": {answered, missed, message},
            "missed": {missed},
            "internal": {inside},
            "nonsense": {out, answered, missed, inside, message},
        }.items():
            with self.subTest(direction=direction):
                self.assertEqual(set(self._found(f"direction={direction}")), expected)
        self.assertIn("missed", self._open("/my/calls?direction=missed"))

    def test_categories(self):
        landline, _mobile, own = self._create_calls(
            [
                {"category": "landline"},
                {"category": "mobile"},
                # The category of our own number says nothing of the caller.
                {"category": "landline", "direction": "incoming"},
            ]
        )
        self.assertEqual(self._found("category=landline"), [landline])
        self.assertIn(own, self._found("category=nonsense"))

    # === TEXT === #

    def test_text_in_numbers_and_places(self):
        moon = self._create_destination("Moon, dark side")
        called, caller, to_moon = self._create_calls(
            [
                {"called_number": "+34600000077"},
                {"direction": "incoming", "calling_number": "+34611111177"},
                {"destination_id": moon.id, "called_number": "+990001"},
            ]
        )
        for text, expected in {
            "600 000 077": [called],
            "0034600000077": [called],
            "77": [],
            "077": [called],
            "1177": [caller],
            "dark SIDE": [to_moon],
            "moon": [to_moon],
            "no such place": [],
        }.items():
            with self.subTest(text=text):
                self.assertEqual(self._found(f"text={quote(text)}"), expected)

    def test_a_label_stands_for_the_destination_in_searches_too(self):
        tariff = self.env["telecom.tariff"].create(
            {"name": "Retail", "company_id": self.company.id}
        )
        rate = self.env["telecom.rate"].create(
            {"tariff_id": tariff.id, "price": 0.1, "label": "Special lines"}
        )
        moon = self._create_destination("Moon, dark side")
        call = self._create_call(destination_id=moon.id, rate_id=rate.id)
        self.assertEqual(self._found("text=special"), [call])
        self.assertEqual(self._found("text=moon"), [])

    def test_what_is_not_shown_is_not_found(self):
        """A search would tell the digits of a caller who withheld them."""
        help_line = self.env.ref("telecom_cdr.telecom_destination_es_violence")
        self._create_calls(
            [
                {
                    "direction": "incoming",
                    "calling_number": "+34699999999",
                    "is_withheld": True,
                },
                {"called_number": "+34016", "destination_id": help_line.id},
            ]
        )
        for text in ("699999999", "34016", help_line.name):
            with self.subTest(text=text):
                self.assertEqual(self._found(f"text={quote(text)}"), [])
        self.assertEqual(self._sums(text="34016"), ["0.00 €"])

    def test_masked_digits_are_shown_as_they_are_stored(self):
        self._create_call(called_number="+34600000xxx")
        text = self._open("/my/calls?text=600000")
        self.assertIn("+34 600 00 0x xx", text)
        self.assertIn(",+34 600 00 0x xx,", self._download("").text)

    # === ORDER === #

    def test_dearest_and_longest_page_by_key(self):
        ids = self._create_calls(
            [
                {"price": str(price), "duration": 100 - price}
                for price in (3, 1, 2, 3, 0, 7)
            ]
            + [{"price": "99", "rating_state": "unrated", "duration": 0}]
        )
        # Of equal price and start the one that came last is first.
        dearest = [ids[n] for n in (5, 3, 0, 2, 1, 6, 4)]
        longest = [ids[n] for n in (4, 1, 2, 3, 0, 5, 6)]
        for order_by, expected in (("price", dearest), ("duration", longest)):
            calls = self.portal._call_filter(order_by=order_by)
            for size in (1, 3, 50):
                with self.subTest(order_by=order_by, size=size):
                    pages, key = [], None
                    while True:
                        page = self.portal._page(calls, key, size=size)
                        pages.append(page)
                        if page.after is None:
                            break
                        key = page.after
                    found = [row.id for row in chain(*(p.rows for p in pages))]
                    self.assertEqual(found, expected)
                    if len(pages) > 1:
                        back = self.portal._page(calls, pages[1].before, True, size)
                        self.assertEqual(back.rows, pages[0].rows)
        self.assertEqual(self._found("sortby=dearest"), dearest)
        self.assertEqual(self._found("sortby=longest"), longest)

    def test_only_the_latest_are_sorted_and_that_is_told(self):
        start = datetime(2026, 7, 10, 8, 0)
        ids = self._create_calls(
            [{"start_at": start + timedelta(hours=n), "price": "1"} for n in range(4)]
        )
        with patch.object(telecom_portal_calls, "SCAN_SIZE", 2):
            text = self._open("/my/calls?sortby=dearest")
        self.assertEqual(self._shown_ids(text), [ids[3], ids[2]])
        self.assertIn("Sorted are the latest 2 calls of these", text)

    # === SUMS === #

    def _sums(self, **query):
        self.authenticate(self.user.login, self.user.login)
        texts = self.make_jsonrpc_request("/my/calls/sums", {"query": query})
        return [text.replace("\xa0", " ") for text in texts]

    def test_sums_of_a_filter(self):
        self._create_calls(
            [
                {"duration": 60, "price": "0.105"},
                {"duration": 61, "price": "0.1"},
                {"direction": "incoming", "duration": 5, "price": "9"},
                {"partner_id": self.rival.id, "price": "8"},
            ]
        )
        self.assertEqual(
            self._sums(direction="outgoing"), ["2 calls", "0:02:01", "0.21 €"]
        )
        for query in ({"direction": ["x"]}, {"category": {}}, {"text": 7}):
            self.assertEqual(self._sums(**query)[0], "3 calls")
        with patch.object(telecom_portal_sums, "SUM_LIMIT", 2):
            self.assertEqual(
                self._sums(), ["too many calls to add up: choose a shorter period"]
            )

    # === GROUPS === #

    def _groups(self, group_by, **values):
        groups = self.portal._groups(self.portal._call_filter(**values), group_by)
        return [
            (
                group["title"].replace("\xa0", " "),
                group["count"],
                group["time"],
                group["amount"].replace("\xa0", " "),
            )
            for group in self.portal._group_texts(groups)
        ]

    def test_groups(self):
        second = self._create_number("+34910000003", self.acme)
        moon = self._create_destination("Moon, dark side")
        # 23:30 in Madrid, and 00:30 of the next day.
        late, early = datetime(2026, 7, 10, 21, 30), datetime(2026, 7, 10, 22, 30)
        hidden = self._create_destination("Quiet place", never_itemised=True)
        self._create_calls(
            [
                {"start_at": late, "price": "0.10"},
                {"start_at": late, "price": "0.20", "number_id": second.id},
                {"start_at": early, "price": "1", "destination_id": moon.id},
                {"start_at": early, "direction": "incoming", "price": None},
                {"start_at": early, "price": "50", "destination_id": hidden.id},
                {"start_at": early, "price": "60", "partner_id": self.rival.id},
            ]
        )
        self.assertEqual(
            self._groups("number"),
            [
                ("+34 910 00 00 01 (Reception)", "3", "0:03:00", "1.10 €"),
                ("+34 910 00 00 03", "1", "0:01:00", "0.20 €"),
            ],
        )
        self.assertEqual(
            self._groups("day"),
            [
                ("Sat 11 Jul 2026", "2", "0:02:00", "1.00 €"),
                ("Fri 10 Jul 2026", "2", "0:02:00", "0.30 €"),
            ],
        )
        self.assertEqual(
            self._groups("destination"),
            [
                ("Moon, dark side", "1", "0:01:00", "1.00 €"),
                ("Mobile", "2", "0:02:00", "0.30 €"),
                ("Incoming calls", "1", "0:01:00", "0.00 €"),
            ],
        )

    def test_a_group_leads_to_its_calls(self):
        call = self._create_call()
        period = "date_from=2026-07-01&date_to=2026-07-31"
        for group_by, link in {
            "number": "number=%2B34910000001",
            "day": "date_from=2026-07-10&amp;date_to=2026-07-10",
            "destination": "category=mobile",
        }.items():
            with self.subTest(group_by=group_by):
                text = self._open(f"/my/calls?{period}&groupby={group_by}")
                self.assertFalse(self._shown_ids(text))
                part = text.partition("o_telecom_group")[2]
                url = part.partition('href="')[2].partition('"')[0]
                self.assertIn(link, url)
                page = self._open(url.replace("&amp;", "&"))
                self.assertEqual(self._shown_ids(page), [call])

    def test_groups_without_dates_are_of_this_month(self):
        self._create_call()
        text = self._open("/my/calls?groupby=number")
        first = self.portal._this_month().isoformat()
        self.assertIn(f'value="{first}"', text)

    def test_too_many_calls_for_groups_are_told(self):
        self._create_calls([{}, {}, {}])
        with patch.object(telecom_portal_sums, "SUM_LIMIT", 2):
            text = self._open("/my/calls?groupby=day&date_from=2026-07-01")
        self.assertIn("too many calls to add up in groups", text)

    # === HOSTILE === #

    def test_hostile_parameters_never_break_the_page(self):
        call_id = self._create_call()
        for name in ("direction", "category", "groupby", "sortby", "format"):
            for value in (*HOSTILE, "price; DROP TABLE telecom_call", "__class__"):
                with self.subTest(name=name, value=value[:20]):
                    self.assertEqual(self._found(f"{name}={quote(value)}"), [call_id])
        for value in HOSTILE:
            with self.subTest(text=value[:20]):
                self._open(f"/my/calls?text={quote(value)}")

    # === FILES === #

    def _download(self, query):
        self.authenticate(self.user.login, self.user.login)
        return self.url_open(f"/my/calls/download?{query}", allow_redirects=False)

    def test_a_sheet_has_the_same_lines(self):
        evil = self._create_destination("=HYPERLINK(evil)")
        self._create_calls(
            [{"destination_id": evil.id, "price": "0.0034", "duration": 61}]
        )
        response = self._download("format=xlsx")
        self.assertEqual(response.status_code, 200)
        book = openpyxl.load_workbook(io.BytesIO(response.content))
        titles, line = list(book.active.iter_rows(values_only=True))
        self.assertEqual(titles[:3], ("Start (Europe/Madrid)", "Direction", "Service"))
        self.assertEqual(
            line,
            (
                "2026-07-10 10:00:00",
                "Outgoing",
                "Voice",
                "'+34 910 00 00 01 (Reception)",
                "+34 600 00 00 01",
                "'=HYPERLINK(evil)",
                "0:01:01",
                61,
                0,
                0,
                0.0034,
                "EUR",
                "Not invoiced yet",
            ),
        )

    def test_paper(self):
        self._create_calls([{"price": "0.0034"}, {"price": "1"}])
        response = self._download("format=pdf&date_from=2026-07-01")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        self.assertIn("calls_2026-07-01.pdf", response.headers["Content-Disposition"])

    def test_paper_says_what_the_page_says(self):
        withheld = {"direction": "incoming", "calling_number": "+34699999999"}
        self._create_calls([{"price": "0.0034"}, {**withheld, "is_withheld": True}])
        text = self.portal._export_pdf(self.portal._call_filter()).decode()
        self.assertIn("+34 600 00 00 01", text)
        self.assertIn("Withheld number", text)
        self.assertIn("Acme Bakery", text)
        for secret in ("699", "0.777", "Secret Carrier"):
            self.assertNotIn(secret, text)

    def test_too_much_for_paper_is_told(self):
        self._create_calls([{} for _ in range(3)])
        with patch.object(telecom_portal_export, "PDF_LIMIT", 2):
            response = self._download("format=pdf")
        self.assertEqual(response.status_code, 303)
        page = self._open(response.headers["Location"].removeprefix(self.base_url()))
        self.assertIn("too many calls for a PDF", page)

    def test_a_file_is_whole_however_the_page_is_sorted(self):
        self._create_calls([{"duration": n} for n in range(1, 6)])
        with patch.object(telecom_portal_calls, "SCAN_SIZE", 2):
            response = self._download("sortby=longest")
        self.assertEqual(len(response.text.strip().splitlines()), 6)
