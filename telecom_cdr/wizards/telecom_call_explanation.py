# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from decimal import Decimal
from fractions import Fraction

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_date, format_datetime

from ..engine.explanation.explain import Around
from ..engine.explanation.explain import steps as engine_steps
from ..engine.extra import read_extra
from ..engine.money import AMOUNT_SCALE
from ..models.bulk_fields import UncheckedBigMany2one
from ..models.call_secret import whole
from ..models.currency_rates import day_rates
from ..models.durations import hms
from ..models.tariff_tables import (
    load_bands,
    load_discounts,
    load_holidays,
    load_rates,
    load_tiers,
)
from ..models.telecom_rate import PATTERNS, TARGET_FIELDS

MICRO_SCALE = 10**6


class TelecomCallExplanation(models.TransientModel):
    """How the price of a call came about, step by step.

    The engine gives the steps as codes and exact numbers; here are the words.
    """

    _name = "telecom.call.explanation"
    _description = "Explanation of a Price"

    call_id = UncheckedBigMany2one("telecom.call", required=True)
    steps = fields.Html(compute="_compute_steps", sanitize=False)

    @api.depends("call_id")
    @api.depends_context("uid", "lang")
    def _compute_steps(self):
        for wizard in self:
            wizard.steps = wizard.call_id and self.env["ir.qweb"]._render(
                "telecom_cdr.call_explanation", wizard._values()
            )

    def _get_action(self):
        """Open the explanation over what the user is looking at."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Why does this call cost what it costs?"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _values(self):
        """What the template shows."""
        call = self.call_id
        call.check_access("read")
        call = call.sudo()
        found = self._engine_steps(call)
        last = found[-1]
        price = last.values.get("price_micro") if last.code == "price" else None
        return {
            "call": call,
            "rows": self._rows(call, found),
            "price": self._stored_price(call),
            "is_priced": price is not None,
            "is_same": price == self._stored_micro(call),
            "is_anonymous": call._is_anonymous(),
            "cost_rows": self._cost_rows(call) if self._sees_cost() else [],
            "started": format_datetime(self.env, call.start_at, dt_format="medium"),
            "quantity": self._call_quantity(call),
        }

    def _call_quantity(self, call):
        """Duration of a call, volume of a data session."""
        if call.service == "voice":
            return hms(call.duration)
        if call.service == "sms":
            return self.env._("message")
        usage = self.env["telecom.bundle.usage"]
        return usage._quantity_text("bytes", call.volume or 0, None)

    def _sees_cost(self):
        return self.env.user.has_group("telecom_cdr.group_telecom_cost")

    # === WHAT THE ENGINE IS ASKED === #

    def _engine_steps(self, call):
        """The steps to the price."""
        return engine_steps(self._call_values(call), **self._given(call))

    def _given(self, call):
        """All that the price of the call came from, beside the call."""
        rate, tariff = call.rate_id, call.rate_id.tariff_id
        return {
            "rate": self._rate_row(rate) if rate else None,
            "tariff": self._tariff_values(tariff),
            "draws": [self._draw_values(draw) for draw in call.draw_ids.sorted("id")],
            "conversion": self._stored_conversion(call),
            "cost_conversion": self._conversion(
                call, call.cost_currency_id, tariff.currency_id
            ),
            "around": self._around(call) if rate else None,
        }

    def _call_values(self, call):
        """The call as the engine explains it."""
        return {
            "state": call.state,
            "reason": call.rating_reason or "",
            "service": call.service,
            "direction": call.direction,
            "category": call.category or "",
            "destination_id": call.destination_id.id or 0,
            "start_at": call.start_at,
            "duration": call.duration,
            "volume": call.volume or 0,
            "tier_from": call.tier_from or 0,
            "tier_parts": call.tier_parts or "",
            "cost_nano": self._scaled(call.cost, AMOUNT_SCALE),
            "carrier_amount_nano": self._scaled(call.carrier_amount, AMOUNT_SCALE),
            "rest_discount_ppm": call.rest_discount_ppm or 0,
            "paid_discount_ppm": call.paid_discount_ppm or 0,
            **read_extra(self._extra_json(call)),
        }

    @api.model
    def _extra_json(self, call):
        """The further facts as they are stored: a float has not all digits."""
        if not call.id:
            return json.dumps(call.extra or {})
        [(text,)] = self.env.execute_query(
            SQL(
                "SELECT (%s)::text FROM telecom_call c WHERE c.id = %s",
                whole("c", "extra"),
                call.id,
            )
        )
        return text

    @api.model
    def _tariff_values(self, tariff):
        return {
            "rounding_digits": tariff.rounding_digits,
            "rounding": tariff.rounding,
            "time_zone": tariff.tz,
            "band_rule": tariff.band_rule,
        }

    @api.model
    def _scaled(self, amount, scale):
        return round(Decimal(repr(amount or 0)) * scale)

    def _stored_micro(self, call):
        return self._scaled(call.price, MICRO_SCALE)

    def _rate_row(self, rate):
        """A rate as the engine's rates table has it, whether it still counts or not."""
        [row] = load_rates(self.env, rate.company_id, rate.id).to_dict("records")
        return row

    def _around(self, call):
        """What the price may depend on beside call, rate and tariff."""
        rate, company = call.rate_id, call.company_id
        rates = rate | self._rates_of_parts(call)
        # Those that have priced a part stand for their bands, whatever came since.
        rates |= self._rates_alongside(call).filtered(
            lambda one: one.time_band_id not in rates.time_band_id
        )
        tiers = [load_tiers(self.env, company, one.id) for one in rates]
        return Around(
            tiers=[row for frame in tiers for row in frame.to_dict("records")],
            rates=[self._rate_row(one) for one in rates],
            bands=load_bands(self.env, company).to_dict("records"),
            holidays=load_holidays(self.env, company)["day"].tolist(),
            discounts=load_discounts(self.env, company).to_dict("records"),
            owners=self._owners(call),
            conversions=self._surcharge_conversions(call),
            carrier_conversion=self._conversion(
                call, call.carrier_id.currency_id, rate.tariff_id.currency_id
            ),
        )

    def _rates_of_parts(self, call):
        """The rates with tiers of the month that have priced parts of the call."""
        parts = (call.tier_parts or "").split()
        ids = [int(part.partition(":")[0]) for part in parts]
        return self.env["telecom.rate"].with_context(active_test=False).browse(ids)

    def _rates_alongside(self, call):
        """The rates of the same target, that a split at bands goes through."""
        rate = call.rate_id
        if rate.tariff_id.band_rule != "split":
            return rate.browse()
        domain = self._in_force(call) & Domain("tariff_id", "=", rate.tariff_id.id)
        for name in (*TARGET_FIELDS, *PATTERNS):
            value = rate[name].id if name == "destination_id" else rate[name]
            domain &= Domain(name, "=", value or False)
        return rate.search(domain)

    def _owners(self, call):
        """Who may have a discount on the call; a class is its customer's own."""
        _owner, asked = self._tariff_origin(call, call.rate_id.tariff_id)
        return {
            "partner": call.partner_id.id or 0,
            "number": call.number_id.id or 0,
            "department": call.number_id.department_id.id or 0,
            "tariff": (asked or call.rate_id.tariff_id).id or 0,
            "class": call.partner_id.id or 0,
        }

    def _surcharge_conversions(self, call):
        """What surcharges in other currencies are converted by."""
        lines = self.env["telecom.discount.line"].sudo()
        own = lines.search([("company_id", "=", call.company_id.id)])
        target = call.rate_id.tariff_id.currency_id
        found = {c.id: self._conversion(call, c, target) for c in own.currency_id}
        return {key: ratio for key, ratio in found.items() if ratio}

    def _draw_values(self, draw):
        allowance, bundle = draw.allowance_id, draw.subscription_id.bundle_id
        kind = allowance._quantity_kind()
        scale = MICRO_SCALE if kind == "amount" else 1
        quantity = self._scaled(draw.quantity, scale)
        return {
            "kind": kind,
            "quantity": quantity,
            "covered": self._scaled(draw.covered, scale) or quantity,
            "amount_micro": self._scaled(draw.amount, MICRO_SCALE),
            "conversion": draw.conversion or "",
            "text": draw.quantity_text,
            "bundle": bundle.display_name,
            "included": allowance.display_name,
            "month": format_date(self.env, draw.period_start, date_format="MMMM y"),
            "run_through": bundle.run_through,
            "connect_rule": bundle.connect_rule,
            "covered_price_nano": self._scaled(bundle.covered_price, AMOUNT_SCALE),
            "covered_connect_nano": self._scaled(
                bundle.covered_connect_fee, AMOUNT_SCALE
            ),
        }

    def _stored_conversion(self, call):
        """The ratio that the price was converted by, as it is kept with the call."""
        if not call.conversion:
            source = call.rate_id.tariff_id.currency_id
            return self._conversion(call, source, call.currency_id)
        top, _slash, bottom = call.conversion.partition("/")
        return int(top), int(bottom)

    def _conversion(self, call, source, target):
        """Units of the target for one of the source on the call's day, or None."""
        if not source or not target or source == target:
            return None
        company = call.company_id
        ratios = {
            currency: self._currency_ratio(currency, company, call.day)
            for currency in (source, target)
        }
        if None in ratios.values():
            return None
        ratio = ratios[target] / ratios[source]
        return ratio.numerator, ratio.denominator

    def _currency_ratio(self, currency, company, day):
        if currency == company.currency_id:
            return Fraction(1)
        self.env["res.currency.rate"].flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT r.rate::text, r.own_rate::text FROM (%s) r"
                " WHERE r.currency_id = %s AND r.day = %s",
                day_rates(SQL("b.id = %s", company.id)),
                currency.id,
                day,
            )
        )
        return Fraction(rows[0][0]) / Fraction(rows[0][1]) if rows else None

    # === WHOSE TARIFF, AND WHICH RATE === #

    def _tariff_origin(self, call, tariff):
        """Whose tariff led to the one that priced, and which that is."""
        for owner, asked in self._candidates(call):
            chain, step = self.env["telecom.tariff"], asked
            while step and step not in chain:
                chain |= step
                step = step.parent_id
            if tariff in chain:
                return owner, asked
        return "", self.env["telecom.tariff"]

    def _candidates(self, call):
        """Whoever may have a tariff for the call, in the order in which they count."""
        number, partner = call.number_id, call.partner_id
        payer = (partner.name or "").rstrip(".")  # it ends a sentence
        found = [
            (self.env._("the number %s", number.display_name), "number_id", number.id),
            (self.env._("the customer %s", payer), "partner_id", partner.id),
        ]
        given = [(who, self._assigned_tariff(call, *by)) for who, *by in found if by[1]]
        given += [
            (self.env._("the bundle %s", s.bundle_id.name), s.bundle_id.tariff_id)
            for s in self._subscriptions(call)
        ]
        given += self._later_candidates(call)
        company = call.company_id
        default = company._telecom_tariff_at(call.start_at)
        return [*given, (self.env._("the company %s", company.name), default)]

    def _later_candidates(self, call):
        """Who is asked where neither number nor customer nor bundle has a tariff."""
        owned, carrier = self._class_of(call), call.carrier_id
        address = read_extra(self._extra_json(call)).get("source_address", "")
        found = [
            (self.env._("the class %s", owned.name), "class_id", owned.id),
            (self.env._("the trunk %s", call.trunk or ""), "trunk", call.trunk),
            (self.env._("the carrier %s", carrier.name), "carrier_id", carrier.id),
            (self.env._("the address %s", address), "source_address", address),
        ]
        return [(who, self._assigned_tariff(call, *by)) for who, *by in found if by[1]]

    def _class_of(self, call):
        """The class that the customer was in when the call was made."""
        domain = self._in_force(call) & Domain("partner_id", "=", call.partner_id.id)
        domain &= Domain("company_id", "=", call.company_id.id)
        members = self.env["telecom.class.membership"].sudo()
        return members.search(domain, limit=1).class_id

    def _in_force(self, call):
        start = call.start_at
        return (
            Domain("date_start", "=", False) | Domain("date_start", "<=", start)
        ) & (Domain("date_end", "=", False) | Domain("date_end", ">", start))

    def _assigned_tariff(self, call, field, owner):
        domain = self._in_force(call) & Domain(field, "=", owner)
        domain &= Domain("company_id", "=", call.company_id.id)
        assignments = self.env["telecom.tariff.assignment"].sudo()
        return assignments.search(domain, limit=1).tariff_id

    def _subscriptions(self, call):
        domain = self._in_force(call) & Domain("bundle_id.tariff_id", "!=", False)
        domain &= Domain("partner_id.commercial_partner_id", "=", call.partner_id.id)
        domain &= Domain("company_id", "=", call.company_id.id)
        found = self.env["telecom.bundle.subscription"].sudo().search(domain)
        return found.filtered(
            lambda s: not s.number_ids or call.number_id in s.number_ids
        ).sorted(lambda s: (s.priority, s.date_start, s.id))
