# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.telecom_cdr.tests.refusal import RefusalMixin

from .voip_common import LANDLINE, MOBILE, VoipCommon


@tagged("post_install", "-at_install")
class TestRedirect(VoipCommon, RefusalMixin):
    """Incoming calls, on a Tuesday at 11:00 in Madrid."""

    def setUp(self):
        super().setUp()
        self.clock = self.enterContext(freeze_time("2026-03-10 10:00:00"))

    def _call_in(self, called="910000001", **values):
        return self._ask(called, login="", direction="in", **values)

    def test_number_rings_at_its_accounts(self):
        self.assertAnswer(
            self._call_in(),
            "ok",
            allowed=True,
            accounts=("reception",),
            redirect="",
            number="+34910000001",
        )
        self.account.action_block()
        self.assertAnswer(self._call_in(), "ok", accounts=())

    def test_numbers_that_are_none(self):
        self.assertAnswer(self._call_in("910999999"), "unknown_number", sip_code=404)
        self.number.is_suspended = True
        self.assertAnswer(self._call_in(), "number_inactive")

    def test_always(self):
        self._redirect("600 000 001")
        self.assertAnswer(
            self._call_in(reference="a"),
            "ok",
            redirect=MOBILE,
            caller="+34910000001",
            max_duration=14400,
        )
        self.assertEqual(self._underway("a").partner_id, self.customer)

    def test_not_while_the_accounts_of_the_number_are_blocked(self):
        """Else a blocked account calls on through a redirection."""
        second = self._create_account("second", number_ids=self.number.ids)
        self._redirect(MOBILE)
        self.account.action_block()
        self.assertAnswer(self._call_in(reference="a"), "ok", redirect=MOBILE)
        second.action_block()
        answer = self._call_in(reference="b")
        self.assertAnswer(answer, "redirect_refused", redirect="", max_duration=0)
        self.assertIn("The account is blocked.", answer.text)
        self.assertFalse(self._underway("b"))
        self.account.action_unblock()
        self.assertAnswer(self._call_in(reference="c"), "ok", redirect=MOBILE)

    def test_conditions_are_told_and_asked_for(self):
        self._redirect(MOBILE, condition="busy")
        self._redirect(LANDLINE, condition="no_answer", after_seconds=15)
        self._redirect("+34600000003", condition="unreachable")
        self.assertAnswer(
            self._call_in(reference="a"),
            "ok",
            redirect="",
            on_busy=MOBILE,
            on_no_answer=LANDLINE,
            no_answer_seconds=15,
            on_unreachable="+34600000003",
        )
        self.assertFalse(self._underway("a"))
        answer = self._call_in(reference="a", condition="no_answer")
        self.assertAnswer(answer, "ok", redirect=LANDLINE, max_duration=14400)
        self.assertEqual(self._underway("a").called, LANDLINE)

    def test_first_that_counts_at_the_time(self):
        self._redirect(MOBILE, sequence=2)
        day = {"hour_from": 9, "hour_to": 18}
        self._redirect(LANDLINE, sequence=1, on_saturday=False, on_sunday=False, **day)
        moments = {
            "2026-03-10 10:00:00": LANDLINE,
            "2026-03-10 07:59:59": MOBILE,  # 8:59:59
            "2026-03-10 08:00:00": LANDLINE,
            "2026-03-10 17:00:00": MOBILE,
            "2026-03-14 10:00:00": MOBILE,  # Saturday
        }
        for moment, target in moments.items():
            self.clock.move_to(moment)
            with self.subTest(moment):
                answer = self._call_in(reference=moment)
                self.assertAnswer(answer, "ok", redirect=target)

    def test_nights_end_in_the_morning(self):
        night = self._redirect(MOBILE, hour_from=22, hour_to=7)
        for day in ("tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"):
            night[f"on_{day}"] = False
        moments = {
            "2026-03-09 21:30:00": MOBILE,  # Monday 22:30
            "2026-03-10 05:59:00": MOBILE,  # Tuesday 6:59
            "2026-03-10 06:00:00": "",
            "2026-03-09 03:00:00": "",  # the night of Sunday
        }
        for moment, target in moments.items():
            self.clock.move_to(moment)
            with self.subTest(moment):
                answer = self._call_in(reference=moment)
                self.assertAnswer(answer, "ok", redirect=target)

    def test_times_of_the_customer(self):
        self.customer.tz = "Atlantic/Canary"
        self._redirect(MOBILE, hour_from=10, hour_to=10.5)
        self.assertAnswer(self._call_in(reference="a"), "ok", redirect=MOBILE)

    def test_limit_of_who_redirects(self):
        self._redirect(MOBILE)
        limit = self._limit(0.90)
        answer = self._call_in(reference="a")
        self.assertAnswer(answer, "ok", redirect=MOBILE, max_duration=600)
        answer = self._call_in(reference="b")
        self.assertAnswer(
            answer,
            "redirect_refused",
            allowed=True,
            redirect="",
            accounts=("reception",),
        )
        limit.action_archive()
        self.assertAnswer(self._call_in(reference="b"), "ok", redirect=MOBILE)

    def test_refused_targets(self):
        self._block(kind="category", category="premium")
        self._block(kind="prefix", prefix="34699")
        cases = {
            "": "is not a telephone number",
            "hello": "is not a telephone number",
            "112": "is not a telephone number",
            "1" * 40: "is not a telephone number",
            "910000001": "in a circle",
            "699000000": "are blocked",
        }
        for target, words in cases.items():
            with (
                self.subTest(target),
                self.assertSays(ValidationError, words),
                self.env.cr.savepoint(),
            ):
                self._redirect(target)
        redirect = self._redirect(MOBILE)
        with self.assertSays(ValidationError, "are blocked"), self.env.cr.savepoint():
            redirect.target = "+34699000001"
        self.assertEqual(redirect.target, MOBILE)

    def test_blocks_that_come_later_count(self):
        self._redirect(MOBILE)
        self._block(kind="category", category="mobile")
        self.assertAnswer(self._call_in(reference="a"), "ok", redirect="")

    def test_circles_are_refused_and_not_followed(self):
        self._redirect("+34910000002")
        with self.assertSays(ValidationError, "in a circle"), self.env.cr.savepoint():
            self._redirect("+34910000001", number=self.other_number)
        theirs = self._redirect(MOBILE, number=self.other_number)
        self.assertAnswer(self._call_in(reference="a"), "ok", redirect="+34910000002")
        # As a transaction of another customer at the same time would leave it.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE telecom_redirect SET target = '+34910000001' WHERE id = %s",
            [theirs.id],
        )
        self.assertAnswer(self._call_in(reference="a"), "ok", redirect="")

    def test_refused_hours(self):
        for first, last in ((9, 9), (-1, 5), (3, 25)):
            with (
                self.subTest(first=first, last=last),
                self.assertSays(ValidationError, "Hours go from"),
                self.env.cr.savepoint(),
            ):
                self._redirect(MOBILE, hour_from=first, hour_to=last)
