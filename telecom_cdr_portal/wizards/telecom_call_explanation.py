# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Callable

from odoo import models

# Title, text and amount of a step.
Told = tuple[str, str, str]
# Steps that say the same to a customer as to us. What is not named here or below is
# not told: costs, mark-ups and formulas are ours.
PLAIN_STEPS = {
    "band",
    "draw",
    "rest",
    "runs_through",
    "covered",
    "free",
    "free_seconds",
    "month",
    "increments",
    "duration",
    "piece",
    "pieces",
    "call",
    "no_call",
    "message",
    "volume",
    "connect",
    "no_connect",
    "rest_discount",
    "minimum",
    "maximum",
    "charge",
    "rounding",
    "paid",
    "paid_discount",
    "price",
}


class TelecomCallExplanation(models.TransientModel):
    """The explanation as a customer may read it: without any cost."""

    _inherit = "telecom.call.explanation"

    def _customer_rows(self, call: models.BaseModel) -> list[dict]:
        """Title, text and amount of each step; nothing where the price has changed.

        :param call: a call that the customer may see
        """
        found = self._engine_steps(call)
        last = found[-1]
        price = last.values.get("price_micro")
        if last.code == "price" and price != self._stored_micro(call):
            return []
        codes = [step.code for step in found]
        priced_at = codes.index("markup") if "markup" in codes else -1
        rows = []
        for index, step in enumerate(found):
            # What comes before a mark-up converts the cost.
            if step.code == "conversion" and index < priced_at:
                continue
            say = self._customer_step(step.code)
            if say:
                title, text, amount = say(call, step.values)
                rows.append({"title": title, "text": text, "amount": amount})
        return rows

    def _customer_step(self, code: str) -> Callable | None:
        """What words a step for a customer; None: it is not told."""
        own = getattr(self, f"_tell_{code}", None)
        if own is None and code in PLAIN_STEPS:
            own = getattr(self, f"_say_{code}")
        return own

    def _tell_state(self, call: models.BaseModel, values: dict) -> Told:
        if values["state"] == "excluded":
            text = self.env._("Calls of this kind are not charged.")
            return self.env._("Not charged"), text, ""
        text = self.env._("The price of this call is not known yet.")
        return self.env._("Price follows"), text, ""

    def _tell_tariff(self, call: models.BaseModel, values: dict) -> Told:
        return self.env._("Tariff"), call.rate_id.tariff_id.name, ""

    def _tell_rate(self, call: models.BaseModel, values: dict) -> Told:
        rate = call.rate_id
        place = rate.label
        if not place and call.direction != "incoming":
            categories = call._fields["category"]._description_selection(self.env)
            category = dict(categories).get(call.category)
            place = call.destination_id.name or category
        text = self.env._("Calls of this kind")
        if place:
            text = self.env._("Calls to %s", place)
        if call.direction == "incoming":
            text = self.env._("Incoming calls")
        return self.env._("Rate"), text, self._rate_price(call, rate)

    def _tell_conversion(self, call: models.BaseModel, values: dict) -> Told:
        return self._say_conversion(call, values)

    def _tell_markup(self, call: models.BaseModel, values: dict) -> Told:
        text = self.env._("By the price that your tariff has for such calls.")
        return self.env._("Price of the call"), text, self._amount(call, values)

    def _tell_formula(self, call: models.BaseModel, values: dict) -> Told:
        return self._tell_markup(call, values)

    def _tell_discount(self, call: models.BaseModel, values: dict) -> Told:
        title = self.env._("Discount")
        if values["percent_ppm"] > 0:
            title = self.env._("Surcharge")
        text = self.env._(
            "%(percent)s %% by %(name)s.",
            percent=self._signed(values["percent_ppm"]),
            name=self._discount_line(values).discount_id.name,
        )
        return title, text, self._amount(call, values)

    def _tell_surcharge(self, call: models.BaseModel, values: dict) -> Told:
        name = self._discount_line(values).discount_id.name
        return self.env._("Surcharge"), name, self._amount(call, values)
