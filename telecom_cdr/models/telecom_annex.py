# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The call detail behind an invoice, worded for its customer, as a report prints it."""

from collections import defaultdict
from datetime import date, time, timedelta
from decimal import Decimal
from functools import cache

from odoo.tools import groupby
from odoo.tools.misc import format_date, formatLang

from .detail_calls import Bill, billed_calls
from .detail_words import DetailSums, DetailWords, hms_of

PRICE_DIGITS = 6
# What makes long tables slow is that they are one: it grows with the square.
TABLE_ROWS = 500
RIGHT = {"duration", "billed", "covered", "price"}
# These may be long; anything else stays in one line.
WRAPPED = {"destination", "department", "label", "category"}
BOLD = "o_telecom_bold"


class TelecomAnnex:
    """Words the calls of one bill: thousands of them, each value once."""

    def __init__(self, bill: Bill) -> None:
        self.bill, self.layout = bill, bill.layout
        self.env = bill.partner.env
        self.words = DetailWords(bill)
        self.calls = list(billed_calls(bill))
        self.digits = self._digits()
        self.all_columns = self.layout._columns()
        self.colors = self.layout._colors()
        self._money = cache(self._amount)
        self._day = cache(lambda day: format_date(self.env, day))
        self.bold_amount = Decimal(repr(self.layout.bold_amount))

    @property
    def head(self):
        return self.layout.head

    @property
    def foot(self):
        return self.layout.foot

    def _digits(self):
        """As many decimals as the prices have, so that they stand in line."""
        decimals = (
            len(call["price"].partition(".")[2].rstrip("0")) for call in self.calls
        )
        digits = min(max(decimals, default=0), PRICE_DIGITS)
        return max(digits, self.bill.currency.decimal_places)

    def _amount(self, amount):
        return formatLang(self.env, float(amount), digits=self.digits)

    def sections(self) -> list[dict]:
        """One section a group: its name, columns, rows in tables, and totals."""
        group_by = self.layout.group_by
        return [
            self._section(calls)
            for _key, calls in groupby(
                self.calls, lambda call: self.words.group(group_by, call)
            )
        ]

    def _section(self, calls):
        is_covered = any(call["is_covered"] for call in calls)
        keys = [key for key in self.all_columns if key != "covered" or is_covered]
        rows, total, others = [], DetailSums(), defaultdict(DetailSums)
        for call in calls:
            total.add(call)
            if self.words.is_listed(call):
                rows.append(self._row(keys, call))
            else:
                others[self.words.summed_name(call)].add(call)
        return {
            "name": self._section_name(calls[0]),
            "columns": [self._column(key) for key in keys],
            "rows": rows,
            "tables": [
                rows[start : start + TABLE_ROWS]
                for start in range(0, len(rows), TABLE_ROWS)
            ]
            or [[]],
            "others": [
                self._summary(keys, self.words.summed_text(name, sums.calls), sums)
                for name, sums in sorted(others.items())
            ],
            "total": self._summary(keys, self.env._("%s calls", total.calls), total),
        }

    def _column(self, key):
        return {"key": key, "title": self.all_columns[key], "css": self._css(key)}

    def _css(self, key):
        return "n" if key in RIGHT else "w" if key in WRAPPED else ""

    def _section_name(self, call):
        group_by = self.layout.group_by
        if group_by == "number":
            name = self.words.value("own", call) or self.env._("Without a number")
            return f"{name} ({call['label']})" if call["label"] else name
        if group_by == "department":
            return call["department"] or self.env._("Without a department")
        if group_by == "day":
            return self._day(call["start_local"].date())
        if group_by == "category":
            return self.words.value("category", call)
        return call["place"] if group_by == "destination" else ""

    # === ROWS === #

    def _row(self, keys, call):
        """Texts by the key of their column, and how they look."""
        texts = {key: self._text(self.words.value(key, call)) for key in keys}
        color = self.colors.get(call["category"])
        texts["css"] = BOLD if self._is_bold(call) else None
        texts["style"] = f"color: {color}" if color else None
        return texts

    def _is_bold(self, call):
        seconds = self.layout.bold_seconds
        is_long = seconds and (call["duration"] or 0) >= seconds
        return is_long or (
            self.bold_amount and Decimal(call["price"]) >= self.bold_amount
        )

    def _text(self, value):
        if isinstance(value, Decimal):
            return self._money(value)
        if isinstance(value, timedelta):
            return hms_of(value)
        if isinstance(value, date):
            return self._day(value)
        return f"{value:%H:%M:%S}" if isinstance(value, time) else value or ""

    # === SUMS === #

    def _summary(self, keys, text, sums):
        """Cells of a row of sums: a text over the columns that have none, then sums."""
        values = [sums.value(key) for key in keys]
        first = next((i for i, v in enumerate(values) if v is not None), len(keys))
        cells = [{"span": first, "text": text, "css": "w"}] if first else []
        for key, value in list(zip(keys, values, strict=True))[first:]:
            shown = self._text(value)
            cells.append({"span": 1, "text": shown, "css": self._css(key)})
        if not first and cells:
            cells[0]["text"] = f"{text}: {cells[0]['text']}"
        return cells
