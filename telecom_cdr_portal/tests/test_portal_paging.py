# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
import html
import re
from datetime import datetime, timedelta
from itertools import chain
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from ..models import telecom_portal_calls as calls_module
from ..parameters import CallKey
from .common import PortalCase

START = datetime(2026, 7, 10, 8, 0)


@tagged("post_install", "-at_install")
class TestPortalPaging(PortalCase):
    """Every call on exactly one page, either way, however many begin at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Three calls in each second but one, which has ten.
        seconds = [n // 3 for n in range(21)] + [3] * 7
        ids = cls._create_calls(
            [{"start_at": START + timedelta(seconds=second)} for second in seconds]
        )
        order = sorted(zip(seconds, ids, strict=True), reverse=True)
        cls.newest_first = [id_ for _second, id_ in order]

    def _walk(self, calls, size, is_backwards=False, key=None):
        """Ids of the pages from a key on, until there are no more."""
        pages = []
        while True:
            page = self.portal._page(calls, key, is_backwards, size)
            pages.append([row.id for row in page.rows])
            key = page.before if is_backwards else page.after
            if key is None:
                return pages
            self.assertLess(len(pages), 60, "goes on for ever")

    def test_forwards_without_loss_or_repeat(self):
        for newest_first in (True, False):
            calls = self.portal._call_filter(newest_first=newest_first)
            expected = self.newest_first[:: 1 if newest_first else -1]
            for size in (1, 4, 5, 28, 50):
                with self.subTest(newest_first=newest_first, size=size):
                    pages = self._walk(calls, size)
                    self.assertEqual(list(chain(*pages)), expected)
                    self.assertEqual(len(pages), -(-28 // size))

    def test_backwards_without_loss_or_repeat(self):
        calls = self.portal._call_filter()
        end = CallKey(START - timedelta(days=1), 0)
        for size in (4, 7, 14):
            with self.subTest(size=size):
                pages = self._walk(calls, size, True, end)
                self.assertEqual(list(chain(*reversed(pages))), self.newest_first)

    def test_back_and_forth_is_the_same_page(self):
        calls = self.portal._call_filter()
        first = self.portal._page(calls, size=6)
        second = self.portal._page(calls, first.after, size=6)
        back = self.portal._page(calls, second.before, True, size=6)
        self.assertEqual(back.rows, first.rows)
        self.assertEqual(self.portal._page(calls, back.after, size=6).rows, second.rows)

    def test_new_calls_do_not_shift_the_pages(self):
        calls = self.portal._call_filter()
        first = self.portal._page(calls, size=6)
        expected = self.portal._page(calls, first.after, size=6).rows
        self._create_call(start_at=START + timedelta(days=1))
        self.assertEqual(self.portal._page(calls, first.after, size=6).rows, expected)

    def test_a_page_short_of_the_start_is_filled(self):
        calls = self.portal._call_filter()
        first = self.portal._page(calls, size=3)
        page = self.portal._page(calls, first.after, True, size=6)
        self.assertEqual([row.id for row in page.rows], self.newest_first[:6])

    def test_links_of_the_page_lead_through_all_calls(self):
        shown, url = [], "/my/calls?date_from=2026-07-01"
        with patch.object(calls_module, "PAGE_SIZE", 9):
            while url:
                text = self._open(url)
                shown += self._shown_ids(text)
                [link] = re.findall(r'<a [^>]*rel="next"[^>]*>', text)
                url = re.search(r'href="([^"]*)"', link)
                url = url and html.unescape(url[1])
                self.assertLess(len(shown), 100)
        self.assertEqual(shown, self.newest_first)

    def test_rare_calls_are_searched_in_steps(self):
        """A filter that few of many calls pass stops, says where, and goes on."""
        rare = self._create_number("+34910000003", self.acme)
        [old] = self._create_calls(
            [{"number_id": rare.id, "start_at": START - timedelta(days=9)}]
        )
        calls = self.portal._call_filter(number_ids=(rare.id,))
        with patch.object(calls_module, "SCAN_SIZE", 10):
            page = self.portal._page(calls)
            self.assertEqual((page.rows, page.is_partial), ([], True))
            self.assertEqual(list(chain(*self._walk(calls, 50))), [old])
            text = self._open("/my/calls?number=910000003")
            self.assertIn("Looked through the calls as far as 07/10/2026", text)
            self.assertIn('rel="next"', text)

    # === SPEED, WITHOUT A CLOCK === #

    def _plan(self, query):
        lines = self.env.execute_query(SQL("EXPLAIN %s", query))
        return "\n".join(line for (line,) in lines)

    def _fill(self):
        """Many calls of others, so that the planner has a choice to make."""
        self.env.cr.execute(
            """
            INSERT INTO telecom_call (company_id, carrier_id, partner_id, start_at, day,
                                      direction, service, rating_state, duration)
            SELECT %s, %s, CASE WHEN n %% 4 = 0 THEN %s ELSE -n %% 1000 END,
                   %s::timestamp + n * interval '1 second', '2026-07-10',
                   'outgoing', 'voice', 'rated', 60
              FROM generate_series(1, 40000) n
            """,
            (self.company.id, self.carrier.id, self.acme.id, START),
        )
        self.env.cr.execute("ANALYZE telecom_call")

    def test_plans_use_the_index_of_customer_and_start(self):
        self._fill()
        portal = self.portal
        key = CallKey(START + timedelta(seconds=20_000), 10)
        ranged = portal._call_filter(start=START, end=START + timedelta(days=9))
        for calls in (portal._call_filter(), ranged):
            for newest_first in (True, False):
                for place in (None, key):
                    query = portal._scan_sql(calls, newest_first, place, SQL("c.*"))
                    plan = self._plan(SQL("SELECT * FROM (%s) c LIMIT 51", query))
                    with self.subTest(plan=plan):
                        self.assertIn("telecom_call_partner_start_idx", plan)
                        self.assertNotIn("Seq Scan on telecom_call", plan)

    def test_the_number_of_queries_does_not_grow_with_the_calls(self):
        def queries():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            page = self.portal._page(self.portal._call_filter())
            self.portal._months(page.rows)
            self.portal._count(self.portal._call_filter())
            return self.env.cr.sql_log_count - before, len(page.rows)

        queries()
        few, shown = queries()
        self.assertEqual(shown, 28)
        self._create_calls(
            [{"start_at": START + timedelta(days=n)} for n in range(300)]
        )
        many, shown = queries()
        self.assertEqual(shown, 50)
        self.assertLessEqual(many, few)
