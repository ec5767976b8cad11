# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What one call costs after each second, by the engine that prices stored calls."""

from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from odoo.addons.telecom_cdr.engine.pipeline import (
    RatingTables,
    deal_out,
    match_calls,
    price_calls,
)

MICRO = 10**6
FREE = ("excluded",)


class PlannedCall(NamedTuple):
    """A voice call that somebody is about to make; numbers as calls are stored."""

    called: str
    calling: str
    number_id: int
    partner_id: int
    carrier_id: int
    start: datetime


class Ladder(NamedTuple):
    """What a call costs by its length.

    prices: micro of the currency, by seconds less one, never falling. reason: why there
    is no price ("" where there is one).
    """

    prices: np.ndarray
    currency_id: int
    reason: str
    is_allowed: bool
    rate_id: int

    def price(self, seconds: int) -> int:
        """What so many seconds cost (micro); nothing for none."""
        place = min(seconds, len(self.prices)) - 1
        return int(self.prices[place]) if place >= 0 else 0

    def longest(self, rest: int, most: int) -> int:
        """The most seconds that cost no more than the rest (micro); 0: not one."""
        return min(most, int(np.searchsorted(self.prices, rest, side="right")))

    def draws(self, seconds: int) -> pd.DataFrame | None:
        """What bundles give to so many seconds: nothing."""
        return None


def frame_of(call: PlannedCall, tables: RatingTables) -> pd.DataFrame:
    """The call as the engine takes stored ones, matched; its duration is one second."""
    frame = pd.DataFrame(
        {
            "id": [0],
            "identity": ["f" * 32],
            "direction": ["outgoing"],
            "service": ["voice"],
            "calling_number": [call.calling],
            "called_number": [call.called],
            "redirecting_number": pd.Series([None], dtype=object),
            "is_withheld": [False],
            "start_at": np.array([call.start], dtype="datetime64[s]"),
            "duration": [1],
            "volume": [0],
            "carrier_amount_nano": pd.array([None], dtype="Int64"),
            "trunk": pd.Series([None], dtype=object),
            "account_code": pd.Series([None], dtype=object),
            "extra": pd.Series(["{}"], dtype=object),
        }
    )
    matched = match_calls(frame, call.carrier_id, tables)
    return matched.assign(number_id=call.number_id, partner_id=call.partner_id)


def build_ladder(call: PlannedCall, tables: RatingTables, seconds: int) -> Ladder:
    """Price a call of each length from one second on, without bundles."""
    one = frame_of(call, tables)
    rows = one.loc[one.index.repeat(seconds)].reset_index(drop=True)
    rows = rows.assign(duration=np.arange(1, seconds + 1), id=np.arange(seconds))
    priced = price_calls(rows, call.carrier_id, tables)
    last = priced.iloc[-1]
    state = str(last["state"])
    reason = "" if state == "rated" or state in FREE else str(last["reason"]) or state
    prices = priced["price_micro"].fillna(0).to_numpy(dtype=np.int64)
    return Ladder(
        prices=np.maximum.accumulate(prices),
        currency_id=int(last["currency_id"]),
        reason=reason,
        is_allowed=bool(last["is_allowed"]) if state == "rated" else True,
        rate_id=int(last["rate_id"]),
    )


class BundledLadder:
    """What a call costs by its length after bundles took their part.

    Each length is priced when it is asked for: what bundles have left changes with each
    call.
    """

    def __init__(
        self,
        call: PlannedCall,
        tables: RatingTables,
        plain: Ladder,
        used: pd.DataFrame | None,
    ) -> None:
        """Keep the call, its price without bundles, and the draws of all others."""
        matched = frame_of(call, tables)
        self._call = price_calls(matched, call.carrier_id, tables)[
            [*matched, "cost_nano", "cost_currency_id"]
        ]
        self._tables, self._plain, self._used = tables, plain, used
        self._known: dict[int, tuple[int, pd.DataFrame]] = {}
        self.currency_id = plain.currency_id

    def price(self, seconds: int) -> int:
        """What so many seconds cost (micro); nothing for none."""
        return self._priced(seconds)[0] if seconds > 0 else 0

    def draws(self, seconds: int) -> pd.DataFrame | None:
        """What bundles give to so many seconds, as `deal_out` tells it."""
        return self._priced(seconds)[1] if seconds > 0 else None

    def longest(self, rest: int, most: int) -> int:
        """The most seconds that cost no more than the rest (micro); 0: not one."""
        if self.price(most) <= rest:
            return most
        low, high = self._plain.longest(rest, most), most
        if self.price(low) > rest:
            low = 0
        while high - low > 1:
            middle = (low + high) // 2
            if self.price(middle) <= rest:
                low = middle
            else:
                high = middle
        return low

    def _priced(self, seconds: int) -> tuple[int, pd.DataFrame]:
        if seconds not in self._known:
            asked = self._call.assign(duration=seconds)
            result, draws = deal_out(asked, self._tables, self._used)
            price = result["price_micro"].iloc[0]
            self._known[seconds] = (0 if pd.isna(price) else int(price), draws)
        return self._known[seconds]


# What a call costs by its seconds, with bundles or without.
Priced = Ladder | BundledLadder
