# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Finds what customers pay for charges, and what they should have cost."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction

from odoo import models
from odoo.tools import SQL

from odoo.addons.telecom_cdr.models.currency_rates import day_rates

from ..engine.fees import choose, lists, retail, rounded
from ..engine.periods import months
from .charge_matching import Waiting

COST_DIGITS = 9


class ChargePricing:
    """Tariffs, bundles and currency rates that charges of one company need."""

    def __init__(self, charges: models.BaseModel):
        self.env = charges.env
        self.company = charges.company_id
        self.charges = charges
        self._load_tariffs()
        self._load_bundles()
        self._load_rates()

    # === LOADING === #

    def _load_tariffs(self):
        assignments = self.env["telecom.fee.tariff.assignment"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assignments = defaultdict(list)
        for assignment in assignments:
            self.assignments[assignment.partner_id.id].append(assignment)
        tariffs = assignments.tariff_id | self.company.telecom_fee_tariff_id
        tariffs |= self.charges.carrier_id.fee_cost_tariff_id
        self.lines = {tariff.id: tariff.line_ids._to_engine() for tariff in tariffs}

    def _load_bundles(self):
        """Subscriptions, by who pays, to bundles that list product codes."""
        found = self.env["telecom.bundle.subscription"].search(
            [
                ("company_id", "=", self.company.id),
                ("bundle_id.fee_product_codes", "!=", False),
            ]
        )
        self.subscriptions = defaultdict(list)
        for subscription in found:
            payer = subscription.partner_id.commercial_partner_id
            self.subscriptions[payer.id].append(subscription)

    def _load_rates(self):
        """Currency rates by day; a day without one has none."""
        days = list(set(self.charges.mapped("period_from")))
        self.env["res.currency.rate"].flush_model()
        found = self.env.execute_query(
            SQL(
                "SELECT r.currency_id, r.day, r.rate::text, r.own_rate::text"
                " FROM (%s) r WHERE r.day = ANY(%s)",
                day_rates(SQL("b.id = %s", self.company.id)),
                days,
            )
        )
        self.rates = {
            (currency_id, day): Fraction(rate) / Fraction(own_rate)
            for currency_id, day, rate, own_rate in found
        }

    # === WHAT THE CARRIER SHOULD CHARGE === #

    def cost_values(self, charge: models.BaseModel) -> dict:
        """The cost by the carrier's wholesale tariff, and whether the file agrees.

        A missing rate of currency is no difference: nothing is compared then.

        :return: values to write to the charge
        """
        values = {
            "agreed_cost": 0.0,
            "cost_check": False,
            "cost_difference": 0.0,
            "cost_line_id": False,
        }
        tariff = charge.carrier_id.fee_cost_tariff_id
        line = tariff and self._cost_line(tariff, charge)
        agreed = line and self._agreed(tariff, line, charge)
        if charge.is_cost_derived:
            values["cost"] = float(agreed or 0)
        if not line:
            return {**values, "cost_check": "no_line" if tariff else False}
        if agreed is None:
            return values
        agrees = charge.is_cost_derived or self._agrees(charge, agreed)
        difference = 0.0 if agrees else float(exact(charge.cost) - agreed)
        return {
            "agreed_cost": float(agreed),
            "cost_check": "agrees" if agrees else "differs",
            "cost_difference": difference,
            "cost_line_id": line.line_id,
            **({"cost": float(agreed)} if charge.is_cost_derived else {}),
        }

    def _cost_line(self, tariff, charge):
        code, day = charge.product_code or "", charge.period_from
        return choose(self.lines[tariff.id], code, charge.kind, day)

    def _agreed(self, tariff, line, charge):
        """What the tariff says, in the currency of the charge; None without a rate."""
        try:
            rate = self.rate(
                tariff.currency_id, charge.cost_currency_id, charge.period_from
            )
        except Waiting:
            return None
        own = retail(
            line,
            Fraction(0),
            exact(charge.quantity),
            charge.kind,
            tariff.rounding_digits,
            tariff.rounding,
            self._share(line, charge),
        )
        return rounded(Fraction(own) * rate, COST_DIGITS, "half_up")

    def _agrees(self, charge, agreed):
        """Whether they are the same to the smallest coin of the currency."""
        coin = Decimal(1).scaleb(-charge.cost_currency_id.decimal_places)
        return abs(exact(charge.cost) - agreed) < coin / 2

    def _share(self, line, charge):
        """The part of an own price that the days of a charge are worth."""
        if line.is_prorated:
            return months(charge.period_from, charge.period_to)
        whole = charge.split_from_id
        if not whole:
            return Fraction(1)
        return Fraction(_days(charge), _days(whole))

    # === WHAT THE CUSTOMER PAYS === #

    def price(self, charge: models.BaseModel, values: dict) -> None:
        """By the customer's tariff, with the margin in the company's currency.

        :param values: to write to the charge, with ``partner_id``, ``number_id`` and
            ``cost_line_id``; price, margin and what they came from are put there
        :raises Waiting: there is no price, or none is to be taken
        """
        tariff = self._tariff(values["partner_id"], charge.period_from)
        if not tariff:
            raise Waiting("unpriced", "no_tariff")
        values.update(fee_tariff_id=tariff.id, currency_id=tariff.currency_id.id)
        subscription = self._covering(charge, values)
        line = choose(
            self.lines[tariff.id],
            charge.product_code or "",
            charge.kind,
            charge.period_from,
            is_covered=bool(subscription),
        )
        if not line:
            raise Waiting("unpriced", "no_line")
        values["fee_line_id"] = line.line_id
        if line.method == "included":
            values["fee_subscription_id"] = subscription.id
            raise Waiting("excluded", "included")
        if line.method == "none":
            raise Waiting("excluded", "not_passed_on")
        if charge.is_cost_derived and not values["cost_line_id"]:
            raise Waiting("unpriced", "no_cost")
        self._write_amounts(charge, tariff, line, values)

    def _covering(self, charge, values):
        """The customer's subscription to a bundle that lists the product code."""
        day, code = charge.period_from, charge.product_code or ""
        for one in self.subscriptions.get(values["partner_id"], ()):
            numbers, last = one.number_ids.ids, one._last_day()
            if (
                one._first_day() <= day
                and (not last or day <= last)
                and (not numbers or values["number_id"] in numbers)
                and lists(one.bundle_id.fee_product_codes, code)
            ):
                return one
        return self.env["telecom.bundle.subscription"]

    def _write_amounts(self, charge, tariff, line, values):
        day, ours = charge.period_from, self.company.currency_id
        cost = Fraction(exact(values.get("cost", charge.cost)))
        to_tariff = self.rate(charge.cost_currency_id, tariff.currency_id, day)
        price = retail(
            line,
            cost * to_tariff,
            exact(charge.quantity),
            charge.kind,
            tariff.rounding_digits,
            tariff.rounding,
            self._share(line, charge),
        )
        income = Fraction(price) * self.rate(tariff.currency_id, ours, day)
        expense = cost * self.rate(charge.cost_currency_id, ours, day)
        values.update(price=float(price), margin=float(income - expense))

    def loss(self, charge: models.BaseModel, cost: float) -> float:
        """The margin of what nobody pays; 0 while a currency rate is missing.

        :param cost: in the currency of the charge
        :return: in the company's currency, below 0
        """
        ours = self.company.currency_id
        try:
            rate = self.rate(charge.cost_currency_id, ours, charge.period_from)
        except Waiting:
            return 0.0
        return -float(Fraction(exact(cost)) * rate)

    def _tariff(self, partner_id, day):
        for assignment in self.assignments.get(partner_id, ()):
            starts = not assignment.date_start or assignment.date_start <= day
            if starts and (not assignment.date_end or day < assignment.date_end):
                return assignment.tariff_id
        return self.company.telecom_fee_tariff_id

    # === CURRENCIES === #

    def rate(
        self, source: models.BaseModel, target: models.BaseModel, day: date
    ) -> Fraction:
        """What one unit is worth on that very day; never at an older rate.

        :param source: currency of the unit
        :param target: currency that it is counted in
        :raises Waiting: there is no rate of the day
        """
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


def _days(charge):
    return (charge.period_to - charge.period_from).days + 1


def exact(value: float) -> Decimal:
    """The decimal that a number of the database stands for."""
    return Decimal(repr(float(value or 0)))
