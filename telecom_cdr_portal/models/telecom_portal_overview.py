# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from calendar import monthrange
from collections import namedtuple
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..parameters import CallFilter, days_around, next_month
from .telecom_portal_sums import OUTGOING, call_count

# With more calls in two months than these the page shows first, and adds up then.
AT_ONCE = 50_000
MAX_LIMITS, MAX_INVOICES, MAX_BUNDLES = 4, 3, 4
FULL = 100
# The totals of this month, of the same days of the month before, and of all of it.
Months = namedtuple("Months", "now same whole")
# By day and category (or "incoming").
Totals = dict[tuple[date, str | None], dict]


class TelecomPortalOverview(models.AbstractModel):
    """Where the month stands: figures, charts, bundles, limits, invoices."""

    _name = "telecom.portal.overview"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: Overview"

    @api.model
    def _home_text(self) -> str | int:
        """The month so far in a line; 0 (what Odoo hides a card by) for nobody."""
        calls = self._call_filter()
        if not self._count(calls, limit=1)[0] and not self._numbers(limit=1):
            return 0
        month = self._this_month()
        texts = self._totals_texts(self._month_totals(calls, month))
        return self.env._("This month so far: %s", " · ".join(texts))

    @api.model
    def _month_filter(self) -> CallFilter:
        """The calls of this month and the one before, and a day around."""
        month = self._this_month()
        start, end = days_around(next_month(month, -1), next_month(month))
        return self._call_filter(start=start, end=end)

    @api.model
    def _adds_up_at_once(self) -> bool:
        return not self._has_more_than(self._month_filter(), AT_ONCE)

    # === FIGURES === #

    @api.model
    def _month_figures(self) -> dict:
        """All that the cards with figures and charts show."""
        totals = self._daily_totals()
        month = self._this_month()
        months = self._compared(totals, month)
        chart = self._day_chart(totals, month)
        return {
            "month_title": format_date(self.env, month, date_format="MMMM y"),
            "before_title": format_date(
                self.env, next_month(month, -1), date_format="MMMM"
            ),
            "tiles": self._tiles(months),
            "chart": chart,
            "categories": self._category_rows(totals, month),
        }

    @api.model
    def _daily_totals(self) -> Totals:
        """By (day, category or "incoming"): totals of the calls that are itemised.

        While a month runs, and day by day, what is never itemised is in no sum.
        """
        calls = self._month_filter()
        kind = SQL("CASE WHEN %s THEN c.category ELSE 'incoming' END AS kind", OUTGOING)
        keys = [SQL("c.day"), kind]
        rows = self._summed_rows(calls, keys, self._shown_sql(calls))
        return self._by_key(rows, len(keys))

    @api.model
    def _compared(self, totals: Totals, month: date) -> Months:
        """The sums that are set against each other."""
        before = next_month(month, -1)
        today = self._local(fields.Datetime.now()).day
        now = [one for (day, _kind), one in totals.items() if day >= month]
        same = [
            one
            for (day, _kind), one in totals.items()
            if before <= day < month and day.day <= today
        ]
        whole = self._month_totals(self._call_filter(), before)
        return Months(_together(now), _together(same), whole)

    @api.model
    def _tiles(self, months: Months) -> list[dict]:
        """Amount, minutes, messages and data: now, against the month before."""
        tiles = [
            self._tile(
                self.env._("Amount"),
                months,
                lambda totals: sum(totals["amounts"].values(), Decimal(0)),
                lambda totals: ", ".join(self._amounts_texts(totals["amounts"])),
            ),
            self._tile(
                self.env._("Time on the telephone"),
                months,
                lambda totals: totals["seconds"],
                lambda totals: self._duration_text(totals["seconds"]),
            ),
            self._tile(
                self.env._("Messages"),
                months,
                lambda totals: totals["sms"],
                lambda totals: self._decimal_text(totals["sms"], 0),
            ),
            self._tile(
                self.env._("Data"),
                months,
                lambda totals: totals["bytes"],
                lambda totals: self._volume_text(totals["bytes"]),
            ),
        ]
        # Who sends no message needs no card of them.
        return [tile for tile in tiles if tile["is_used"] or tile is tiles[0]]

    @api.model
    def _tile(
        self, title: str, months: Months, value: Callable, text: Callable
    ) -> dict:
        now, same = value(months.now), value(months.same)
        return {
            "title": title,
            "now": text(months.now),
            "same": text(months.same),
            "whole": text(months.whole),
            "change": self._change_text(now, same),
            "is_used": bool(now or same or value(months.whole)),
        }

    @api.model
    def _change_text(self, now: Decimal | int, before: Decimal | int) -> str:
        """By how much it is more or less; nothing where there was nothing."""
        if before <= 0:
            return ""
        percent = round(FULL * (Decimal(now) - before) / before)
        signs = {1: "+", 0: "\N{PLUS-MINUS SIGN}", -1: "\N{MINUS SIGN}"}
        sign = signs[(percent > 0) - (percent < 0)]
        return self.env._(
            "%(sign)s%(percent)s %%", sign=sign, percent=abs(int(percent))
        )

    # === CHARTS === #

    @api.model
    def _day_chart(self, totals: Totals, month: date) -> dict | None:
        """A bar a day, beside it the same day of the month before; None: no calls.

        Of money, or of time where nothing cost anything.
        """
        before = next_month(month, -1)
        measure, text = self._measure(totals)
        sums = {}
        for (day, _kind), one in totals.items():
            if before <= day < next_month(month):
                sums[day] = sums.get(day, 0) + measure(one)
        highest = max(sums.values(), default=0)
        if highest <= 0:
            return None
        days = [
            self._chart_day(number, month, before, sums, highest, text)
            for number in range(1, monthrange(month.year, month.month)[1] + 1)
        ]
        return {"days": days, "highest": text(highest)}

    @api.model
    def _chart_day(
        self,
        number: int,
        month: date,
        before: date,
        sums: dict,
        highest: Decimal | int,
        text: Callable,
    ) -> dict:
        day = month.replace(day=number)
        has_before = number <= monthrange(before.year, before.month)[1]
        value = sums.get(day, 0)
        old = sums.get(before.replace(day=number), 0) if has_before else 0
        return {
            "number": number,
            "title": format_date(self.env, day, date_format="d MMMM"),
            "now": text(value),
            "before": text(old),
            "has_any": bool(value or old),
            "now_percent": _percent(value, highest),
            "before_percent": _percent(old, highest),
        }

    @api.model
    def _measure(self, totals: Totals) -> tuple[Callable, Callable]:
        """What bars stand for, and its words: money of the usual currency, or time."""
        spent = {}
        for one in totals.values():
            for currency_id, amount in one["amounts"].items():
                spent[currency_id] = spent.get(currency_id, 0) + amount
        usual = max(spent, key=lambda key: spent[key], default=None)
        if not spent or spent[usual] <= 0:
            return lambda one: one["seconds"], self._duration_text
        currency = self._currencies({usual})[usual]
        return (
            lambda one: one["amounts"].get(usual, Decimal(0)),
            lambda amount: self._money_text(amount, currency),
        )

    @api.model
    def _category_rows(self, totals: Totals, month: date) -> list[dict]:
        """This month by category, the dearest first; bars of what the chart is of."""
        words = dict(self._selection("category"))
        words["incoming"] = self.env._("Incoming calls")
        measure, _text = self._measure(totals)
        groups = {}
        for (day, kind), one in totals.items():
            if day >= month:
                groups.setdefault(kind, []).append(one)
        sums = {kind: _together(group) for kind, group in groups.items()}
        highest = max((measure(one) for one in sums.values()), default=0)
        ordered = sorted(sums, key=lambda kind: (-measure(sums[kind]), str(kind or "")))
        return [
            {
                "title": words.get(kind) or self.env._("Other"),
                "count": self._decimal_text(call_count(sums[kind]), 0),
                "time": self._duration_text(sums[kind]["seconds"]),
                "amount": ", ".join(self._amounts_texts(sums[kind]["amounts"])),
                "percent": _percent(measure(sums[kind]), highest),
            }
            for kind in ordered
        ]

    # === LIMITS, BUNDLES, INVOICES === #

    @api.model
    def _limit_bars(self) -> list[dict]:
        """What is spent of the customer's limits, those of all numbers first."""
        limits = self.env["telecom.limit"].sudo().search(self._scope_domain())
        limits = limits.sorted(lambda one: bool(one.number_id))[:MAX_LIMITS]
        spent = limits._telecom_spent(limits)
        return [self._limit_bar(limit, spent[limit.id]) for limit in limits]

    @api.model
    def _limit_bar(self, limit: models.BaseModel, spent: float) -> dict:
        periods = dict(limit._fields["period"]._description_selection(self.env))
        percent = round(limit._percent(spent))
        return {
            "title": limit.number_id.display_name or self.env._("All numbers"),
            "period": periods[limit.period],
            "text": self.env._(
                "%(spent)s of %(limit)s",
                spent=self._money_text(spent, limit.currency_id),
                limit=self._money_text(limit.amount, limit.currency_id),
            ),
            "percent": max(0, min(percent, FULL)),
            "level": _level(percent, limit.warn_percent),
        }

    @api.model
    def _present_bundles(self) -> list[dict]:
        """Bundles with something to count, of the period that runs."""
        bundles = self._month_bundles(self._present_bundle_month())
        return [bundle for bundle in bundles if bundle["bars"]][:MAX_BUNDLES]

    @api.model
    def _last_invoices(self) -> list[dict]:
        """The latest invoices, as Odoo lets the user see them."""
        payer = self._payer()
        moves = self.env["account.move"]
        if not payer or not moves.has_access("read"):
            return []
        if self._scope_number_ids() is not None:
            return []
        domain = (
            Domain("commercial_partner_id", "=", payer.id)
            & Domain("company_id", "in", self._companies().ids)
            & Domain("move_type", "in", ("out_invoice", "out_refund"))
            & Domain("state", "=", "posted")
        )
        order = "invoice_date desc, id desc"
        found = moves.search(domain, order=order, limit=MAX_INVOICES)
        # Whether one can pay is told by transactions, which the user may not read.
        return [self._invoice_row(move) for move in found.sudo()]

    @api.model
    def _invoice_row(self, move: models.BaseModel) -> dict:
        """An invoice; with a way to pay where Odoo's payment is installed."""
        due = hasattr(move, "_has_to_be_paid") and move._has_to_be_paid()
        words = dict(move._fields["payment_state"]._description_selection(self.env))
        sign = -1 if move.move_type == "out_refund" else 1
        return {
            "name": move.name,
            "url": f"/my/invoices/{move.id}",
            "date": format_date(self.env, move.invoice_date),
            "amount": self._money_text(
                Decimal(repr(sign * move.amount_total)), move.currency_id
            ),
            "status": words.get(move.payment_state, ""),
            "is_paid": move.payment_state in ("paid", "in_payment", "reversed"),
            "pay_url": f"/my/invoices/{move.id}?payment=True#portal_pay" if due else "",
        }


def _together(totals_list: list[dict]) -> dict:
    """The sum of some totals."""
    names = ("voice", "sms", "data", "seconds", "bytes", "waiting")
    result = {name: sum(one[name] for one in totals_list) for name in names}
    result["amounts"] = {}
    for one in totals_list:
        for currency_id, amount in one["amounts"].items():
            known = result["amounts"].get(currency_id, Decimal(0))
            result["amounts"][currency_id] = known + amount
    return result


def _percent(value: float, highest: float) -> int:
    """How long a bar is; something is never nothing."""
    if value <= 0 or highest <= 0:
        return 0
    return max(1, round(FULL * value / highest))


def _level(percent: float, warn_percent: float) -> str:
    """The colour of a limit: orange from the warning on, red when it is reached."""
    if percent >= FULL:
        return "danger"
    return "warning" if warn_percent and percent >= warn_percent else "success"
