# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is to be written so that a tariff holds what a rate sheet says.

`rate_changes` says row by row what differs; here the rows of a prefix are looked at as
one line of time, so that nothing overlaps and what already stands is left alone.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..tables import Array, Table, amounts
from .rate_changes import TERMS

WRITTEN = ("new", "dearer", "cheaper", "changed", "blocked", "ended")
FIRST, LAST = (np.datetime64(day, "s") for day in ("0001-01-01", "9999-12-31"))
KEEP, COVER, ACT = 0, 1, 2


@dataclass(frozen=True)
class RatePlan:
    """What is to be written.

    :ivar changes: the rows of `compare_rates`, their kinds corrected where the tariff
        already holds what a row says
    :ivar inserts: rates to add: prefix, start, until (NaT: open), base_rate_id (0:
        none; what the sheet does not say is as there), TERMS, is_allowed, is_unpriced
    :ivar cuts: rates that end earlier: rate_id, end
    :ivar removals: ids of rates whose whole period others take
    """

    changes: Table
    inserts: Table
    cuts: Table
    removals: Array

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(len(self.inserts) or len(self.cuts) or len(self.removals))


def counted_from(rates: Table, moment: np.datetime64) -> tuple[Table, int, int]:
    """Let no row of a sheet reach into the time before a moment.

    Of rows of a prefix that began before, the last one counts, from the moment on.

    :param rates: prefix, start (NaT: the moment), end
    :return: the rows that count; how many began before the moment and do count; how
        many are out of date
    """
    start = rates["start"].to_numpy().astype("datetime64[s]")
    start = np.where(np.isnat(start), moment, start)
    is_past = start < moment
    upto = pd.Series(np.where(start <= moment, start, FIRST))
    newest = upto.groupby(rates["prefix"].to_numpy()).transform("max").to_numpy()
    is_old = is_past & (start < newest)
    kept = rates.assign(start=np.maximum(start, moment))[~is_old]
    counted = int((is_past & ~is_old).sum())
    return kept.reset_index(drop=True), counted, int(is_old.sum())


def plan_changes(
    changes: Table, sheet: Table, known: Table, defaults: dict[str, int]
) -> RatePlan:
    """Plan what is to be written.

    :param changes: of `compare_rates`
    :param sheet: as `compare_rates` took it; its flags (is_...) are put to the changes
    :param known: the tariff's rates as `compare_rates` took them, and is_other: their
        price is of another kind, or yet to come
    :param defaults: TERMS of a prefix that the tariff does not have
    """
    changes = _with_flags(changes, sheet).astype({"kind": object})
    is_row = changes["kind"].isin((*WRITTEN, "same")) & (changes["line_number"] > 0)
    order = ["prefix", "start", "line_number"]
    rows = changes[is_row].sort_values(order, kind="stable")
    places = rows.index.to_numpy()
    rows = _with_known(rows.reset_index(drop=True), _bounded(known))
    rows["state"] = _states(rows)
    rows["kind"] = _kinds(rows)
    rows["until"] = _untils(rows)
    kept = ((rows["state"] == KEEP) & ~rows["is_over"]).to_numpy(bool)
    changes["kind"] = _put(changes["kind"], places, rows["kind"])
    own_price = rows["k_price_nano"][kept].astype("Int64")
    changes["old_price_nano"] = _put(changes["old_price_nano"], places[kept], own_price)
    changes["difference_ppm"] = _put(
        changes["difference_ppm"], places[kept], own_price.where(own_price.isna(), 0)
    )
    cuts, removals = _taken(rows, _bounded(known))
    more_cuts, more_removals = _left_out(changes, _bounded(known))
    return RatePlan(
        changes,
        _inserts(rows, defaults),
        pd.concat([cuts, more_cuts], ignore_index=True),
        np.unique(np.concatenate([removals, more_removals])),
    )


def _with_flags(changes: Table, sheet: Table) -> Table:
    """The changes with the flags of the rows that they come from."""
    keys = ["prefix", "sheet", "line_number"]
    flags = [name for name in sheet if name.startswith("is_")]
    kinds = {"prefix": object, "sheet": object}
    rows = sheet[[*keys, *flags]].drop_duplicates(keys).astype(kinds)
    return changes.astype(kinds).merge(rows, "left", keys)


def _put(column: pd.Series, places: Array, values: pd.Series) -> pd.Series:
    """A column with other values at some places."""
    filled = column.array.copy()
    filled[places] = values.array
    return pd.Series(filled, index=column.index)


def _bounded(known: Table) -> Table:
    """The tariff's rates with bounds that can be compared."""
    start = known["start"].to_numpy().astype("datetime64[s]")
    end = known["end"].to_numpy().astype("datetime64[s]")
    return known.assign(
        start=np.where(np.isnat(start), FIRST, start),
        end=np.where(np.isnat(end), LAST, end),
    )


def _with_known(rows: Table, known: Table) -> Table:
    """Rows with the rate in force at their start (k_...), and what they are."""
    own = known[["rate_id", "start", "end", "is_allowed", "is_other", *TERMS]]
    own = own.rename(columns={n: f"k_{n}" for n in own if n != "rate_id"})
    rows = rows.merge(own, "left", "rate_id")
    starts = known[["prefix", "start"]].drop_duplicates()
    starts = starts.rename(columns={"start": "k_end"}).assign(is_followed=True)
    rows = rows.merge(starts, "left", ["prefix", "k_end"])
    end = rows["end"].to_numpy().astype("datetime64[s]")
    start = rows["start"].to_numpy().astype("datetime64[s]")
    end = np.where(np.isnat(end), LAST, end)
    prefix = rows["prefix"]
    after = prefix.eq(prefix.shift(-1)).to_numpy(bool)
    following = np.where(after, np.roll(start, -1), LAST)
    return rows.assign(
        start=start,
        end=end,
        following=following,
        is_followed=rows["is_followed"].eq(True),
        has_rate=rows["k_start"].notna(),
        is_over=rows["is_deleted"].eq(True) | (end <= start),
        is_next=prefix.eq(prefix.shift()).to_numpy(bool),
        rank=rows.groupby("prefix", sort=False).cumcount(),
    )


def _in_place(rows: Table) -> Array:
    """Tell which rows the tariff already holds as they are."""
    equal = np.array(rows["has_rate"], dtype=bool)
    for name in TERMS:
        said = rows[f"new_{name}"]
        old = rows[f"k_{name}"]
        if name != "price_nano":
            old = old.fillna(0)
        equal &= (said.isna() | (said == old).fillna(False)).to_numpy(bool)
    blocked = rows["is_blocked"].eq(True).to_numpy(bool)
    equal &= rows["k_is_allowed"].eq(True).to_numpy(bool) != blocked
    other = rows["k_is_other"].eq(True) & rows["new_price_nano"].notna()
    equal &= ~other.to_numpy(bool)
    old_end = rows["k_end"].to_numpy().astype("datetime64[s]")
    old_end = np.where(np.isnat(old_end), LAST, old_end)
    wanted = np.minimum(rows["end"].to_numpy(), rows["following"].to_numpy())
    equal &= (wanted <= old_end) | rows["is_followed"].to_numpy(bool)
    equal &= old_end <= rows["end"].to_numpy()
    return np.where(rows["is_over"], ~rows["has_rate"], equal).astype(bool)


def _states(rows: Table) -> Array:
    """Say of each row whether the tariff holds it, an earlier row does, or none."""
    here = _in_place(rows)
    begins = (rows["k_start"] == rows["start"]).to_numpy(bool)
    over = rows["is_over"].to_numpy(bool)
    open_end = rows["end"].to_numpy() == LAST
    alike = (rows["kind"] == "same").to_numpy() & ~over & open_end
    states = np.where(here, KEEP, ACT)
    ranks = rows["rank"].to_numpy()
    for rank in range(1, int(ranks.max(initial=0)) + 1):
        at = np.flatnonzero(ranks == rank)
        moved = states[at - 1] != KEEP
        covered = moved & alike[at] & open_end[at - 1] & ~over[at - 1]
        stands = here[at] & (begins[at] | over[at])
        states[at] = np.where(
            moved, np.where(stands, KEEP, np.where(covered, COVER, ACT)), states[at]
        )
    return states


def _kinds(rows: Table) -> Array:
    """Say anew what each row changes."""
    old, new = rows["k_price_nano"], rows["new_price_nano"]
    kinds = rows["kind"].to_numpy(dtype=object)
    judged = np.select(
        [
            (new > old).fillna(False).to_numpy(bool),
            (new < old).fillna(False).to_numpy(bool),
            ~rows["has_rate"].to_numpy(bool),
        ],
        ["dearer", "cheaper", "new"],
        "changed",
    )
    kinds = np.where(kinds == "same", judged, kinds)
    kinds = np.where(rows["is_over"], "ended", kinds)
    return np.where(rows["state"] == ACT, kinds, "same")


def _untils(rows: Table) -> Array:
    """When the price of each row ends: its own end, or the next row that counts."""
    starts = pd.Series(rows["start"].to_numpy()).where(rows["state"] != COVER)
    groups = starts.groupby(rows["prefix"].to_numpy(), sort=False)
    bounds = groups.shift(-1)
    bounds = bounds.groupby(rows["prefix"].to_numpy(), sort=False).bfill()
    found = bounds.to_numpy().astype("datetime64[s]")
    found = np.where(np.isnat(found), LAST, found)
    end = np.where(rows["is_over"], LAST, rows["end"].to_numpy())
    return np.minimum(found, end)


def _taken(rows: Table, known: Table) -> tuple[Table, Array]:
    """Rates that a row cuts off, and those whose place it takes."""
    windows = rows.loc[rows["state"] == ACT, ["prefix", "start", "until"]]
    own = known[["rate_id", "prefix", "start", "end"]]
    own = own.rename(columns={"start": "start_k", "end": "end_k"})
    pairs = windows.merge(own, "inner", "prefix")
    taken = (pairs["start"] <= pairs["start_k"]) & (pairs["start_k"] < pairs["until"])
    removals = pairs.loc[taken, "rate_id"].unique()
    cut = (pairs["start_k"] < pairs["start"]) & (pairs["start"] < pairs["end_k"])
    cut = cut & ~pairs["rate_id"].isin(removals)
    cuts = pairs[cut].groupby("rate_id", as_index=False)["start"].min()
    return cuts.rename(columns={"start": "end"}), removals.astype(np.int64)


def _left_out(changes: Table, known: Table) -> tuple[Table, Array]:
    """The same for rates that a full sheet does not hold."""
    gone = changes[(changes["kind"] == "ended") & (changes["line_number"] == 0)]
    gone = gone[["rate_id", "start"]].rename(columns={"start": "end"})
    pairs = gone.merge(known[["rate_id", "start"]], "inner", "rate_id")
    begun = pairs["start"] < pairs["end"]
    cuts = pairs.loc[begun, ["rate_id", "end"]]
    return cuts, pairs.loc[~begun, "rate_id"].to_numpy(np.int64)


def _inserts(rows: Table, defaults: dict[str, int]) -> Table:
    """The rates to add, with all their terms."""
    filled = {name: _carried(rows, name) for name in TERMS}
    base = rows["rate_id"].to_numpy().copy()
    blocked = rows["is_blocked"].eq(True).to_numpy(bool)
    ranks, next_ = rows["rank"].to_numpy(), rows["is_next"].to_numpy(bool)
    for rank in range(1, int(ranks.max(initial=0)) + 1):
        at = np.flatnonzero((ranks == rank) & next_)
        base[at] = np.where(base[at] == 0, base[at - 1], base[at])
    price = filled["price_nano"]
    for name, value in defaults.items():
        filled[name] = filled[name].fillna(value)
    table = pd.DataFrame(
        {
            "prefix": rows["prefix"],
            "start": rows["start"],
            "until": rows["until"],
            "base_rate_id": base,
            **filled,
            "price_nano": price.fillna(0),
            "is_allowed": ~blocked,
            "is_unpriced": price.isna(),
        }
    )
    is_added = (rows["state"] == ACT) & ~rows["is_over"]
    table["until"] = table["until"].where(table["until"] < LAST)
    return table[is_added.to_numpy(bool)].reset_index(drop=True)


def _carried(rows: Table, name: str) -> pd.Series:
    """A term as said, else as of the row before, else as of the tariff's rate."""
    values, known = (np.array(one) for one in amounts(rows, f"new_{name}"))
    old, has_old = amounts(rows, f"k_{name}")
    if name == "price_nano":
        has_old = has_old & ~rows["k_is_other"].eq(True).to_numpy(bool)
    ranks = rows["rank"].to_numpy()
    moved = (rows["state"] != KEEP).to_numpy()
    for rank in range(int(ranks.max(initial=-1)) + 1):
        at = np.flatnonzero((ranks == rank) & ~known)
        carried = moved[at - 1] if rank else np.zeros(len(at), dtype=bool)
        values[at] = np.where(carried, values[at - 1], old[at])
        known[at] = np.where(carried, known[at - 1], has_old[at])
    return pd.Series(pd.arrays.IntegerArray(values, ~known))
