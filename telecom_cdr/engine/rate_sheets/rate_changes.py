# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A new rate sheet beside the rates of a tariff, row by row.

Tables are compared as a whole; prices stay integers of nano, ratios are never rounded
before they have been compared.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..money import SAFE, round_ratio
from ..pricing.terms import peak
from ..tables import Array, Table, amounts, flags, integers, texts

KINDS = (
    "new", "dearer", "cheaper", "same", "changed", "ended", "doubled", "blocked",
    "broken",
)  # fmt: skip
# What of a rate is compared; what the sheet does not say (NA) stays as it is.
TERMS = (
    "price_nano", "connect_nano", "initial_price_nano", "initial", "increment",
    "minimum_duration", "grace", "sequence",
)  # fmt: skip
OTHER_TERMS = TERMS[1:]
CHANGES = [
    "prefix", "destination", "kind", "old_price_nano", "new_price_nano",
    "difference_ppm", "is_otherwise_changed",
    *(f"{age}_{name}" for name in OTHER_TERMS for age in ("old", "new")),
    "start", "end", "rate_id", "sheet", "line_number", "reason", "message",
]  # fmt: skip
NULLABLE = [name for name in CHANGES if name.startswith(("old_", "new_", "difference"))]
PPM = 1_000_000


def compare_rates(
    current: Table,
    sheet: Table,
    date: np.datetime64 | pd.Timestamp,
    is_full: bool,
    broken: Table | None = None,
    currency: str = "",
) -> Table:
    """Compare a sheet with the rates of a tariff.

    :param current: rates: prefix (or whatever key tells which calls they are for, see
        `targets`), price_nano; optional rate_id, destination, the other TERMS,
        is_allowed, start and end (datetime, NaT: open)
    :param sheet: rates as `parsers.rate_sheet` gives them
    :param date: when rows without a start take effect
    :param is_full: whether what the sheet does not hold is to end at `date`
    :param broken: rejections as `parsers.rate_sheet` gives them; the prefixes that
        they name are never ended
    :param currency: of the tariff; rows in another one are broken
    :return: columns CHANGES, one row a prefix (of `broken` a row each at least), sorted
        by prefix; prices nullable Int64, `difference_ppm` of the old price (NA where
        that is 0), rate_id 0 where the tariff has none.  Rows of KINDS "same",
        "doubled" and "broken" are not to be applied
    """
    moment = np.datetime64(date, "s")
    rows = _sheet_rows(sheet, moment)
    rows, wrong = _in_currency(rows, currency)
    rows["is_doubled"] = _doubled(rows)
    rows = rows.drop_duplicates(["prefix", "start", *TERMS, *FLAGS], ignore_index=True)
    known = _current_rows(current)
    judged = _judged(_with_old(rows, known))
    parts = [judged, _broken(wrong, broken, known, moment)]
    if is_full:
        said = [*judged["prefix"], *parts[1]["prefix"]]
        parts.append(_ended(known, said, moment))
    filled = [part for part in parts if len(part)] or [judged]
    table = pd.concat(filled, ignore_index=True)
    order = ["prefix", "start", "line_number"]
    table = table.sort_values(order, kind="stable", ignore_index=True)[CHANGES]
    return table.astype(dict.fromkeys(NULLABLE, "Int64"))


FLAGS = ("is_blocked", "is_deleted", "end")


def _terms(table: Table) -> dict[str, pd.Series]:
    """The compared columns as nullable Int64."""
    columns = {}
    for name in TERMS:
        found, known = amounts(table, name)
        columns[name] = pd.Series(pd.arrays.IntegerArray(found, ~known))
    return columns


def _moments(table: Table, name: str) -> pd.Series:
    """A column of moments, NaT where absent."""
    if name not in table:
        return pd.Series(np.full(len(table), np.datetime64("NaT", "s")))
    return pd.Series(table[name].to_numpy().astype("datetime64[s]"))


def _sheet_rows(sheet: Table, moment: np.datetime64) -> Table:
    """The sheet's rows with every column that is asked for."""
    start = _moments(sheet, "start")
    return pd.DataFrame(
        {
            "prefix": texts(sheet, "prefix"),
            "destination": texts(sheet, "destination"),
            "currency": texts(sheet, "currency"),
            "sheet": texts(sheet, "sheet"),
            "line_number": integers(sheet, "line_number", missing=0),
            **_terms(sheet),
            "start": start.fillna(moment),
            "end": _moments(sheet, "end"),
            "is_blocked": flags(sheet, "is_blocked", False),
            "is_deleted": flags(sheet, "is_deleted", False),
        }
    ).astype({"prefix": object, "destination": object})


def _current_rows(current: Table) -> Table:
    """The tariff's rates with every column that is asked for, by prefix and start."""
    table = pd.DataFrame(
        {
            "prefix": texts(current, "prefix"),
            "old_destination": texts(current, "destination"),
            "rate_id": integers(current, "rate_id", missing=0),
            **{f"old_{name}": found for name, found in _terms(current).items()},
            "old_start": _moments(current, "start").fillna(_FIRST),
            "old_end": _moments(current, "end").fillna(_LAST),
            "old_is_allowed": flags(current, "is_allowed", True),
        }
    ).astype({"prefix": object})
    return table.sort_values(["prefix", "old_start"], ignore_index=True)


_FIRST, _LAST = (np.datetime64(day, "s") for day in ("0001-01-01", "9999-12-31"))


def _in_currency(rows: Table, currency: str) -> tuple[Table, Table]:
    """Rows in the tariff's currency, and the others."""
    is_wrong = (rows["currency"] != "") & (rows["currency"] != currency)
    is_wrong &= currency != ""
    return rows[~is_wrong].reset_index(drop=True), rows[is_wrong]


def _doubled(rows: Table) -> Array:
    """Tell which rows have others of their prefix and start, with other terms."""
    names = ["prefix", "start"]
    different = rows[[*names, *TERMS, *FLAGS]].drop_duplicates()
    counts = different.groupby(names, sort=False).size().rename("count").reset_index()
    return rows[names].merge(counts, "left", names)["count"].to_numpy() > 1


def _with_old(rows: Table, known: Table) -> Table:
    """Each row with the rate that it follows: in the sheet, else the tariff's.

    That is the one of the same prefix in force at the row's start.
    """
    rows = rows.sort_values(["prefix", "start"], kind="stable", ignore_index=True)
    rows["row"] = np.arange(len(rows))
    pairs = rows[["row", "prefix", "start"]].merge(known, "inner", "prefix")
    holds = (pairs["old_start"] <= pairs["start"]) & (pairs["start"] < pairs["old_end"])
    found = pairs[holds].drop_duplicates("row", keep="last")
    rows = rows.merge(found.drop(columns=["prefix", "start"]), "left", "row")
    rows["rate_id"] = rows["rate_id"].fillna(0).astype(np.int64)
    rows["is_known"] = rows["old_start"].notna()
    return _after_sheet(rows)


def _after_sheet(rows: Table) -> Table:
    """Let a later row of the same prefix follow the earlier one of the sheet."""
    before = rows["prefix"].eq(rows["prefix"].shift()) & ~rows["is_doubled"]
    before &= rows["start"].ne(rows["start"].shift())
    before &= ~rows["is_doubled"].shift(fill_value=False)
    if not before.any():
        return rows
    for name in TERMS:
        carried = rows[name].fillna(rows[f"old_{name}"])
        rows[f"old_{name}"] = rows[f"old_{name}"].mask(before, carried.shift())
    allowed = ~rows["is_blocked"].shift(fill_value=False)
    rows["old_is_allowed"] = rows["old_is_allowed"].mask(before, allowed)
    rows["is_known"] |= before & ~rows["is_deleted"].shift(fill_value=False)
    return rows


def _judged(rows: Table) -> Table:
    """Say of each row of the sheet what it changes."""
    old, new = rows["old_price_nano"], rows["price_nano"].copy()
    is_known = rows["is_known"].to_numpy(bool)
    others = np.zeros(len(rows), dtype=bool)
    for name in OTHER_TERMS:
        differs = (rows[name] != rows[f"old_{name}"].fillna(0)).fillna(False)
        others |= differs.to_numpy(bool) & is_known
    was_allowed = rows["old_is_allowed"].eq(True).to_numpy(bool)
    blocked = rows["is_blocked"].to_numpy(bool)
    # A rate that is allowed again is not the same, whatever its price; nor is one that
    # is to end earlier than it would.
    others |= is_known & ~was_allowed & ~blocked
    others |= is_known & (rows["end"] < rows["old_end"]).to_numpy(bool)
    is_over = rows["is_deleted"] | (rows["end"] <= rows["start"])
    cases = [
        (rows["is_doubled"], "doubled"),
        (is_over & is_known, "ended"),
        (is_over, "same"),
        (blocked & (was_allowed | ~is_known), "blocked"),
        (~is_known, "new"),
        ((new > old).fillna(False), "dearer"),
        ((new < old).fillna(False), "cheaper"),
        (others, "changed"),
    ]
    masks = [np.asarray(mask, dtype=bool) for mask, _kind in cases]
    kinds = np.select(masks, [kind for _mask, kind in cases], "same")
    new = new.mask(kinds == "ended", pd.NA)
    columns = {f"new_{name}": rows[name] for name in OTHER_TERMS}
    return rows.assign(
        kind=kinds.astype(object),
        new_price_nano=new,
        difference_ppm=_difference(old, new),
        is_otherwise_changed=others,
        reason="",
        message="",
        **columns,
    )[CHANGES]


def _difference(old: pd.Series, new: pd.Series) -> pd.Series:
    """How much dearer the new prices are, in millionths of the old."""
    known = (old.notna() & new.notna() & old.fillna(0).ne(0)).to_numpy(bool)
    before, after = (one.fillna(0).to_numpy(np.int64) for one in (old, new))
    before = np.where(known, before, 1)
    bound = (peak(before) + peak(after)) * PPM if len(old) else 0
    kind = np.int64 if bound < SAFE else object
    change = (after.astype(kind) - before.astype(kind)) * PPM
    # Nobody needs to tell one rise by more than a million times from another.
    ratio = round_ratio(change, np.abs(before).astype(kind), "half_up")
    bounded = np.clip(ratio, -(PPM**2), PPM**2).astype(np.int64)
    return pd.Series(pd.arrays.IntegerArray(np.where(known, bounded, 0), ~known))


def _broken(
    wrong: Table, broken: Table | None, known: Table, moment: np.datetime64
) -> Table:
    """Rows of the sheet that cannot be applied, with the prices they leave as is."""
    parts = [
        wrong[["prefix", "destination", "sheet", "line_number"]].assign(
            reason="currency", message=wrong["currency"]
        )
    ]
    if broken is not None and len(broken):
        rows = broken.assign(
            prefix=[list(one) or [""] for one in _prefix_lists(broken)], destination=""
        )
        names = ["prefix", "destination", "sheet", "line_number", "reason", "message"]
        parts.append(rows.explode("prefix", ignore_index=True)[names])
    table = pd.concat(parts, ignore_index=True).astype({"prefix": object})
    in_force = known[(known["old_start"] <= moment) & (moment < known["old_end"])]
    in_force = in_force.drop_duplicates("prefix", keep="last")
    table = table.merge(in_force, "left", "prefix")
    table["rate_id"] = table["rate_id"].fillna(0).astype(np.int64)
    return _filled(table, "broken", moment)


def _prefix_lists(broken: Table) -> Sequence[Sequence[str]]:
    """The prefixes that rejected rows name."""
    return broken["prefixes"].tolist() if "prefixes" in broken else [()] * len(broken)


def _ended(known: Table, said: list[str], moment: np.datetime64) -> Table:
    """Rates that a full sheet does not hold, which so come to their end."""
    is_later = known["old_end"] > moment
    gone = known[is_later & ~known["prefix"].isin(said)].reset_index(drop=True)
    gone = gone.drop_duplicates(["prefix", "rate_id"], ignore_index=True)
    rows = gone.assign(destination=gone["old_destination"], sheet="", line_number=0)
    return _filled(rows, "ended", moment)


def _filled(table: Table, kind: str, moment: np.datetime64) -> Table:
    """Rows of one kind, with the columns that they lack empty."""
    empty = pd.array([pd.NA] * len(table), dtype="Int64")
    lacking = {name: empty for name in CHANGES if name.startswith("new_")}
    table = table.assign(
        kind=kind, difference_ppm=empty, is_otherwise_changed=False, **lacking
    )
    table = table.assign(start=moment, end=np.datetime64("NaT", "s"))
    for name in ("reason", "message"):
        if name not in table:
            table[name] = ""
    return table[CHANGES]
