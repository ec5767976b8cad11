# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, datetime
from fractions import Fraction

from odoo import models
from odoo.tools.misc import format_date, format_datetime, formatLang

from ..engine.money import AMOUNT_SCALE
from ..engine.periods import EVER, NEVER
from ..models.durations import hms
from ..models.telecom_rate import PATTERNS
from .telecom_call_explanation import MICRO_SCALE

# Steps that would tell the carrier's cost to who may not see it.
COST_CODES = {"part", "cost_tier"}
# Names in formulas that stand for a cost.
COST_NAMES = {"cost", "carrier_amount", "carrier_amount_without_free_minutes"}
OWNER_MODELS = {
    "partner": "res.partner",
    "number": "telecom.number",
    "department": "telecom.department",
    "tariff": "telecom.tariff",
}
SHOWN_DECIMALS = 9
MINUTE = 60


class TelecomCallExplanationWords(models.TransientModel):
    """The words for the steps that the engine gives as codes and exact numbers."""

    _inherit = "telecom.call.explanation"

    def _rows(self, call, found):
        """Title, text and amount of each step that the user may see."""
        codes = [step.code for step in found]
        markup_at = codes.index("markup") if "markup" in codes else -1
        sees_cost = self._sees_cost()
        rows = []
        for index, step in enumerate(found):
            of_cost = step.code in COST_CODES
            of_cost |= step.code == "conversion" and index < markup_at
            if of_cost and not sees_cost:
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

    def _say_rate(self, call, values):
        rate = call.rate_id
        parts = [self._why_rate(call, rate), self._when_rate(rate)]
        if not rate.active:
            parts.append(self.env._("It has been withdrawn since."))
        return (
            self.env._("Rate"),
            " ".join(part for part in parts if part),
            self._rate_price(call, rate),
        )

    def _say_band(self, call, values):
        band = self._band(values["band_id"])
        text = self.env._(
            "%(band)s: %(hours)s, on the clock of %(zone)s. The call began at "
            "%(start)s.",
            band=band.name,
            hours=band.hours_text,
            zone=call.rate_id.tariff_id.tz,
            start=self._local_start(call),
        )
        return self.env._("Time band"), text, ""

    def _band(self, band_id):
        bands = self.env["telecom.time.band"].sudo().with_context(active_test=False)
        return bands.browse(band_id)

    def _local_start(self, call):
        """When the call began, on the tariff's clock."""
        tz = call.rate_id.tariff_id.tz
        return format_datetime(self.env, call.start_at, tz=tz, dt_format="medium")

    def _why_rate(self, call, rate):
        if rate.is_rule:
            return self.env._(
                "A rule, and rules come first: %(patterns)s fits this call.",
                patterns=" ".join(rate[name] for name in PATTERNS if rate[name]),
            )
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
                destination=rate.label or rate.destination_id.display_name,
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
        if rate.method in ("markup", "formula"):
            return ""
        price = self._nano(self._scaled(rate.price, AMOUNT_SCALE), rate.currency_id)
        if rate.method == "duration":
            return self._per_time(price, rate)
        per_unit = {
            ("volume", "sms"): self.env._("%s a message", price),
            ("volume", "data"): self.env._("%s a MB", price),
        }
        return per_unit.get((rate.method, call.service)) or self.env._(
            "%s a call", price
        )

    def _per_time(self, price, rate):
        pulse = rate.pulse_seconds if rate.price_per == "pulse" else MINUTE
        return self._per_seconds(price, 1 if rate.price_per == "second" else pulse)

    def _per_seconds(self, price, seconds):
        """A price for so many seconds, as people say it."""
        if seconds == 1:
            return self.env._("%s a second", price)
        if seconds == MINUTE:
            return self.env._("%s a minute", price)
        return self.env._(
            "%(price)s a pulse of %(seconds)s s", price=price, seconds=seconds
        )

    def _say_draw(self, call, values):
        text = self.env._(
            "It includes %(included)s in %(month)s; this call takes %(taken)s.",
            included=values["included"],
            month=values["month"],
            taken=values["text"],
        )
        if values["amount_micro"]:
            text = self.env._(
                "%(text)s Of its limit of money that is %(amount)s.",
                text=text,
                amount=self._money(
                    Fraction(values["amount_micro"]) / MICRO_SCALE,
                    call.company_id.currency_id,
                ),
            )
        text = self._with_ratio(call, values, text)
        return self.env._("From the bundle %s", values["bundle"]), text, ""

    def _with_ratio(self, call, values, text):
        """Say by what a bundle's money was converted into the price's currency."""
        if "numerator" not in values:
            return text
        return self.env._(
            "%(text)s At the rate of %(day)s 1 %(own)s is %(ratio)s %(other)s.",
            text=text,
            day=format_date(self.env, call.day),
            own=call.company_id.currency_id.name,
            ratio=self._number(Fraction(values["numerator"], values["denominator"])),
            other=call.currency_id.name,
        )

    def _say_rest(self, call, values):
        usage = self.env["telecom.bundle.usage"]
        text = (
            usage._quantity_text("bytes", values["volume"], None)
            if call.service == "data"
            else hms(values["duration"])
        )
        return self.env._("What is left to pay"), text, ""

    def _say_runs_through(self, call, values):
        text = self.env._(
            "The bundle covers %(covered)s. The steps of the call run on through it: "
            "what they bill beyond that is paid.",
            covered=hms(values["covered"]),
        )
        return self.env._("What is left to pay"), text, ""

    def _say_covered(self, call, values):
        text = self.env._("The bundle covers the whole call: nothing is left to pay.")
        return self.env._("Wholly covered"), text, self._nano(0, call.currency_id)

    def _say_free(self, call, values):
        limit = max(values["grace"], values["free_seconds"])
        if limit:
            text = self.env._(
                "Calls up to %(grace)s cost nothing; this one has %(duration)s.",
                grace=hms(limit),
                duration=hms(values["duration"]),
            )
        else:
            text = self.env._("The call was not answered.")
        return self.env._("Free"), text, self._nano(0, self._tariff_currency(call))

    def _say_free_seconds(self, call, values):
        text = self.env._(
            "The first %(free)s s of each call are free: %(left)s are left.",
            free=values["free_seconds"],
            left=hms(values["duration"]),
        )
        return self.env._("Free seconds"), text, ""

    def _say_month(self, call, values):
        whose = (
            self.env._("number")
            if values["scope"] == "number"
            else self.env._("customer")
        )
        held = self._quantity(call, values["unit"], values["tier_from"])
        if values["rule"] == "whole":
            text = self.env._(
                "The month of the %(whose)s comes to %(held)s: all of it has the price "
                "of that tier.",
                whose=whose,
                held=held,
            )
        else:
            text = self.env._(
                "Before this call the month of the %(whose)s held %(held)s.",
                whose=whose,
                held=held,
            )
        text = f"{text} {self._tier_text(call, values)}"
        return self.env._("Month so far"), f"{self._band_text(call, values)}{text}", ""

    def _band_text(self, call, values):
        """Which of the rates a month is of, where several price parts of the call."""
        rates = self._rates_of_parts(call)
        if len(rates) <= 1 or not values.get("rate_id"):
            return ""
        rate = rates.browse(values["rate_id"])
        name = rate.time_band_id.name or self.env._("Any other time")
        return f"{name}: "

    def _tier_text(self, call, values):
        if not values["start"]:
            return self.env._("That is up to the first tier.")
        return self.env._(
            "That is in the tier above %s.",
            self._quantity(call, values["unit"], values["start"]),
        )

    def _quantity(self, call, unit, quantity):
        """So much of a month, as people read it."""
        if unit == "amount":
            return self._nano(quantity, self._tariff_currency(call))
        usage = self.env["telecom.bundle.usage"]
        return (
            hms(quantity)
            if unit == "seconds"
            else usage._quantity_text(unit, quantity, None)
        )

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
        price = self._nano(values["price_nano"], self._tariff_currency(call))
        unit, seconds = values["price_seconds"], values["billed_duration"]
        if unit == MINUTE:
            text = self.env._(
                "%(seconds)s s at %(price)s a minute: %(seconds)s × %(price)s ÷ 60",  # noqa: RUF001
                seconds=seconds,
                price=price,
            )
        elif unit == 1:
            text = self.env._(
                "%(seconds)s s at %(price)s a second: %(seconds)s × %(price)s",  # noqa: RUF001
                seconds=seconds,
                price=price,
            )
        else:
            text = self.env._(
                "%(seconds)s s at %(price)s a pulse of %(unit)s s: %(seconds)s ×"  # noqa: RUF001
                " %(price)s ÷ %(unit)s",
                seconds=seconds,
                price=price,
                unit=unit,
            )
        return self.env._("Price of the time"), text, self._amount(call, values)

    def _say_piece(self, call, values):
        """Steps alike, of a call that goes through tiers or bands."""
        price = self._nano(values["price_nano"], self._tariff_currency(call))
        if values["is_bytes"]:
            text = self.env._(
                "%(count)s steps of %(step)s bytes at %(price)s a MB",
                count=values["count"],
                step=formatLang(self.env, values["step"], digits=0),
                price=price,
            )
        else:
            text = self.env._(
                "From second %(at)s: %(count)s × %(step)s s at %(price)s",  # noqa: RUF001
                at=values["at"] + 1,
                count=values["count"],
                step=values["step"],
                price=self._per_seconds(price, values["unit"]),
            )
        notes = ", ".join(self._piece_notes(call, values))
        text = f"{text} ({notes})." if notes else f"{text}."
        amount = self._nano(values["of_nano"], self._tariff_currency(call))
        return self._piece_title(values), text, amount

    def _piece_title(self, values):
        if values["is_initial"]:
            return self.env._("First step")
        return self.env._("Steps")

    def _piece_notes(self, call, values):
        """Which tier and which band it is in."""
        if values.get("band_id"):
            yield self._band(values["band_id"]).name
        if values.get("start"):
            yield self.env._("tier above %s s", values["start"])
        if values.get("month_start"):
            above = self._quantity(call, values["month_unit"], values["month_start"])
            yield self.env._("tier of the month above %s", above)

    def _say_pieces(self, call, values):
        text = self.env._("The sum of these steps.")
        if call.service == "voice":
            text = self.env._(
                "The sum of these steps: %s are billed.", hms(values["billed_duration"])
            )
        return self.env._("Price of the time"), text, self._amount(call, values)

    def _say_call(self, call, values):
        text = self.env._("A fixed price, whatever its duration.")
        if values["is_partly"]:
            text = self.env._(
                "A fixed price, whatever its duration. The bundle covers a part of the"
                " call: so it is due as a whole."
            )
        elif values["is_wholly"]:
            text = self.env._(
                "A fixed price, whatever its duration. By the rule of the bundle it is "
                "always due, as a connection fee is."
            )
        return self.env._("Price of the call"), text, self._amount(call, values)

    def _say_no_call(self, call, values):
        text = self.env._(
            "A fixed price of %s for each call. The bundle spares it: a part of the "
            "call is covered.",
            self._nano(values["price_nano"], self._tariff_currency(call)),
        )
        return self.env._("No price of the call"), text, ""

    def _say_message(self, call, values):
        text = self.env._("A fixed price for each message.")
        return self.env._("Price of the message"), text, self._amount(call, values)

    def _say_volume(self, call, values):
        usage = self.env["telecom.bundle.usage"]
        text = self.env._(
            "%(volume)s (%(bytes)s bytes) at %(price)s a MB of 1,000,000 bytes.",
            volume=usage._quantity_text("bytes", values["billed_volume"], None),
            bytes=formatLang(self.env, values["billed_volume"], digits=0),
            price=self._nano(values["price_nano"], self._tariff_currency(call)),
        )
        if values["billed_volume"] != values["volume"]:
            text = self.env._(
                "%(used)s bytes were used; steps of %(step)s bytes are billed whole. "
                "%(text)s",
                used=formatLang(self.env, values["volume"], digits=0),
                step=formatLang(self.env, values["increment"], digits=0),
                text=text,
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

    def _say_cost_tier(self, call, values):
        text = self.env._(
            "The cost of the call is %(cost)s, above %(start)s: the mark-up is "
            "%(percent)s %%.",
            cost=self._nano(values["cost_nano"], call.cost_currency_id),
            start=self._nano(values["start"], call.cost_currency_id),
            percent=self._percent(values["markup_ppm"]),
        )
        return self.env._("Tier by cost"), text, ""

    def _say_markup(self, call, values):
        if not self._sees_cost():
            text = self.env._("The carrier's cost and a mark-up on it.")
            return self.env._("Mark-up"), text, self._amount(call, values)
        text = self.env._(
            "%(percent)s %% on the carrier's cost of %(cost)s.",
            percent=self._percent(values["markup_ppm"]),
            cost=self._nano(values["cost_nano"], self._tariff_currency(call)),
        )
        return self.env._("Mark-up"), text, self._amount(call, values)

    def _percent(self, ppm):
        return formatLang(self.env, ppm / 10_000, digits=2)

    def _say_units(self, call, values):
        text = self._formula_text(values)
        units = "" if values["units"] is None else self._number(values["units"], 0)
        return self.env._("Units"), text, units

    def _say_formula(self, call, values):
        text = self._formula_text(values)
        return self.env._("Formula"), text, self._amount(call, values)

    def _formula_text(self, values):
        """The formula with what its names stood for; none of it where one is a cost."""
        names = values["inputs"]
        if COST_NAMES & names.keys() and not self._sees_cost():
            return self.env._("By a formula that the carrier's cost is a part of.")
        inputs = ", ".join(
            f"{name} = {'–' if value is None else self._number(value, 0)}"  # noqa: RUF001
            for name, value in names.items()
        )
        written = values["formula"].strip()
        if not inputs:
            return written
        return self.env._(
            "%(formula)s, with %(inputs)s", formula=written, inputs=inputs
        )

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

    def _say_no_connect(self, call, values):
        text = self.env._("The bundle spares it: a part of the call is covered.")
        return self.env._("No connection fee"), text, ""

    def _say_rest_discount(self, call, values):
        text = self.env._(
            "%s %% on what the bundle leaves to pay.",
            self._signed(values["percent_ppm"]),
        )
        return self.env._("Discount of the bundle"), text, self._amount(call, values)

    def _say_discount(self, call, values):
        text = self.env._(
            "%(percent)s %% by %(name)s, given to %(owner)s%(period)s.",
            percent=self._signed(values["percent_ppm"]),
            **self._discount_names(call, values),
        )
        title = self.env._("Discount")
        if values["percent_ppm"] > 0:
            title = self.env._("Surcharge")
        return title, text, self._amount(call, values)

    def _say_surcharge(self, call, values):
        line = self._discount_line(values)
        currency = line.currency_id or self._tariff_currency(call)
        text = self.env._(
            "%(amount)s a call by %(name)s, given to %(owner)s%(period)s.",
            amount=self._nano(values["surcharge_nano"], currency),
            **self._discount_names(call, values),
        )
        if values["numerator"] != values["denominator"]:
            ratio = Fraction(values["numerator"], values["denominator"])
            text = self.env._(
                "%(text)s At the rate of %(day)s: × %(ratio)s",  # noqa: RUF001
                text=text,
                day=format_date(self.env, call.day),
                ratio=self._number(ratio),
            )
        return self.env._("Surcharge"), text, self._amount(call, values)

    def _signed(self, ppm):
        sign = "−" if ppm < 0 else "+"  # noqa: RUF001
        return f"{sign}{self._percent(abs(ppm))}"

    def _discount_line(self, values):
        return self.env["telecom.discount.line"].sudo().browse(values["discount_id"])

    def _discount_names(self, call, values):
        """Name, owner and period of a discount that a call has."""
        discount = self._discount_line(values).discount_id
        kind = values["owner_kind"]
        owner = self._class_of(call) if kind == "class" else self._owner_of(values)
        start, end = values["start"], values["end"]
        period = ""
        if start > EVER:
            day = datetime.fromtimestamp(start, UTC).replace(tzinfo=None)
            period = self.env._(" since %s", format_datetime(self.env, day))
        if end < NEVER:
            day = datetime.fromtimestamp(end, UTC).replace(tzinfo=None)
            until = self.env._(" until %s", format_datetime(self.env, day))
            period += until
        return {
            "name": discount.name,
            "owner": (owner.display_name or "").rstrip("."),
            "period": period,
        }

    def _owner_of(self, values):
        model = OWNER_MODELS[values["owner_kind"]]
        return self.env[model].sudo().browse(values["owner_id"])

    def _say_minimum(self, call, values):
        text = self.env._("The rate asks for at least this much.")
        return self.env._("Minimum price"), text, self._amount(call, values)

    def _say_maximum(self, call, values):
        text = self.env._("The rate asks for at most this much.")
        return self.env._("Maximum price"), text, self._amount(call, values)

    def _say_charge(self, call, values):
        text = self.env._(
            "What the bundle asks for the time that it covers: + %s",
            self._nano(values["charge_nano"], self._tariff_currency(call)),
        )
        return self.env._("Price of the covered time"), text, self._amount(call, values)

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
        if "numerator" in values:
            text = self.env._(
                "The bundle %(bundle)s pays %(covered)s of it in %(month)s, which "
                "takes %(taken)s of its money.",
                bundle=values["bundle"],
                covered=self._micro(call, values["covered_micro"]),
                taken=self._money(
                    Fraction(values["quantity"]) / MICRO_SCALE,
                    call.company_id.currency_id,
                ),
                month=values["month"],
            )
            text = self._with_ratio(call, values, text)
        title = self.env._("Paid by the bundle")
        return title, text, self._micro(call, values["left_micro"])

    def _say_paid_discount(self, call, values):
        text = self.env._(
            "%(percent)s %% on what the bundle leaves to pay, %(exact)s before it is "
            "rounded.",
            percent=self._signed(values["percent_ppm"]),
            exact=self._number(Fraction(values["of_nano"]) / AMOUNT_SCALE),
        )
        title = self.env._("Discount of the bundle")
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
        origin = " ".join([origin, *self._cost_months(call)])
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

    def _cost_months(self, call):
        """What the carrier's month held before, where its cost goes by that."""
        for part in (call.cost_tier_parts or "").split():
            rate_id, held, _units = map(int, part.split(":"))
            rate = call.cost_rate_id.browse(rate_id)
            currency = rate.tariff_id.currency_id
            quantity = (
                self._nano(held, currency)
                if rate.volume_unit == "amount"
                else self._quantity(call, rate.volume_unit, held)
            )
            if rate.volume_rule == "whole":
                yield self.env._(
                    "The month comes to %(held)s at %(rate)s.",
                    held=quantity,
                    rate=rate.display_name,
                )
            else:
                yield self.env._(
                    "Before this call the month held %(held)s at %(rate)s.",
                    held=quantity,
                    rate=rate.display_name,
                )

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

    # === CORRECTIONS OF WHAT WAS INVOICED === #

    def _values(self):
        values = super()._values()
        corrections = values["call"].correction_ids.filtered("is_standing").sorted("id")
        if corrections:
            values["rows"] += [self._say_correction(one) for one in corrections]
            values["rows"].append(self._say_in_all(values["call"], corrections))
        return values

    def _given(self, call):
        given = super()._given(call)
        draws = call.sudo().correction_ids._draws_before()
        if draws is not None:
            given["draws"] = [self._draw_values(draw) for draw in draws]
        return given

    def _say_correction(self, correction):
        move = correction.move_id
        text = (
            self.env._(
                "By %(move)s, from %(rerating)s.",
                move=move.name or move.display_name,
                rerating=correction.rerating_id.name,
            )
            if move
            else self.env._(
                "From %s: with the others of its invoice it came to nothing.",
                correction.rerating_id.name,
            )
        )
        amount = self._money(Fraction(repr(correction.amount)), correction.currency_id)
        return {"title": self.env._("Correction"), "text": text, "amount": amount}

    def _say_in_all(self, call, corrections):
        amounts = [call.price, *corrections.mapped("amount")]
        total = sum(Fraction(repr(amount)) for amount in amounts)
        return {
            "title": self.env._("In all"),
            "text": self.env._("Without taxes, with its corrections."),
            "amount": self._money(total, call.currency_id),
        }
