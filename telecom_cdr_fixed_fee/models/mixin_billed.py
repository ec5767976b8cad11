# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class TelecomFeeBilledMixin(models.AbstractModel):
    """Tariffs of fixed fees and their lines: frozen once a charge is invoiced.

    Invoices say what they say: what stands behind them stays as it was.
    """

    _name = "telecom.fee.billed.mixin"
    _description = "Prices charges"
    _inherit = ["telecom.priced.with.mixin"]
    _charge_field = ""
    """The field of a charge that names what has priced it."""

    def _priced_with(self):
        billed = (
            self.env["telecom.charge"]
            .sudo()
            ._read_group(
                [(self._charge_field, "in", self.ids), ("state", "=", "invoiced")],
                [self._charge_field],
            )
        )
        return self.browse(record.id for (record,) in billed)

    def unlink(self) -> bool:
        self.env["telecom.charge"]._take_up_soon()
        self._forget_charges()
        return super().unlink()

    def _forget_charges(self):
        """Let the charges go that are not invoiced; they are settled again."""
        raise NotImplementedError
