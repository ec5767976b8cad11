# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import datetime
from decimal import Decimal

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .settings_common import SettingsCase


@tagged("post_install", "-at_install")
class TestPortalRights(SettingsCase):
    """Who sees which numbers of a customer, and who says so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.call_id = cls._create_call()
        cls.second_call_id = cls._create_call(
            number_id=cls.second.id,
            calling_number="+34910000003",
            called_number="+34600000033",
            price="0.70",
        )

    # === WHAT IS SEEN === #

    def test_scope(self):
        """(customer, numbers) of each kind of user."""
        self.number.department_id = self.sales
        by_department = self._create_user("acme_sales", self.acme)
        self._limit_to(by_department, department_ids=[Command.set(self.sales.ids)])
        by_number = self._create_user("acme_fax", self.acme)
        self._limit_to(by_number, number_ids=[Command.set(self.second.ids)])
        by_both = self._create_user("acme_both", self.acme)
        self._limit_to(
            by_both,
            department_ids=[Command.set(self.sales.ids)],
            number_ids=[Command.set(self.second.ids)],
        )
        nothing = self._create_user("acme_nothing", self.acme)
        self._limit_to(nothing)
        internal = new_test_user(self.env, "no_role", groups="base.group_user")
        internal.partner_id.parent_id = self.acme
        public = self.env.ref("base.public_user")
        first, second, both = (
            (self.number.id,),
            (self.second.id,),
            tuple(sorted((self.number.id, self.second.id))),
        )
        cases = [
            (self.user, (self.acme.id, None)),
            (self.clerk, (self.acme.id, None)),
            (by_department, (self.acme.id, first)),
            (by_number, (self.acme.id, second)),
            (by_both, (self.acme.id, both)),
            (nothing, (self.acme.id, ())),
            (self.rival_user, (self.rival.id, None)),
            (internal, (False, None)),
            (public, (False, None)),
        ]
        for user, expected in cases:
            with self.subTest(user=user.login):
                self.assertEqual(user._telecom_portal_scope(), expected)

    def test_only_calls_of_the_own_numbers(self):
        self._limit_to(self.clerk, number_ids=[Command.set(self.second.ids)])
        pages = [self._open(url, self.clerk) for url in ("/my/calls", "/my/telecom")]
        self.assertEqual(self._shown_ids(pages[0]), [self.second_call_id])
        for text in (*pages, self._open("/my/calls/download", self.clerk)):
            self.assertNotIn("600 00 00 01", text)
        asked = self._open("/my/calls?number=%2B34910000001", self.clerk)
        self.assertNotIn(self.call_id, self._shown_ids(asked))

    def test_totals_are_of_the_own_numbers(self):
        self._limit_to(self.clerk, number_ids=[Command.set(self.second.ids)])
        portal = self._portal(self.clerk)
        totals = portal._month_totals(
            portal._call_filter(), datetime(2026, 7, 1).date()
        )
        self.assertEqual(totals["voice"], 1)
        self.assertEqual(totals["amounts"], {self.eur.id: Decimal("0.7")})

    def test_a_number_that_left_the_customer_shows_the_past_only(self):
        """It is Rival's now: Acme's clerk sees Acme's calls, and not Rival's."""
        self._limit_to(self.clerk, number_ids=[Command.set(self.second.ids)])
        rivals = self._create_call(partner_id=self.rival.id, number_id=self.second.id)
        self.second.partner_id = self.rival
        shown = self._shown_ids(self._open("/my/calls", self.clerk))
        self.assertEqual(shown, [self.second_call_id])
        self.assertNotIn(rivals, shown)
        self.assertFalse(self._portal(self.clerk)._numbers())

    def test_a_department_that_is_gone_opens_nothing(self):
        self.number.department_id = self.sales
        self._limit_to(self.clerk, department_ids=[Command.set(self.sales.ids)])
        self.assertEqual(self.clerk._telecom_portal_scope()[1], (self.number.id,))
        self.sales.unlink()
        self.assertEqual(self.clerk._telecom_portal_scope()[1], ())
        self.assertFalse(self._shown_ids(self._open("/my/calls", self.clerk)))

    def test_bundles_show_what_the_own_numbers_drew(self):
        subscription = self._create_subscription(self.acme)
        self._create_draw(self.call_id, subscription, 1200, number_id=self.number.id)
        self._create_draw(
            self.second_call_id, subscription, 600, number_id=self.second.id
        )
        self._limit_to(self.clerk, number_ids=[Command.set(self.second.ids)])
        text = self._text("/my/bundles?month=2026-07", self.clerk)
        self.assertIn("10 min", text)
        self.assertNotIn("30 min", text)
        self.assertNotIn("20 min", text)

    def test_offers_name_no_number_of_others(self):
        subscription = self._create_subscription(self.acme)
        subscription.number_ids = self.number | self.second
        self.second.label = "Fax of the board"
        self._limit_to(self.clerk, number_ids=[Command.set(self.number.ids)])
        self.assertIn("Fax of the board", self._text("/my/telecom/offers"))
        text = self._text("/my/telecom/offers", self.clerk)
        self.assertIn(self.number.display_name, text)
        self.assertNotIn("Fax of the board", text)
        self.assertNotIn(self.second.display_name, text)

    def test_no_invoice_of_the_customer(self):
        invoice = self._create_invoice(self.acme, [self.second_call_id])
        # Whose address invoices go to sees them no more than others.
        own = self._create_invoice(self.clerk.partner_id, [])
        moves = self.env["account.move"]
        self.assertTrue(moves.with_user(self.clerk).search([("id", "=", invoice.id)]))
        self._limit_to(self.clerk, number_ids=[Command.set(self.second.ids)])
        seen = moves.with_user(self.clerk).search([])
        self.assertNotIn(invoice, seen)
        self.assertNotIn(own, seen)
        lines = self.env["account.move.line"].with_user(self.clerk)
        self.assertFalse(lines.search([("move_id", "=", invoice.id)]))
        with self.assertRaises(AccessError):
            invoice.with_user(self.clerk).read(["amount_total"])
        self.assertIn(invoice, moves.with_user(self.user).search([]))
        self.assertNotIn(
            f"/my/invoices/{invoice.id}", self._open("/my/calls", self.clerk)
        )

    # === WHO SAYS SO === #

    def test_a_main_user_limits_a_colleague(self):
        text = self._post(
            "/my/telecom/users/save",
            user=self.clerk.id,
            scope="some",
            departments=self.sales.id,
            numbers=[self.number.id, self.second.id],
            may_change="1",
        )
        self.assertIn(f"{self.clerk.name} sees Sales", text)
        right = self.clerk._telecom_portal_right()
        self.assertTrue(right.is_limited and right.may_change)
        self.assertEqual(right.number_ids, self.number | self.second)
        self.assertEqual(right.department_ids, self.sales)
        [(login, what, old, new)] = self._changes()
        what_else = f"Rights of {self.clerk.name}"
        self.assertEqual((login, what, old), ("acme_portal", what_else, "everything"))
        self.assertIn("Sales, ", new)
        self.assertIn("Changed in the portal", right.message_ids[0].body)
        self._post("/my/telecom/users/save", user=self.clerk.id, scope="all")
        self.assertEqual(self.clerk._telecom_portal_scope()[1], None)
        self.assertFalse(right.may_change)
        self.assertEqual(self._changes()[1][3], "everything, to look at only")

    def test_nobody_else_says_it(self):
        """A colleague, a limited user, another customer, a child company, oneself."""
        daughter = self._create_customer("Acme Daughter", parent_id=self.acme.id)
        child = self._create_user("daughter", daughter)
        limited = self._create_user("acme_limited", self.acme)
        self._limit_to(limited, number_ids=[Command.set(self.number.ids)])
        cases = [
            (self.clerk, limited),
            (limited, self.clerk),
            (self.rival_user, self.clerk),
            (child, self.clerk),
            (self.user, child),
            (self.user, self.rival_user),
            (self.user, self.user),
            (self.user, self.env.ref("base.user_admin")),
        ]
        for user, target in cases:
            with self.subTest(user=user.login, target=target.login):
                before = target._telecom_portal_scope()
                with self.assertRaises(UserError), self.cr.savepoint():
                    self._portal(user)._save_right(str(target.id), True, True, [], [])
                self.assertEqual(target._telecom_portal_scope(), before)
        self.assertNotIn("acme_limited", self._text("/my/telecom/users", self.clerk))

    def test_numbers_and_departments_of_others_are_refused(self):
        foreign = self.env["telecom.department"].create(
            {"name": "Foreign", "partner_id": self.rival.id}
        )
        text = str(self.clerk.id)
        for departments, numbers in (
            ([str(foreign.id)], []),
            ([], [str(self.rival_number.id)]),
            ([], ["1 OR 1=1"]),
        ):
            with self.assertRaisesRegex(UserError, "none of yours any more"):
                self._portal()._save_right(text, True, True, departments, numbers)
        self.assertFalse(self.clerk._telecom_portal_right())

    def test_another_main_user_stays(self):
        self.env["telecom.portal.right"].create(
            {"partner_id": self.clerk.partner_id.id, "is_main": True}
        )
        with self.assertRaisesRegex(UserError, "is a main user too"):
            self._portal()._save_right(str(self.clerk.id), True, True, [], [])

    def test_the_company_may_switch_it_off(self):
        self.company.telecom_portal_may_rights = False
        with self.assertRaisesRegex(UserError, "none of your colleagues"):
            self._portal()._save_right(str(self.clerk.id), True, True, [], [])
        self.assertNotIn("acme_clerk", self._text("/my/telecom/users"))

    def test_the_customer_itself_is_a_main_user(self):
        person = self.env["res.partner"].create({"name": "Ann"})
        user = new_test_user(self.env, "ann", groups="base.group_portal")
        user.partner_id = person
        self.assertTrue(user._telecom_is_main())
        self.assertFalse(self.clerk._telecom_is_main())

    # === WHAT THE OPERATOR SETS === #

    def test_choosing_numbers_means_only_these(self):
        right = self.env["telecom.portal.right"].create(
            {
                "partner_id": self.clerk.partner_id.id,
                "number_ids": [Command.set(self.second.ids)],
            }
        )
        self.assertTrue(right.is_limited)
        right.number_ids = [Command.clear()]
        self.assertTrue(right.is_limited, "what is gone widens nothing")

    def test_an_operator_cannot_mix_customers(self):
        mixed = self.assertRaisesRegex(ValidationError, "not of Acme Bakery")
        with mixed, self.cr.savepoint():
            self._limit_to(self.clerk, number_ids=[Command.set(self.rival_number.ids)])
        right = self._limit_to(self.clerk)
        with self.assertRaisesRegex(ValidationError, "is a main user, who sees all"):
            right.is_main = True
