# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.telecom_cdr.tests.common import MANAGER, READER

from .common import ChargeCommon, charge_row

MONTHS = {
    "jan": ("01/01/2026", "31/01/2026"),
    "feb": ("01/02/2026", "28/02/2026"),
    "mar": ("01/03/2026", "31/03/2026"),
}


@tagged("post_install", "-at_install")
class TestFeeDrift(ChargeCommon):
    """Another line is charged in February, so that the carrier's month has come."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_number("+34910000009", cls.customer)
        cls._month("jan", "910000009")
        cls._month("feb", "910000009")

    @classmethod
    def _month(cls, month, reference="910000001", **cells):
        first, last = MONTHS[month]
        days = {"period_from": first, "period_to": last}
        return cls._process_charges(
            charge_row(reference, **{**days, **cells}),
            name=f"{month}{reference}{cells}.csv",
        )

    def _rows(self, *causes):
        self.env.invalidate_all()
        rows = self.env["telecom.fee.drift"].search(
            [("company_id", "=", self.company.id)], order="month, cause, id"
        )
        ids = rows.ids
        self.assertEqual(len(set(ids)), len(ids))
        return rows.filtered(lambda row: row.cause in causes) if causes else rows

    def _told(self, *causes):
        return [
            (row.cause, f"{row.month:%m}", row.reference, row.cost, row.price)
            for row in self._rows(*causes)
        ]

    def test_nothing_drifts_in_ordinary_months(self):
        self._month("jan")
        self._month("feb")
        self.assertFalse(self._rows())

    def test_charged_by_the_carrier_and_paid_by_nobody(self):
        self._month("jan", "X-1", total="7,00")
        self._month("feb", code="ZZ", total="3,00")
        self.assertEqual(
            self._told(),
            [
                ("unpaid", "01", "X-1", 7.0, 0.0),
                ("unpaid", "02", "910000001", 3.0, 0.0),
            ],
        )

    def test_what_is_left_out_on_purpose_is_no_drift(self):
        file = self._month("jan", "X-1")
        self._charges(("file_id", "=", file.id)).action_exclude()
        self.assertFalse(self._rows())

    def test_for_information_only_is_compared_with_our_own_charges(self):
        self._month("jan")
        self._month("feb")
        self.carrier.is_fee_information = True
        self.env["telecom.charge"]._settle_open(self.company)
        self.assertEqual(len(self._rows("unpaid")), 4)
        self._own_charge()
        unpaid = self._rows("unpaid").mapped("reference")
        self.assertEqual(unpaid, ["910000009"] * 2)

    def _own_charge(self, **values):
        product = self.env.ref("telecom_cdr_fixed_fee.product_fee_line_rental")
        return self.env["telecom.own.charge"].create(
            {
                "partner_id": self.customer.id,
                "product_id": product.id,
                "number_id": self.number.id,
                "price": 20.0,
                "date_start": "2026-01-01",
                **values,
            }
        )

    def test_a_customer_paid_and_the_carrier_ended(self):
        self._month("jan")
        self.assertEqual(self._told(), [("ended", "02", "910000001", 0.0, 15.0)])
        self.number.date_end = "2026-01-31 23:00:00"
        self.assertFalse(self._rows(), "the customer left, too")

    def test_own_charges_go_on_though_the_carrier_ended(self):
        self._month("jan")
        own = self._own_charge()
        rows = self._rows("ended")
        self.assertEqual(sorted(rows.mapped("price")), [15.0, 20.0])
        row = rows.filtered("own_charge_id")
        self.assertEqual(row.own_charge_id, own)
        self.assertEqual(row.action_open_own_charge()["res_id"], own.id)
        own.date_end = "2026-02-01"
        self.assertFalse(self._rows("ended").own_charge_id)

    def test_nothing_has_ended_before_the_next_month_has_come(self):
        self._month("feb")
        self.assertFalse(self._rows("ended"))

    def test_another_price_than_before(self):
        self._month("jan", quantity="2", total="20,00")
        self._month("feb", quantity="3", total="36,00")
        self.assertEqual(self._told(), [("price", "02", "910000001", 6.0, 0.0)])

    def test_a_part_of_a_month_has_no_price_to_compare(self):
        self._month("jan", period_from="10/01/2026", total="7,10")
        self._month("feb")
        self.assertFalse(self._rows())

    def test_a_number_that_is_no_longer_ours(self):
        self.number.date_end = "2025-12-31 22:00:00"
        self._month("jan", total="9,00")
        self.assertEqual(self._told(), [("not_ours", "01", "910000001", 9.0, 0.0)])

    def test_gap_and_overlap(self):
        self._month("jan", period_to="21/01/2026")
        self._month("feb", total="28,00")
        self._month("mar", period_from="15/02/2026", total="45,00")
        self.assertEqual(
            self._told("gap", "overlap"),
            [
                ("gap", "01", "910000001", 10.0, 0.0),
                ("overlap", "02", "910000001", 14.0, 0.0),
            ],
        )
        gap = self._rows("gap")
        self.assertEqual(
            (str(gap.first_day), str(gap.last_day)), ("2026-01-22", "2026-01-31")
        )

    def test_a_row_opens_its_charges(self):
        self._month("jan", quantity="2", total="20,00")
        self._month("feb", quantity="3", total="36,00")
        domain = self._rows("price").action_open()["domain"]
        self.assertEqual(
            self.env["telecom.charge"].search(domain, order="id").mapped("cost"),
            [20.0, 36.0],
        )

    def test_a_split_charge_is_one(self):
        heir = self._create_customer("Heir")
        self.number.date_end = "2026-01-14 23:00:00"
        self._create_number("+34910000001", heir, date_start="2026-01-14 23:00:00")
        self.company.telecom_fee_split = "days"
        self._month("jan")
        self._month("feb")
        self.assertFalse(self._rows())

    def test_a_row_is_seen_until_it_comes_to_something_else(self):
        self._month("jan", "X-1", total="7,00")
        self._month("jan", "X-2", total="8,00")
        user = self._new_user("drift_user")
        rows = self._rows("unpaid").with_user(user)
        rows[0].action_mark_seen()
        rows[0].action_mark_seen()
        seen = self._rows("unpaid").filtered("is_seen")
        self.assertEqual((seen.reference, seen.seen_by_id), ("X-1", user))
        self._charges(("reference", "=", "X-1"))._store({"cost": 7.5})
        self.assertFalse(self._rows("unpaid").filtered("is_seen"))
        rows.action_mark_seen()
        self.assertEqual(self._rows("unpaid").mapped("is_seen"), [True, True])
        rows[1].action_mark_open()
        self.assertEqual(
            self._rows("unpaid").filtered("is_seen").mapped("reference"), ["X-1"]
        )

    def test_a_reader_and_another_company_mark_nothing(self):
        self._month("jan", "X-1", total="7,00")
        rows = self._rows("unpaid")
        reader = self._new_user("drift_reader", READER)
        stranger = self._new_user("drift_stranger")
        other = self.env["res.company"].create({"name": "Other telecom"})
        stranger.write({"company_ids": [Command.set(other.ids)], "company_id": other})
        for user in (reader, stranger):
            for action in ("action_mark_seen", "action_mark_open"):
                with self.assertRaises(AccessError), self.cr.savepoint():
                    getattr(rows.with_user(user), action)()
        self.assertFalse(self.env["telecom.fee.drift.seen"].search([]))
        self.assertEqual(self._rows("unpaid").mapped("is_seen"), [False])

    def test_cost_at_stake_needs_its_role(self):
        self._month("jan", "X-1")
        manager = self._new_user("drift_manager", MANAGER)
        rows = self._rows("unpaid").with_user(manager)
        self.assertEqual(rows.reference, "X-1")
        with self.assertRaises(AccessError):
            rows.read(["cost"])

    def test_months_by_cause_as_a_pivot(self):
        self._month("jan", "X-1", total="7,00")
        groups = self.env["telecom.fee.drift"]._read_group(
            [("company_id", "=", self.company.id)],
            ["month:month", "cause"],
            ["cost:sum", "__count"],
        )
        self.assertEqual(
            [(cause, cost) for _month, cause, cost, _count in groups], [("unpaid", 7.0)]
        )
