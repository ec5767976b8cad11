# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The laws of the design as properties of random files, and not only of examples.

Files are small and many: what breaks a law is how rows repeat, split and follow one
another, not how many there are.
"""

import random
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from odoo.fields import Command
from odoo.tests import tagged

from .common import HEADER, TelecomCommon

SEEDS = range(12)
LAST = date(2026, 11, 30)


@tagged("post_install", "-at_install")
class TestLaws(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_accounts()
        cls.company.currency_id = cls.env.ref("base.EUR")
        cls.two = cls._create_customer("Customer Two")
        cls._create_number("+34910000002", cls.two)
        cls._create_number("+34910000003", cls.customer)
        landline = cls.env.ref("telecom_cdr.telecom_call_category_landline")
        mobile = cls.env.ref("telecom_cdr.telecom_call_category_mobile")
        fixed = {"seconds": 400, "category_ids": [Command.set(landline.ids)]}
        both = {"seconds": 700, "category_ids": [Command.set((landline + mobile).ids)]}
        cls._give_bundle(cls._create_bundle("FIXED", fixed), cls.customer, priority=1)
        cls._give_bundle(
            cls._create_bundle("BOTH", both, is_shared=True), cls.customer, priority=2
        )
        cls._give_bundle(cls._create_bundle("TWO", both), cls.two)
        cls._forget_marks()

    # === RANDOM FILES === #

    def _rows(self, chance):
        """Up to 40 rows; some equal, bad, of nobody, or at the same time."""
        start = datetime.fromisoformat("2026-10-20")
        rows = []
        for index in range(chance.randint(1, 40)):
            if rows and chance.random() < 0.15:
                rows.append(chance.choice(rows))
                continue
            moment = start + timedelta(minutes=chance.randrange(0, 30_000, 7))
            caller = chance.choice(
                ["910000001", "910000001", "910000002", "910000003", "910000077"]
            )
            called = chance.choice(
                ["912000001", "600000099", "00442079460001", "112", "912000002"]
            )
            seconds = chance.choice([0, 1, 11, 59, 60, 61, 240, 601, -1])
            unique = chance.choice(["", f"u{index}"])
            rows.append(f"{moment},{caller},{called},{seconds},0.01,{unique}")
            if chance.random() < 0.05:
                rows.append("2026-02-30 10:00:00,910000001,912000001,1,,")
        return rows

    def _split(self, rows, chance):
        """The rows as files in some order: equal rows stay in one file."""
        groups = {}
        for text in rows:
            groups.setdefault(text, []).append(text)
        pieces = [[] for _ in range(chance.randint(1, 4))]
        for group in groups.values():
            chance.choice(pieces).extend(group)
        for piece in pieces:
            chance.shuffle(piece)
        chance.shuffle(pieces)
        return [piece for piece in pieces if piece]

    def _import(self, pieces):
        """Read the files; law 1 holds for each."""
        files = self.env["telecom.file"]
        for index, piece in enumerate(pieces):
            file = self._upload(HEADER + "\n".join(piece) + "\n", f"{index}.csv")
            if file.state == "held":
                file.action_release()
            file.action_process()
            self.assertEqual(file.state, "processed", file.last_error)
            self.assertBalanced(file)
            self.assertEqual(file.row_count, len(piece))
            files += file
        return files

    def _result(self):
        """All that must not depend on how the rows came, in an order of its own."""
        calls = self._calls()
        draws = self.env["telecom.bundle.draw"].search([("call_id", "in", calls.ids)])
        return (
            sorted(
                (
                    call.identity,
                    str(call.start_at),
                    call.state,
                    call.partner_id.id,
                    call.price,
                    call.bundle_duration,
                    call.billed_duration,
                    call.margin,
                )
                for call in calls
            ),
            sorted(
                (draw.call_id.identity, draw.allowance_id.id, draw.quantity)
                for draw in draws
            ),
        )

    def _take_back(self, files):
        files.action_revert()
        self.assertFalse(self._calls())
        self.assertFalse(self.env["telecom.bundle.draw"].search([("call_id", "!=", 0)]))

    # === LAWS === #

    def test_order_and_split_of_files_do_not_matter(self):
        """Law 3, and with it laws 1 and 2."""
        states, draws = set(), 0
        for seed in SEEDS:
            chance = random.Random(seed)
            rows = self._rows(chance)
            with self.subTest(seed=seed):
                files = self._import([rows])
                whole = self._result()
                self._take_back(files)
                pieces = self._split(rows, chance)
                files = self._import(pieces)
                self.assertEqual(self._result(), whole)
                self._take_back(files)
                states |= {call[2] for call in whole[0]}
                draws += len(whole[1])
        self.assertEqual(states, {"rated", "unrated", "unmatched"})
        self.assertGreater(draws, 50, "too few calls are covered to tell anything")

    def test_what_comes_again_adds_nothing(self):
        """Law 2: the same rows once more, all or some, in whatever files."""
        for seed in SEEDS:
            chance = random.Random(1000 + seed)
            rows = self._rows(chance)
            with self.subTest(seed=seed):
                files = self._import([rows])
                before = self._result()
                again = self._import(self._split(rows, chance))
                again += self._import([chance.sample(rows, len(rows) // 2 or 1)])
                self.assertEqual(self._result(), before)
                self.assertEqual(sum(again.mapped("call_count")), 0)
                self._take_back(files + again)

    def test_rating_again_changes_nothing(self):
        """Law 2 for the second click."""
        for seed in list(SEEDS)[:4]:
            files = self._import([self._rows(random.Random(2000 + seed))])
            before = self._result()
            self._calls().action_rate()
            with self.subTest(seed=seed):
                self.assertEqual(self._result(), before)
            self._take_back(files)

    def test_money_adds_up(self):
        """Law 5: each line is the exact sum of its calls, rounded once."""
        for seed in list(SEEDS)[:6]:
            chance = random.Random(3000 + seed)
            self._import(self._split(self._rows(chance), chance))
            partners = self.customer + self.two
            moves = self.env["telecom.invoicing"]._invoice(
                partners, date(2026, 10, 1), LAST
            )
            calls = self._calls(("state", "=", "invoiced"))
            self.assertFalse(self._calls(("state", "=", "rated")))
            with self.subTest(seed=seed):
                for line in moves.invoice_line_ids.filtered("telecom_kind"):
                    billed = calls.filtered(lambda c, line=line: c.move_line_id == line)
                    exact = sum(
                        (Decimal(str(call.price)) for call in billed), Decimal(0)
                    )
                    rounded = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
                    self.assertEqual(Decimal(str(line.price_subtotal)), rounded)
                    self.assertTrue(billed)
                self.assertEqual(sum(moves.mapped("telecom_call_count")), len(calls))
            moves.unlink()
            self._take_back(
                self.source.file_ids.filtered(lambda f: f.state == "processed")
            )

    def test_invoices_do_not_depend_on_the_order_of_files(self):
        """Law 3 to its end: the same invoices."""
        for seed in list(SEEDS)[:4]:
            chance = random.Random(4000 + seed)
            rows = self._rows(chance)
            totals = []
            for pieces in ([rows], self._split(rows, chance)):
                files = self._import(pieces)
                moves = self.env["telecom.invoicing"]._invoice(
                    self.customer + self.two, date(2026, 10, 1), LAST
                )
                totals.append(
                    sorted(
                        (line.partner_id.id, line.name, line.price_subtotal)
                        for line in moves.invoice_line_ids
                    )
                )
                moves.unlink()
                self._take_back(files)
            with self.subTest(seed=seed):
                self.assertEqual(totals[0], totals[1])
