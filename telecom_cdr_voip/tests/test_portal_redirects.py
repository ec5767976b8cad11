# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.fields import Command
from odoo.tests import tagged

from ..models.redirect_rules import DAYS
from .portal_common import VoipPortalCase

URL = "/my/telecom/redirects"
ADD = f"{URL}/add"
TARGET = "+34600000001"


@tagged("post_install", "-at_install")
class TestPortalRedirects(VoipPortalCase):
    """Where incoming calls go instead."""

    def _all(self):
        return self.env["telecom.redirect"].search([("number_id", "=", self.number.id)])

    def _add(self, user=None, days=DAYS, **form):
        form = {
            "number": self.number.id,
            "condition": "always",
            "target": TARGET,
        } | form
        return self._post(ADD, user, days=list(days), **form)

    def _set(self, user=None, days=DAYS, **form):
        """The same without a page."""
        form = {
            "number": self.number.id,
            "condition": "always",
            "target": TARGET,
        } | form
        self._voip(user)._add_redirect(form, list(days))

    def test_a_redirection_of_each_condition(self):
        for condition in ("always", "busy", "no_answer"):
            self._set(condition=condition, after_seconds="15", target="600 00 00 01")
        page = self._add(condition="unreachable")
        self.assertIn("redirected from now on", page.text)
        self.assertEqual(
            self._all().mapped("condition"),
            ["always", "busy", "no_answer", "unreachable"],
        )
        self.assertEqual(set(self._all().mapped("target")), {TARGET})
        self.assertEqual(self._all()[2].after_seconds, 15)
        text = self._open(URL)
        self.assertIn("No answer after 15 seconds", text)
        self.assertIn("every day", text)
        self.assertEqual(
            self._changes()[0],
            (
                "Redirection of +34 910 00 00 01",
                "",
                "Always to +34 600 00 00 01, every day",
                self.user,
            ),
        )

    def test_by_day_and_hour(self):
        self._add(days=["on_saturday", "on_sunday"], hour_from="18:30", hour_to="8:00")
        redirect = self._all()
        chosen = [name for name in DAYS if redirect[name]]
        self.assertEqual(chosen, ["on_saturday", "on_sunday"])
        self.assertEqual((redirect.hour_from, redirect.hour_to), (18.5, 8.0))
        self.assertIn("Sat, Sun, 18:30 to 8:00", self._open(URL))
        self._set(hour_from="20:00", hour_to="00:00")
        self.assertEqual(self._all()[1].hour_to, 24.0)

    def test_what_is_refused(self):
        cases = (
            ({"number": ""}, "Choose the number"),
            ({"number": self.rival_number.id}, "none of yours"),
            ({"number": "1 OR 1=1"}, "none of yours"),
            ({"condition": "never"}, "Choose when"),
            ({"condition": "no_answer", "after_seconds": "0"}, "1 to 300 seconds"),
            ({"condition": "no_answer", "after_seconds": "301"}, "1 to 300 seconds"),
            ({"condition": "no_answer", "after_seconds": "0300000"}, "1 to 300"),
            ({"condition": "no_answer", "after_seconds": "x"}, "1 to 300 seconds"),
            ({"days": []}, "Choose the days"),
            ({"days": ["on_doomsday"]}, "Choose the days"),
            ({"hour_from": "25:00"}, "not a time of the day"),
            ({"hour_from": "9:75"}, "not a time of the day"),
            ({"hour_from": "noon"}, "not a time of the day"),
            ({"target": ""}, "not a telephone number"),
            ({"target": "reception"}, "not a telephone number"),
            ({"target": "910000001"}, "in a circle"),
        )
        for form, reason in cases:
            with self.subTest(form):
                self._assert_refused(reason, lambda form=form: self._set(**form))
        self.assertIn("in a circle", self._add(target="910000001").text)
        self.assertFalse(self._all())
        self.assertFalse(self._changes())

    def test_a_blocked_target(self):
        self._post("/my/telecom/blocks/add", kind="prefix", prefix="34600")
        page = self._add()
        self.assertIn("are blocked", page.text)
        self.assertFalse(self._all())

    def test_a_target_that_is_too_dear(self):
        self.company.telecom_tariff_id = self.env["telecom.tariff"].create(
            {
                "name": "Retail",
                "company_id": self.company.id,
                "rate_ids": [
                    Command.create({"category": "mobile", "price": 0.10}),
                    Command.create({"category": "landline", "price": 0.11}),
                ],
            }
        )
        self.company.telecom_redirect_price = 0.10
        self._set()
        for target in ("+34912000001", "+5351234567"):
            self._assert_refused(
                "costs more than what we allow",
                lambda target=target: self._set(target=target),
            )
        self.assertEqual(self._all().mapped("target"), [TARGET])

    def test_order_and_removal(self):
        for target in ("+34600000001", "+34600000002", "+34600000003"):
            self._set(target=target)
        first, second, third = self._all()
        self._post(f"{URL}/raise", redirect=third.id)
        self.assertEqual(self._all(), first + third + second)
        self._post(f"{URL}/raise", redirect=first.id)
        self.assertEqual(self._all(), first + third + second)
        self._post(f"{URL}/remove", redirect=first.id)
        self.assertEqual(self._all(), third + second)
        self.assertEqual(
            self._changes()[-1][1:3], ("Always to +34 600 00 00 01, every day", "")
        )

    def test_where_the_company_does_not_allow_it(self):
        self._set()
        redirect = self._all()
        self.company.telecom_portal_may_redirects = False
        self.assertIn("please ask us", self._add(target="+34600000002").text)
        for rest in ("remove", "raise"):
            self._post(f"{URL}/{rest}", redirect=redirect.id)
        self.assertEqual(self._all(), redirect)
        self.assertNotIn("o_telecom_add_redirect", self._open(URL))

    def test_apart(self):
        self._set()
        redirect = self._all()
        fax = redirect.copy({"number_id": self.fax.id, "target": "+34600000009"})
        cases = ((self.rival_user, redirect), (self.rival_user, fax), (self.clerk, fax))
        for user, one in cases:
            self.assertNotIn(one.target[-9:-6] + " 00 00 09", self._open(URL, user))
            for rest in ("remove", "raise"):
                self._post(f"{URL}/{rest}", user, redirect=one.id)
            self.assertTrue(one.active)
        page = self._add(self.clerk, number=self.fax.id)
        self.assertIn("none of yours", page.text)
        self._post(f"{URL}/remove", self.clerk, redirect=redirect.id)
        self.assertFalse(redirect.active)
        self.authenticate(None, None)
        self.assertIn("/web/login", self.url_open(URL).url)
