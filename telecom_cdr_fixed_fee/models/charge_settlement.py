# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Settles charges of one company: who pays, how much, and what they wait for."""

from contextlib import suppress

from odoo import models

from .charge_matching import ChargeMatching, Waiting
from .charge_pricing import ChargePricing, exact

__all__ = ["ChargeSettlement", "Waiting", "exact"]


class ChargeSettlement:
    """Matches and prices charges, with what is needed loaded once."""

    def __init__(self, charges: models.BaseModel):
        self.company = charges.company_id
        # Charges may be archived, what they are settled by may not.
        asked = charges.sudo().with_company(self.company)
        self.env = asked.with_context(active_test=True).env
        self.charges = charges.with_env(self.env)
        self.matching = ChargeMatching(self.charges)
        self.pricing = ChargePricing(self.charges)

    def run(self) -> None:
        """Write what differs from before; new parts are settled after their wholes."""
        parts = self.charges.browse()
        for charge in self.charges.filtered(lambda one: not one.split_from_id):
            parts |= charge._split(self._parts(charge))
        for charge in self.charges.exists():
            self._write(charge, self._settle(charge))
        if parts - self.charges:
            type(self)(parts - self.charges).run()

    def _parts(self, charge):
        """The days of each customer, where the company splits charges by days."""
        is_whole = charge.is_manual or charge.is_excluded
        if is_whole or self.company.telecom_fee_split != "days":
            return []
        return self.matching.parts(charge)

    def _write(self, charge, values):
        if any(charge._differs(name, value) for name, value in values.items()):
            charge._store(values)

    def _settle(self, charge):
        """What becomes of one charge, as values of its result fields."""
        values = {
            **self._blank(charge),
            **self.pricing.cost_values(charge),
        }
        if not charge.active:
            return {**values, "settled_state": "excluded", "wait_reason": "split"}
        try:
            self._decide(charge, values)
        except Waiting as waiting:
            values.update(settled_state=waiting.state, wait_reason=waiting.reason)
        if charge.is_excluded:
            values.update(settled_state="excluded", wait_reason="by_hand")
        if values["settled_state"] == "excluded":
            cost = values.get("cost", charge.cost)
            values.update(price=0.0, margin=self.pricing.loss(charge, cost))
        return values

    def _blank(self, charge):
        """A charge that nothing is known of, but what somebody set by hand."""
        return {
            "number_id": charge.number_id.id if charge.is_manual else False,
            "partner_id": charge.partner_id.id if charge.is_manual else False,
            "fee_rule_id": False,
            "fee_tariff_id": False,
            "fee_line_id": False,
            "fee_subscription_id": False,
            "price": 0.0,
            "margin": 0.0,
            "currency_id": False,
            "settled_state": "ready",
            "wait_reason": False,
        }

    def _decide(self, charge, values):
        """Fill in who pays and how much; Waiting where that is not known."""
        source = charge.file_id.source_id
        if charge.carrier_id.is_fee_information or source.is_fee_information:
            # Who it is for is told all the same: that is what is compared.
            with suppress(Waiting):
                self._match(charge, values)
            raise Waiting("excluded", "information")
        self._match(charge, values)
        self.pricing.price(charge, values)

    def _match(self, charge, values):
        if not charge.is_manual:
            self.matching.match(charge, values)
