# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager
from fractions import Fraction

from odoo import api, fields, models

# What the sample calls were asked with.
ASKED = ("date_start", "price", "connect_fee", "markup", "formula")


class TelecomRateSuccessor(models.TransientModel):
    """Says which sample calls a new price breaks, before it is set."""

    _inherit = "telecom.rate.successor"

    broken_text = fields.Text(string="Sample calls that it breaks", readonly=True)

    def action_apply(self):
        """Set the price; where it breaks sample calls, say so first."""
        self.ensure_one()
        if self.broken_text:
            return super().action_apply()
        broken = self._broken_by_it()
        if not broken:
            return super().action_apply()
        self.broken_text = "\n".join(broken)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New price from…"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def write(self, vals):
        """Another price is asked about anew."""
        if vals.keys() - {"broken_text"}:
            vals = {**vals, "broken_text": False}
        return super().write(vals)

    @api.onchange(*ASKED)
    def _onchange_broken_text(self):
        self.broken_text = False

    def _broken_by_it(self):
        """Sample calls that come out as expected now, and would not then; in words."""
        tariff = self.rate_id.tariff_id
        before = {golden.id for golden, _price in tariff._broken_golden_calls()}
        with self._tried():
            super().action_apply()
            after = tariff._broken_golden_calls()
            return [
                self._say_broken(golden, price)
                for golden, price in after
                if golden.id not in before
            ]

    @contextmanager
    def _tried(self):
        """What happens inside is taken back."""
        self.env.flush_all()
        try:
            with self.env.cr.savepoint(flush=False) as savepoint:
                yield
                self.env.flush_all()
                savepoint.rollback()
        finally:
            self.env.invalidate_all(flush=False)

    def _say_broken(self, golden, price):
        words = self.env["telecom.call.explanation"]

        def money(amount):
            return words._money(Fraction(repr(amount)), golden.currency_id)

        return self.env._(
            "%(call)s (%(tariff)s): %(found)s instead of %(expected)s",
            call=golden.display_name,
            tariff=golden.tariff_id.name,
            found=self.env._("no price") if price is None else money(price),
            expected=money(golden.expected_price),
        )
