# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import datetime
from unittest.mock import patch

from odoo.tests import tagged

from ..models import telecom_portal_export
from .common import PortalCase


@tagged("post_install", "-at_install")
class TestPortalExport(PortalCase):
    HEADER = (
        "Start (Europe/Madrid),Direction,Service,Own number,Other number,Destination,"
        "Duration,Seconds,Seconds from bundles,Bytes,Amount,Currency,Status"
    )

    def _download(self, query="", user=None, folder=""):
        login = (user or self.user).login
        self.authenticate(login, login)
        url = f"{folder}/my/calls/download{query}"
        return self.url_open(url, allow_redirects=False)

    def _lines(self, *args, **kwargs):
        response = self._download(*args, **kwargs)
        self.assertEqual(response.status_code, 200)
        text = response.content.decode("utf-8-sig")
        self.assertTrue(text.endswith("\r\n"))
        return text.removesuffix("\r\n").split("\r\n")

    def test_content_is_exact(self):
        self._create_calls(
            [
                {"duration": 3_725, "price": "0.003400"},
                {
                    "direction": "incoming",
                    "calling_number": "+34699999999",
                    "is_withheld": True,
                    "rating_state": "excluded",
                    "price": None,
                    "start_at": datetime(2026, 7, 9, 22, 30, 5),
                },
                {
                    "service": "data",
                    "called_number": None,
                    "duration": 0,
                    "volume": 5_000_000_000,
                    "price": "12",
                    "start_at": datetime(2026, 7, 8, 8, 0),
                },
            ]
        )
        own = "+34 910 00 00 01 (Reception)"
        self.assertEqual(
            self._lines(),
            [
                self.HEADER,
                f"2026-07-10 10:00:00,Outgoing,Voice,'{own},+34 600 00 00 01,Mobile,"
                "1:02:05,3725,0,0,0.0034,EUR,Not invoiced yet",
                f"2026-07-10 00:30:05,Incoming,Voice,'{own},Withheld number,,"
                "0:01:00,60,0,0,,,Not charged",
                f"2026-07-08 10:00:00,Outgoing,Data,'{own},Data,Mobile,"
                "0:00:00,0,0,5000000000,12.00,EUR,Not invoiced yet",
            ],
        )

    def test_headers(self):
        self._create_call()
        response = self._download("?date_from=2026-07-01&date_to=2026-07-31")
        self.assertEqual(response.headers["Content-Type"], "text/csv; charset=utf-8")
        self.assertIn(
            "calls_2026-07-01_2026-07-31.csv", response.headers["Content-Disposition"]
        )
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertTrue(response.content.startswith(b"\xef\xbb\xbf"))

    def test_same_filter_as_the_page(self):
        ids = self._create_calls(
            [{"start_at": datetime(2026, 7, day), "duration": day} for day in (1, 2, 3)]
        )
        query = "?date_from=2026-07-02&sortby=oldest"
        self.assertEqual(self._shown_ids(self._open(f"/my/calls{query}")), ids[1:])
        seconds = [line.split(",")[7] for line in self._lines(query)[1:]]
        self.assertEqual(seconds, ["2", "3"])

    def test_all_pages_of_a_long_list(self):
        self._create_calls([{"duration": n} for n in range(1, 30)])
        with patch.object(telecom_portal_export, "EXPORT_STEP", 7):
            seconds = [int(line.split(",")[7]) for line in self._lines()[1:]]
        self.assertEqual(sorted(seconds), list(range(1, 30)))

    def test_formulas_are_disarmed_and_numbers_stay_readable(self):
        evil = self._create_destination("=HYPERLINK(evil)")
        self.number.label = False
        self._create_call(destination_id=evil.id, called_number="+1+cmd()")
        [_header, line] = self._lines()
        self.assertIn(",'=HYPERLINK(evil),", line)
        self.assertIn(",'+1+cmd(),", line)
        self.assertIn(",+34 910 00 00 01,", line)

    def test_commas_of_the_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.user.lang = "es_ES"
        self._create_call(price="1234.5")
        [header, line] = self._lines(folder="/es")
        self.assertIn(";", header)
        self.assertIn(";1234,50;EUR;", line)

    def test_too_many_calls_are_refused_with_what_to_do(self):
        self._create_calls([{} for _ in range(4)])
        with patch.object(telecom_portal_export, "EXPORT_LIMIT", 3):
            response = self._download("?sortby=oldest")
            self.assertEqual(response.status_code, 303)
            page = self._open(
                response.headers["Location"].removeprefix(self.base_url())
            )
        self.assertIn("choose a shorter period", page)
        with patch.object(telecom_portal_export, "EXPORT_LIMIT", 4):
            self.assertEqual(len(self._lines()), 5)

    def test_a_filter_that_cannot_be_read_gives_no_file(self):
        """Else a typing error would give the calls of all time."""
        self._create_call()
        for query in ("?date_from=nonsense", "?number=%2B34910000002"):
            with self.subTest(query=query):
                response = self._download(query)
                self.assertEqual(response.status_code, 303)
                self.assertIn("/my/calls?", response.headers["Location"])

    def test_nobody_elses_calls(self):
        self._create_call()
        self.assertEqual(self._lines(user=self.rival_user), [self.HEADER])
