# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Ended calls whose records come later, and the limits of which days they count for."""

from freezegun import freeze_time

from odoo.tests import tagged

from .voip_common import LANDLINE, MOBILE, VoipCommon


@tagged("post_install", "-at_install")
class TestAuthorisePeriods(VoipCommon):
    """600 s to a mobile number cost 0.90, 60 s to a landline 0.07."""

    def _call(self, reference, called, seconds, start):
        """A call that began then and has ended; its file has not come."""
        with freeze_time(start) as clock:
            self._ask(called, reference=reference)
            clock.tick(seconds)
            self.env.flush_all()
            asked = self._asked("", reference=reference)
            self.authorisation._ended(asked, seconds)

    def _spent(self, limit):
        self.env.flush_all()
        limit.invalidate_recordset()
        return limit.spent

    def test_yesterdays_call_is_of_yesterdays_limit(self):
        limit = self._limit(0.90, period="day")
        self._call("a", MOBILE, 600, "2026-03-10 20:00:00")
        with freeze_time("2026-03-10 22:59:00"):
            self.assertEqual(self._spent(limit), 0.90)
            self.assertAnswer(self._ask(MOBILE, reference="b"), "limit")
        # Midnight in Madrid.
        with freeze_time("2026-03-10 23:00:00"):
            self.assertEqual(self._spent(limit), 0)
            self.assertAnswer(self._ask(MOBILE, reference="b"), "ok", max_duration=600)

    def test_a_day_that_has_begun_is_not_told_of_the_day_before(self):
        limit = self._limit(0.90, period="day")
        self._call("a", MOBILE, 600, "2026-03-10 20:00:00")
        with freeze_time("2026-03-11 05:00:00"):
            limit._refresh()
            self.assertEqual(limit.state, "open")
            limit.invalidate_recordset()
        days = limit.notice_ids.mapped(lambda one: (one.level, str(one.period_start)))
        self.assertEqual(days, [("reached", "2026-03-10")])

    def test_last_months_call_is_of_last_months_limit(self):
        limit = self._limit(0.90)
        self._call("a", MOBILE, 600, "2026-03-31 20:00:00")
        with freeze_time("2026-03-31 21:00:00"):
            self.assertAnswer(self._ask(MOBILE, reference="b"), "limit")
        with freeze_time("2026-04-01 08:00:00"):
            self.assertEqual(self._spent(limit), 0)
            self.assertAnswer(self._ask(MOBILE, reference="b"), "ok", max_duration=600)

    def test_a_record_of_an_internal_call_settles_it(self):
        limit = self._limit(0.90)
        self._call("a", LANDLINE, 60, "2026-03-10 10:00:00")
        with freeze_time("2026-03-10 12:00:00"):
            self.assertEqual(self._spent(limit), 0.07)
            self._process("2026-03-10 11:00:05,910000001,910000009,60,,x1")
            self.env.flush_all()
            self.env.cr.execute("UPDATE telecom_call SET direction = 'internal'")
            self.assertEqual(self._spent(limit), 0.07)

    def test_a_record_without_a_price_does_not_settle_it(self):
        limit = self._limit(0.90)
        self._call("a", MOBILE, 600, "2026-03-10 10:00:00")
        with freeze_time("2026-03-10 12:00:00"):
            self._process("2026-03-10 11:00:05,910000001,600000001,600,,x1")
            self._calls().write({"rating_state": "unrated", "price": 0})
            self.assertEqual(self._spent(limit), 0.90)
            self.assertAnswer(self._ask(MOBILE, reference="b"), "limit")
            self._calls().write({"rating_state": "rated", "price": 0.90})
            self.assertEqual(self._spent(limit), 0.90)
