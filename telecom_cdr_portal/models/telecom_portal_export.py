# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import csv
import io
import re

from odoo import api, models
from odoo.tools import get_lang

EXPORT_LIMIT = 50_000
EXPORT_STEP = 2_000
# Digits and spaces behind a plus are no formula, whatever opens the file.
PHONE_NUMBER = re.compile(r"\+\d[\d ]{0,24}", re.ASCII)
RISKY_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class TelecomPortalExport(models.AbstractModel):
    """Calls as a file."""

    _name = "telecom.portal.export"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: Files"

    @api.model
    def _export(self, calls):
        """All calls of a filter as CSV bytes; None where they are too many.

        In the spelling of the user's spreadsheet: where decimals have a comma, a
        semicolon parts the columns.
        """
        rows = self._export_rows(calls)
        if rows is None:
            return None
        text = io.StringIO()
        decimal_point = get_lang(self.env).decimal_point
        delimiter = ";" if decimal_point == "," else ","
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow([safe_text(title) for title in self._export_titles()])
        names = self._names(rows)
        for row in rows:
            writer.writerow(self._export_line(row, names, decimal_point))
        # The mark at the start tells spreadsheets that it is UTF-8.
        return text.getvalue().encode("utf-8-sig")

    @api.model
    def _export_rows(self, calls):
        rows, key = [], None
        while True:
            page = self._page(calls, key, size=EXPORT_STEP)
            rows += page.rows
            if len(rows) > EXPORT_LIMIT:
                return None
            key = page.after
            if key is None:
                return rows

    @api.model
    def _export_titles(self):
        return [
            self.env._("Start (%s)", self._zone().key),
            self.env._("Direction"),
            self.env._("Service"),
            self.env._("Own number"),
            self.env._("Other number"),
            self.env._("Destination"),
            self.env._("Duration"),
            self.env._("Seconds"),
            self.env._("Seconds from bundles"),
            self.env._("Bytes"),
            self.env._("Amount"),
            self.env._("Currency"),
            self.env._("Status"),
        ]

    @api.model
    def _export_line(self, row, names, decimal_point):
        local = self._local(row.start_at)
        currency = names["currency_id"][row.currency_id]
        words = [
            names["direction"].get(row.direction),
            names["service"].get(row.service),
            names["number_id"].get(row.number_id),
            self._other_text(row),
            self._place_text(row, names),
        ]
        return [
            f"{local:%Y-%m-%d %H:%M:%S}",
            *(safe_text(word or "") for word in words),
            self._duration_text(row.duration),
            row.duration or 0,
            row.bundle_duration or 0,
            row.volume or 0,
            _plain_amount(row.price, decimal_point),
            currency.name if row.price is not None else "",
            safe_text(self._status(row)[1]),
        ]


def safe_text(text):
    """A text that no spreadsheet takes for a formula.

    A telephone number (+34 600 00 00 01) stays as it is read; all else that begins
    like a formula gets an apostrophe in front.
    """
    text = str(text)
    if text.startswith(RISKY_STARTS) and not PHONE_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _plain_amount(price, decimal_point):
    """An amount without symbol: 0.0340 as 0.034, with the user's decimal mark."""
    if price is None:
        return ""
    whole, _, decimals = price.partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0")
    return f"{whole}{decimal_point}{decimals}"
