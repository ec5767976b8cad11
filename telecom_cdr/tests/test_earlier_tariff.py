# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Another default tariff, or cost tariff, counts from now on; the past stays."""

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import MANAGER, READER, TelecomCommon
from .test_rating import row

MOBILE = "600000001"
JANUARY, MAY = "2026-01-05 10:00:00", "2026-05-05 10:00:00"


@tagged("post_install", "-at_install")
class TestEarlierTariff(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._new_user(
            "earlier_manager", f"{MANAGER},telecom_cdr.group_telecom_cost"
        )
        cls.reader = cls._new_user("earlier_reader", READER)
        cls.dear = cls._create_tariff("Dear", {"price": 9})
        cls.first_cost = cls._create_tariff("C1", {"price": 0.01}, is_cost=True)
        cls.next_cost = cls._create_tariff("C2", {"price": 0.5}, is_cost=True)
        cls.earlier = cls.env["telecom.earlier.tariff"]
        cls._forget_marks()

    def _two_calls(self):
        self._process(
            row("A1", called=MOBILE, start=JANUARY),
            row("A2", called=MOBILE, start=MAY),
        )

    def _prices(self):
        return self._calls().mapped("price")

    def _costs(self):
        return self._calls().mapped("cost")

    def test_the_default_tariff_of_the_company(self):
        self._two_calls()
        with freeze_time("2026-03-01 12:00:00"):
            self.company.telecom_tariff_id = self.dear
        self._run_cron("rate")
        self.assertEqual(self._prices(), [0.09, 9])
        self.assertEqual(
            self.earlier.search([]).mapped(lambda e: (e.tariff_id, str(e.date_end))),
            [(self.tariff, "2026-03-01 12:00:00")],
        )

    def test_another_moment_is_said_afterwards(self):
        self._two_calls()
        self.company.telecom_tariff_id = self.dear
        self._run_cron("rate")
        self.assertEqual(self._prices(), [0.09, 0.09])
        kept = self.earlier.search([]).with_user(self.manager)
        kept.date_end = "2026-05-05 08:00:00"  # 10:00 in Madrid
        self._run_cron("rate")
        self.assertEqual(self._prices(), [0.09, 9])
        kept.date_end = "2026-05-05 08:00:01"
        self._run_cron("rate")
        self.assertEqual(self._prices(), [0.09, 0.09])
        kept.unlink()  # it was wrong from ever
        self._run_cron("rate")
        self.assertEqual(self._prices(), [9, 9])

    def test_one_that_has_priced_nothing_is_replaced(self):
        self.company.telecom_tariff_id = self.dear
        self.assertFalse(self.earlier.search([]))
        self._two_calls()
        self.assertEqual(self._prices(), [9, 9])

    def test_none_for_a_while(self):
        self._two_calls()
        with freeze_time("2026-03-01 12:00:00"):
            self.company.telecom_tariff_id = False
        with freeze_time("2026-06-01 12:00:00"):
            self.company.telecom_tariff_id = self.dear
        self._process(row("A3", called=MOBILE, start="2026-07-05 10:00:00"), name="b")
        self._run_cron("rate")
        self.assertEqual(
            self._calls().mapped(lambda c: (c.rating_state, c.price)),
            [("rated", 0.09), ("unrated", 0), ("rated", 9)],
        )

    def test_a_new_price_of_an_earlier_tariff_finds_its_calls(self):
        self._two_calls()
        with freeze_time("2026-03-01 12:00:00"):
            self.company.telecom_tariff_id = self.dear
        self._run_cron("rate")
        mobile = self.tariff.rate_ids.filtered(lambda one: one.category == "mobile")
        mobile._succeed("2026-01-01 00:00:00", {"price": 0.12})
        self._run_cron("rate")
        self.assertEqual(self._prices(), [0.12, 9])

    def test_explanations_name_the_tariff_of_the_time(self):
        self._two_calls()
        with freeze_time("2026-03-01 12:00:00"):
            self.company.telecom_tariff_id = self.dear
        self._run_cron("rate")
        call = self._calls()[0]
        action = call.with_user(self.reader).action_explain()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertTrue(wizard._values()["is_same"])
        moment = self.company._telecom_tariff_at(call.start_at)
        self.assertEqual(moment, self.tariff)

    def test_the_cost_tariff_of_a_carrier(self):
        self.carrier.cost_tariff_id = self.first_cost
        self._two_calls()
        with freeze_time("2026-03-01 12:00:00"):
            self.carrier.with_user(self.manager).cost_tariff_id = self.next_cost
        self._run_cron("rate")
        self.assertEqual(self._costs(), [0.01, 0.5])
        kept = self.carrier.with_user(self.manager).earlier_tariff_ids
        self.assertEqual(kept.tariff_id, self.first_cost)
        kept.unlink()
        self._run_cron("rate")
        self.assertEqual(self._costs(), [0.5, 0.5])

    def test_the_file_said_the_cost_after_a_tariff_had(self):
        self.carrier.cost_tariff_id = self.first_cost
        self._process(
            row("F1", called=MOBILE, start=JANUARY, amount="0.33"),
            row("F2", called=MOBILE, start=MAY, amount="0.44"),
        )
        with freeze_time("2026-03-01 12:00:00"):
            self.carrier.cost_tariff_id = False
        self._run_cron("rate")
        self.assertEqual(self._costs(), [0.01, 0.44])

    def test_who_sees_and_changes_them(self):
        self.carrier.cost_tariff_id = self.first_cost
        self._two_calls()
        self.company.telecom_tariff_id = self.dear
        self.carrier.cost_tariff_id = self.next_cost
        seen = self.earlier.with_user(self.reader).search([])
        self.assertEqual(seen.tariff_id, self.tariff)
        with self.assertRaises(AccessError), self.cr.savepoint():
            seen.date_end = MAY
        self.assertEqual(len(self.earlier.with_user(self.manager).search([])), 2)
