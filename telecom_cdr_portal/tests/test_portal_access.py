# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
import json
from datetime import datetime, timedelta

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import PortalCase

SECRETS = ("0.777", "0.555", "Secret Carrier", "ACCOUNT-SECRET", "TRUNK-SECRET")


@tagged("post_install", "-at_install")
class TestPortalAccess(PortalCase):
    """Who sees what, through pages and through every programming interface."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.call_id = cls._create_call()
        cls.rival_call_id = cls._create_call(
            partner_id=cls.rival.id,
            number_id=cls.rival_number.id,
            calling_number="+34910000002",
            called_number="+34600000066",
        )

    def _pages(self, user):
        urls = ("/my/calls", "/my/bundles", "/my/calls/download")
        return "\n".join(self._open(url, user) for url in urls)

    # === CUSTOMERS === #

    def test_each_customer_sees_own_calls_only(self):
        text = self._open("/my/calls")
        self.assertEqual(self._shown_ids(text), [self.call_id])
        self.assertNotIn("600 00 00 66", text)
        text = self._open("/my/calls", self.rival_user)
        self.assertEqual(self._shown_ids(text), [self.rival_call_id])
        self.assertNotIn("600 00 00 01", text)

    def test_all_contacts_of_a_customer_see_its_calls(self):
        colleague = self._create_user("acme_second", self.user.partner_id)
        text = self._open("/my/calls", colleague)
        self.assertEqual(self._shown_ids(text), [self.call_id])

    def test_a_company_below_the_customer_is_another_customer(self):
        daughter = self._create_customer("Acme Daughter", parent_id=self.acme.id)
        number = self._create_number("+34910000077", daughter)
        call_id = self._create_call(partner_id=daughter.id, number_id=number.id)
        self._create_subscription(daughter, "DAUGHTER 100")
        pages = self._pages(self.user)
        self.assertEqual(self._shown_ids(pages), [self.call_id])
        self.assertNotIn("910 00 00 77", pages)
        self.assertNotIn("DAUGHTER 100", pages)
        child_user = self._create_user("daughter", daughter)
        pages = self._pages(child_user)
        self.assertEqual(self._shown_ids(pages), [call_id])
        self.assertIn("DAUGHTER 100", pages)

    def test_another_company_stays_apart(self):
        company = self.env["res.company"].create({"name": "Other Telecom"})
        foreign = self._create_call(company_id=company.id, called_number="+34600000099")
        bundle = self._create_subscription(
            self.acme, "OTHER COMPANY 9", company_id=company.id
        )
        self.assertEqual(bundle.company_id, company)
        pages = self._pages(self.user)
        self.assertNotIn(foreign, self._shown_ids(pages))
        self.assertNotIn("600 00 00 99", pages)
        self.assertNotIn("OTHER COMPANY 9", pages)

    def test_a_number_that_went_to_another_customer_shows_no_new_label(self):
        self.number.write({"partner_id": self.rival.id, "label": "Butcher's fax"})
        text = self._open("/my/calls")
        self.assertEqual(self._shown_ids(text), [self.call_id])
        self.assertIn("+34 910 00 00 01", text)
        self.assertNotIn("fax", text)

    def test_a_visitor_is_sent_to_the_login(self):
        self.authenticate(None, None)
        for url in ("/my/calls", "/my/calls/download", "/my/bundles"):
            response = self.url_open(url)
            self.assertIn("/web/login", response.url)
            self.assertNotIn("600 00 00 01", response.text)

    def test_employees_need_the_role_for_calls_of_their_own_company(self):
        clerk = new_test_user(self.env, "clerk_without_role", groups="base.group_user")
        clerk.partner_id.parent_id = self.acme
        self.assertFalse(self._shown_ids(self._open("/my/calls", clerk)))
        clerk.group_ids += self.env.ref("telecom_cdr.group_telecom_reader")
        self.assertEqual(
            self._shown_ids(self._open("/my/calls", clerk)), [self.call_id]
        )

    def test_home_cards_count_own_things_only(self):
        self._create_subscription(self.rival)
        self.authenticate(self.user.login, self.user.login)
        names = ["telecom_call_count", "telecom_bundle_count"]
        counts = self.make_jsonrpc_request("/my/counters", {"counters": names})
        self.assertEqual(counts, {"telecom_call_count": 1, "telecom_bundle_count": 0})
        text = self._open("/my/home")
        self.assertIn('href="/my/calls"', text)
        self.assertIn('data-placeholder_count="telecom_bundle_count"', text)

    # === WHAT NOBODY SHOWS === #

    def test_no_cost_carrier_or_internal_field_on_a_page(self):
        pages = self._pages(self.user)
        for secret in SECRETS:
            self.assertNotIn(secret, pages)

    def test_a_withheld_caller_is_not_shown(self):
        ids = self._create_calls(
            [
                {
                    "direction": direction,
                    "calling_number": "+34699999999",
                    "called_number": called,
                    "is_withheld": True,
                    "start_at": datetime(2026, 7, 11, 8, 0),
                }
                # The second one was forwarded by Acme, who pays for it.
                for direction, called in (
                    ("incoming", "+34910000001"),
                    ("outgoing", "+34600000002"),
                )
            ]
        )
        pages = self._pages(self.user)
        self.assertLessEqual(set(ids), set(self._shown_ids(pages)))
        for spelling in ("699 99 99 99", "699999999"):
            self.assertNotIn(spelling, pages)
        self.assertIn("Withheld number", pages)
        rows = self.portal._page(self.portal._call_filter()).rows
        self.assertNotIn("+34699999999", str(rows), "read, though not shown")

    def test_a_caller_that_is_not_withheld_is_shown(self):
        self._create_call(direction="incoming", calling_number="+34699999999")
        self.assertIn("+34 699 99 99 99", self._open("/my/calls"))

    def test_never_itemised_calls_are_on_no_page_and_in_no_file(self):
        help_line = self.env.ref("telecom_cdr.telecom_destination_es_violence")
        out = self._create_call(called_number="016", destination_id=help_line.id)
        back = self._create_calls(
            [
                {"direction": "incoming", "calling_number": number}
                for number in ("016", "+34016")
            ]
        )
        for user in (self.user, self._create_user("acme_second", self.acme)):
            pages = self._pages(user)
            self.assertFalse({out, *back} & set(self._shown_ids(pages)))
            # By itself: hashes in the page may hold any digits.
            self.assertNotRegex(pages, r"(?<![0-9a-z])016(?![0-9a-z])")
            self.assertNotIn("violence", pages)
            self.assertRegex(pages, r">\s*1 call\s*<")

    def test_archiving_does_not_itemise(self):
        hidden = self._create_destination("Quiet place", never_itemised=True)
        call_id = self._create_call(destination_id=hidden.id)
        hidden.active = False
        self.assertNotIn(call_id, self._shown_ids(self._open("/my/calls")))

    def test_a_call_without_customer_is_nobodys(self):
        call_id = self._create_call(partner_id=None, rating_state="unmatched")
        nobody = new_test_user(self.env, "lonely", groups="base.group_portal")
        for user in (self.user, nobody):
            self.assertNotIn(call_id, self._shown_ids(self._open("/my/calls", user)))

    # === PROGRAMMING INTERFACES === #

    def _telecom_models(self):
        return [name for name in self.env.registry if name.startswith("telecom.")]

    def test_portal_users_may_read_no_telephony_model(self):
        """New models come without a right for portal users, unless one thinks."""
        for name in self._telecom_models():
            with self.subTest(model=name):
                model = self.env[name].with_user(self.user)
                self.assertFalse(model.has_access("read"))
                self.assertFalse(model.has_access("write"))

    def _refused(self, model, method, args, kwargs=None):
        params = {"model": model, "method": method, "args": args}
        with self.assertLogs("odoo.http", "WARNING"), self.assertRaises(Exception) as e:
            self.make_jsonrpc_request(
                f"/web/dataset/call_kw/{model}/{method}",
                {**params, "kwargs": kwargs or {}},
            )
        return str(e.exception)

    def test_json_rpc_reads_no_call(self):
        self.authenticate(self.user.login, self.user.login)
        asked = [
            ("read", [[self.call_id], ["called_number", "cost"]]),
            ("search_read", [[], ["calling_number"]]),
            ("web_search_read", [[], {"price": {}}]),
            ("formatted_read_group", [[], ["calling_number"], ["cost:sum"]]),
            ("search_count", [[("cost", ">", 0)]]),
            ("export_data", [[self.call_id], ["cost"]]),
            ("action_rate", [[self.call_id]]),
            ("action_explain", [[self.call_id]]),
        ]
        for method, args in asked:
            with self.subTest(method=method):
                message = self._refused("telecom.call", method, args)
                self.assertRegex(message, "AccessError|UserError")
                for secret in ("600000001", *SECRETS):
                    self.assertNotIn(secret, message)

    def test_json_rpc_reaches_no_method_of_the_portal_model(self):
        self.authenticate(self.user.login, self.user.login)
        for method in ("_page", "_export", "_numbers", "_month_totals"):
            with self.subTest(method=method):
                self._refused("telecom.portal", method, [])
        plain = set(dir(self.env["telecom.used.mixin"]))
        public = {n for n in dir(self.portal) if not n.startswith("_")} - plain
        self.assertEqual(public, set())

    def test_json_2_reads_no_call(self):
        key = (
            self.env["res.users.apikeys"]
            .with_user(self.user)
            .sudo()
            ._generate("rpc", "test", datetime.now() + timedelta(days=1))  # noqa: DTZ005
        )
        for model in ("telecom.call", "telecom.number", "telecom.bundle.usage"):
            with self.assertLogs("odoo.http", "WARNING"):
                response = self.url_open(
                    f"/json/2/{model}/search_read",
                    data=json.dumps({"domain": []}),
                    headers={
                        "Authorization": f"bearer {key}",
                        "Content-Type": "application/json",
                        "X-Odoo-Database": self.env.cr.dbname,
                    },
                )
            self.assertEqual(response.status_code, 403, model)
            for secret in ("600000001", *SECRETS):
                self.assertNotIn(secret, response.text)

    def test_own_records_lead_to_no_call(self):
        """Fields of records that a portal user may read stop at the calls."""
        env = self.env(user=self.user)
        invoice = self._create_invoice(self.acme, [self.call_id])
        mine = env["account.move"].browse(invoice.id)
        self.assertEqual(mine.amount_untaxed, 1.0)
        with self.assertRaises(AccessError):
            env["telecom.call"].search([("move_id", "=", mine.id)])
        with self.assertRaises(AccessError):
            env["res.partner"].browse(self.acme.id).read(["telecom_tariff_id"])
