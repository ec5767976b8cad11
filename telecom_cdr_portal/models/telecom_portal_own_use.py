# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class TelecomPortalOwnUse(models.AbstractModel):
    """Bundles that numbers share, for who sees some of them: what these drew.

    What is left of such a bundle would tell what the others have called.
    """

    _name = "telecom.portal.own.use"
    _inherit = "telecom.portal.bundles"
    _description = "Telephony in the Portal: Own Use of Shared Bundles"

    @api.model
    def _bar(
        self,
        allowance: models.BaseModel,
        included: float,
        number: models.BaseModel | None = None,
        usage: models.BaseModel | None = None,
    ) -> dict:
        bar = super()._bar(allowance, included, number, usage)
        if number or self._scope_number_ids() is None:
            return bar
        drawn = self._drawn(usage) if usage else 0
        kind = allowance._quantity_kind()
        percent = min(round(100 * drawn / included), 100) if included else 0
        return bar | {
            "has_use": bool(drawn),
            "more": [],
            "left": "",
            "used": self.env._(
                "%(used)s used by your numbers of %(included)s for all",
                used=self._allowance_text(allowance, kind, drawn),
                included=self._allowance_text(allowance, kind, included),
            ),
            "percent": percent,
            "level": "success",
        }

    @api.model
    def _drawn(self, usage: models.BaseModel) -> float:
        """What the numbers that the user sees took in a period."""
        [(drawn,)] = (
            self.env["telecom.bundle.draw"]
            .sudo()
            ._read_group(
                [
                    ("subscription_id", "=", usage.subscription_id.id),
                    ("allowance_id", "=", usage.allowance_id.id),
                    ("period_start", "=", usage.period_start),
                    ("number_id", "in", list(self._scope_number_ids())),
                ],
                [],
                ["quantity:sum"],
            )
        )
        return drawn or 0
