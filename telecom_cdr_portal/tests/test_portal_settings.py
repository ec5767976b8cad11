# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .settings_common import SettingsCase

SAVES = {
    "/my/telecom/limits/save": {"period": "month", "amount": "5"},
    "/my/telecom/limits/remove": {"limit": "1"},
    "/my/telecom/masking/save": {"hide": "1"},
    "/my/telecom/users/save": {"user": "1", "scope": "some"},
    "/my/telecom/users/invite/send": {"email": "a@example.com", "scope": "all"},
    "/my/telecom/users/invite/again": {"user": "1"},
    "/my/telecom/users/remove": {"user": "1"},
    "/my/telecom/offers/order/confirm": {"bundle": "1"},
    "/my/telecom/offers/change/confirm": {"bundle": "1", "subscription": "1"},
    "/my/telecom/offers/cancel/confirm": {"subscription": "1"},
    "/my/telecom/offers/withdraw": {"order": "1"},
}


@tagged("post_install", "-at_install")
class TestPortalSettings(SettingsCase):
    """Limits and masking, as the customer sets them."""

    def _limits(self):
        limits = self.env["telecom.limit"].search([("partner_id", "=", self.acme.id)])
        return [
            (one.number_id.number or "all", one.period, one.amount, one.warn_percent)
            for one in limits.sorted("id")
        ]

    def _save(self, user=None, number="", period="month", amount="25", warn="80"):
        return self._portal(user)._save_limit(number, period, amount, warn, None)

    # === LIMITS === #

    def test_a_limit_is_set_changed_and_taken_away(self):
        text = self._post(
            "/my/telecom/limits/save",
            number="",
            period="month",
            amount="25.50",
            warn_percent="75",
            is_blocking="1",
        )
        self.assertIn("The limit is set.", text)
        self.assertIn("All numbers, each month", text)
        self.assertEqual(self._limits(), [("all", "month", 25.5, 75)])
        limit = self.env["telecom.limit"].search([("partner_id", "=", self.acme.id)])
        self.assertTrue(limit.is_blocking)
        self._post("/my/telecom/limits/save", number="", period="month", amount="30,00")
        self.assertEqual(self._limits(), [("all", "month", 30, 0)])
        text = self._post("/my/telecom/limits/remove", limit=limit.id)
        self.assertIn("No limit is set.", text)
        self.assertFalse(limit.active)
        first, second, third = self._changes()
        what = "Limit, All numbers, each month"
        before = f"{self._amount('25.50')}, warning at 75 %, calls are refused"
        self.assertEqual(first, ("acme_portal", what, "", before))
        self.assertEqual(second, ("acme_portal", what, before, self._amount("30")))
        self.assertEqual(third, ("acme_portal", what, self._amount("30"), ""))
        bodies = limit.message_ids.mapped("body")
        self.assertEqual(sum("Changed in the portal" in body for body in bodies), 3)
        self.assertEqual(limit.message_ids[0].author_id, self.user.partner_id)
        text = self._text("/my/telecom/changes")
        self.assertIn("warning at 75 %, calls are refused", text)
        self._post("/my/telecom/limits/save", period="month", amount="7")
        self.assertEqual(self._limits(), [("all", "month", 7, 0)])
        self.assertTrue(limit.active, "the same one, with its history")

    def test_a_limit_of_one_number(self):
        self._save(number=str(self.second.id), period="day", amount="1.5", warn="")
        self.assertEqual(self._limits(), [("+34910000003", "day", 1.5, 0)])
        self.assertIn(
            "+34 910 00 00 03 (Fax), each day", self._text("/my/telecom/limits")
        )

    def test_up_to_what_the_company_allows(self):
        limit = self.env["telecom.limit"].create(
            {
                "partner_id": self.acme.id,
                "amount": 40,
                "company_amount": 50,
                "is_blocking": True,
            }
        )
        text = self._post("/my/telecom/limits/save", period="month", amount="50.01")
        self.assertIn("choose a lower one", text)
        self.assertEqual(limit.amount, 40)
        self._post("/my/telecom/limits/save", period="month", amount="50")
        self.assertEqual((limit.amount, limit.is_blocking), (50, True))
        text = self._post("/my/telecom/limits/remove", limit=limit.id)
        self.assertIn("This limit stays: we have set it", text)
        self.assertTrue(limit.active)
        self.assertEqual(len(self._changes()), 1)

    def test_what_is_no_limit(self):
        cases = [
            ({"amount": "-1"}, "is no amount"),
            ({"amount": ""}, "is no amount"),
            ({"amount": "1e9"}, "is no amount"),
            ({"amount": "1.234"}, "is no amount"),
            ({"amount": "\uff11"}, "is no amount"),
            ({"warn": "100"}, "1 to 99 %"),
            ({"warn": "-5"}, "1 to 99 %"),
            ({"period": "year"}, "each month or each day"),
            ({"number": str(self.rival_number.id)}, "none of yours"),
            ({"number": "0 OR 1=1"}, "none of yours"),
            ({"number": "99999999999999999999"}, "none of yours"),
        ]
        for values, words in cases:
            with self.subTest(**values), self.assertRaisesRegex(UserError, words):
                self._save(**values)
        self.assertFalse(self._limits())

    def test_limits_of_others_are_not_there(self):
        limit = self.env["telecom.limit"].create(
            {"partner_id": self.acme.id, "amount": 40}
        )
        with self.assertRaisesRegex(UserError, "there no more"):
            self._portal(self.rival_user)._remove_limit(str(limit.id))
        self.assertNotIn("40.00", self._text("/my/telecom/limits", self.rival_user))
        self.assertTrue(limit.active)

    def test_the_company_may_switch_limits_off(self):
        self.company.telecom_portal_may_limits = False
        with self.assertRaisesRegex(UserError, "ask us to do it"):
            self._save()
        self.assertNotIn("Set a limit", self._text("/my/telecom/limits"))

    def test_who_sees_some_numbers_sets_these_only(self):
        right = self._limit_to(self.clerk, number_ids=[Command.set(self.second.ids)])
        whole = self.env["telecom.limit"].create(
            {"partner_id": self.acme.id, "amount": 40}
        )
        self._save(self.clerk, number=str(self.second.id))
        for values in ({"number": ""}, {"number": str(self.number.id)}):
            with self.assertRaises(UserError), self.cr.savepoint():
                self._save(self.clerk, **values)
        with self.assertRaisesRegex(UserError, "there no more"):
            self._portal(self.clerk)._remove_limit(str(whole.id))
        self.assertNotIn("40.00", self._text("/my/telecom/limits", self.clerk))
        right.may_change = False
        with self.assertRaisesRegex(UserError, "ask us to do it"):
            self._save(self.clerk, number=str(self.second.id))

    # === MASKING === #

    def test_digits_are_hidden_from_now_on(self):
        self.assertIn("all digits are shown", self._text("/my/telecom/masking"))
        text = self._post("/my/telecom/masking/save", number="", hide="1")
        self.assertIn("From now on the last 3 digits are hidden.", text)
        [choice] = self.env["telecom.masking"].search(
            [("partner_id", "=", self.acme.id)]
        )
        self.assertEqual((choice.hidden_digits, choice.date_end), (3, False))
        self.assertEqual(
            self._changes(),
            [
                (
                    "acme_portal",
                    "Digits of called numbers, All numbers",
                    "all digits are shown",
                    "the last 3 digits are hidden",
                )
            ],
        )
        self._post("/my/telecom/masking/save", number="", hide="1")
        self.assertEqual(len(self._changes()), 1, "nothing has changed")
        text = self._post(
            "/my/telecom/masking/save", number=str(self.second.id), hide="0"
        )
        self.assertIn("+34 910 00 00 03 (Fax)", text)
        self.assertEqual(self._changes()[1][2], "the last 3 digits are hidden")

    def test_masking_is_refused(self):
        self._limit_to(self.clerk, number_ids=[Command.set(self.second.ids)])
        cases = [
            (self.user, "", "2", "Choose whether"),
            (self.user, "", None, "Choose whether"),
            (self.user, str(self.rival_number.id), "1", "none of yours"),
            (self.clerk, "", "1", "Choose one of your numbers"),
            (self.clerk, str(self.number.id), "1", "none of yours"),
        ]
        for user, number, hide, words in cases:
            with self.assertRaisesRegex(UserError, words):
                self._portal(user)._set_masking(number, hide)
        self.company.telecom_portal_may_masking = False
        with self.assertRaisesRegex(UserError, "ask us to do it"):
            self._portal()._set_masking("", "1")
        self.assertFalse(self.env["telecom.masking"].search([]))

    # === HISTORY === #

    def test_the_history_of_the_own_numbers(self):
        self._limit_to(self.clerk, number_ids=[Command.set(self.second.ids)])
        self._save(number=str(self.number.id), amount="11")
        self._save(number=str(self.second.id), amount="22")
        self._save(self.rival_user, amount="33")
        seen = {
            user.login: [row["new"].split(",")[0] for row in portal._changes()[0]]
            for user in (self.user, self.clerk, self.rival_user)
            for portal in [self._portal(user)]
        }
        amounts = [self._amount(text) for text in ("11", "22", "33")]
        self.assertEqual(
            seen,
            {
                "acme_portal": [amounts[1], amounts[0]],
                "acme_clerk": [amounts[1]],
                "rival_portal": [amounts[2]],
            },
        )

    def test_the_history_has_pages(self):
        log = self.env(user=self.user)["telecom.portal.change"]._log
        for count in range(51):
            log(self.acme, "Test", count, count + 1)
        rows, further = self._portal()._changes()
        self.assertEqual((len(rows), rows[-1]["new"]), (50, "2"))
        rows, further = self._portal()._changes(str(further))
        self.assertEqual(([row["new"] for row in rows], further), (["1"], None))
        self.assertEqual(len(self._portal()._changes("x' OR 1=1")[0]), 50)

    # === EVERY WAY IN === #

    def test_changes_need_the_token_of_the_form(self):
        self.authenticate(self.user.login, self.user.login)
        for url, values in SAVES.items():
            with self.subTest(url=url), mute_logger("odoo.http"):
                self.assertEqual(self.url_open(url, data=values).status_code, 400)
        self.assertFalse(self._changes())

    def test_changes_come_by_post_only(self):
        self.authenticate(self.user.login, self.user.login)
        for url, values in SAVES.items():
            with self.subTest(url=url), mute_logger("odoo.http"):
                query = "&".join(f"{n}={v}" for n, v in values.items())
                self.assertEqual(self.url_open(f"{url}?{query}").status_code, 405)
        self.assertFalse(self._changes())

    def test_a_visitor_is_sent_to_the_login(self):
        self.authenticate(None, None)
        pages = ("settings", "limits", "masking", "users", "changes", "offers")
        for page in pages:
            response = self.url_open(f"/my/telecom/{page}")
            self.assertIn("/web/login", response.url)

    def test_employees_set_nothing_here(self):
        """Without the role they see nothing; with it they have the back office."""
        employee = new_test_user(self.env, "office", groups="base.group_user")
        employee.partner_id.parent_id = self.acme
        for groups in ((), ("telecom_cdr.group_telecom_reader",)):
            for name in groups:
                employee.group_ids += self.env.ref(name)
            with self.assertRaises(UserError):
                self._save(employee)
            with self.assertRaises(UserError):
                self._portal(employee)._set_masking("", "1")
        self.assertFalse(self._limits())

    def test_a_child_company_sets_its_own(self):
        daughter = self._create_customer("Acme Daughter", parent_id=self.acme.id)
        child = self._create_user("daughter", daughter)
        with self.assertRaises(UserError):
            self._save(child, number=str(self.number.id))
        self._save(child, amount="3")
        self.assertFalse(self._limits())
        limit = self.env["telecom.limit"].search([("partner_id", "=", daughter.id)])
        self.assertEqual(limit.amount, 3)
