# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged

from .common import ChargeCommon, charge_row

FEBRUARY = {"period_from": "01/02/2026", "period_to": "28/02/2026"}


@tagged("post_install", "-at_install")
class TestChargeReconciliation(ChargeCommon):
    """What a carrier should bill beside calls: its charges of the period, by kind."""

    def test_charges_of_the_period(self):
        self._process_charges(
            charge_row(),
            charge_row(account="A2", total="12,50"),
            charge_row(account="A3", kind="C", total="-2,00"),
            charge_row(account="A4", total="99,00", **FEBRUARY),
        )
        one = self.env["telecom.reconciliation"].create(
            {
                "carrier_id": self.carrier.id,
                "date_from": "2026-01-01",
                "date_to": "2026-01-31",
            }
        )
        amounts = one.other_ids.sorted("amount").mapped("amount")
        self.assertEqual(amounts, [-2.0, 22.5])
        self.assertEqual(one.other_amount, 20.5)
