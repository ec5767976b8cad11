# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Finds who pays charges and how much, with what is needed loaded once."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pandas as pd

from odoo import models
from odoo.fields import Domain

from odoo.addons.telecom_cdr.parsers import numbering

from ..engine.fees import choose, retail
from ..engine.holders import Holding, holder

UTC = ZoneInfo("UTC")
PHONE_SCOPE = 0


class Waiting(Exception):
    """A charge cannot be settled yet, or is not to be charged.

    :ivar state: unmatched, unpriced, excluded
    :ivar reason: code, see WAIT_REASONS
    """

    def __init__(self, state: str, reason: str):
        super().__init__(reason)
        self.state = state
        self.reason = reason


class ChargeSettlement:
    """Matches and prices charges of one company."""

    def __init__(self, charges: models.BaseModel):
        self.company = charges.company_id
        self.env = charges.sudo().with_company(self.company).env
        self.zone = ZoneInfo(self.company.telecom_tz)
        self.charges = charges.with_env(self.env)
        self._load_numbers()
        self._load_partners()
        self._load_tariffs()
        self._load_rates()

    # === LOADING === #

    def _load_numbers(self):
        """Holdings by identifier and scope, of the references of these charges."""
        self.spellings = {}
        for carrier, charges in self.charges.grouped("carrier_id").items():
            texts = pd.Series(sorted(set(charges.mapped("reference"))), dtype=object)
            spelled = numbering.normalise(texts, carrier.country_id.code or "ES")
            for text, number in zip(texts, spelled, strict=True):
                self.spellings[carrier.id, text] = {text, number} - {None}
        wanted = set().union(*self.spellings.values())
        numbers = self.env["telecom.number"].search(
            [("company_id", "=", self.company.id), ("number", "in", list(wanted))]
        )
        self.holdings = defaultdict(list)
        for number in numbers:
            self.holdings[number.scope_id, number.number].append(self._holding(number))

    def _holding(self, number):
        return Holding(
            number_id=number.id,
            payer_id=number.partner_id.commercial_partner_id.id or 0,
            start=self._local(number.date_start),
            end=self._local(number.date_end),
        )

    def _local(self, moment):
        """A stored time on the company's clock."""
        if not moment:
            return None
        return moment.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None)

    def _load_partners(self):
        """Customers by their reference; several where it is not unique."""
        found = self.env["res.partner"].search(
            Domain("ref", "in", list(set(self.charges.mapped("reference"))))
            & Domain("company_id", "in", [False, self.company.id])
        )
        self.customers = {
            ref: partners.commercial_partner_id
            for ref, partners in found.grouped("ref").items()
        }

    def _load_tariffs(self):
        assignments = self.env["telecom.fee.tariff.assignment"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assignments = defaultdict(list)
        for assignment in assignments:
            self.assignments[assignment.partner_id.id].append(assignment)
        tariffs = assignments.tariff_id | self.company.telecom_fee_tariff_id
        self.lines = {tariff.id: tariff.line_ids._to_engine() for tariff in tariffs}

    def _load_rates(self):
        """Currency rates by day; a day without one has none."""
        days = list(set(self.charges.mapped("period_from")))
        found = self.env["res.currency.rate"].search(
            [
                ("name", "in", days),
                ("company_id", "in", [False, self.company.root_id.id]),
            ]
        )
        self.rates = {
            (rate.currency_id.id, rate.name): Fraction(str(rate.rate)) for rate in found
        }

    # === SETTLING === #

    def run(self):
        """Write what differs from before."""
        for charge in self.charges:
            values = self._settle(charge)
            if any(charge._differs(name, value) for name, value in values.items()):
                charge._store(values)

    def _settle(self, charge):
        """What becomes of one charge, as values of its result fields."""
        values = {
            "number_id": charge.number_id.id if charge.is_manual else False,
            "partner_id": charge.partner_id.id if charge.is_manual else False,
            "fee_tariff_id": False,
            "fee_line_id": False,
            "price": 0.0,
            "margin": 0.0,
            "currency_id": False,
            "settled_state": "ready",
            "wait_reason": False,
        }
        try:
            if not charge.is_manual:
                self._match(charge, values)
            self._price(charge, values)
        except Waiting as waiting:
            values.update(settled_state=waiting.state, wait_reason=waiting.reason)
        if charge.is_excluded:
            values.update(settled_state="excluded", wait_reason="by_hand")
        if values["settled_state"] == "excluded":
            values.update(price=0.0, margin=self._loss(charge))
        return values

    def _loss(self, charge):
        """The margin of what nobody pays; 0 while a currency rate is missing."""
        ours = self.company.currency_id
        try:
            rate = self._rate(charge.cost_currency_id, ours, charge.period_from)
        except Waiting:
            return 0.0
        return -float(Fraction(exact(charge.cost)) * rate)

    def _match(self, charge, values):
        """By number as held in the period, else by the customer's reference."""
        held = self._held(charge)
        if held and held.payer_id:
            values.update(number_id=held.number_id, partner_id=held.payer_id)
            return
        customers = self.customers.get(charge.reference, self.env["res.partner"])
        if len(customers) == 1:
            values["partner_id"] = customers.id
            return
        if customers:
            raise Waiting("unmatched", "ambiguous")
        if held:
            values["number_id"] = held.number_id
            raise Waiting("unmatched", "in_stock")
        raise Waiting("unmatched", "no_reference")

    def _held(self, charge):
        days = (charge.period_from, charge.period_to)
        found = [
            holder(self.holdings[scope, spelling], *days)
            for spelling in sorted(
                self.spellings[charge.carrier_id.id, charge.reference]
            )
            for scope in (PHONE_SCOPE, charge.carrier_id.id)
            if (scope, spelling) in self.holdings
        ]
        found = [holding for holding in found if holding]
        return next((h for h in found if h.payer_id), found[0] if found else None)

    def _price(self, charge, values):
        tariff = self._tariff(values["partner_id"], charge.period_from)
        if not tariff:
            raise Waiting("unpriced", "no_tariff")
        values.update(fee_tariff_id=tariff.id, currency_id=tariff.currency_id.id)
        line = choose(
            self.lines[tariff.id],
            charge.product_code or "",
            charge.kind,
            charge.period_from,
        )
        if not line:
            raise Waiting("unpriced", "no_line")
        values["fee_line_id"] = line.line_id
        if line.method == "none":
            raise Waiting("excluded", "not_passed_on")
        self._write_amounts(charge, tariff, line, values)

    def _write_amounts(self, charge, tariff, line, values):
        day, ours = charge.period_from, self.company.currency_id
        cost = Fraction(exact(charge.cost))
        tariffs_cost = cost * self._rate(
            charge.cost_currency_id, tariff.currency_id, day
        )
        price = retail(
            line,
            tariffs_cost,
            exact(charge.quantity),
            charge.kind,
            tariff.rounding_digits,
            tariff.rounding,
        )
        income = Fraction(price) * self._rate(tariff.currency_id, ours, day)
        expense = cost * self._rate(charge.cost_currency_id, ours, day)
        values.update(price=float(price), margin=float(income - expense))

    def _tariff(self, partner_id, day):
        for assignment in self.assignments.get(partner_id, ()):
            starts = not assignment.date_start or assignment.date_start <= day
            if starts and (not assignment.date_end or day < assignment.date_end):
                return assignment.tariff_id
        return self.company.telecom_fee_tariff_id

    def _rate(self, source, target, day):
        """What one unit is worth on that very day; never at an older rate."""
        if source == target:
            return Fraction(1)
        return self._per_ours(target, day) / self._per_ours(source, day)

    def _per_ours(self, currency, day):
        """Units of a currency for one of the company's."""
        if currency == self.company.currency_id:
            return Fraction(1)
        rate = self.rates.get((currency.id, day))
        if not rate:
            raise Waiting("unpriced", "no_currency_rate")
        return rate


def exact(value: float) -> Decimal:
    """The decimal that a number of the database stands for."""
    return Decimal(repr(float(value or 0)))
