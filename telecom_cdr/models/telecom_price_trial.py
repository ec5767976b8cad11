# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from dataclasses import replace

import numpy as np
import pandas as pd

from odoo import api, models

from ..engine.match import match_numbers
from ..engine.periods import EVER, NEVER
from ..engine.pipeline import match_calls, price_calls
from ..engine.rates.holders import Holders
from ..parsers import numbering
from .call_table import RESULT_COLUMNS
from .rating_tables import load_tables

# A number and a customer that nobody is: calls have to be somebody's to be priced.
NOBODY = 2**31 - 1
SCALES = {"nano": 9, "micro": 6}


class TelecomPriceTrial(models.AbstractModel):
    """Prices calls that are nowhere stored, and stores nothing.

    The result are call records in memory, which the explanation takes as it takes
    stored ones. Allowances are left out: what they cover depends on the whole month.
    """

    _name = "telecom.price.trial"
    _description = "Prices of Calls That Are Not Stored"

    @api.model
    def _tables(self, company):
        """What pricing needs, loaded once for several trials."""
        return load_tables(self.sudo().env, company)

    @api.model
    def _price(self, facts, tables, company, carrier=None, tariff=None, partner=None):
        """Price calls by a tariff, as a customer, or as whoever has the number.

        :param facts: one dict a call: start_at (UTC), called_number, calling_number,
            duration, volume, service, direction, carrier_amount, extra (JSON)
        :return: new records of telecom.call, in the order of `facts`
        """
        carrier = carrier or self._default_carrier(company)
        if not facts or not carrier:
            return []
        frame = self._frame(facts, carrier, company)
        calls = match_calls(frame, carrier.id, tables)
        if not (tariff or partner):
            calls = self._as_held(calls, tables)
        else:
            calls = self._as_partner(calls, tables, partner)
        if tariff:
            tables = self._with_tariff(tables, company, tariff)
        priced = price_calls(calls, carrier.id, tables)
        return [
            self._new_call(row, company, carrier) for row in priced.to_dict("records")
        ]

    @api.model
    def _default_carrier(self, company):
        carriers = self.env["telecom.carrier"].sudo()
        return carriers.search([("company_id", "=", company.id)], limit=1, order="id")

    def _frame(self, facts, carrier, company):
        """The facts as the engine takes them, numbers in one spelling."""
        country = carrier.country_id.code or company.country_id.code or "ES"

        def spelled(name):
            texts = pd.Series([fact.get(name) or None for fact in facts], dtype=object)
            return numbering.normalise(texts, country)

        def column(name, default):
            return [fact.get(name) or default for fact in facts]

        amounts = [fact.get("carrier_amount") for fact in facts]
        nano = [None if one in (None, False) else round(one * 10**9) for one in amounts]
        return pd.DataFrame(
            {
                "id": np.arange(len(facts)),
                "carrier_id": carrier.id,
                "identity": [f"{place:032x}" for place in range(len(facts))],
                "direction": column("direction", "outgoing"),
                "service": column("service", "voice"),
                "calling_number": spelled("calling_number"),
                "called_number": spelled("called_number"),
                "redirecting_number": pd.Series([None] * len(facts), dtype=object),
                "is_withheld": False,
                "start_at": np.array(
                    [fact["start_at"] for fact in facts], dtype="datetime64[s]"
                ),
                "duration": column("duration", 0),
                "volume": column("volume", 0),
                "carrier_amount_nano": pd.array(nano, dtype="Int64"),
                "trunk": pd.Series([None] * len(facts), dtype=object),
                "account_code": pd.Series([None] * len(facts), dtype=object),
                "extra": pd.Series(column("extra", "{}"), dtype=object),
            }
        )

    def _as_held(self, calls, tables):
        """Whoever has the number, on whatever carrier it is."""
        for terms in tables.carriers.values():
            missing = (calls["number_id"] == 0).to_numpy()
            if not missing.any():
                break
            found = match_numbers(calls, terms.numbers)
            for name in ("number_id", "partner_id"):
                calls[name] = np.where(missing, found[name], calls[name])
        return calls

    def _as_partner(self, calls, tables, partner):
        """One customer's, from any number of it, or nobody's."""
        payer = partner.commercial_partner_id.id if partner else NOBODY
        calls = self._as_held(calls, tables)
        own = (calls["partner_id"] == payer).to_numpy()
        return calls.assign(
            number_id=np.where(own, calls["number_id"], NOBODY), partner_id=payer
        )

    def _with_tariff(self, tables, company, tariff):
        """The same tables where everybody has this tariff."""
        everybody = {
            "owner_kind": "company",
            "owner_id": company.id,
            "owner_key": "",
            "tariff_id": tariff.id,
            "start": EVER,
            "end": NEVER,
        }
        book = tables.book
        holders = Holders.build(pd.DataFrame([everybody]), None, book.tariffs.ids)
        return replace(tables, book=replace(book, holders=holders))

    def _new_call(self, row, company, carrier):
        """A call in memory with its facts and results."""
        values = {
            "company_id": company.id,
            "carrier_id": carrier.id,
            "bundle_duration": 0,
            "start_at": row["start_at"].to_pydatetime(),
            "day": row["day"].date(),
            "carrier_amount": self._value(row["carrier_amount_nano"], "nano"),
            "extra": json.loads(row["extra"]),
        }
        for name in ("direction", "service", "calling_number", "called_number"):
            values[name] = row[name] or False
        for name in ("duration", "volume"):
            values[name] = int(row[name])
        call_fields = self.env["telecom.call"]._fields
        for name, (column, kind) in RESULT_COLUMNS.items():
            if column in row and name in call_fields:
                values[name] = self._value(row[column], kind)
        return self.env["telecom.call"].sudo().new(values)

    def _value(self, value, kind):
        """A value of the engine as the field has it."""
        if pd.isna(value):
            return False
        if kind in SCALES:
            return int(value) / 10 ** SCALES[kind]
        if kind in ("text", "word"):
            return value or False
        if kind == "bool":
            return bool(value)
        if kind == "id":
            return False if value in (0, NOBODY) else int(value)
        return int(value)

    @api.model
    def _steps(self, call, tariff=None):
        """The way to a call's price in words: title, text and amount of each step.

        :param tariff: the one that was chosen for the trial, where one was
        """
        explanation = self.env["telecom.call.explanation"]
        found = explanation._engine_steps(call)
        rows = explanation._rows(call, found)
        if tariff and found[0].code == "tariff":
            rows[0]["text"] = self._say_chosen(tariff, call.rate_id.tariff_id)
        return rows

    def _say_chosen(self, tariff, found):
        if tariff == found:
            return self.env._("%s, as chosen here.", tariff.name)
        return self.env._(
            "%(tariff)s, as chosen here, has no rate for this call. %(found)s, which "
            "stands behind it, has one.",
            tariff=tariff.name,
            found=found.name,
        )
