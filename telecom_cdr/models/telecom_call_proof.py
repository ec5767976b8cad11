# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError

from ..engine.extra import NAMES


class TelecomCall(models.Model):
    """What came of a call later: corrections, and the sample that it became."""

    _inherit = "telecom.call"

    correction_ids = fields.One2many(
        "telecom.call.correction", "call_id", string="Corrections"
    )

    def action_keep_as_sample(self):
        """Keep this call with its price as a sample call of its tariff."""
        self.ensure_one()
        self.check_access("read")
        self.env["telecom.golden.call"].check_access("create")
        call = self.sudo()
        tariff = call.rate_id.tariff_id
        if call._is_anonymous():
            raise UserError(
                self.env._(
                    "This call is anonymous: without its number it is no sample that "
                    "could be priced again."
                )
            )
        if call.rating_state != "rated" or not tariff:
            raise UserError(
                self.env._("Only a call that has a price can be kept as a sample.")
            )
        golden = self._sample_of(call, tariff)
        [(golden, priced)] = golden._results()
        if priced.rating_state == "rated":
            golden.expected_price = priced.price  # without bundles and discounts
        golden.action_check()
        return {
            "type": "ir.actions.act_window",
            "res_model": golden._name,
            "res_id": golden.id,
            "view_mode": "form",
        }

    def _more_text(self, extra):
        """What prices may depend on of the further facts of a call."""
        return "\n".join(f"{name}: {extra[name]}" for name in sorted(NAMES & {*extra}))

    def _sample_of(self, call, tariff):
        """One sample for a call, however often it is asked for."""
        samples = self.env["telecom.golden.call"].sudo()
        values = {
            "tariff_id": tariff.id,
            "calling_number": call.calling_number,
            "called_number": call.called_number,
            "start_at": call.start_at,
            "service": call.service,
            "direction": call.direction,
            "duration": call.duration,
            "volume": call.volume,
        }
        known = samples.search([(n, "=", v) for n, v in values.items()], limit=1)
        return known or samples.create(
            {
                **values,
                "carrier_id": call.carrier_id.id,
                "carrier_amount": call.carrier_amount,
                "more": self._more_text(call.extra or {}),
                "expected_price": call.price,
            }
        )
