# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Finds who pays charges: by number, by reference of the customer, by rules."""

from collections import defaultdict
from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd

from odoo import models
from odoo.fields import Domain

from odoo.addons.telecom_cdr.parsers import numbering

from ..engine.holders import Holding, holder, parts
from ..engine.rules import Facts, choose_rule

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


class ChargeMatching:
    """Numbers, customers and rules that charges of one company may belong to."""

    def __init__(self, charges: models.BaseModel):
        self.env = charges.env
        self.company = charges.company_id
        self.charges = charges
        self.zone = ZoneInfo(self.company.telecom_tz)
        self._load_rules()
        self._load_numbers()
        self._load_partners()

    # === LOADING === #

    def _load_rules(self):
        rules = self.env["telecom.fee.rule"].search(
            [("company_id", "=", self.company.id)]
        )
        self.rules = rules._to_engine()
        self.rule_of = {rule.id: rule for rule in rules}

    def _load_numbers(self):
        """Holdings by identifier and scope, of the references of these charges."""
        self.spellings = {}
        named = {rule.number for rule in self.rule_of.values() if rule.number}
        for carrier, charges in self.charges.grouped("carrier_id").items():
            texts = sorted({*charges.mapped("reference"), *named})
            country = carrier.country_id.code or "ES"
            spelled = numbering.normalise(pd.Series(texts, dtype=object), country)
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

    # === MATCHING === #

    def match(self, charge: models.BaseModel, values: dict) -> None:
        """By number as held in the period, by the customer's reference, by rule.

        :param values: to write to the charge; who pays, for what and by which rule is
            put there
        :raises Waiting: nobody is found
        """
        held = self._held(charge, charge.reference)
        if held and held.payer_id:
            values.update(number_id=held.number_id, partner_id=held.payer_id)
            return
        customers = self.customers.get(charge.reference, self.env["res.partner"])
        if len(customers) == 1:
            values["partner_id"] = customers.id
            return
        rule = choose_rule(self.rules, self._facts(charge))
        if rule:
            self._follow(self.rule_of[rule.rule_id], charge, values)
            return
        if customers:
            raise Waiting("unmatched", "ambiguous")
        self._say_why(charge, held, values)

    def _say_why(self, charge, held, values):
        """The number is in stock, or is ours no longer, or never was."""
        if held:
            values["number_id"] = held.number_id
            raise Waiting("unmatched", "in_stock")
        ended = [
            holding
            for holding in self._holdings(charge, charge.reference)
            if holding.end and holding.end.date() <= charge.period_from
        ]
        if ended:
            values["number_id"] = max(ended, key=lambda one: one.end).number_id
            raise Waiting("unmatched", "ended")
        raise Waiting("unmatched", "no_reference")

    def _facts(self, charge):
        return Facts(
            carrier_id=charge.carrier_id.id,
            reference=charge.reference,
            account=charge.account or "",
            product_code=charge.product_code or "",
            description=charge.description or "",
            kind=charge.kind,
            day=charge.period_from,
        )

    def _follow(self, rule, charge, values):
        """Do with a charge what a rule says."""
        values["fee_rule_id"] = rule.id
        if rule.action == "information":
            raise Waiting("excluded", "not_ours")
        if rule.action == "customer":
            values["partner_id"] = rule.partner_id.commercial_partner_id.id
            return
        held = self._held(charge, rule.number)
        if not held or not held.payer_id:
            raise Waiting("unmatched", "rule_number")
        values.update(number_id=held.number_id, partner_id=held.payer_id)

    def _held(self, charge, reference):
        """Who held what a reference names, for most of the charged days."""
        days = (charge.period_from, charge.period_to)
        groups = self._groups(charge, reference)
        found = [one for one in (holder(group, *days) for group in groups) if one]
        return next((h for h in found if h.payer_id), found[0] if found else None)

    def _groups(self, charge, reference):
        """Holdings of each identifier that a reference may be."""
        return [
            self.holdings[scope, spelling]
            for spelling in sorted(self.spellings[charge.carrier_id.id, reference])
            for scope in (PHONE_SCOPE, charge.carrier_id.id)
            if (scope, spelling) in self.holdings
        ]

    def _holdings(self, charge, reference):
        return [h for group in self._groups(charge, reference) for h in group]

    def parts(self, charge: models.BaseModel) -> list[tuple[date, date]]:
        """Its days by customer, where more than one held its number; else none.

        :return: first and last day of each, in order
        """
        if charge.period_from == charge.period_to:
            return []
        days = (charge.period_from, charge.period_to)
        for group in self._groups(charge, charge.reference):
            found = parts(group, *days)
            if len({payer for _first, _last, payer in found if payer}) > 1:
                return [(first, last) for first, last, _payer in found]
        return []
