# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal

from odoo import api, models
from odoo.tools import groupby
from odoo.tools.misc import format_date, format_datetime

from odoo.addons.telecom_cdr.parsers import numbering

from .telecom_portal_calls import Amounts, CallRow

WAITING = ("unrated", "late")
Ids = set[int | None]


class TelecomPortalTexts(models.AbstractModel):
    """Calls and totals as words for people."""

    _name = "telecom.portal.texts"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: Words"

    @api.model
    def _months(self, rows: list[CallRow]) -> list[dict]:
        """The calls of a page as texts, by the month that bills them."""
        shown = self._shown_calls(rows)
        return [
            {
                "key": key,
                "title": format_date(self.env, group[0]["day"], date_format="MMMM y"),
                "calls": group,
            }
            for key, group in groupby(shown, lambda call: f"{call['day']:%Y-%m}")
        ]

    @api.model
    def _shown_calls(self, rows: list[CallRow]) -> list[dict]:
        """Calls as texts for people."""
        names = self._names(rows)
        return [self._shown_call(row, names) for row in rows]

    @api.model
    def _names(self, rows: list[CallRow]) -> dict[str, dict]:
        """What the ids of some calls stand for, in a few queries for all."""
        return {
            "destination_id": self._name_map("telecom.destination", rows),
            "rate_id": self._rate_labels({row.rate_id for row in rows}),
            "number_id": self._number_names({row.number_id for row in rows}),
            "visited_country_id": self._name_map("res.country", rows),
            "currency_id": self._currencies({row.currency_id for row in rows}),
            **{
                name: dict(self._selection(name))
                for name in ("category", "direction", "service")
            },
        }

    @api.model
    def _name_map(self, model: str, rows: list[CallRow]) -> dict[int, str]:
        column = {
            "telecom.destination": "destination_id",
            "res.country": "visited_country_id",
        }[model]
        ids = {getattr(row, column) for row in rows} - {None}
        records = self.env[model].sudo().browse(ids).exists()
        return {record.id: record.name for record in records}

    @api.model
    def _rate_labels(self, ids: Ids) -> dict[int, str]:
        """What rates want their calls to be called instead of the destination."""
        rates = self.env["telecom.rate"].sudo().browse(ids - {None}).exists()
        return {rate.id: rate.label for rate in rates if rate.label}

    @api.model
    def _number_names(self, ids: Ids) -> dict[int, str]:
        """Own numbers; the label only where the customer still holds the number."""
        numbers = self.env["telecom.number"].sudo().browse(ids - {None}).exists()
        payer = self._payer()
        return {
            number.id: number.display_name
            if number.commercial_partner_id == payer
            else numbering.format_international(number.number)
            for number in numbers
        }

    @api.model
    def _currencies(self, ids: Ids) -> dict[int | None, models.BaseModel]:
        """Currencies by id; the company's where a call has none."""
        currencies = self.env["res.currency"].sudo().browse(ids - {None})
        found = {currency.id: currency for currency in currencies}
        return found | {None: self.env.company.sudo().currency_id}

    @api.model
    def _selection(self, field: str) -> list[tuple[str, str]]:
        field = self.env["telecom.call"]._fields[field]
        return field._description_selection(self.env)

    @api.model
    def _shown_call(self, row: CallRow, names: dict) -> dict:
        local = self._local(row.start_at)
        state, status = self._status(row)
        return {
            "id": row.id,
            "day": row.day or local.date(),
            "start": format_datetime(self.env, row.start_at, tz=self._zone().key),
            "direction": row.direction or "outgoing",
            "direction_text": names["direction"].get(row.direction or "outgoing"),
            "other": self._other_text(row),
            "number": names["number_id"].get(row.number_id, ""),
            "place": self._place_text(row, names),
            "quantity": self._quantity_text(row),
            "bundle": self._bundle_text(row),
            "amount": self._amount_text(row, names["currency_id"]),
            "state": state,
            "status": status,
            "move_id": row.move_id,
            "is_missed": self._is_missed(row),
            "dispute_id": row.dispute_id,
            "is_disputed": row.dispute_state == "open",
        }

    @api.model
    def _is_missed(self, row: CallRow) -> bool:
        return row.service in ("voice", None) and not row.duration

    @api.model
    def _other_text(self, row: CallRow) -> str:
        """The other party; withheld numbers have not even been read."""
        if row.is_withheld:
            return self.env._("Withheld number")
        if row.service == "data" and not row.other_number:
            return self.env._("Data")
        text = numbering.format_international(row.other_number or "")
        return text or self.env._("Unknown number")

    @api.model
    def _place_text(self, row: CallRow, names: dict) -> str:
        """Where the call went, and from which country when roaming."""
        place = names["rate_id"].get(row.rate_id, "")
        if not place and row.direction != "incoming":
            place = names["destination_id"].get(row.destination_id)
            place = place or names["category"].get(row.category, "")
        country = names["visited_country_id"].get(row.visited_country_id)
        if not country:
            return place
        roaming = self.env._("roaming in %s", country)
        return f"{place}, {roaming}" if place else roaming

    @api.model
    def _quantity_text(self, row: CallRow) -> str:
        if row.service == "sms":
            return self.env._("message")
        if row.service == "data":
            return self._volume_text(row.volume)
        return self._duration_text(row.duration)

    @api.model
    def _bundle_text(self, row: CallRow) -> str:
        """How much of the call a bundle has paid."""
        if not row.is_covered:
            return ""
        is_part = row.bundle_duration and row.bundle_duration < (row.duration or 0)
        if not is_part:
            return self.env._("from bundle")
        part = self._duration_text(row.bundle_duration)
        return self.env._("%s from bundle", part)

    @api.model
    def _amount_text(self, row: CallRow, currencies: dict) -> str:
        if row.rating_state in WAITING or row.price is None:
            return ""
        currency = currencies[row.currency_id]
        return self._money_text(Decimal(row.price), currency, is_exact=True)

    @api.model
    def _status(self, row: CallRow) -> tuple[str, str]:
        """What has become of the call's price: a code and words."""
        if row.move_id and self.env.user.telecom_is_limited:
            # The invoice is of all numbers: who sees some of them cannot open it.
            return "billed", self.env._("Invoiced")
        if row.move_id:
            return "invoiced", row.move_name or self.env._("Invoiced")
        if row.dispute_state == "granted":
            return "free", self.env._("Not charged")
        if row.rating_state in WAITING:
            return "waiting", self.env._("Price follows")
        if row.rating_state == "excluded":
            return "free", self.env._("Not charged")
        return "open", self.env._("Not invoiced yet")

    # === TOTALS === #

    @api.model
    def _totals_texts(self, totals: dict) -> list[str]:
        """The parts of a month's totals that are not nothing; money always."""
        texts = []
        if totals["voice"]:
            texts.append(self._count_text("voice", totals["voice"]))
            texts.append(self._duration_text(totals["seconds"]))
        if totals["sms"]:
            texts.append(self._count_text("sms", totals["sms"]))
        if totals["data"]:
            texts.append(self._volume_text(totals["bytes"]))
        texts += self._amounts_texts(totals["amounts"])
        if totals["waiting"]:
            texts.append(self.env._("%s without price yet", totals["waiting"]))
        if totals["others"]["count"]:
            texts.append(self._others_text(totals["others"]))
        return texts

    @api.model
    def _others_text(self, others: dict) -> str:
        """The part of the totals that the list leaves out."""
        parts = [
            self._decimal_text(others["count"], 0),
            self._duration_text(others["seconds"]),
            *self._amounts_texts(others["amounts"]),
        ]
        return self.env._("other calls, not listed: %s", ", ".join(parts))

    @api.model
    def _amounts_texts(self, amounts: Amounts) -> list[str]:
        currencies = self._currencies(set(amounts))
        return [
            self._money_text(amount, currencies[currency_id])
            for currency_id, amount in (amounts or {None: Decimal(0)}).items()
        ]

    @api.model
    def _found_text(self, count: int, is_more: bool) -> str:
        """How many calls a filter has found; nothing where nobody has looked."""
        if not is_more:
            return self._count_text("voice", count)
        number = self._decimal_text(count, 0)
        return self.env._("more than %s calls", number) if count else ""

    @api.model
    def _count_text(self, service: str, count: int) -> str:
        number = self._decimal_text(count, 0)
        if service == "sms":
            text = self.env._("%s messages", number)
            return self.env._("1 message") if count == 1 else text
        return self.env._("1 call") if count == 1 else self.env._("%s calls", number)
