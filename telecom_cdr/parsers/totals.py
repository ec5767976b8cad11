# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Header and trailer records: what they say of a file, and whether it is so."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from . import quantities
from .columns import Plan
from .exceptions import Wording
from .formats import FormatSpec
from .layouts.keys import PLACES, ControlTotal
from .parties import matches
from .steps import catalogue
from .steps.conversion import convert
from .tables import Table
from .verdicts import MAX_FOUND, Verdicts

Totals = Mapping[str, Any]
"""`told`: for each control total of the format, how many records stated it, their sum
as a decimal, the first text that is none ("" for none); `count`, `seconds`, `amount`:
what the rows add up to. Decimals as texts."""

MISSING = (
    "The %(place)s record is missing, which states the %(total)s: "
    "the file may have been cut off."
)
UNREADABLE = "The %(place)s record states '%(found)s' for the %(total)s, no number."
DIFFERENCE = (
    "The %(place)s record states %(expected)s for the %(total)s, found: %(found)s."
)
NAMES = {
    "count": "number of records",
    "seconds": "sum of seconds",
    "amount": "sum of amounts",
}
NANO = Decimal(10) ** 9


def kinds(table: Table, plan: Plan) -> dict[str, np.ndarray]:
    """Which rows are "header", "trailer" or "other" records (bool arrays)."""
    types = plan.spec.record_types
    none = np.zeros(len(table), bool)
    if types is None:
        return {"header": none, "trailer": none, "other": none}
    found = {
        place: matches(table, plan, rule) if (rule := getattr(types, place)) else none
        for place in PLACES
    }
    found["trailer"] = found["trailer"] & ~found["header"]
    has_calls = types.calls is not None and plan.applies(types.calls)
    other = ~matches(table, plan, types.calls) if has_calls else none
    return {**found, "other": other & ~found["header"] & ~found["trailer"]}


def add_stated(
    totals: Totals, table: Table, plan: Plan, found: Mapping[str, np.ndarray]
) -> Totals:
    """The totals with what header and trailer records state.

    :param found: as `kinds` gives it
    """
    controls = plan.spec.control_totals
    told = list(totals.get("told") or [[0, "0", ""]] * len(controls))
    for number, control in enumerate(controls):
        rows = table.only(found[control.place])
        for cell in rows.first(plan.find((control.column,))).tolist():
            count, total, wrong = told[number]
            value = _stated(cell, control, plan.spec)
            if value is None:
                wrong = wrong or (cell or "-")[:MAX_FOUND]
            total = str(quantities.EXACT.add(Decimal(total), value or Decimal(0)))
            told[number] = [count + 1, total, wrong]
    return {**totals, "told": told}


def add_rows(totals: Totals, table: Table, plan: Plan, count: int) -> Totals:
    """The totals with the rows of a table.

    :param count: records that these rows are
    """
    wanted = {control.of for control in plan.spec.control_totals}
    added: dict[str, Any] = {"count": int(totals.get("count", 0)) + count}
    if wanted & {"seconds", "amount"}:
        table, plan = convert(table, plan, Verdicts(len(table)))
        readers = {"seconds": _seconds, "amount": _amounts}
        for of in sorted(wanted - {"count"}):
            total = Decimal(totals.get(of, "0"))
            for value in readers[of](table, plan):
                total = quantities.EXACT.add(total, value)
            added[of] = str(total)
    return {**totals, **added}


def differences(spec: FormatSpec, totals: Totals) -> list[Wording]:
    """What header and trailer state and the rows do not add up to."""
    told = totals.get("told") or [[0, "0", ""]] * len(spec.control_totals)
    found = []
    for control, (count, expected, wrong) in zip(
        spec.control_totals, told, strict=True
    ):
        values: dict[str, Any] = {
            "place": {"text": control.place},
            "total": {"text": NAMES[control.of]},
        }
        actual = Decimal(totals.get(control.of, 0))
        if not count:
            found.append({"text": MISSING, "values": values})
        elif wrong:
            found.append({"text": UNREADABLE, "values": {**values, "found": wrong}})
        elif abs(Decimal(expected) - actual) > control.tolerance:
            values.update(expected=_plain(expected), found=_plain(actual))
            found.append({"text": DIFFERENCE, "values": values})
    return found


def _plain(value: Decimal | str) -> str:
    """A number without zeros that say nothing."""
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _stated(cell: str, control: ControlTotal, spec: FormatSpec) -> Decimal | None:
    """The number that a header or trailer states."""
    if control.of == "seconds":
        unit = control.form or spec.duration_unit
        return quantities.seconds_reader(unit, spec.decimal_mark)(cell)
    bare = cell.strip(quantities.CURRENCY_SIGNS)
    value = quantities.to_decimal(bare, spec.decimal_mark)
    if value is None or (control.of == "count" and value != value.to_integral_value()):
        return None
    return quantities.EXACT.scaleb(value, -int(control.form or 0))


def _seconds(table: Table, plan: Plan) -> Sequence[Decimal]:
    """What the rows say of their durations; nothing for what is none."""
    steps = dict(plan.spec.steps).get("duration", ())
    is_seconds = catalogue.gives(steps, "seconds")
    unit = "seconds" if is_seconds else plan.spec.duration_unit
    exact = quantities.seconds_reader(unit, plan.spec.decimal_mark)

    def read(text: str) -> Decimal | None:
        """Seconds; what is negative is no duration."""
        value = exact(text)
        return None if value is None or value < 0 else value

    return _values(table, plan, "duration", read)


def _amounts(table: Table, plan: Plan) -> Sequence[Decimal]:
    """What the rows say of their amounts."""
    mark = plan.spec.decimal_mark
    signs = quantities.CURRENCY_SIGNS
    return _values(
        table,
        plan,
        "carrier_amount",
        lambda text: quantities.to_decimal(text.strip(signs), mark),
    )


def _values(table: Table, plan: Plan, field: str, read: Any) -> list[Decimal]:
    """The numbers in a field's cells."""
    texts = table.first(plan.places(field)).tolist()
    known = {text: read(text) if text else None for text in set(texts)}
    return [value for text in texts if (value := known[text]) is not None]
