# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.telecom_cdr.tests.common import MANAGER, READER, USER

from .voip_common import LANDLINE, MOBILE, VoipCommon

NOW = "2026-03-10 10:00:00"
LAWFUL = "telecom_cdr.group_telecom_lawful"


@tagged("post_install", "-at_install")
class TestAuthoriseMoney(VoipCommon):
    """All on a Tuesday in March, 11:00 in Madrid."""

    def setUp(self):
        super().setUp()
        self.clock = self.enterContext(freeze_time(NOW))

    def _pass(self, **spell):
        self.clock.tick(timedelta(**spell))

    def _ended(self, reference, duration=None):
        self.env.flush_all()
        asked = self._asked("", reference=reference)
        return self.authorisation._ended(asked, duration)

    def _continue(self, reference):
        self.env.flush_all()
        return self.authorisation._continue(self._asked("", reference=reference))

    def test_longest_duration_is_what_the_rest_pays_for(self):
        cases = [
            (0.90, MOBILE, 600),  # 0.0015 a second
            (0.01, MOBILE, 6),  # 0.009, 0.0105
            (0.10, LANDLINE, 120),  # 0.07, 0.09, 0.11
            (0.07, LANDLINE, 60),
            (100, LANDLINE, 14400),
        ]
        limit = self._limit(1)
        for amount, called, seconds in cases:
            with self.subTest(amount=amount, called=called):
                limit.amount = amount
                answer = self._ask(called, reference="one")
                self.assertAnswer(answer, "ok", max_duration=seconds)
                self._underway("one").unlink()
        for amount, called in ((0.06, LANDLINE), (0, LANDLINE), (0, MOBILE)):
            with self.subTest(amount=amount, called=called):
                limit.amount = amount
                answer = self._ask(called, reference="one")
                self.assertAnswer(answer, "limit", allowed=False, sip_code=402)

    def test_stored_calls_and_calls_under_way_count(self):
        self._limit(0.90)
        # 100 s to a mobile: 0.15
        self._process("2026-03-09 12:00:00,910000001,600000001,100,,x1")
        self.assertAnswer(self._ask(MOBILE, reference="a"), "ok", max_duration=500)
        self.assertAlmostEqual(self._underway("a").reserved, 0.75)
        self.assertAnswer(self._ask(MOBILE, reference="b"), "limit")
        self.assertFalse(self._underway("b"))
        self.assertAnswer(self._ask(MOBILE, reference="a"), "ok", max_duration=500)

    def test_ended_call_counts_what_it_cost_until_its_record_comes(self):
        limit = self._limit(0.90)
        self._ask(MOBILE, reference="a")
        self._pass(seconds=300)
        self.assertAnswer(self._ended("a", 200), "ok")
        call = self._underway("a")
        self.assertAlmostEqual(call.reserved, 0.30)
        self.assertAlmostEqual(limit.spent, 0.30)
        self.assertAnswer(self._ask(MOBILE, reference="b"), "ok", max_duration=400)
        self._ended("b", 0)
        # 11:00:05 in Madrid
        self._process("2026-03-10 11:00:05,910000001,600000001,200,,x1")
        limit.invalidate_recordset()
        self.assertAlmostEqual(limit.spent, 0.30)
        self.assertAnswer(self._ask(MOBILE, reference="c"), "ok", max_duration=400)
        self.env["telecom.call.underway"]._settle()
        settled = self._underway("a")
        self.assertTrue(settled.settled_at)
        self.assertEqual(settled.called, "+34600000XXX")
        self.assertFalse(self._underway("c").settled_at)

    def _hide(self, digits, **values):
        return self.env["telecom.masking"].create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "hidden_digits": digits,
                **values,
            }
        )

    def test_record_with_hidden_digits_is_that_of_the_call(self):
        self.tariff.rate_ids = [Command.create({"prefix": "34600", "price": 0.30})]
        self._hide(3)
        limit = self._limit(10)
        # 0.005 a second
        self._ask(MOBILE, reference="a")
        self._pass(seconds=1000)
        self._ended("a", 1000)
        self.assertAlmostEqual(limit.spent, 5.00)
        self._process("2026-03-10 11:00:05,910000001,600000001,1000,,x1")
        self.assertEqual(self._calls().called_number, "+34600000xxx")
        limit.invalidate_recordset()
        self.assertAlmostEqual(limit.spent, 5.00)
        self.assertAnswer(self._ask(MOBILE, reference="b"), "ok", max_duration=1000)

    def test_as_many_digits_are_hidden_as_any_customer_of_the_company_hides(self):
        self._ask(MOBILE, reference="a")
        self._ask("+34600000002", reference="b")
        reader = self._new_user("few_rights", READER)
        cases = [(1, "+34600000XXX"), (5, "+346000XXXXX"), (15, "+XXXXXXXXXXX")]
        for digits, text in cases:
            self._hide(digits, partner_id=self.other_customer.id)
            self._pass(seconds=1)
            calls = (self._underway("a") | self._underway("b")).with_user(reader)
            with self.subTest(digits=digits):
                self.assertEqual(calls.mapped("called_text"), [text, text])

    def test_settled_calls_forget_as_many_digits(self):
        self._hide(5)
        self._ask(MOBILE, reference="a")
        self._pass(days=1)
        self.env["telecom.call.underway"]._settle()
        self.assertEqual(self._underway("a").called, "+346000XXXXX")
        self.assertEqual(self._underway("a").called_text, "+346000XXXXX")

    def test_digits_of_calls_under_way_are_for_nobody(self):
        """Lawful access is to records, by an assistant that keeps a log of it."""
        self._ask(MOBILE, reference="a")
        for groups in (READER, MANAGER, f"{USER},{LAWFUL}"):
            user = self._new_user(f"looker {groups}", groups)
            call = self._underway("a").with_user(user)
            with self.subTest(groups), self.assertRaises(AccessError):
                call.read(["called"])
            self.assertEqual(call.called_text, "+34600000XXX")
        call = self._underway("a").with_user(self._new_user("looker", MANAGER))
        call.action_release()
        call = self._underway("a")
        self.assertEqual((call.called, call.reserved), ("+34600000XXX", 0))

    def test_record_of_another_call_settles_nothing(self):
        self._limit(0.90)
        self._ask(MOBILE, reference="a")
        self._pass(seconds=300)
        self._ended("a", 200)
        self._process(
            "2026-03-10 09:00:00,910000001,600000001,100,,x1",
            "2026-03-10 11:00:05,910000001,600000002,100,,x2",
        )
        # 0.90 less 0.30 under way and twice 0.15 stored
        self.assertAnswer(self._ask(MOBILE, reference="b"), "ok", max_duration=200)

    def test_call_without_an_end_expires(self):
        self._limit(0.90)
        self._ask(MOBILE, reference="a")
        self._pass(seconds=659)
        self.assertAnswer(self._ask(MOBILE, reference="b"), "limit")
        self._pass(seconds=2)
        self.assertAnswer(self._ask(MOBILE, reference="b"), "ok", max_duration=600)

    def test_part_by_part(self):
        self.switch.time_reserved = 120
        self._limit(0.45)  # 300 s
        self.assertAnswer(self._ask(MOBILE, reference="a"), "ok", max_duration=120)
        self.assertAnswer(self._ask(MOBILE, reference="b"), "ok", max_duration=120)
        self._pass(seconds=100)
        # 60 s are left beside the 120 of the other call and the 120 of its own
        self.assertAnswer(self._continue("a"), "ok", max_duration=180)
        self.assertAlmostEqual(self._underway("a").reserved, 0.27)
        self.assertAnswer(self._continue("b"), "ok", max_duration=120)
        self._ended("b", 10)
        self.assertAnswer(self._continue("a"), "ok", max_duration=220)
        self.assertAnswer(self._continue("b"), "unknown_call")
        self.assertAnswer(self._ended("zzz", 5), "unknown_call")

    def test_calls_may_go_on_beyond_the_limit_where_the_company_likes(self):
        self.company.telecom_end_calls = False
        self._limit(0.90)
        self.assertAnswer(self._ask(MOBILE, reference="a"), "ok", max_duration=14400)
        self.assertAlmostEqual(self._underway("a").reserved, 0.90)
        self.assertAnswer(self._ask(MOBILE, reference="b"), "limit")

    def test_limit_of_a_number_and_of_a_day(self):
        second = self._create_number("+34910000003", self.customer)
        self.account.number_ids = [Command.link(second.id)]
        self._limit(0.09, number_id=self.number.id)
        self._limit(0.18, period="day")
        self._process("2026-03-09 12:00:00,910000003,600000001,6000,,x1")
        self.assertAnswer(self._ask(MOBILE, reference="a"), "ok", max_duration=60)
        answer = self._ask(MOBILE, calling="910000003", reference="b")
        self.assertAnswer(answer, "ok", max_duration=60)

    def test_warning_limits_refuse_nothing(self):
        self._limit(0.01, is_blocking=False)
        self.assertAnswer(self._ask(MOBILE, reference="a"), "ok", max_duration=14400)

    def test_limit_of_another_customer_does_not_count(self):
        self._limit(0.01, partner_id=self.other_customer.id)
        self.assertAnswer(self._ask(MOBILE, reference="a"), "ok", max_duration=14400)

    def test_a_repeated_question_gets_the_same_answer(self):
        limit = self._limit(0.90)
        self.assertAnswer(self._ask(MOBILE, reference="a"), "ok", max_duration=600)
        limit.amount = 1.80
        self._pass(seconds=9)
        self.assertAnswer(self._ask(MOBILE, reference="a"), "ok", max_duration=600)
        self.assertAlmostEqual(self._underway("a").reserved, 0.90)
        self._pass(seconds=1)
        self.assertAnswer(self._ask(MOBILE, reference="a"), "reference")

    def test_the_reference_of_another_call_is_refused(self):
        self._limit(0.90)
        self._ask(MOBILE, reference="a")
        answer = self._ask(LANDLINE, reference="a")
        self.assertAnswer(answer, "reference", allowed=False, sip_code=403)
        self.other.number_ids = [Command.link(self.number.id)]
        answer = self._ask(MOBILE, reference="a", login=self.other.login)
        self.assertAnswer(answer, "reference")
        call = self._underway("a")
        self.assertEqual((call.called, call.account_id), (MOBILE, self.account))
        self.assertAlmostEqual(call.reserved, 0.90)

    def test_the_reference_of_an_ended_call_is_refused(self):
        self._limit(0.90)
        self._ask(MOBILE, reference="a")
        self._ended("a", 200)
        self.assertAnswer(self._ask(MOBILE, reference="a"), "reference")
        call = self._underway("a")
        self.assertTrue(call.ended_at)
        self.assertAlmostEqual(call.reserved, 0.30)
        self.assertAnswer(self._ask(MOBILE, reference="b"), "ok", max_duration=400)

    def test_limited_call_needs_a_reference(self):
        self._limit(1)
        self.assertAnswer(self._ask(MOBILE), "reference")

    def test_reached_limit_is_told_once(self):
        limit = self._limit(0.30)
        self._ask(MOBILE, reference="a")
        self._ended("a", 200)
        limit.invalidate_recordset()
        self.assertEqual(limit.state, "reached")
        self.assertEqual(len(limit.notice_ids), 1)
        self.assertAnswer(self._ask(MOBILE, reference="b"), "limit")
        limit.invalidate_recordset()
        self.assertEqual(len(limit.notice_ids), 1)

    def test_free_calls_go_on_at_the_limit(self):
        self.tariff.rate_ids = [Command.create({"prefix": "34900", "price": 0})]
        self._limit(0)
        answer = self._ask("+34900000001", reference="a")
        self.assertAnswer(answer, "ok", max_duration=14400)

    def test_bundle_lengthens_a_call(self):
        bundle = self._create_bundle(
            "Hundred", {"service": "voice", "seconds": 6000, "categories": False}
        )
        self._give_bundle(bundle, self.customer)
        self._limit(0.90)
        answer = self._ask(MOBILE, reference="a")
        self.assertAnswer(answer, "ok", max_duration=6600)
        call = self._underway("a")
        self.assertAlmostEqual(call.reserved, 0.90)
        self.assertEqual(call.draws[0][4], 6000)
        # The bundle is reserved, too: nothing is left for another call.
        self.assertAnswer(self._ask(MOBILE, reference="b"), "limit")
        self._ended("a", 6000)
        self.assertAnswer(self._ask(MOBILE, reference="b"), "ok", max_duration=600)

    def test_prices_are_those_of_the_import(self):
        """The same calls, asked for and stored, cost the same."""
        self._limit(1000)
        for number, seconds in ((MOBILE, 61), (LANDLINE, 1), (LANDLINE, 61)):
            self._ask(number, reference=f"{number}-{seconds}")
            self._ended(f"{number}-{seconds}", seconds)
        calls = self.env["telecom.call.underway"]
        calls = calls.search([("switch_id", "=", self.switch.id)], order="id")
        reserved = calls.mapped("reserved")
        file = self._process(
            "2026-03-08 10:00:00,910000001,600000001,61,,y1",
            "2026-03-08 11:00:00,910000001,910000009,1,,y2",
            "2026-03-08 12:00:00,910000001,910000009,61,,y3",
        )
        self.assertEqual(file.call_count, 3)
        self.assertEqual(reserved, self._calls().mapped("price"))
        self.assertEqual(reserved, [0.0915, 0.07, 0.09])
