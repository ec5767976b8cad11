# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..models.telecom_portal_invitation import MOST_A_DAY, MOST_TO_ONE
from .settings_common import SettingsCase

EVERYTHING = {
    "is_limited": False,
    "may_change": "1",
    "departments": [],
    "numbers": [],
}
URL = "/my/telecom/users"
STRANGER = "cannot be invited here"


@tagged("post_install", "-at_install")
class TestPortalInvitations(SettingsCase):
    """A main user invites colleagues and takes their access back; nobody else does."""

    def setUp(self):
        super().setUp()
        # Sent mails stay to be looked at.
        self.patch(self.registry["mail.mail"], "unlink", lambda mails: True)

    def _invite(self, email="ben@example.com", user=None, name="Ben", **values):
        scope = values.pop("scope", "all")
        right = {**EVERYTHING, **values}
        return self._portal(user)._invite(name, email, scope, right)

    def _invited(self, email="ben@example.com"):
        users = self.env["res.users"].with_context(active_test=False)
        return users.search([("login", "=", email)])

    def _mails_to(self, email):
        mails = self.env["mail.mail"].search([("model", "=", "res.users")])
        return mails.filtered(
            lambda mail: (
                email in (mail.email_to or "")
                or email in mail.recipient_ids.mapped("email")
            )
        )

    # === WHAT IS DONE === #

    def test_a_colleague_is_invited(self):
        text = self._post(
            f"{URL}/invite/send",
            name="Ben  Baker ",
            email="Ben@Example.com",
            scope="some",
            numbers=self.second.id,
        )
        self.assertIn("Ben Baker is invited by a mail to ben@example.com", text)
        ben = self._invited()
        self.assertTrue(ben.active and ben._is_portal() and ben.share)
        self.assertEqual(ben.partner_id.parent_id, self.acme)
        self.assertEqual(ben.company_ids, self.user.company_ids)
        self.assertEqual(ben._telecom_portal_scope(), (self.acme.id, (self.second.id,)))
        self.assertFalse(ben._telecom_portal_right().may_change)
        self.assertTrue(ben.partner_id.signup_type, "the link of the mail works")
        [mail] = self._mails_to("ben@example.com")
        self.assertIn("/web/signup", mail.body_html)
        [(login, what, old, new)] = self._changes()
        self.assertEqual((login, what, old), ("acme_portal", "Access of Ben Baker", ""))
        self.assertEqual(new, "+34 910 00 00 03 (Fax), to look at only")
        self.assertIn("Changed in the portal", ben.partner_id.message_ids[0].body)
        page = self._text(URL)
        self.assertIn("Ben Baker ben@example.com sees +34 910 00 00 03", page)
        self.assertIn("has not signed in yet", page)

    def test_the_colleague_sees_just_that(self):
        self._invite(scope="some", is_limited=True, numbers=[str(self.second.id)])
        ben = self._invited()
        ben.password = "ben@example.com"
        text = self._text("/my/telecom/settings", ben)
        self.assertNotIn("Colleagues", text)
        self.assertIn("Only a main user", self._text(URL, ben))

    def test_a_known_contact_is_not_made_twice(self):
        contact = self.env["res.partner"].create(
            {"name": "Benjamin", "email": "BEN@example.com", "parent_id": self.acme.id}
        )
        is_sent, text = self._invite()
        self.assertTrue(is_sent)
        self.assertIn("Benjamin is invited", text)
        self.assertEqual(self._invited().partner_id, contact)

    def test_access_is_taken_back_and_given_again(self):
        self._invite(scope="some", is_limited=True, numbers=[str(self.second.id)])
        ben = self._invited()
        text = self._post(f"{URL}/remove", user=ben.id)
        self.assertIn("Ben has no access any more.", text)
        self.assertFalse(ben.active or ben._is_portal() or ben.partner_id.signup_type)
        self.assertNotIn("ben@example.com", self._text(URL).split("no access")[-1])
        self.assertEqual(
            self._changes()[-1],
            (
                "acme_portal",
                "Access of Ben",
                "+34 910 00 00 03 (Fax)",
                "",
            ),
        )
        is_sent, _text = self._invite()
        self.assertTrue(is_sent)
        self.assertEqual(self._invited(), ben, "the same user")
        self.assertTrue(ben.active and ben._is_portal())
        self.assertEqual(ben._telecom_portal_scope(), (self.acme.id, None))

    def test_whoever_is_signed_in_is_out_at_once(self):
        self.authenticate(self.clerk.login, self.clerk.login)
        self.assertTrue(self.url_open("/my/telecom").url.endswith("/my/telecom"))
        self._portal()._take_access_back(str(self.clerk.id))
        self.assertIn("/web/login", self.url_open("/my/telecom").url)

    def test_an_invitation_is_sent_again(self):
        self._invite()
        ben = self._invited()
        text = self._post(f"{URL}/invite/again", user=ben.id)
        self.assertIn("The invitation was sent to ben@example.com again.", text)
        self.assertEqual(len(self._mails_to("ben@example.com")), 2)
        self.assertEqual(
            self._changes()[-1][1:], ("Invitation of Ben", "", "sent again")
        )
        self.env["res.users.log"].with_user(ben).sudo().create({})
        ben.invalidate_recordset(["login_date"])
        with self.assertRaisesRegex(UserError, "Ben has signed in already"):
            self._portal()._invite_again(str(ben.id))

    # === WHAT IS REFUSED === #

    def test_an_address_of_somebody_else(self):
        """Refused in the same words, whoever it is; and nothing is written."""
        daughter = self._create_customer("Acme Daughter", parent_id=self.acme.id)
        child = self._create_user("child@example.com", daughter)
        office = new_test_user(self.env, "office@example.com", groups="base.group_user")
        office.partner_id.parent_id = self.acme
        gone = self._create_user("gone@example.com", self.rival)
        gone.active = False
        self.rival_user.login = "Rival@Example.com"
        by_mail = self._create_user("other_login", self.rival)
        by_mail.partner_id.email = "mail@example.com"
        itself = new_test_user(self.env, "self@example.com", groups="base.group_portal")
        itself.partner_id = self.acme
        itself.active = False
        contacts = self.env["res.partner"].search_count([])
        emails = [
            "rival@example.com",
            "mail@example.com",
            child.login,
            office.login,
            gone.login,
            itself.login,
        ]
        for email in emails:
            with self.subTest(email=email):
                is_sent, text = self._invite(email)
                self.assertFalse(is_sent)
                self.assertEqual(
                    text, f"{email} cannot be invited here: please ask us to do it."
                )
        self.assertEqual(self.env["res.partner"].search_count([]), contacts)
        self.assertFalse(gone.active or itself.active or self._changes())
        text = self._post(
            f"{URL}/invite/send", name="X", email="rival@example.com", scope="all"
        )
        self.assertIn(STRANGER, text)
        self.assertNotIn("Rival", text.replace("rival@example.com", ""))

    def test_a_percent_sign_is_no_pattern(self):
        self.rival_user.login = "rival@example.com"
        is_sent, _text = self._invite("r_val@example.com")
        self.assertTrue(is_sent)
        self.assertTrue(self._invite("%al@example.com")[0])

    def test_what_cannot_be_read(self):
        cases = [
            ({"email": "ben"}, "“ben” is no e-mail address"),
            ({"email": ""}, "is no e-mail address"),
            ({"email": None}, "is no e-mail address"),
            ({"email": "a@example.com,b@example.com"}, "is no e-mail address"),
            ({"email": "a@example.com\nBcc: b@example.com"}, "is no e-mail address"),
            ({"email": f"{'a' * 128}@example.com"}, "is no e-mail address"),
            ({"name": ""}, "Write the colleague's name"),
            ({"name": " \n "}, "Write the colleague's name"),
            ({"name": "x" * 65}, "Write the colleague's name"),
            ({"name": "Win https://example.com"}, "Write the colleague's name"),
            ({"name": "<b>Ben</b>"}, "Write the colleague's name"),
            ({"scope": None}, "Choose what the colleague sees"),
            ({"scope": "main"}, "Choose what the colleague sees"),
            (
                {"is_limited": True, "numbers": [str(self.rival_number.id)]},
                "none of yours any more",
            ),
        ]
        for values, words in cases:
            with self.subTest(**values), self.assertRaisesRegex(UserError, words):
                self._invite(**values)
        self.assertFalse(self._invited() or self._changes())
        self.assertFalse(self.env["telecom.portal.invitation"].search([]))

    def test_who_has_access_already(self):
        self.clerk.login = "clerk@example.com"
        with self.assertRaisesRegex(UserError, "has access already"):
            self._invite("clerk@example.com")
        self.user.login = "main@example.com"
        with self.assertRaisesRegex(UserError, "has access already"):
            self._invite("main@example.com")

    def test_nobody_else_does_it(self):
        """(user, why): a colleague, a limited one, another customer, a child
        company, a visitor, an employee."""
        daughter = self._create_customer("Acme Daughter", parent_id=self.acme.id)
        child = self._create_user("daughter", daughter)
        limited = self._create_user("acme_limited", self.acme)
        self._limit_to(limited, number_ids=[Command.set(self.number.ids)])
        office = new_test_user(self.env, "office", groups="base.group_user")
        office.partner_id.parent_id = self.acme
        users = (
            self.clerk,
            limited,
            self.rival_user,
            child,
            office,
            self.env.ref("base.public_user"),
        )
        for user in users:
            with self.subTest(user=user.login):
                portal = self._portal(user)
                with self.assertRaises(UserError), self.cr.savepoint():
                    self._invite(user=user)
                for method in (portal._take_access_back, portal._invite_again):
                    with self.assertRaises(UserError), self.cr.savepoint():
                        method(str(self.clerk.id))
        self.assertTrue(self.clerk.active)
        self.assertFalse(self._invited() or self._changes())

    def test_whose_access_stays(self):
        """One's own, another main user's, and that of anybody else."""
        second = self._create_user("acme_main", self.acme)
        self.env["telecom.portal.right"].create(
            {"partner_id": second.partner_id.id, "is_main": True}
        )
        daughter = self._create_customer("Acme Daughter", parent_id=self.acme.id)
        child = self._create_user("daughter", daughter)
        cases = [
            (self.user.id, "none of your colleagues"),
            (second.id, "is a main user too"),
            (child.id, "none of your colleagues"),
            (self.rival_user.id, "none of your colleagues"),
            (self.env.ref("base.user_admin").id, "none of your colleagues"),
            (0, "none of your colleagues"),
            ("1 OR 1=1", "none of your colleagues"),
            (None, "none of your colleagues"),
        ]
        for user, words in cases:
            with self.assertRaisesRegex(UserError, words):
                self._portal()._take_access_back(user)
        self.assertTrue(all((self.user + second + child).mapped("active")))

    def test_pages_of_others_are_not_there(self):
        self.authenticate(self.user.login, self.user.login)
        for user in (self.rival_user.id, self.user.id, "x", ""):
            response = self.url_open(f"{URL}/edit?user={user}")
            self.assertTrue(response.url.endswith(URL), user)
            self.assertIn("alert-warning", response.text)
        self.authenticate(self.clerk.login, self.clerk.login)
        for path in (f"edit?user={self.user.id}", "invite"):
            self.assertTrue(self.url_open(f"{URL}/{path}").url.endswith(URL))

    def test_the_company_may_switch_it_off(self):
        self.company.telecom_portal_may_colleagues = False
        with self.assertRaisesRegex(UserError, "You cannot invite colleagues here"):
            self._invite()
        with self.assertRaisesRegex(UserError, "You cannot invite colleagues here"):
            self._portal()._take_access_back(str(self.clerk.id))
        text = self._open(URL)
        self.assertNotIn(f"{URL}/invite", text)
        self.assertIn("acme_clerk", text, "rights are another setting")
        edit = self._open(f"{URL}/edit?user={self.clerk.id}")
        self.assertNotIn(f"{URL}/remove", edit)

    # === HOW MANY === #

    def test_invitations_of_a_day_are_bounded(self):
        """Refused ones count: nobody tries out addresses."""
        self.rival_user.login = "rival@example.com"
        with freeze_time("2026-07-10 10:00:00"):
            for _count in range(MOST_TO_ONE):
                self.assertFalse(self._invite("rival@example.com")[0])
            with self.assertRaisesRegex(UserError, "many invitations for one day"):
                self._invite("rival@example.com")
            note = self.env(user=self.user)["telecom.portal.invitation"].sudo()._note
            for count in range(MOST_A_DAY - MOST_TO_ONE):
                note(self.acme, f"{count}@example.com")
            with self.assertRaisesRegex(UserError, "many invitations for one day"):
                self._invite("one.more@example.com")
            note(self.rival, "one.more@example.com")
        with freeze_time("2026-07-11 10:00:01"):
            self.assertTrue(self._invite("one.more@example.com")[0])
        invitations = self.env["telecom.portal.invitation"]
        with freeze_time("2026-08-10 10:00:00"):
            invitations._gc_old()
        self.assertEqual(
            invitations.search([]).mapped("email"), ["one.more@example.com"]
        )
