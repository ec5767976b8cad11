# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from odoo import models
from odoo.tools.misc import format_date

from odoo.addons.telecom_cdr.parsers import numbering

from ..engine.fees import quantity_and_unit, rounded


class TelecomInvoicingOwnCharges(models.AbstractModel):
    """Our own charges as lines of the invoice that holds the calls."""

    _name = "telecom.invoicing.own.charges.mixin"
    _description = "Invoicing of Own Charges"

    def _own_charge_lines(self, company, payers, date_to):
        """(customer id, currency id, line values) of what is due."""
        lines = []
        for due in self.env["telecom.own.charge"]._due(company, payers, date_to):
            payer = due.charge.partner_id
            speaker = self.with_context(lang=payer.lang or self.env.lang)
            values = speaker._prepare_own_charge(due)
            if values:
                lines.append((payer.id, company.currency_id.id, values))
        return lines

    def _prepare_own_charge(self, due):
        """One line for days of a period; none where nothing is counted."""
        charge, span = due.charge, due.span
        quantity, amount = self._own_charge_amount(due)
        if not quantity:
            return None
        quantity, unit = quantity_and_unit(quantity, amount)
        number = charge.number_id
        shared = self._number_distribution(number.id)
        distribution = charge.analytic_distribution or shared
        return {
            "product_id": charge.product_id.id,
            "name": self._own_charge_name(due),
            "quantity": float(quantity),
            "price_unit": float(unit),
            "analytic_distribution": distribution or False,
            "telecom_own_charge_id": charge.id,
            "telecom_number_id": number.id,
            "telecom_is_credit": due.amount is not None,
            "telecom_period_start": span.start,
            "telecom_period_end": span.end,
        }

    def _own_charge_amount(self, due):
        """How many, and what they come to, rounded once; one less for a credit."""
        charge, span = due.charge, due.span
        digits = charge.currency_id.decimal_places
        if due.amount is not None:
            return Decimal(-1), rounded(due.amount, digits, "half_up")
        quantity = charge._quantity_on(span.start)
        share = span.share if charge.is_prorated else 1
        exact = Fraction(Decimal(repr(charge.price))) * Fraction(quantity) * share
        return quantity, rounded(exact, digits, "half_up")

    def _own_charge_name(self, due):
        """What, for which number, and in which days."""
        charge, span = due.charge, due.span
        number = numbering.format_international(charge.number_id.number or "")
        what = ", ".join(text for text in (charge.name, number) if text)
        first = format_date(self.env, span.start)
        last = format_date(self.env, span.end - timedelta(days=1))
        if due.amount is not None:
            return self.env._(
                "%(what)s, given back for %(first)s to %(last)s",
                what=what,
                first=first,
                last=last,
            )
        if first == last:
            return self.env._("%(what)s, %(day)s", what=what, day=first)
        return self.env._(
            "%(what)s, %(first)s to %(last)s", what=what, first=first, last=last
        )
