# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import MANAGER, READER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_rating import row


@tagged("post_install", "-at_install")
class TestDestination(RefusalMixin, TelecomCommon):
    def _create(self, name, prefixes, **values):
        return self.env["telecom.destination"].create(
            {
                "name": name,
                "prefix_text": prefixes,
                "company_id": self.company.id,
                **values,
            }
        )

    def test_national_digits_get_the_countrys_code(self):
        for text, prefix in (("6", "346"), ("900", "34900"), ("112", "34112")):
            found = self._create("National", text)
            self.assertEqual(found.prefix_ids.mapped("prefix"), [prefix])
            found.unlink()

    def test_international_digits_stay(self):
        for text, prefix in (
            ("+44", "44"),
            ("0048", "48"),
            ("00 48 60", "4860"),
            ("+34 6", "346"),
            ("0034 900", "34900"),
            ("346", "346"),
        ):
            found = self._create("Place", text)
            self.assertEqual(found.prefix_ids.mapped("prefix"), [prefix], text)
            found.unlink()

    def test_the_destinations_country_counts(self):
        poland = self._create(
            "Poland",
            "60, 69",
            category="international",
            country_id=self.env.ref("base.pl").id,
        )
        self.assertEqual(poland.prefix_text, "4860, 4869")
        world = self._create("Satellite", "881, +882", category="international")
        self.assertEqual(world.prefix_text, "881, 882")

    def test_text_and_lines_are_the_same(self):
        place = self._create("Place", "6, 7; 6\n900")
        self.assertEqual(place.prefix_ids.mapped("prefix"), ["346", "347", "34900"])
        kept = place.prefix_ids[0]
        place.prefix_text = "346, 71"
        self.assertEqual(place.prefix_ids.mapped("prefix"), ["346", "3471"])
        self.assertEqual(place.prefix_ids[0], kept)
        self.env["telecom.prefix"].create({"destination_id": place.id, "prefix": "72"})
        self.assertEqual(place.prefix_text, "346, 3471, 3472")

    def test_what_is_no_prefix_is_refused(self):
        for text in ("mobile", "+", "1" * 16):
            with self.assertSays(ValidationError, "1 to 15 digits"):
                self._create("Bad", text, category="international")
        self.assertFalse(self.env["telecom.destination"].search([("name", "=", "Bad")]))

    def test_a_prefix_belongs_to_one_destination_of_a_company(self):
        self._create("First", "+4420")
        with self.assertRefused("already belongs to another destination"):
            self._create("Second", "0044 20")
        other = self.env["res.company"].create({"name": "Other", "telecom_tz": "UTC"})
        theirs = self._create("Theirs", "+4420", company_id=other.id)
        shared = self._create("Shared", "+4420", company_id=False)
        self.assertEqual((theirs + shared).mapped("prefix_text"), ["4420", "4420"])

    def test_the_companys_own_prefix_comes_before_the_shipped(self):
        own = self._create("Own mobile", "6", category="premium")
        self._process(row("O1", called="600000099"))
        call = self._calls()
        self.assertEqual((call.destination_id, call.category), (own, "premium"))
        self.assertEqual(call.prefix, "346")

    def test_used_destinations_are_archived_not_deleted(self):
        place = self._create("London", "+4420", category="international")
        self._process(row("D1", called="00442079460001"))
        self.assertEqual(self._calls().destination_id, place)
        manager = self._new_user("manager", MANAGER)
        with self.assertSays(UserError, "London cannot be deleted"):
            place.with_user(manager).unlink()
        place.with_user(manager).active = False
        self._run_cron("rate")
        self.assertFalse(place.active)
        self.assertEqual(self._calls().category, "international")

    def test_archived_destinations_match_nothing(self):
        place = self._create("London", "+4420", category="premium")
        self._process(row("D2", called="00442079460001"))
        self.assertEqual(self._calls().destination_id, place)
        place.active = False
        self._calls().action_rate()
        self.assertFalse(self._calls().destination_id)

    def test_a_change_of_prefix_rates_calls_again(self):
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "category": "premium", "price": 1}
        )
        self._process(row("C1", called="912000001", seconds=60))
        self.assertEqual(self._calls().price, 0.07)
        self._create("Chat lines", "912", category="premium")
        self._run_cron("rate")
        self.assertRecordValues(self._calls(), [{"category": "premium", "price": 1}])

    def test_who_may_change_destinations(self):
        place = self._create("Place", "+4420")
        with self.assertRaises(AccessError):
            place.with_user(self._new_user("reader", READER)).name = "x"
        operator = self._new_user("operator", USER)
        place.with_user(operator).prefix_text = "+4421"
        self.assertEqual(place.prefix_text, "4421")
        with self.assertRaises(AccessError):
            place.with_user(operator).unlink()
        other = self.env["res.company"].create({"name": "Other", "telecom_tz": "UTC"})
        theirs = self._create("Theirs", "+4422", company_id=other.id)
        seen = place.with_user(operator).search([("name", "in", ["Place", "Theirs"])])
        self.assertEqual(seen, place)
        self.assertTrue(theirs.exists())
