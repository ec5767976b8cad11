# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager
from fractions import Fraction

from odoo import fields, models


class TelecomSampleCheckMixin(models.AbstractModel):
    """Says which sample calls a change of prices breaks, before it is made."""

    _name = "telecom.sample.check.mixin"
    _description = "Sample Calls Before a Change"

    broken_text = fields.Text(string="Sample calls that it breaks", readonly=True)

    def _checked_tariffs(self):
        """The tariffs whose sample calls are asked."""
        raise NotImplementedError

    def _check_samples(self, apply):
        """Make the change; where it breaks sample calls, say so first.

        :param apply: makes it, and gives the action that follows
        """
        self.ensure_one()
        if self.broken_text:
            return apply()
        broken = self._broken_by(apply)
        if not broken:
            return apply()
        self.broken_text = "\n".join(broken)
        return {
            "type": "ir.actions.act_window",
            "name": self._title(),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _title(self):
        """What the dialog is called."""
        raise NotImplementedError

    def write(self, vals):
        """Something else is asked about anew."""
        if vals.keys() - {"broken_text"}:
            vals = {**vals, "broken_text": False}
        return super().write(vals)

    def _broken_by(self, apply):
        """Sample calls that come out as expected now, and would not then; in words."""
        tariffs = self._checked_tariffs()
        before = {golden.id for golden, _price in tariffs._broken_golden_calls()}
        with self._tried():
            apply()
            after = tariffs._broken_golden_calls()
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
