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
        for charge in self.env["telecom.own.charge"]._of_payers(company, payers):
            payer = charge.partner_id
            speaker = self.with_context(lang=payer.lang or self.env.lang)
            for due in charge._dues(date_to):
                values = speaker._prepare_own_charge(due)
                if values:
                    lines.append((payer.id, company.currency_id.id, values))
            lines += speaker._own_correction_lines(charge)
        return lines

    def _own_correction_lines(self, charge):
        """The same of what was billed for other days than the charge ran.

        As of bundle fees: what was given back counts with what it gave back.
        """
        lines = []
        billing = charge.sudo().line_ids.sorted("id")
        for due in self._fee_corrections(charge, billing):
            values = self._prepare_own_correction(charge, due)
            if values["price_unit"]:
                key = (charge.partner_id.id, due.line.currency_id.id)
                lines.append((*key, values))
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
            "telecom_is_by_days": charge.is_prorated and charge.recurrence != "once",
            "telecom_period_start": span.start,
            "telecom_period_end": span.end,
        }

    def _prepare_own_correction(self, charge, due):
        """Days that are given back or due after all, with the taxes of their line."""
        no_bundle = self.env["telecom.bundle.subscription"]
        return self._prepare_fee_correction(no_bundle, due) | {
            "telecom_own_charge_id": charge.id,
            "telecom_number_id": charge.number_id.id,
        }

    def _own_charge_amount(self, due):
        """How many, and what they come to, rounded once."""
        charge, span = due.charge, due.span
        digits = charge.currency_id.decimal_places
        quantity = charge._quantity_on(span.start)
        share = span.share if charge.is_prorated else 1
        price = self._price_of_customer(
            charge.price, charge.product_id, charge.partner_id
        )
        exact = Fraction(Decimal(repr(price))) * Fraction(quantity) * share
        return quantity, rounded(exact, digits, "half_up")

    def _own_charge_name(self, due):
        """What, for which number, and in which days."""
        charge, span = due.charge, due.span
        number = numbering.format_international(charge.number_id.number or "")
        what = ", ".join(text for text in (charge.name, number) if text)
        first = format_date(self.env, span.start)
        last = format_date(self.env, span.end - timedelta(days=1))
        if first == last:
            return self.env._("%(what)s, %(day)s", what=what, day=first)
        return self.env._(
            "%(what)s, %(first)s to %(last)s", what=what, first=first, last=last
        )
