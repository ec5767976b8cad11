# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls that two carriers tell of: stored once, in the figures of both."""

from odoo.tests import tagged

from .reconciliation_common import ACCOUNTANT, ReconciliationCommon
from .test_rating import row

ALONE = {"start": "2026-10-05 10:00:30", "amount": "0.05"}


@tagged("post_install", "-at_install")
class TestReconciliationTwins(ReconciliationCommon):
    """The second carrier tells of a call of the first one, and of one of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls._create_carrier(name="Second")
        cls.second_source = cls._create_source(
            name="Second", carrier_id=cls.second.id, compares_carriers=True
        )

    def _tell(self):
        self._process(row("1", start="2026-10-05 10:00:00", amount="0.01"), name="a")
        self._process(
            row("x", start="2026-10-05 10:00:03", amount="0.02"),
            row("y", **ALONE),
            name="b",
            source=self.second_source,
        )

    def _traffic(self, one):
        return sorted(
            one.traffic_ids.mapped(
                lambda t: (
                    t.told_by_id.name or "",
                    t.call_count,
                    round(t.imported_amount, 6),
                    round(t.rated_amount, 6),
                )
            )
        )

    def test_in_the_figures_of_both(self):
        """0.05 of its own call, and 0.02 of the one that the first told of, too."""
        self._tell()
        self.assertEqual(len(self._calls()), 2)
        one = self._reconcile(carrier_id=self.second.id)
        self.assertRecordValues(
            one,
            [
                {
                    "call_count": 2,
                    "twin_count": 1,
                    "duration": 120,
                    "imported_amount": 0.07,
                    "rated_amount": 0.07,
                }
            ],
        )
        self.assertEqual(
            self._traffic(one), [("", 1, 0.05, 0.05), ("Carrier", 1, 0.02, 0.02)]
        )
        first = self._reconcile()
        self.assertEqual((first.call_count, first.twin_count), (1, 0))
        self.assertEqual(self._traffic(first), [("", 1, 0.01, 0.01)])

    def test_the_cost_is_by_the_tariff_of_the_second(self):
        self.second.cost_tariff_id = self._create_tariff("Cost", {"price": 0.06})
        self._tell()
        one = self._reconcile(carrier_id=self.second.id)
        self.assertEqual(
            self._traffic(one), [("", 1, 0.05, 0.06), ("Carrier", 1, 0.02, 0.06)]
        )

    def test_other_currency_at_the_rate_of_the_day(self):
        """0.06 dollars at 1.2 are 0.05."""
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self._set_rates(dollar, d05=1.2)
        self.second.cost_tariff_id = self._create_tariff(
            "Cost", {"price": 0.06}, currency_id=dollar.id
        )
        self._tell()
        one = self._reconcile(carrier_id=self.second.id)
        self.assertEqual(
            self._traffic(one), [("", 1, 0.05, 0.05), ("Carrier", 1, 0.02, 0.05)]
        )

    def test_of_the_period_only(self):
        """By the local day: the last second of October, and the first of November."""
        for place, start in enumerate(("2026-10-31 23:59:59", "2026-11-01 00:00:00")):
            self._process(row(f"a{place}", start=start, amount="1"), name=f"a{place}")
            self._process(
                row(f"b{place}", start=start, amount="2"),
                name=f"b{place}",
                source=self.second_source,
            )
        one = self._reconcile(carrier_id=self.second.id)
        self.assertEqual(self._traffic(one), [("Carrier", 1, 2, 2)])

    def test_counted_anew_when_it_stands_itself(self):
        """The first file is taken back: the call is the second carrier's now."""
        self._tell()
        one = self._reconcile(carrier_id=self.second.id)
        self.source.file_ids.action_revert()
        one.action_refresh()
        self.assertEqual((one.call_count, one.twin_count), (2, 0))
        self.assertEqual(one.imported_amount, 0.07)

    def test_from_the_figure_to_what_was_told(self):
        self._tell()
        one = self._reconcile(carrier_id=self.second.id)
        person = self._new_user("accountant", ACCOUNTANT)
        twice = one.traffic_ids.filtered("told_by_id").with_user(person)
        action = twice.action_open_calls()
        self.assertEqual(action["res_model"], "telecom.call.twin")
        twin = self.env["telecom.call.twin"].with_user(person).search(action["domain"])
        self.assertEqual(twin.call_id.carrier_id, self.carrier)
        alone = (one.traffic_ids - twice).action_open_calls()
        self.assertEqual(alone["res_model"], "telecom.call")
