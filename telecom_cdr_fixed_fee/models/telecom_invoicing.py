# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from fractions import Fraction

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import format_date

from odoo.addons.telecom_cdr.parsers import numbering

from ..engine.fees import quantity_and_unit, rounded
from .charge_settlement import exact


class TelecomInvoicing(models.AbstractModel):
    _name = "telecom.invoicing"
    _inherit = ["telecom.invoicing", "telecom.invoicing.own.charges.mixin"]

    def _make_ready(self, payers):
        self.env["telecom.charge"]._settle_open(self.env.company, payers)
        return super()._make_ready(payers)

    def _other_lines(self, company, payers, date_from, date_to):
        lines = super()._other_lines(company, payers, date_from, date_to)
        charges = self.env["telecom.charge"].search(
            self.env["telecom.charge"]._billable_domain(company, date_to)
            & Domain("partner_id", "in", payers.ids),
            order="partner_id, number_id, reference, period_from, id",
        )
        lines += [
            (charge.partner_id.id, charge.currency_id.id, self._prepare_charge(charge))
            for charge in charges
        ]
        return lines + self._own_charge_lines(company, payers, date_to)

    # === INVOICE VALUES: readers, they write nothing === #

    def _prepare_charge(self, charge):
        """One line; its untaxed amount is the charge's price, rounded once."""
        price = Fraction(exact(charge.price))
        amount = rounded(price, charge.currency_id.decimal_places, "half_up")
        quantity, unit = quantity_and_unit(exact(charge.quantity), amount)
        # Electronic invoices take less of something, but no price below 0.
        sign = -1 if unit < 0 else 1
        payer, product = charge.partner_id, self._charge_product(charge)
        speaker = self.with_context(lang=payer.lang or self.env.lang)
        return {
            "product_id": product.id,
            "name": speaker._charge_name(charge, quantity),
            "quantity": float(sign * quantity),
            "price_unit": self._price_over(sign * unit, product, payer),
            "analytic_distribution": self._number_distribution(charge.number_id.id),
            "telecom_charge_id": charge.id,
            "telecom_number_id": charge.number_id.id,
            "telecom_period_start": charge.period_from,
            "telecom_period_end": charge.period_to + timedelta(days=1),
        }

    def _charge_product(self, charge):
        own = charge.fee_line_id.product_id
        return own or self.env.company._telecom_fee_product(charge.kind)

    def _charge_name(self, charge, quantity):
        """What, for which number, and in which period."""
        first, last = charge.period_from, charge.period_to
        what = charge.description or charge.product_code or ""
        if exact(charge.quantity) != quantity:
            what = f"{charge.quantity:g} x {what}"
        number = charge.number_id.number or charge.reference
        shown = numbering.format_international(number)
        if first == last:
            return self.env._(
                "%(what)s, %(number)s, %(day)s",
                what=what,
                number=shown,
                day=format_date(self.env, first),
            )
        return self.env._(
            "%(what)s, %(number)s, %(first)s to %(last)s",
            what=what,
            number=shown,
            first=format_date(self.env, first),
            last=format_date(self.env, last),
        )

    # === LINKS OF CHARGES === #

    def _link_calls(self, company, date_to, moves, *conditions):
        result = super()._link_calls(company, date_to, moves, *conditions)
        lines = moves.sudo().invoice_line_ids.filtered("telecom_charge_id")
        if any(line.telecom_charge_id.state != "ready" for line in lines):
            raise UserError(
                self.env._(
                    "Somebody else has just invoiced some of these charges. Nothing "
                    "was invoiced here: open the list again and repeat it."
                )
            )
        for line in lines:
            line.telecom_charge_id._link(line)
        return result

    @api.model
    def _release(self, lines):
        billing = lines.sudo().filtered(
            lambda line: line.telecom_charge_id.move_line_id == line
        )
        billing.filtered("telecom_charge_id").telecom_is_released = True
        lines.sudo().filtered("telecom_own_charge_id").telecom_is_released = True
        charges = billing.telecom_charge_id
        charges._store({"move_line_id": False})
        charges._take_up_soon()
        return super()._release(lines)

    @api.model
    def _take_back(self, lines):
        """Link released charges to their lines again; all or none."""
        released = lines.sudo().filtered(
            lambda line: line.telecom_charge_id and line.telecom_is_released
        )
        if released.telecom_charge_id.move_line_id:
            raise UserError(
                self.env._(
                    "The charges of this invoice have been invoiced again meanwhile, "
                    "so it cannot be reset to draft."
                )
            )
        for line in released:
            line.telecom_charge_id._link(line)
        released.telecom_is_released = False
        self._take_own_charges_back(lines.sudo())
        return super()._take_back(lines)

    @api.model
    def _take_own_charges_back(self, lines):
        """Bill own charges by these lines again; all or none."""
        own = lines.filtered(
            lambda line: line.telecom_own_charge_id and line.telecom_is_released
        )
        for line in own:
            if line.telecom_own_charge_id._is_billed_again(line):
                raise UserError(
                    self.env._(
                        "%(name)s has been invoiced again meanwhile, so this invoice "
                        "cannot be reset to draft.",
                        name=line.telecom_own_charge_id.name,
                    )
                )
            line.telecom_is_released = False
