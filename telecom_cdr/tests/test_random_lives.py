# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Laws 2 and 5 on random lives of calls: whatever accountants do, by whatever ways.

Runs, credit notes of a part, disputes, bad debts, native reversals, drafts that are
edited, deleted, cancelled and reset, and re-ratings follow one another. What is refused
is refused in words and changes nothing. After each step the posted documents come to
what the calls that they bill cost, and every call is billed once at most.
"""

import random
from datetime import date

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .invoicing_common import FIRST
from .test_credited_once import CreditedOnceCommon
from .test_rating import row
from .test_ways_back import MOBILE

CALLS, STEPS = 8, 14
WHOLE_CENTS = {"seconds": [10, 20, 60], "prices": [0.06, 0.12, 0.18]}
SUB_CENTS = {"seconds": [3, 7, 11], "prices": [0.09, 0.17, 0.05]}
# What posted documents owe: calls of posted lines that no posted credit note takes off,
# and corrections of them that stand.
OWED = """
    SELECT COALESCE(sum(p.price), 0)
      FROM (SELECT i.move_line_id, c.price
              FROM telecom_call_invoice i
              JOIN telecom_call c ON c.id = i.call_id
             WHERE NOT EXISTS (
                   SELECT FROM telecom_release_call o
                     JOIN telecom_release r ON r.id = o.release_id
                    WHERE o.call_id = i.call_id AND o.move_line_id = i.move_line_id
                      AND r.state IN ('credited', 'written_off'))
         UNION ALL
            SELECT k.move_line_id, k.amount FROM telecom_call_correction k
             WHERE k.is_released IS NOT TRUE) p
      JOIN account_move_line l ON l.id = p.move_line_id
      JOIN account_move m ON m.id = l.move_id AND m.state = 'posted'
"""


@tagged("post_install", "-at_install")
class TestRandomLives(CreditedOnceCommon):
    def test_to_the_cent(self):
        """Prices of whole cents: nothing is rounded, so all is equal."""
        steps = sum(self._one_life(seed, WHOLE_CENTS, 0) for seed in range(6))
        self.assertGreater(steps, 6 * STEPS // 4, "Nearly all steps were refused.")

    def test_below_the_cent(self):
        """Lines are rounded once: each may be a cent beside the calls it has left."""
        seeds = range(100, 103)
        steps = sum(self._one_life(seed, SUB_CENTS, 0.01) for seed in seeds)
        self.assertGreater(steps, 3 * STEPS // 4, "Nearly all steps were refused.")

    def _one_life(self, seed, kind, tolerance):
        """Live it and forget it; how many steps were not refused."""
        with self.subTest(seed=seed), self.cr.savepoint() as savepoint:
            self.done = []
            try:
                self._live(random.Random(seed), kind, tolerance)
            finally:
                savepoint.rollback()
                self.env.invalidate_all()
        return sum("refused" not in step for step in self.done)

    def _live(self, chance, kind, tolerance):
        self.kind, self.tolerance = kind, tolerance
        self._import(chance)
        ways = [
            *[self._run] * 3,
            *[self._give_some_back] * 3,
            *[self._native] * 2,
            *[self._post] * 4,
            *[self._draft] * 2,
            *[self._reset] * 2,
            self._dispute_one,
            self._another_price,
            self._give_later,
        ]
        for _step in range(STEPS):
            self._try(chance.choice(ways), chance)
            self._check()
        self._finish(chance)

    def _import(self, chance):
        rows = [
            row(
                f"R{i}",
                caller=chance.choice(["910000001", "910000002"]),
                called=MOBILE,
                seconds=chance.choice(self.kind["seconds"]),
                start=f"2026-10-{1 + i:02} 10:00:00",
            )
            for i in range(CALLS)
        ]
        self.company.telecom_tariff_id = self._create_tariff(
            "At first", {"category": "mobile", "price": self.kind["prices"][0]}
        )
        self._forget_marks()
        self._process(*rows)
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})

    def _try(self, way, chance):
        """A step; what is refused changes nothing."""
        self.done.append(f"{way.__name__}: {len(self._moves())} documents")
        try:
            with self.cr.savepoint(), mute_logger("odoo.addons"):
                way(chance)
                self.env.flush_all()
        except UserError as error:
            self.done[-1] += f" (refused: {str(error)[:60]})"
        self.env.invalidate_all()

    # === STEPS === #

    def _moves(self, *domain):
        return self.env["account.move"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("move_type", "in", ("out_invoice", "out_refund")),
                *domain,
            ],
            order="id",
        )

    def _some(self, chance, *domain):
        moves = self._moves(*domain)
        if not moves:
            raise UserError(self.env._("There is none."))
        return chance.choice(moves)

    def _run(self, chance):
        self._invoice(is_posted=chance.random() < 0.7)

    def _give_some_back(self, chance):
        move = self._some(chance, ("state", "=", "posted"))
        day = date(2026, 10, chance.randint(1, CALLS))
        kind, values = chance.choice(
            [
                ("all", {}),
                ("dates", {"date_from": FIRST, "date_to": day}),
                ("dates", {"date_from": day, "date_to": day}),
                ("numbers", {"number_ids": self.second.ids}),
            ]
        )
        self._give_back(
            move,
            kind,
            is_bad_debt=chance.random() < 0.2,
            date_release=date(2099, 1, 1) if chance.random() < 0.2 else False,
            is_posted=chance.random() < 0.6,
            **values,
        )

    def _give_later(self, _chance):
        """What was credited for a later day is given back."""
        self.env["telecom.release"].search(
            [("state", "=", "credited")]
        ).action_release()

    def _native(self, chance):
        move = self._some(chance, ("state", "=", "posted"))
        if chance.random() < 0.4:
            new = self._modify(move)
            if chance.random() < 0.5:
                new.action_post()
            return
        refund = self._reverse(move)
        if chance.random() < 0.2:
            refund.invoice_line_ids[:1].unlink()
        if chance.random() < 0.7:
            refund.action_post()

    def _post(self, chance):
        self._some(chance, ("state", "=", "draft")).action_post()

    def _draft(self, chance):
        """A draft is deleted, cancelled, or loses a line."""
        draft = self._some(chance, ("state", "in", ("draft", "cancel")))
        if draft.state == "cancel":
            draft.button_draft()
            return
        line = draft.invoice_line_ids[:1]
        chance.choice([draft.unlink, draft.button_cancel, line.unlink])()

    def _reset(self, chance):
        """A posted document is a draft, and then posted again, cancelled or deleted."""
        move = self._some(chance, ("state", "=", "posted"))
        move.button_draft()
        line = move.invoice_line_ids[:1]
        ends = [move.action_post, move.button_cancel, move.unlink, line.unlink]
        chance.choice(ends)()
        if move.exists() and move.state == "draft" and move.invoice_line_ids:
            move.action_post()

    def _dispute_one(self, chance):
        dispute = self._dispute(chance.choice(self._calls()))
        dispute.action_grant()
        if dispute.refund_id and chance.random() < 0.5:
            dispute.refund_id.action_post()

    def _another_price(self, chance):
        self._rerate(chance.choice(self.kind["prices"]))

    # === WHAT HOLDS === #

    def _check(self):
        self.env.flush_all()
        self.env.cr.execute(OWED)
        owed = float(self.env.cr.fetchone()[0])
        posted = self._moves(("state", "=", "posted"))
        net = sum(posted.mapped("amount_untaxed_signed"))
        lines = len(posted.invoice_line_ids)
        self.assertAlmostEqual(
            net, owed, delta=self.tolerance * lines + 0.0001, msg=self._story()
        )
        for call in self._calls():
            self.assertEqual(call.state == "invoiced", bool(call.move_line_id))
            self.assertIn(call.move_id.state, ("draft", "posted", False), self._story())

    def _finish(self, chance):
        """Drafts are posted or go, the rest is invoiced: every call is billed once."""
        for draft in self._moves(("state", "=", "draft")):
            self._try(lambda _chance, draft=draft: draft.exists().action_post(), chance)
        for draft in reversed(self._moves(("state", "=", "draft"))):
            self._try(lambda _chance, draft=draft: draft.exists().unlink(), chance)
        self._check()
        self.assertFalse(self._moves(("state", "=", "draft")), self._story())
        self._give_later(chance)
        self._try(lambda _chance: self._invoice(), chance)
        self._check()
        states = set(self._calls().mapped("state"))
        self.assertLessEqual(states, {"invoiced", "excluded"}, self._story())

    def _story(self):
        """What was done, and what has come of it."""
        moves = [
            f"{move.name} {move.move_type} {move.state} {move.amount_untaxed_signed}"
            for move in self._moves()
        ]
        return "\n".join([*self.done, *moves])
