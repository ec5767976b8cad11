# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal
from fractions import Fraction

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_date, format_datetime, formatLang

from ..engine.explain import steps as engine_steps
from ..engine.money import AMOUNT_SCALE
from ..models.bulk_fields import UncheckedBigMany2one
from ..models.durations import hms

MICRO_SCALE = 10**6
# Steps that would tell the carrier's cost to who may not see it.
COST_CODES = {"part"}
SHOWN_DECIMALS = 9


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
            "is_same": price == round(Decimal(repr(call.price)) * MICRO_SCALE),
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
        rate, tariff = call.rate_id, call.rate_id.tariff_id
        return engine_steps(
            {
                "state": call.state,
                "reason": call.rating_reason or "",
                "service": call.service,
                "duration": call.duration,
                "volume": call.volume or 0,
                "cost_nano": self._scaled(call.cost, AMOUNT_SCALE),
            },
            self._rate_values(rate) if rate else None,
            {"rounding_digits": tariff.rounding_digits, "rounding": tariff.rounding},
            [self._draw_values(draw) for draw in call.draw_ids.sorted("id")],
            self._conversion(call, tariff.currency_id, call.currency_id),
            self._conversion(call, call.cost_currency_id, tariff.currency_id),
        )

    @api.model
    def _scaled(self, amount, scale):
        return round(Decimal(repr(amount or 0)) * scale)

    def _rate_values(self, rate):
        """A rate as the engine's rates table has it."""
        return {
            "method": rate.method,
            "price_nano": self._scaled(rate.price, AMOUNT_SCALE),
            "connect_nano": self._scaled(rate.connect_fee, AMOUNT_SCALE),
            "initial": rate.initial_increment,
            "increment": rate.increment,
            "minimum_duration": rate.minimum_duration,
            "grace": rate.grace,
            "minimum_nano": self._scaled(rate.minimum_price, AMOUNT_SCALE)
            if rate.has_minimum_price
            else None,
            "maximum_nano": self._scaled(rate.maximum_price, AMOUNT_SCALE)
            if rate.has_maximum_price
            else None,
            "markup_ppm": self._scaled(rate.markup, 10_000),
        }

    def _draw_values(self, draw):
        kind = draw.allowance_id._quantity_kind()
        scale = MICRO_SCALE if kind == "amount" else 1
        return {
            "kind": kind,
            "quantity": self._scaled(draw.quantity, scale),
            "text": draw.quantity_text,
            "bundle": draw.subscription_id.bundle_id.display_name,
            "included": draw.allowance_id.display_name,
            "month": format_date(self.env, draw.period_start, date_format="MMMM y"),
        }

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
        rate = self.env["res.currency.rate"].search(
            [
                ("currency_id", "=", currency.id),
                ("name", "=", day),
                ("company_id", "in", [False, company.root_id.id]),
            ],
            limit=1,
        )
        return Fraction(repr(rate.rate)) if rate else None

    # === THE WORDS === #

    def _rows(self, call, found):
        """Title, text and amount of each step that the user may see."""
        codes = [step.code for step in found]
        markup_at = codes.index("markup") if "markup" in codes else -1
        rows = []
        for index, step in enumerate(found):
            of_cost = step.code in COST_CODES or index < markup_at
            of_cost &= step.code in COST_CODES | {"conversion"}
            if of_cost and not self._sees_cost():
                continue
            title, text, amount = getattr(self, f"_say_{step.code}")(call, step.values)
            rows.append({"title": title, "text": text, "amount": amount})
        return rows

    def _say_state(self, call, values):
        state = dict(call._fields["state"]._description_selection(self.env))
        reasons = dict(call._fields["rating_reason"]._description_selection(self.env))
        reason = reasons.get(values["reason"]) or self.env._("It was not priced yet.")
        return state.get(values["state"], values["state"]), reason, ""

    def _say_tariff(self, call, values):
        tariff = call.rate_id.tariff_id
        owner, asked = self._tariff_origin(call, tariff)
        if asked and asked != tariff:
            text = self.env._(
                "%(asked)s, the tariff of %(owner)s, has no rate for this call. "
                "%(tariff)s, which stands behind it, has one.",
                owner=owner,
                asked=asked.name,
                tariff=tariff.name,
            )
        elif asked:
            text = self.env._(
                "%(tariff)s: the tariff of %(owner)s.", tariff=tariff.name, owner=owner
            )
        else:
            text = self.env._(
                "%(tariff)s, as assigned when the call was priced.", tariff=tariff.name
            )
        return self.env._("Tariff"), text, ""

    def _tariff_origin(self, call, tariff):
        """Whose tariff led to the one that priced, and which that is."""
        assigned = (
            (call.number_id, "number_id", self.env._("the number")),
            (call.partner_id, "partner_id", self.env._("the customer")),
        )
        candidates = [
            (
                self.env._("%(kind)s %(name)s", kind=kind, name=owner.display_name),
                self._assigned_tariff(call, field, owner),
            )
            for owner, field, kind in assigned
            if owner
        ]
        candidates += [
            (self.env._("the bundle %s", s.bundle_id.name), s.bundle_id.tariff_id)
            for s in self._subscriptions(call)
        ]
        company = call.company_id
        candidates.append(
            (self.env._("the company %s", company.name), company.telecom_tariff_id)
        )
        for owner, asked in candidates:
            chain, step = self.env["telecom.tariff"], asked
            while step and step not in chain:
                chain |= step
                step = step.parent_id
            if tariff in chain:
                return owner, asked
        return "", self.env["telecom.tariff"]

    def _in_force(self, call):
        start = call.start_at
        return (
            Domain("date_start", "=", False) | Domain("date_start", "<=", start)
        ) & (Domain("date_end", "=", False) | Domain("date_end", ">", start))

    def _assigned_tariff(self, call, field, owner):
        domain = self._in_force(call) & Domain(field, "=", owner.id)
        domain &= Domain("company_id", "=", call.company_id.id)
        assignments = self.env["telecom.tariff.assignment"].sudo()
        return assignments.search(domain, limit=1).tariff_id

    def _subscriptions(self, call):
        domain = self._in_force(call) & Domain("bundle_id.tariff_id", "!=", False)
        domain &= Domain("partner_id", "child_of", call.partner_id.id or 0)
        domain &= Domain("company_id", "=", call.company_id.id)
        found = self.env["telecom.bundle.subscription"].sudo().search(domain)
        return found.filtered(
            lambda s: not s.number_ids or call.number_id in s.number_ids
        ).sorted(lambda s: (s.priority, s.date_start, s.id))

    def _say_rate(self, call, values):
        rate = call.rate_id
        return (
            self.env._("Rate"),
            " ".join([self._why_rate(call, rate), self._when_rate(rate)]).strip(),
            self._rate_price(call, rate),
        )

    def _why_rate(self, call, rate):
        if rate.prefix:
            return self.env._(
                "%(prefix)s is the longest prefix of the tariff that the called number "
                "%(number)s begins with.",
                prefix=rate.prefix,
                number=call.called_text,
            )
        if rate.destination_id:
            return self.env._(
                "%(destination)s: its prefix %(prefix)s is the longest that the called "
                "number %(number)s begins with.",
                destination=rate.destination_id.display_name,
                prefix=call.prefix or "",
                number=call.called_text,
            )
        if rate.category:
            categories = dict(rate._fields["category"]._description_selection(self.env))
            return self.env._(
                "No prefix of the tariff fits, so the category of the call counts: "
                "%(category)s.",
                category=categories[rate.category],
            )
        return self.env._(
            "No prefix and no category of the tariff fits, so its rate for all calls "
            "counts."
        )

    def _when_rate(self, rate):
        def when(value):
            return format_datetime(self.env, value, dt_format="short")

        if rate.date_start and rate.date_end:
            return self.env._(
                "In force from %(start)s until %(end)s.",
                start=when(rate.date_start),
                end=when(rate.date_end),
            )
        if rate.date_start:
            return self.env._("In force from %s.", when(rate.date_start))
        if rate.date_end:
            return self.env._("In force until %s.", when(rate.date_end))
        return ""

    def _rate_price(self, call, rate):
        if rate.method == "markup":
            return ""
        price = self._nano(self._scaled(rate.price, AMOUNT_SCALE), rate.currency_id)
        per_unit = {
            ("duration", "voice"): self.env._("%s a minute", price),
            ("duration", "data"): self.env._("%s a minute", price),
            ("volume", "sms"): self.env._("%s a message", price),
            ("volume", "data"): self.env._("%s a MB", price),
        }
        return per_unit.get((rate.method, call.service)) or self.env._(
            "%s a call", price
        )

    def _say_draw(self, call, values):
        return (
            self.env._("From the bundle %s", values["bundle"]),
            self.env._(
                "It includes %(included)s in %(month)s; this call takes %(taken)s.",
                included=values["included"],
                month=values["month"],
                taken=values["text"],
            ),
            "",
        )

    def _say_rest(self, call, values):
        usage = self.env["telecom.bundle.usage"]
        text = (
            usage._quantity_text("bytes", values["volume"], None)
            if call.service == "data"
            else hms(values["duration"])
        )
        return self.env._("What is left to pay"), text, ""

    def _say_covered(self, call, values):
        text = self.env._("The bundle covers the whole call: nothing is left to pay.")
        return self.env._("Wholly covered"), text, self._nano(0, call.currency_id)

    def _say_free(self, call, values):
        if values["grace"]:
            text = self.env._(
                "Calls up to %(grace)s cost nothing; this one has %(duration)s.",
                grace=hms(values["grace"]),
                duration=hms(values["duration"]),
            )
        else:
            text = self.env._("The call was not answered.")
        return self.env._("Free"), text, self._nano(0, self._tariff_currency(call))

    def _say_increments(self, call, values):
        text = self.env._(
            "The first %(initial)s s are billed whole, then steps of %(increment)s s: "
            "%(duration)s become %(billed)s (%(seconds)s s).",
            initial=values["initial"],
            increment=values["increment"],
            duration=hms(values["duration"]),
            billed=hms(values["billed_duration"]),
            seconds=values["billed_duration"],
        )
        if values["duration"] < values["minimum_duration"]:
            text = self.env._(
                "%(text)s At least %(minimum)s are billed.",
                text=text,
                minimum=hms(values["minimum_duration"]),
            )
        return self.env._("Billed time"), text, ""

    def _say_duration(self, call, values):
        currency = self._tariff_currency(call)
        text = self.env._(
            "%(seconds)s s at %(price)s a minute: %(seconds)s × %(price)s ÷ 60",  # noqa: RUF001
            seconds=values["billed_duration"],
            price=self._nano(values["price_nano"], currency),
        )
        return self.env._("Price of the time"), text, self._amount(call, values)

    def _say_call(self, call, values):
        text = self.env._("A fixed price, whatever its duration.")
        return self.env._("Price of the call"), text, self._amount(call, values)

    def _say_message(self, call, values):
        text = self.env._("A fixed price for each message.")
        return self.env._("Price of the message"), text, self._amount(call, values)

    def _say_volume(self, call, values):
        usage = self.env["telecom.bundle.usage"]
        text = self.env._(
            "%(volume)s (%(bytes)s bytes) at %(price)s a MB of 1,000,000 bytes.",
            volume=usage._quantity_text("bytes", values["volume"], None),
            bytes=formatLang(self.env, values["volume"], digits=0),
            price=self._nano(values["price_nano"], self._tariff_currency(call)),
        )
        return self.env._("Price of the data"), text, self._amount(call, values)

    def _say_part(self, call, values):
        text = self.env._(
            "The bundle left %(rest)s of %(whole)s: so much of the carrier's cost "
            "counts.",
            rest=values["rest"],
            whole=values["whole"],
        )
        return self.env._("Part of the cost"), text, self._amount(call, values)

    def _say_markup(self, call, values):
        if not self._sees_cost():
            text = self.env._("The carrier's cost and a mark-up on it.")
            return self.env._("Mark-up"), text, self._amount(call, values)
        text = self.env._(
            "%(percent)s %% on the carrier's cost of %(cost)s.",
            percent=formatLang(self.env, values["markup_ppm"] / 10_000, digits=2),
            cost=self._nano(values["cost_nano"], self._tariff_currency(call)),
        )
        return self.env._("Mark-up"), text, self._amount(call, values)

    def _say_conversion(self, call, values):
        ratio = Fraction(values["numerator"], values["denominator"])
        text = self.env._(
            "At the rate of %(day)s: × %(ratio)s",  # noqa: RUF001
            day=format_date(self.env, call.day),
            ratio=self._number(ratio),
        )
        amount = self._number(Fraction(values["amount_nano"]) / AMOUNT_SCALE)
        return self.env._("Other currency"), text, amount

    def _say_connect(self, call, values):
        text = self.env._(
            "Once for each connected call: + %s",
            self._nano(values["connect_nano"], self._tariff_currency(call)),
        )
        return self.env._("Connection fee"), text, self._amount(call, values)

    def _say_minimum(self, call, values):
        text = self.env._("The rate asks for at least this much.")
        return self.env._("Minimum price"), text, self._amount(call, values)

    def _say_maximum(self, call, values):
        text = self.env._("The rate asks for at most this much.")
        return self.env._("Maximum price"), text, self._amount(call, values)

    def _say_rounding(self, call, values):
        tariff = call.rate_id.tariff_id
        modes = dict(tariff._fields["rounding"]._description_selection(self.env))
        text = self.env._(
            "Once, to %(digits)s decimals (%(mode)s): %(exact)s",
            digits=values["digits"],
            mode=modes[values["rounding"]].lower(),
            exact=self._number(Fraction(values["amount_nano"]) / AMOUNT_SCALE),
        )
        return self.env._("Rounding"), text, self._micro(call, values["price_micro"])

    def _say_paid(self, call, values):
        text = self.env._(
            "The bundle %(bundle)s pays %(taken)s of it in %(month)s.",
            bundle=values["bundle"],
            taken=values["text"],
            month=values["month"],
        )
        title = self.env._("Paid by the bundle")
        return title, text, self._micro(call, values["left_micro"])

    def _say_price(self, call, values):
        return (
            self.env._("Price of the call"),
            self.env._("Without taxes, as it is stored and invoiced."),
            self._micro(call, values["price_micro"]),
        )

    def _cost_rows(self, call):
        """What the call costs us and what is left, for who may see it."""
        by_rate = call.cost_rate_id
        origin = (
            self.env._("By the rate %s.", by_rate.display_name)
            if by_rate
            else self.env._("As the carrier's file says.")
        )
        cost = self._nano(self._scaled(call.cost, AMOUNT_SCALE), call.cost_currency_id)
        margin = self._nano(
            self._scaled(call.margin, AMOUNT_SCALE), call.company_id.currency_id
        )
        return [
            {"title": self.env._("Cost"), "text": origin, "amount": cost},
            {
                "title": self.env._("Margin"),
                "text": self.env._("Price without taxes, less the cost."),
                "amount": margin,
            },
        ]

    # === NUMBERS AS PEOPLE READ THEM === #

    def _stored_price(self, call):
        return self._micro(call, self._scaled(call.price, MICRO_SCALE))

    def _tariff_currency(self, call):
        return call.rate_id.tariff_id.currency_id

    def _amount(self, call, values):
        return self._nano(values["amount_nano"], self._tariff_currency(call))

    def _micro(self, call, micro):
        return self._money(Fraction(micro) / MICRO_SCALE, call.currency_id)

    def _nano(self, nano, currency):
        return self._money(Fraction(nano) / AMOUNT_SCALE, currency)

    def _money(self, amount, currency):
        text = self._number(amount, currency.decimal_places or 2)
        if currency.position == "before":
            return f"{currency.symbol}\N{NO-BREAK SPACE}{text}"
        return f"{text}\N{NO-BREAK SPACE}{currency.symbol or ''}"

    def _number(self, amount, least=2):
        """With the decimals it has, up to nine; an endless one ends in an ellipsis."""
        scaled, rest = divmod(abs(amount) * 10**SHOWN_DECIMALS, 1)
        decimals = str(scaled % 10**SHOWN_DECIMALS).zfill(SHOWN_DECIMALS).rstrip("0")
        digits = SHOWN_DECIMALS if rest else max(least, len(decimals))
        shown = Fraction(scaled, 10**SHOWN_DECIMALS) * (-1 if amount < 0 else 1)
        text = formatLang(self.env, float(shown), digits=digits)
        return f"{text}…" if rest else text
