# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Retail prices beside costs: which of them are below, wherever both meet.

Prices stay integers of nano, ratios are never rounded before they have been compared.
"""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from ..exceptions import BookError
from ..money import SAFE, round_ratio
from ..prefixes import STEP, PrefixTable, match_keys
from ..pricing.terms import peak
from ..tables import Array, Table, amounts, flags, integers, texts

BELOW = [
    "rate_id", "cost_rate_id", "prefix", "retail_prefix", "cost_prefix", "seconds",
    "retail_nano", "cost_nano", "margin_ppm", "is_bound",
]  # fmt: skip
PPM = 1_000_000
MINUTE = 60
NO_LIMIT = 2**62
# Columns that both rate tables of the guard may have, and what absent ones mean.
GUARD_DEFAULTS = {
    "connect_nano": 0, "price_seconds": MINUTE, "initial": 1, "increment": 1,
    "minimum_duration": 0, "grace": 0, "free_seconds": 0,
}  # fmt: skip
GUARDED_METHODS = ("", "duration", "call")


def margin_guard(
    cost_rates: Table,
    retail_rates: Table,
    seconds: Sequence[int] = (60, 180),
    ratio: tuple[int, int] = (1, 1),
    margin_ppm: int = 0,
    destination_prefixes: Table | None = None,
    apart: Collection[tuple[int, int]] = (),
) -> Table:
    """Find the retail prices that are below cost for calls of some typical lengths.

    Every range of numbers is looked at once: with the rates that its calls would get on
    either side (own prefix, destination's prefix, category, everything), however the
    prefixes of both sides nest.

    :param cost_rates: price_nano; optional prefix ("": none), destination_id (0: none),
        category (what the rate is for where it has neither; else that of the numbers
        under the prefix), rate_id, time_band_id, the columns of GUARD_DEFAULTS,
        initial_price_nano, minimum_price_nano, maximum_price_nano, method, is_allowed,
        is_bound (the price is not that of every call).  Several rows of a prefix (time
        bands) all count
    :param retail_rates: the same
    :param seconds: lengths of the calls, or whatever else the rates count
    :param ratio: cost in retail currency = cost * numerator / denominator
    :param margin_ppm: what the retail price must be above the cost at least, in
        millionths of the cost
    :param destination_prefixes: destination_id, prefix
    :param apart: time bands (cost, retail) that never hold at the same moment
    :return: columns BELOW, a row for each pair of rates, first prefix and length:
        `prefix` where both meet (the longer one), amounts of the call in nano of the
        retail currency (rounded, for show), `margin_ppm` of the cost (negative: loss),
        `is_bound` where not every such call is below
    """
    cost = _usable(cost_rates).reset_index(drop=True)
    retail = _usable(retail_rates).reset_index(drop=True)
    if not len(cost) or not len(retail):
        return _below_nothing()
    pairs = _meetings(
        _Side(cost, destination_prefixes), _Side(retail, destination_prefixes)
    )
    pairs = _at_one_time(pairs, cost, retail, apart)
    parts = [_losses(pairs, cost, retail, one, (ratio, margin_ppm)) for one in seconds]
    filled = [part for part in parts if len(part)]
    if not filled:
        return _below_nothing()
    table = pd.concat(filled, ignore_index=True)
    order = ["rate_id", "prefix", "cost_rate_id", "seconds"]
    return table.sort_values(order, kind="stable", ignore_index=True)[BELOW]


def _below_nothing() -> Table:
    """The guard's table without a row."""
    kinds = {name: "object" if "prefix" in name else "int64" for name in BELOW}
    return pd.DataFrame({name: [] for name in BELOW}).astype(
        {**kinds, "is_bound": bool}
    )


def _usable(rates: Table) -> Table:
    """Rates whose price a length alone decides, and that may be called."""
    methods = pd.Series(texts(rates, "method"))
    usable = methods.isin(GUARDED_METHODS).to_numpy() & flags(rates, "is_allowed", True)
    return rates[usable & amounts(rates, "price_nano")[1]]


class _Side:
    """The rates of one side, ready to be asked which of them a number gets.

    :ivar index: the prefixes, their own ones and those of destinations
    :ivar by_node: rows of each node of the index: node, row
    :ivar by_category: rows of rates without any: category ("": everything), row
    :ivar categories: of the numbers under each node, "" for none at the end
    """

    def __init__(self, rates: Table, destinations: Table | None) -> None:
        """`rates`, `destinations`: as `margin_guard` takes them."""
        found = _prefixed(rates, destinations)
        self.index, self.by_node = _indexed(found)
        categories = np.array(texts(rates, "category"), dtype=object)
        rest = ~np.isin(np.arange(len(rates)), found["row"])
        rest &= integers(rates, "destination_id", missing=0) == 0
        rows = np.flatnonzero(rest)
        self.by_category = pd.DataFrame({"category": categories[rows], "row": rows})
        self.categories = np.full(len(self.index.prefixes) + 1, "", dtype=object)
        self.categories[self.by_node["node"]] = categories[self.by_node["row"]]

    def rows(self, nodes: Table, name: str) -> Table:
        """The nodes, each with the rows that its calls get (as `name`_row)."""
        has_own = (nodes[name] >= 0).to_numpy(bool)
        own = nodes[has_own].merge(self.by_node, "inner", left_on=name, right_on="node")
        others = nodes[~has_own]
        known = others["category"].isin(self.by_category["category"])
        wanted = others.assign(asked=others["category"].where(known, ""))
        rest = self.by_category.rename(columns={"category": "asked"})
        met = wanted.merge(rest, "inner", "asked")
        table = pd.concat([own, met], ignore_index=True).rename(
            columns={"row": f"{name}_row"}
        )
        table[f"{name}_prefix"] = np.array([*self.index.prefixes, ""], dtype=object)[
            table[name]
        ]
        return table.drop(columns=["node", "asked"])


def _prefixed(rates: Table, destinations: Table | None) -> Table:
    """The prefixes of rates (row, prefix): a rate's own wins over a destination's."""
    prefixes = np.array(texts(rates, "prefix"), dtype=object)
    own = np.flatnonzero(prefixes != "")
    parts = [pd.DataFrame({"row": own, "prefix": prefixes[own], "rank": 0})]
    if destinations is not None:
        wanted = pd.DataFrame(
            {
                "row": np.arange(len(rates)),
                "destination_id": integers(rates, "destination_id", missing=0),
            }
        )[prefixes == ""]
        found = wanted.merge(destinations, "inner", "destination_id")
        parts.append(found[["row", "prefix"]].assign(rank=1))
    table = pd.concat(parts, ignore_index=True).astype({"prefix": object})
    best = table.groupby("prefix")["rank"].transform("min")
    return table[table["rank"] == best]


def _indexed(found: Table) -> tuple[PrefixTable, Table]:
    """Prefixes ready to be looked up, and the rows of each node (node, row)."""
    prefixes = found["prefix"].tolist()
    keys = match_keys(prefixes)
    if (keys < 0).any():
        wrong = prefixes[int(np.argmax(keys < 0))]
        raise BookError("prefix", f"not 1 to 17 digits: {wrong!r}", wrong)
    table = PrefixTable.build(list(dict.fromkeys(prefixes)))
    place = {name: node for node, name in enumerate(table.prefixes)}
    nodes = np.array([place[name] for name in prefixes], dtype=np.int64)
    return table, pd.DataFrame({"node": nodes, "row": found["row"].to_numpy()})


def _meetings(cost: _Side, retail: _Side) -> Table:
    """Pairs of rows (cost, retail) that price the same calls, and where they do.

    Both sides' prefixes are cut into disjoint ranges; between two cuts nothing changes.
    """
    nodes = pd.concat([_ranges(cost, retail), _rest(cost, retail)], ignore_index=True)
    table = retail.rows(cost.rows(nodes, "cost"), "retail")
    longer = table["cost_prefix"].str.len() >= table["retail_prefix"].str.len()
    table["prefix"] = table["cost_prefix"].where(longer, table["retail_prefix"])
    return table.drop_duplicates(["cost_row", "retail_row", "prefix"])


def _ranges(cost: _Side, retail: _Side) -> Table:
    """Ranges of numbers that have a prefix on a side, and the category of the numbers.

    A side without one has the node -1.
    """
    points = np.unique(np.concatenate([cost.index.points, retail.index.points]))
    # What is narrower holds no number that goes on behind the prefix.
    widths = np.diff(np.append(points, 2**62))
    points = points[widths >= STEP]
    sides = {"cost": cost, "retail": retail}
    nodes = pd.DataFrame({name: one.index.nodes(points) for name, one in sides.items()})
    nodes = nodes[nodes.max(axis=1) >= 0].drop_duplicates(ignore_index=True)
    category = cost.categories[nodes["cost"]]
    other = retail.categories[nodes["retail"]]
    return nodes.assign(category=np.where(category != "", category, other))


def _rest(cost: _Side, retail: _Side) -> Table:
    """All numbers that have a prefix on neither side, by category."""
    named = pd.concat([cost.by_category["category"], retail.by_category["category"]])
    table = pd.DataFrame({"category": np.array(["", *named], dtype=object)})
    return table.drop_duplicates().assign(cost=-1, retail=-1)


def _at_one_time(
    pairs: Table, cost: Table, retail: Table, apart: Collection[tuple[int, int]]
) -> Table:
    """The pairs whose time bands may hold at one moment; `is_bound` says if they do."""
    sides = ((cost, pairs["cost_row"]), (retail, pairs["retail_row"]))
    bands = [integers(one, "time_band_id", missing=0)[rows] for one, rows in sides]
    bound = [flags(one, "is_bound", False)[rows] for one, rows in sides]
    both = np.flatnonzero((bands[0] > 0) & (bands[1] > 0))
    met = zip(bands[0][both].tolist(), bands[1][both].tolist(), strict=True)
    kept = np.ones(len(pairs), dtype=bool)
    kept[both] = [pair not in apart for pair in met]
    is_bound = bound[0] | bound[1] | (bands[0] != bands[1])
    return pairs.assign(is_bound=is_bound)[kept]


def _losses(
    pairs: Table,
    cost: Table,
    retail: Table,
    seconds: int,
    bounds: tuple[tuple[int, int], int],
) -> Table:
    """The pairs whose retail price of a call of that length is below the cost."""
    (top, bottom), margin = bounds
    paid, paid_unit = (
        one[pairs["retail_row"]] for one in call_amounts(retail, seconds)
    )
    due, due_unit = (one[pairs["cost_row"]] for one in call_amounts(cost, seconds))
    bound = (peak(paid) + peak(due) + 1) * max(top, bottom) * 2 * (PPM + abs(margin))
    bound = bound * (peak(paid_unit) + peak(due_unit)) if len(pairs) else 0
    if bound >= SAFE:
        paid, paid_unit, due, due_unit = (
            one.astype(object) for one in (paid, paid_unit, due, due_unit)
        )
    # Over one denominator: paid_unit * due_unit * bottom.
    retail_part = paid * due_unit * bottom
    cost_part = due * paid_unit * top
    is_below = (retail_part * PPM < cost_part * (PPM + margin)).astype(bool)
    rows = np.flatnonzero(is_below)
    retail_part, cost_part = retail_part[rows], cost_part[rows]
    unit = paid_unit[rows] * due_unit[rows] * bottom
    found = pairs.iloc[rows]
    return found.assign(
        rate_id=integers(retail, "rate_id", missing=0)[found["retail_row"]],
        cost_rate_id=integers(cost, "rate_id", missing=0)[found["cost_row"]],
        seconds=seconds,
        retail_nano=round_ratio(retail_part, unit, "half_up").astype(np.int64),
        cost_nano=round_ratio(cost_part, unit, "half_up").astype(np.int64),
        margin_ppm=_margin(retail_part, cost_part),
    )[BELOW]


def _margin(retail_part: Array, cost_part: Array) -> Array:
    """The margin in millionths of the cost; of no cost at all: minus everything."""
    is_zero = cost_part == 0
    divisor = np.where(is_zero, 1, np.abs(cost_part))
    margin = round_ratio((retail_part - cost_part) * PPM, divisor, "half_up")
    return np.where(is_zero, -PPM, np.clip(margin, -(PPM**2), PPM**2)).astype(np.int64)


def call_amounts(rates: Table, seconds: int) -> tuple[Array, Array]:
    """Give what a call of that length costs by each rate: nano, as numerator and unit.

    Before any rounding; without tiers, bands and discounts.
    """
    steps = {
        name: integers(rates, name, missing) for name, missing in GUARD_DEFAULTS.items()
    }
    length = np.maximum(seconds - steps["free_seconds"], 0)
    is_free = (seconds <= steps["grace"]) | (length == 0)
    first, increment = steps["initial"], np.maximum(steps["increment"], 1)
    over = np.maximum(np.maximum(length, steps["minimum_duration"]) - first, 0)
    price = integers(rates, "price_nano")
    rest = -(-over // increment) * increment
    first_price, has_first = amounts(rates, "initial_price_nano")
    first_price = np.where(has_first, first_price, price)
    wide = [one.astype(object) for one in (first_price, first, price, rest)]
    unit = np.maximum(steps["price_seconds"], 1).astype(object)
    connect = steps["connect_nano"].astype(object)
    per_call = np.array(texts(rates, "method"), dtype=object) == "call"
    numerator = connect * unit + wide[0] * wide[1] + wide[2] * wide[3]
    numerator = np.where(per_call, (connect + wide[2]) * unit, numerator)
    numerator = _bounded(rates, np.where(is_free, 0, numerator), unit, is_free)
    return _narrowed(numerator), _narrowed(unit)


def _bounded(rates: Table, numerator: Array, unit: Array, is_free: Array) -> Array:
    """Amounts between the rates' minimum and maximum prices."""
    for name, bound in (("minimum", np.maximum), ("maximum", np.minimum)):
        limit, known = amounts(rates, f"{name}_price_nano")
        limited = bound(numerator, limit.astype(object) * unit)
        numerator = np.where(known & ~is_free, limited, numerator)
    return numerator


def _narrowed(values: Array) -> Array:
    """Integers in 64 bits where they fit."""
    if len(values) and max(abs(values.min()), abs(values.max())) >= NO_LIMIT:
        return values
    return values.astype(np.int64)
