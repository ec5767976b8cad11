# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Law 2 for charges: once, whatever number of files carry the same, in any order."""

import random

from odoo.tests import tagged

from .common import FIRST, LAST, ChargeInvoicingCommon, charge_row

WORDS = ("Line rental", "Cuota", "Rental of line", "")
SPELLINGS = {"10": ("10", "10,0", "10,00"), "3": ("3", "3,00")}


@tagged("post_install", "-at_install")
class TestChargeOnce(ChargeInvoicingCommon):
    def test_any_files_in_any_order(self):
        for seed in range(6):
            with self.subTest(seed=seed):
                customer = self._create_customer(f"Customer {seed}")
                kinds, invoiced = self._run_once(random.Random(seed), seed, customer)
                charges = self._charges(("partner_id", "=", customer.id))
                found = [(one.reference, one.product_code) for one in charges]
                self.assertEqual(sorted(found), sorted(kinds))
                self.assertEqual(set(charges.mapped("state")), {"invoiced"})
                self.assertEqual(invoiced, 15.0 * len(kinds))

    def _run_once(self, rng, seed, customer):
        """Read files and invoice in between: what they carry, and what it came to."""
        kinds = {}
        for place in range(4):
            reference = f"91000{seed}1{place:02}"
            self._create_number(f"+34{reference}", customer)
            total = rng.choice(sorted(SPELLINGS))
            kinds[reference, rng.choice(("LR01", "LR02"))] = total
        files = []
        for number in range(5):
            chosen = rng.sample(sorted(kinds), rng.randint(1, len(kinds)))
            rows = [self._row(rng, key, kinds[key]) for key in chosen]
            files.append((f"{seed}-{number}.csv", rows))
        files.append((f"{seed}-all.csv", [self._row(rng, k, kinds[k]) for k in kinds]))
        rng.shuffle(files)
        invoiced = 0.0
        for name, rows in files:
            file = self._process_charges(*rows, name=name)
            if file.state == "held":
                file.action_release()
                file.action_process()
            self.assertChargesBalanced(file)
            if rng.random() < 0.5:
                moves = self._invoice(customer)
                invoiced += sum(moves.mapped("amount_untaxed"))
        invoiced += sum(self._invoice(customer).mapped("amount_untaxed"))
        return kinds, invoiced

    def _row(self, rng, key, total):
        reference, code = key
        return charge_row(
            rng.choice((reference, f" {reference} ")),
            code,
            total=rng.choice(SPELLINGS[total]),
            description=rng.choice(WORDS),
            quantity=rng.choice(("1", "1,00", "")),
        )

    def _invoice(self, customer):
        return self.env["telecom.invoicing"]._invoice(customer, FIRST, LAST)
