# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which column is what: by its heading, else by its values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from ..dates import parse_dates
from ..exceptions import Wording
from . import guess_values as values
from .guess_dates import Dates
from .guess_names import NAMES, is_time_name
from .looks import Look
from .sample import ColumnGuess, SampleColumn

SURE, BY_VALUES, UNSURE = 95, 75, 50
NUMBERS = ("calling_number", "called_number", "redirecting_number")
IN_BRACKETS = re.compile(r"[^()]*[^()\d][^()]*\(\+?\d+\)")
BRACKETS_STEP = {"replace": [r"^.*\((\+?\d+)\)$", r"\1"]}
# Where a carrier writes no seconds, it mostly counts minutes.
MINUTES_BELOW = 60
PART = 0.8


@dataclass
class Columns:
    """The columns of a sample under way.

    :ivar chosen: field -> its columns, with confidence and reason
    """

    looks: list[Look]
    chosen: dict[str, tuple[list[Look], int, Wording]] = field(default_factory=dict)
    notes: list[Wording] = field(default_factory=list)

    def take(
        self, name: str, looks: Sequence[Look], confidence: int, text: str, **told: str
    ) -> None:
        """Say that a field stands in some columns."""
        self.chosen[name] = (list(looks), confidence, {"text": text, "values": told})

    def free(self) -> list[Look]:
        """The columns that are not taken, in the order of the file."""
        taken = {id(look) for looks, _c, _r in self.chosen.values() for look in looks}
        return [look for look in self.looks if id(look) not in taken and look.filled]

    def whole(self) -> list[Look]:
        """Those of them that every row has."""
        return [look for look in self.free() if look.column.is_whole]

    def look(self, name: str) -> Look | None:
        """The first column of a field."""
        return self.chosen[name][0][0] if name in self.chosen else None

    def guesses(self) -> tuple[ColumnGuess, ...]:
        """What each column is taken for."""
        found = {}
        for name, (looks, confidence, reason) in self.chosen.items():
            for look in looks:
                found[id(look)] = ColumnGuess(look.column, name, confidence, reason)
        return tuple(
            found.get(id(look), ColumnGuess(look.column)) for look in self.looks
        )


def guess_columns(
    columns: Sequence[SampleColumn], country: str = "", file_date: date | None = None
) -> Columns:
    """What each column is.

    :param country: ISO 3166 code, for days and months that could be either
    :param file_date: when the file came
    """
    state = Columns([Look(column, country, file_date) for column in columns])
    _by_names(state)
    _start(state)
    _other_times(state)
    _numbers(state)
    _amount(state)
    _duration(state)
    _words(state)
    _unique_id(state)
    return state


def mapping_of(state: Columns) -> dict[str, Any]:
    """Field -> column, or columns that are put together."""
    return {
        name: looks[0].column.key
        if len(looks) == 1
        else [one.column.key for one in looks]
        for name, (looks, _confidence, _reason) in state.chosen.items()
    }


def value_keys(state: Columns) -> dict[str, Any]:
    """The keys of a format that say how values are written."""
    keys: dict[str, Any] = {}
    if "start" in state.chosen:
        keys["date_formats"] = _date_formats(state)
    if look := state.look("duration"):
        keys["duration_unit"] = _unit(state, look)
    amounts = state.look("carrier_amount")
    marked = [one.filled for one in (amounts, state.look("duration")) if one]
    mark = next((m for m in map(values.decimal_mark, marked) if m), ".")
    keys["decimal_mark"] = mark
    if amounts and _is_negative(amounts.filled):
        keys["amount_sign"] = -1
    steps = {
        name: [BRACKETS_STEP]
        for name in NUMBERS
        if (look := state.look(name)) and values.share(look.filled, IN_BRACKETS)
    }
    return {**keys, "steps": steps} if steps else keys


# === By names === #


def _by_names(state: Columns) -> None:
    """Fields whose heading is known, and whose values do not speak against it."""
    for name in NAMES:
        found = [
            look
            for look in state.free()
            if look.rank and look.rank[0] == name and look.may_be(name)
        ]
        if found:
            best = min(found, key=lambda look: (look.depth, look.rank[1]))  # type: ignore[index]
            text = "The heading '%(heading)s' means it, and the values fit."
            state.take(name, [best], SURE, text, heading=best.column.heading)


# === Times === #


def _start(state: Columns) -> None:
    """The start: by its values where no heading says it; a time of day beside a day."""
    if "start" not in state.chosen:
        dated = [one for one in state.free() if one.dates and one.dates.has_date]
        full = [one for one in dated if one.dates and one.dates.has_time] or dated
        # Unique ids are mostly made of epochs.
        full.sort(key=lambda one: one.is_epoch)
        if not full:
            return
        state.take(
            "start", full[:1], BY_VALUES, "The first column whose values are all dates."
        )
    looks, confidence, reason = state.chosen["start"]
    dates = looks[0].dates
    if dates and not dates.has_time and (clock := _clock_beside(state, looks[0])):
        state.chosen["start"] = ([looks[0], clock], confidence, reason)
    if dates and not dates.is_sure:
        text = "Day and month could be either: %(pattern)s is what the country writes."
        state.take(
            "start", state.chosen["start"][0], UNSURE, text, pattern=dates.patterns[0]
        )
        state.notes.append(state.chosen["start"][2])


def _clock_beside(state: Columns, day: Look) -> Look | None:
    """The column of the time of day that belongs to a day."""
    clocks = [look for look in state.free() if look.times]
    named = [look for look in clocks if is_time_name(look.column.heading)]
    place = state.looks.index(day)
    behind = [look for look in clocks if state.looks.index(look) > place]
    return next(iter(named or behind or clocks), None)


def _other_times(state: Columns) -> None:
    """Answer and end of files without headings: later times of the same rows."""
    if any(look.column.heading for look in state.looks) or not state.look("start"):
        return
    first = state.look("start")
    start = _seconds(first)
    later = []
    for look in state.free():
        is_like = bool(first) and look.is_epoch == first.is_epoch
        if is_like and look.dates and look.dates.has_date and look.dates.has_time:
            other = _seconds(look)
            both = (start >= 0) & (other >= 0)
            if (
                both.any()
                and (other[both] >= start[both]).all()
                and (other != start).any()
            ):
                later.append(look)
    text = "Its times are never before those of the start."
    if later:
        state.take("end", later[-1:], BY_VALUES, text)
    if len(later) > 1:
        state.take("answer", later[:1], BY_VALUES, text)


def _seconds(look: Look | None) -> np.ndarray:
    """Times as seconds, -1 where there is none."""
    if look is None or look.dates is None:
        return np.zeros(0, np.int64)
    times, fits, _offset = parse_dates(
        look.column.cells, look.dates.patterns, look.file_date
    )
    seconds = times.astype("datetime64[s]").astype(np.int64)
    return np.where(fits & (seconds > 0), seconds, -1)


def _date_formats(state: Columns) -> list[str]:
    """Spellings of all columns of times."""
    day, *clock = state.chosen["start"][0]
    patterns = list(day.dates.patterns) if day.dates else []
    if clock and clock[0].times:
        patterns = [f"{d} {t}" for d in patterns for t in clock[0].times.patterns]
    for name in ("answer", "end"):
        look = state.look(name)
        dates: Dates | None = look.dates if look else None
        patterns += dates.patterns if dates else ()
    return list(dict.fromkeys(patterns))


# === Numbers === #


def _numbers(state: Columns) -> None:
    """Caller and called by values: the first two columns of numbers that differ."""
    for name in NUMBERS[:2]:
        other = state.look(NUMBERS[1 - NUMBERS.index(name)])
        if name in state.chosen or (
            other and other.column.heading and _is_named(state)
        ):
            continue
        for look in state.free():
            if look.is_phone and not (
                other and look.column.cells == other.column.cells
            ):
                text = "The first column of numbers that can be dialled."
                if name == "called_number":
                    text = (
                        "The next column of numbers, which differs from the caller's."
                    )
                # Below a heading that says something else, the values say less.
                confidence = UNSURE if look.column.heading else BY_VALUES
                state.take(name, [look], confidence, text)
                break


def _is_named(state: Columns) -> bool:
    """Whether headings say both numbers."""
    return all(name in state.chosen for name in NUMBERS[:2])


def _amount(state: Columns) -> None:
    """The carrier's price: the last column of decimals that no heading names."""
    if "carrier_amount" in state.chosen:
        return
    found = [
        one
        for one in state.whole()
        if not one.column.heading and values.is_amount(one.column)
    ]
    if found and len({len(cell.partition(".")[2]) for cell in found[-1].filled}) >= 1:
        state.take(
            "carrier_amount",
            found[-1:],
            UNSURE,
            "The values are amounts with decimals.",
        )


def _is_negative(cells: Sequence[str]) -> bool:
    """Whether amounts are costs written as negatives."""
    signed = [cell for cell in cells if cell.strip("-0., ")]
    return bool(signed) and all(cell.startswith("-") for cell in signed)


# === Durations === #


def _duration(state: Columns) -> None:
    """The duration by values: what fits the times, else a column written as one."""
    if "duration" in state.chosen:
        return
    found = [one for one in state.whole() if one.unit and not one.column.heading]
    found = [look for look in found if not _is_flag(look) and not look.is_code]
    for first in ("answer", "start"):
        fitting = [
            (_between_share(state, look, first), -n) for n, look in enumerate(found)
        ]
        if fitting and max(fitting)[0] >= PART / 2:
            text = "The values are the seconds from %(first)s to end."
            state.take("duration", [found[-max(fitting)[1]]], SURE, text, first=first)
            return
    written = [look for look in found if look.unit in ("hms", "text")]
    plain = [look for look in found if max(map(len, look.filled)) <= 5]  # noqa: PLR2004
    shorter = [look for look in found if look.unit == "hm"]
    if chosen := written or shorter or plain:
        confidence = BY_VALUES if written else UNSURE
        state.take(
            "duration", chosen[:1], confidence, "The values are written as durations."
        )


def _is_flag(look: Look) -> bool:
    """Whether a column only says yes and no, or always the same."""
    kinds = set(look.filled)
    return look.unit in ("seconds", "minutes") and (
        kinds <= {"0", "1"} or (len(kinds) == 1 and len(look.filled) > 2)  # noqa: PLR2004
    )


def _between_share(state: Columns, look: Look, first: str) -> float:
    """The share of rows where a duration is the time between two others.

    Where nearly all are a second off, that is so too: systems round.
    """
    begin, end = state.look(first), state.look("end")
    if not begin or not end or look.unit not in ("seconds", "hms"):
        return 0
    lasted = _seconds(end) - _seconds(begin)
    known = (_seconds(begin) > 0) & (_seconds(end) > 0)
    spoken = np.array([_plain_seconds(cell) for cell in look.column.cells])
    if not known.any() or not (spoken[known] > 0).any():
        return 0
    off = np.abs(lasted - spoken)[known]
    return float(
        ((off == 0).mean() + (off <= 1).mean()) / 2 if (off <= 1).mean() >= PART else 0
    )


def _plain_seconds(cell: str) -> int:
    """Seconds of a whole number or of h:mm:ss; -1 where it is none."""
    parts = cell.partition(".")[0].split(":")
    if not all(part.isdecimal() and part.isascii() for part in parts):
        return -1
    total = 0
    for part in parts:
        total = 60 * total + int(part[:9])
    return total


def _unit(state: Columns, look: Look) -> str:
    """The duration's unit; a note where nothing says it."""
    if look.unit != "seconds" or look.column.heading:
        return look.unit
    if state.chosen["duration"][1] == SURE:
        return "seconds"
    start = state.look("start")
    patterns = start.dates.patterns if start and start.dates else ()
    has_seconds = any("%S" in p or "%" not in p for p in patterns)
    numbers = [int(cell) for cell in look.filled if cell.isdecimal() and cell.isascii()]
    is_minutes = not has_seconds and bool(numbers) and max(numbers) < MINUTES_BELOW
    text = (
        "Nothing says whether the durations are seconds or minutes: they are taken for "
        "%(unit)s."
    )
    state.notes.append(
        {
            "text": text,
            "values": {"unit": {"text": "minutes" if is_minutes else "seconds"}},
        }
    )
    return "minutes" if is_minutes else "seconds"


# === Words === #


def _words(state: Columns) -> None:
    """Direction and outcome by the words in a column."""
    shares = {"direction": values.direction_share, "disposition": values.outcome_share}
    for name, share_of in shares.items():
        if name in state.chosen:
            continue
        found = [one for one in state.whole() if share_of(one.column) >= values.MOST]
        if name == "direction":  # "internal" and "in" stand in other columns, too
            found = [one for one in found if not one.column.heading]
        if found:
            example = ", ".join(dict.fromkeys(found[0].filled))[:60]
            text = "The values are words for it: %(example)s."
            state.take(name, found[:1], BY_VALUES, text, example=example)


def _unique_id(state: Columns) -> None:
    """The unique id by values, where rows are enough to tell."""
    if "unique_id" in state.chosen:
        return
    found = [look for look in state.whole() if look.is_id]
    if found:
        state.take("unique_id", found[:1], UNSURE, "No value stands there twice.")
