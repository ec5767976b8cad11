# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from freezegun import freeze_time

from odoo.tests import tagged

from .common import TelecomCommon

NOW = "2026-10-05 12:00:00"
PAST, FUTURE = "2026-01-01 00:00:00", "2027-01-01 00:00:00"
NONE = "none"


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestDatedAssignment(TelecomCommon):
    """What the next assignment makes of those that are there."""

    # Assignments before: (tariff, from, until); the next tariff; assignments after.
    CASES = {
        "the first counts from ever": ([], "A", [("A", "", "")]),
        "none after none": ([], NONE, []),
        "the next starts now": (
            [("A", "", "")],
            "B",
            [("A", "", NOW), ("B", NOW, "")],
        ),
        "the same stays": ([("A", PAST, FUTURE)], "A", [("A", PAST, FUTURE)]),
        "the same stays, and what follows it": (
            [("A", "", FUTURE), ("B", FUTURE, "")],
            "A",
            [("A", "", FUTURE), ("B", FUTURE, "")],
        ),
        "one that was planned gives way": (
            [("A", "", FUTURE), ("B", FUTURE, "")],
            "B",
            [("A", "", NOW), ("B", NOW, "")],
        ),
        "the first counts from ever, though one was planned": (
            [("B", FUTURE, "")],
            "A",
            [("A", "", "")],
        ),
        "one that has ended stays": (
            [("A", "", PAST)],
            "B",
            [("A", "", PAST), ("B", NOW, "")],
        ),
        "none ends all": (
            [("A", PAST, FUTURE), ("B", FUTURE, "")],
            NONE,
            [("A", PAST, NOW)],
        ),
        "one that began this moment is replaced": (
            [("A", "", NOW), ("B", NOW, "")],
            "C",
            [("A", "", NOW), ("C", NOW, "")],
        ),
    }

    def _periods(self, customer):
        found = self.env["telecom.tariff.assignment"].search(
            [("partner_id", "=", customer.id)]
        )
        return sorted(
            (
                (a.tariff_id.name, str(a.date_start or ""), str(a.date_end or ""))
                for a in found
            ),
            key=lambda period: period[1],
        )

    def test_cases(self):
        tariffs = {name: self._create_tariff(name, {"price": 1}) for name in "ABC"}
        tariffs[NONE] = self.env["telecom.tariff"]
        assignments = self.env["telecom.tariff.assignment"]
        for case, (before, following, after) in self.CASES.items():
            with self.subTest(case):
                customer = self._create_customer(case)
                for name, start, end in before:
                    assignments.create(
                        {
                            "partner_id": customer.id,
                            "tariff_id": tariffs[name].id,
                            "date_start": start,
                            "date_end": end,
                        }
                    )
                assignments._assign({"partner_id": customer.id}, tariffs[following])
                self.assertEqual(self._periods(customer), after)
                self.assertEqual(customer.telecom_tariff_id, tariffs[following])
