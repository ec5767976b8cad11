# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls on the invoices of contracts: those of the period, once, and back again."""

from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo import modules
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.telecom_cdr.tests.test_rating import row

from .contract_common import ContractCommon

# What a month of Voice calls costs, and a landline call of two minutes.
FEE, CALL = (False, 6.2), (True, 0.09)


@tagged("post_install", "-at_install")
class TestContractCalls(ContractCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._process(
            row("S1", seconds=61, start="2026-09-30 23:59:00"),
            row("O1", seconds=61, start="2026-10-12 10:00:00"),
            row("N1", seconds=61, start="2026-11-01 00:00:00"),
        )

    def _states(self):
        return self._calls().mapped("state")

    def _cron(self, day):
        contracts = self.env["contract.contract"].with_company(self.company)
        contracts._cron_recurring_create(day)

    # === WHICH CALLS === #

    @freeze_time("2026-11-02 08:00:00")
    def test_the_invoice_of_a_period_has_its_calls(self):
        """October and what is left of September; the call of November waits.

        The last line of September and of October: 2 * 0.09.
        """
        contract = self._contract(self.voice)
        move = self._invoice(contract)
        self.assertEqual(self._amounts(move), [FEE, (True, 0.18)])
        self.assertRecordValues(
            move.sudo(),
            [
                {
                    "partner_id": self.customer.id,
                    "ref": "C-1",
                    "amount_untaxed": 6.38,
                    "telecom_call_count": 2,
                    "state": "draft",
                }
            ],
        )
        self.assertEqual(self._states(), ["invoiced", "invoiced", "rated"])
        move.action_post()
        self.assertEqual(move.state, "posted")

    def test_paid_in_advance_it_has_those_of_the_period_before(self):
        with freeze_time("2026-10-01 08:00:00"):
            contract = self._contract(self.voice, "pre-paid")
            self.assertEqual(self._amounts(self._invoice(contract)), [FEE, CALL])
        self.assertEqual(self._states(), ["invoiced", "rated", "rated"])
        with freeze_time("2026-11-01 08:00:00"):
            self.assertEqual(self._amounts(self._invoice(contract)), [FEE, CALL])
        self.assertEqual(self._states(), ["invoiced", "invoiced", "rated"])

    @freeze_time("2026-11-02 08:00:00")
    def test_a_bundle_alone_brings_no_calls(self):
        move = self._invoice(self._contract(self.bundle.product_id))
        self.assertEqual(self._amounts(move), [(False, 31)])

    @freeze_time("2026-11-02 08:00:00")
    def test_other_fees_are_on_it(self):
        """October of a bundle that was given by hand."""
        other = self._create_bundle("C", {"service": "sms", "messages": 1}, price=5)
        self._give_bundle(other, self.customer, date_start="2026-10-01 00:00:00")
        move = self._invoice(self._contract(self.voice))
        self.assertEqual(self._amounts(move), [(False, 5), FEE, (True, 0.18)])

    @freeze_time("2026-11-02 08:00:00")
    def test_calls_without_a_price_come_later(self):
        self._process(row("X1", called="00442079460001", start="2026-10-13 10:00:00"))
        contract = self._contract(self.voice)
        self.assertEqual(self._amounts(self._invoice(contract)), [FEE, (True, 0.18)])
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "category": "international", "price": 0.5}
        )
        self.env["telecom.rating"]._work_off_marks(self.company)
        with freeze_time("2026-12-01 08:00:00"):
            later = self._invoice(contract)
        self.assertEqual(self._amounts(later), [FEE, CALL, (True, 0.5)])

    @freeze_time("2026-11-02 08:00:00")
    def test_the_contract_goes_on_to_its_next_period(self):
        """Recurring as a whole, with Voice calls before a bundle."""
        contract = self._contract(self.voice)
        line = contract.contract_line_ids
        line.copy(
            {
                "product_id": self.bundle.product_id.id,
                "contract_id": contract.id,
                "specific_price": 31,
            }
        )
        contract.write(
            {
                "line_recurrence": False,
                "date_start": "2026-10-01",
                "recurring_invoicing_type": "post-paid",
            }
        )
        self.env.invalidate_all()
        self._invoice(contract)
        self.env.invalidate_all()
        lines = contract.contract_line_ids
        self.assertEqual(str(contract.recurring_next_date), "2026-12-01")
        self.assertEqual(set(lines.mapped("last_date_invoiced")), {date(2026, 10, 31)})

    # === ONCE === #

    @freeze_time("2026-11-02 08:00:00")
    def test_once_per_customer_whatever_else_is_invoiced(self):
        """Two contracts in one go, then both again, then a run.

        The bundle covers the call of October; that of September costs 0.09.
        """
        voice = self._contract(self.voice)
        bundle = self._contract(self.bundle.product_id)
        self._cron(date(2026, 11, 2))
        moves = (voice | bundle).contract_line_ids.mapped(
            lambda line: line.contract_id._get_related_invoices()
        )
        self.assertEqual(len(moves), 2)
        self.assertEqual(self._amounts(moves), [FEE, (False, 31), CALL])
        self._cron(date(2026, 11, 2))
        lines = self.env["account.move.line"].search(
            [("contract_line_id", "in", (voice | bundle).contract_line_ids.ids)]
        )
        self.assertEqual(lines.move_id, moves)
        self.assertFalse(self._run())

    @freeze_time("2026-11-02 08:00:00")
    def test_killed_it_is_whole_the_next_time(self):
        contract = self._contract(self.voice)
        invoicing = type(self.env["telecom.invoicing"])
        with (
            self.assertRaises(RuntimeError),
            self.env.cr.savepoint(),
            patch.object(invoicing, "_link_calls", side_effect=RuntimeError),
        ):
            self._invoice(contract)
        self.env.invalidate_all()
        self.assertFalse(contract._get_related_invoices())
        self.assertFalse(contract.contract_line_ids.last_date_invoiced)
        self.assertEqual(self._states(), ["rated"] * 3)
        self.assertEqual(self._amounts(self._invoice(contract)), [FEE, (True, 0.18)])

    @freeze_time("2026-11-02 08:00:00")
    def test_a_contract_that_fails_leaves_the_others(self):
        """The cron tries them one by one; what fails takes no call."""
        contract = self._contract(self.voice)
        invoicing = type(self.env["telecom.invoicing"])
        error = ValidationError("no")
        with (
            patch.object(invoicing, "_link_calls", side_effect=error),
            self.assertLogs("odoo.addons.contract.models.contract", "WARNING"),
        ):
            self._cron(date(2026, 11, 2))
        self.assertIn("no", contract.invoice_generation_error)
        self.assertEqual(self._states(), ["rated"] * 3)
        self.assertFalse(contract._get_related_invoices())
        self._cron(date(2026, 11, 2))
        self.assertFalse(contract.invoice_generation_error)
        self.assertEqual(self._states(), ["invoiced", "invoiced", "rated"])

    @freeze_time("2026-11-02 08:00:00")
    def test_a_cancelled_invoice_gives_the_calls_back(self):
        contract = self._contract(self.voice)
        self._invoice(contract).button_cancel()
        self.assertEqual(self._states(), ["rated"] * 3)
        with freeze_time("2026-12-01 08:00:00"):
            later = self._invoice(contract)
        self.assertEqual(self._amounts(later), [FEE, (True, 0.27)])

    @freeze_time("2026-11-02 08:00:00")
    def test_one_telephony_per_customer(self):
        self._contract(self.voice, quantity=3)
        given = self.env["telecom.bundle.subscription"].search([])
        self.assertEqual(len(given), 1)
        # It includes nothing, so nothing of it is used.
        self.assertFalse(given.used_text)
        with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
            self._contract(self.voice)
        self.assertIn("has Voice calls already", str(caught.exception))
        self.assertEqual(self.env["telecom.bundle.subscription"].search([]), given)

    # === RUNS === #

    def _reason(self, day):
        run = self.env["telecom.run"].create(
            {
                "company_id": self.company.id,
                "date_from": "2026-10-01",
                "date_to": day,
                "scope": "hand",
                "partner_ids": self.customer.ids,
            }
        )
        self.env["telecom.rating"]._work_off_marks(self.company)
        run.action_preview()
        line = self.env["telecom.run.customer"].search([("run_id", "=", run.id)])
        return line.state, line.left_reason

    @freeze_time("2026-11-02 08:00:00")
    def test_a_run_leaves_the_customer_to_the_contract(self):
        self.company.telecom_only_with_usage = True
        self.assertEqual(self._reason("2026-10-31"), ("left_out", "usage"))
        contract = self._contract(self.voice)
        self.assertEqual(self._reason("2026-10-31"), ("left_out", "contract"))
        self._invoice(contract)
        self.assertEqual(self._reason("2026-11-30"), ("left_out", "contract"))
        # Its last invoice is made: what is left is the run's.
        contract.contract_line_ids.date_end = "2026-10-31"
        self.assertEqual(self._reason("2026-11-30"), ("ready", False))

    @freeze_time("2026-11-02 08:00:00")
    def test_before_a_contract_has_begun_a_run_bills(self):
        """The contract looks at nothing before its first day."""
        self._contract(self.voice, start="2026-11-01")
        self.assertEqual(self._reason("2026-10-31"), ("ready", False))
        self.assertEqual(self._reason("2026-11-30"), ("left_out", "contract"))

    @freeze_time("2026-11-02 08:00:00")
    def test_no_step_ends_in_the_savepoint_of_contracts(self):
        """A bundle's mark waits: working it off must commit nothing in between."""
        self._give_bundle(self.bundle, self.customer)
        contract = self._contract(self.voice)
        files = type(self.env["telecom.file"])
        steps, end_step = [], files._commit_step

        def noted(file):
            steps.append(file.env.context.get("telecom_one_transaction"))
            with (
                patch.object(modules.module, "current_test", False),
                patch.object(type(file.env.cr), "commit") as commit,
            ):
                end_step(file)
            self.assertFalse(commit.called)

        with patch.object(files, "_commit_step", noted):
            self._invoice(contract)
        self.assertTrue(steps)
        self.assertTrue(all(steps))

    # === APART === #

    @freeze_time("2026-11-02 08:00:00")
    def test_who_may_not_change_contracts_invoices_none(self):
        contract = self._contract(self.voice)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            contract.with_user(self.clerk).recurring_create_invoice()
        self.env.invalidate_all()
        self.assertEqual(self._states(), ["rated"] * 3)

    @freeze_time("2026-11-02 08:00:00")
    def test_another_company_takes_none_of_them(self):
        other = self.company.create(
            {"name": "Other", "currency_id": self.company.currency_id.id}
        )
        self.env.user.company_ids = [Command.link(other.id)]
        self.env["account.chart.template"].try_loading(
            "generic_coa", other, install_demo=False
        )
        self.keeper.company_ids = [Command.link(other.id)]
        contract = self._contract(self.voice, company_id=other.id)
        given = contract.contract_line_ids.sudo().telecom_subscription_ids
        self.assertEqual(given.company_id, other)
        move = self._invoice(contract)
        self.assertEqual(move.sudo().company_id, other)
        self.assertEqual(self._amounts(move), [FEE])
        self.assertEqual(self._states(), ["rated"] * 3)

    @freeze_time("2026-11-02 08:00:00")
    def test_another_currency_has_an_invoice_of_its_own(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        contract = self._contract(self.voice, manual_currency_id=dollar.id)
        moves = self._invoice(contract).sudo()
        self.assertEqual(
            {move.currency_id.name: self._amounts(move) for move in moves},
            {"USD": [FEE], "EUR": [(True, 0.18)]},
        )

    @freeze_time("2026-11-02 08:00:00")
    def test_an_invoice_to_somebody_else_has_none_of_them(self):
        holding = self._create_customer("Holding")
        contract = self._contract(self.voice)
        contract.invoice_partner_id = holding
        moves = self._invoice(contract).sudo()
        self.assertEqual(
            {move.partner_id: self._amounts(move) for move in moves},
            {holding: [FEE], self.customer: [(True, 0.18)]},
        )
