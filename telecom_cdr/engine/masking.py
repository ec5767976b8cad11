# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Numbers of which the last digits are hidden: in calls as stored, and on paper.

A customer's choice holds for calls that start from then on.  What was hidden of a call
is kept apart: whoever prices it again needs the whole number.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .codes import DIRECTIONS
from .periods import PeriodTable, epoch_seconds
from .tables import Array, Table, codes_of, integers, text, truth

SIGN = "x"
# Stands at the end of a number of which no more is known: its call is anonymous.
GONE = "…"
COUNTRY_DIGITS = 3
HIDDEN = "hidden_digits"
# Columns in which a called number may stand a second time.
TELLING = ("redirecting_number", "account_code", "trunk", "extra")
COLUMNS = ("called_number", *TELLING)
# By so many of its last digits a number is known again, however it is written.
TAIL_DIGITS = 7
# So many characters of other columns are looked through at a time.
BLOCK = 1 << 22
PARTNER_FACTOR = 2**31
ASCII = 0x7F
# A number outside of quotes that has lost digits is no JSON any more.
BROKEN_JSON = r'(?:":|[\[,])\s*-?[0-9.eE+]*x'
# What looks like a number in a text of which nothing else is known.
NUMBER_IN_TEXT = re.compile(r"\d{5,}|\d{1,4}(?: \d{2,4}){2,}", re.ASCII)


# === ONE TEXT === #


def masked(text: str, hidden: int, prefix: str = "") -> str:
    """Return a number with its last digits hidden, in the spelling that it has.

    What tells the destination stays: digits that a prefix says, so of a short number
    at least where it leads to. A name before an @ is hidden like a number, letter by
    letter; what has no digits is, too. What is hidden already counts as a digit.

    :param text: "+34 600 00 00 01", "600000001", "ann@pbx.example"
    :param hidden: how many of the last digits, 0: none
    :param prefix: digits that the destination was found by, in E.164 without the plus
    """
    if hidden <= 0 or not text:
        return text
    name, at, host = text.partition("@")
    counts = _is_digit if any(map(_is_known_digit, name)) else _is_letter
    places = [place for place, char in enumerate(name) if counts(char)]
    digits = "".join(name[place] for place in places)
    kept = _destination_digits(digits, prefix, name.startswith("+"))
    gone = set(places[max(len(places) - hidden, kept) :])
    shown = (SIGN if place in gone else char for place, char in enumerate(name))
    return "".join(shown) + at + host


def _is_known_digit(char: str) -> bool:
    return "0" <= char <= "9"


def _is_digit(char: str) -> bool:
    return _is_known_digit(char) or char == SIGN


def _is_letter(char: str) -> bool:
    return char > "\x7f" or char.isalnum()


def _destination_digits(digits: str, prefix: str, is_international: bool) -> int:
    """How many of the first digits are those that the destination was found by.

    A short code is written without the country's code, which its prefix begins with.
    """
    codes = 0 if is_international else COUNTRY_DIGITS
    for code in range(codes + 1):
        if prefix[code:] and digits.startswith(prefix[code:]):
            return len(prefix) - code
    return 0


def without_numbers(text: str, hidden: int) -> str:
    """Return a text (a row of a file, say) with the last digits of all numbers hidden.

    Dates and times that are written without anything between lose digits, too.
    """
    return NUMBER_IN_TEXT.sub(lambda found: masked(found[0], hidden), text)


# === WHO HIDES, AND SINCE WHEN === #


@dataclass(frozen=True)
class Choices:
    """What customers chose, for all their calls or for those of one number.

    periods: by customer and number (0: all), the digits to hide.
    """

    periods: PeriodTable

    @classmethod
    def build(cls, choices: Table) -> "Choices | None":
        """Index partner_id, number_id (0: all), hidden_digits, start, end.

        Starts and ends are seconds of the epoch.  None where nobody hides anything.
        """
        digits = integers(choices, HIDDEN)
        if not digits.any():
            return None
        owners = _owners(choices, integers(choices, "number_id"))
        starts, ends = integers(choices, "start"), integers(choices, "end")
        return cls(
            PeriodTable.build(owners, starts, ends, digits, np.arange(len(digits)))
        )

    def digits(self, calls: Table) -> Array:
        """How many digits of each called number are hidden (int64).

        Reads partner_id, number_id, start_at, direction.  The choice for a number comes
        before that for the customer.  Of incoming calls the called number is its own.
        """
        moments = epoch_seconds(calls["start_at"])
        numbers = integers(calls, "number_id", missing=0)
        found = self.periods.lookup(_owners(calls, numbers), moments)
        general = self.periods.lookup(_owners(calls, np.zeros_like(numbers)), moments)
        found = np.maximum(np.where(found < 0, general, found), 0)
        incoming = codes_of(calls["direction"], DIRECTIONS)
        found[incoming == DIRECTIONS.index("incoming")] = 0
        return found


def _owners(table: Table, numbers: Array) -> Array:
    return integers(table, "partner_id", missing=0) * PARTNER_FACTOR + numbers


def with_hidden(calls: Table, choices: Choices | None) -> Table:
    """Give matched calls with HIDDEN, where anything of them is to be hidden."""
    if choices is None or not len(calls):
        return calls
    digits = choices.digits(calls)
    return calls.assign(**{HIDDEN: digits}) if digits.any() else calls


# === WHOLE TABLES === #


def hidden_rows(calls: Table) -> Array:
    """Give the positions of the calls whose called number is hidden."""
    if HIDDEN not in calls:
        return np.empty(0, dtype=np.int64)
    there = truth(pc.is_valid(text(calls["called_number"])))
    return np.flatnonzero((calls[HIDDEN].to_numpy(np.int64) > 0) & there)


def hide(calls: Table) -> Table:
    """Give COLUMNS (objects, None where missing) as shown, of calls with HIDDEN.

    :param calls: with called_number in every row; prefix, and those of TELLING
    """
    numbers = _Numbers.of(calls)
    shown = {"called_number": numbers.shown}
    for name in TELLING:
        if name in calls:
            shown[name] = numbers.taken_out(calls[name], is_json=name == "extra")
    return pd.DataFrame(shown, index=calls.index, dtype=object)


def shown(calls: Table) -> Table:
    """Give calls as they are stored: with what is hidden of them left out."""
    rows = hidden_rows(calls)
    if not rows.size:
        return calls
    parts = hide(calls.iloc[rows])
    where = np.zeros(len(calls), dtype=bool)
    where[rows] = True
    columns = {}
    for name in parts:
        values = pa.array(parts[name].tolist(), pa.large_string())
        column = pc.replace_with_mask(text(calls[name]), pa.array(where), values)
        columns[name] = pd.Series(pd.arrays.ArrowExtensionArray(column), calls.index)
    return calls.assign(**columns)


def cut(calls: Table) -> Array:
    """Give called numbers (objects) of which only what tells the destination is left.

    "+3491" and GONE of +34910000001, where 3491 is the prefix; GONE alone where there
    is no number, or no prefix of ours is in it.

    :param calls: called_number, prefix; what is hidden already may be
    """
    columns = (calls[name].astype(object) for name in ("called_number", "prefix"))
    known = [column.where(column.notna(), "") for column in columns]
    pairs = list(zip(*known, strict=True))
    left = {pair: _cut(*pair) for pair in set(pairs)}
    return np.array([left[pair] for pair in pairs], dtype=object)


def _cut(number: str, prefix: str) -> str:
    digits = "".join(filter(_is_digit, number))
    is_international = number.startswith("+")
    kept = _destination_digits(digits, prefix, is_international) if prefix else 0
    return f"{'+' if kept and is_international else ''}{digits[:kept]}{GONE}"


@dataclass(frozen=True)
class _Numbers:
    """Called numbers, letter by letter, and what of them is hidden.

    shown: texts (object array).  tails, hidden_tails: their last digits, whole and as
    shown (texts).
    """

    shown: Array
    tails: Array
    hidden_tails: Array

    @classmethod
    def of(cls, calls: Table) -> "_Numbers":
        whole = np.array(text(calls["called_number"]).to_pylist(), dtype=str)
        letters = _letters(whole)
        places = _places(letters)
        order = np.argsort(~places, axis=1, kind="stable")
        digits = np.take_along_axis(np.where(places, letters, 0), order, axis=1)
        count = places.sum(axis=1)
        kept = _kept(digits, _letters(_prefixes(calls)), letters[:, 0] == ord("+"))
        hidden = calls[HIDDEN].to_numpy(np.int64)
        first = np.maximum(count - hidden, kept)
        nth = np.cumsum(places, axis=1)
        gone = places & (nth > first[:, None])
        covered = np.where(gone, ord(SIGN), letters).astype(np.uint32)
        shown_digits = np.take_along_axis(np.where(places, covered, 0), order, axis=1)
        width = max(TAIL_DIGITS, int(hidden.max(initial=0)))
        return cls(
            _texts(covered).astype(object),
            _texts(_last(digits, count, width)),
            _texts(_last(shown_digits, count, width)),
        )

    def taken_out(self, column: pd.Series, is_json: bool) -> Array:
        """Give texts without the hidden digits; None where that is not certain."""
        values = text(column)
        found = np.array(values.to_pylist(), dtype=object)
        rows = np.flatnonzero(
            truth(pc.is_valid(values)) & (self.tails != self.hidden_tails)
        )
        for some in _blocks(values, rows):
            found[some] = self._replaced(values.take(pa.array(some)), some, is_json)
        return found

    def _replaced(self, values: pa.Array, rows: Array, is_json: bool) -> Array:
        tails = self.tails[rows]
        before = np.array(values.to_pylist(), dtype=str)
        after = np.char.replace(before, tails, self.hidden_tails[rows])
        changed = pa.array(after.tolist(), pa.large_string())
        # Written with something between the digits.
        plain = pc.replace_substring_regex(changed, r"[^0-9]", "").to_pylist()
        lost = np.char.find(np.array(plain, dtype=str), tails) >= 0
        if is_json:
            broken = truth(pc.match_substring_regex(changed, BROKEN_JSON))
            lost |= broken & (after != before)
        return np.where(lost, None, after.astype(object))


def _blocks(values: pa.Array, rows: Array) -> list[Array]:
    """Cut rows into parts whose texts, all as wide as the widest, stay small."""
    if not rows.size:
        return []
    widest = max(pc.max(pc.utf8_length(values)).as_py() or 1, 1)
    return np.array_split(rows, -(-rows.size * widest // BLOCK))


def _letters(texts: Array) -> Array:
    """Give texts as codes of their letters: uint32 of shape (rows, width), 0 behind."""
    width = max(texts.dtype.itemsize // 4, 1)
    wide = np.ascontiguousarray(texts.astype(f"U{width}"))
    return wide.view(np.uint32).reshape(len(texts), width)


def _texts(letters: Array) -> Array:
    """Give codes of letters as texts."""
    whole = np.ascontiguousarray(letters.astype(np.uint32))
    return whole.view(f"U{letters.shape[1]}").ravel()


def _places(letters: Array) -> Array:
    """Which letters are digits; of names without any, which are letters at all."""
    is_name = np.cumsum(letters == ord("@"), axis=1) == 0
    known = (letters >= ord("0")) & (letters <= ord("9")) & is_name
    digits = known | ((letters == ord(SIGN)) & is_name)
    small = letters | 0x20
    words = known | ((small >= ord("a")) & (small <= ord("z"))) | (letters > ASCII)
    return np.where(known.any(axis=1)[:, None], digits, words & is_name)


def _kept(digits: Array, prefixes: Array, is_international: Array) -> Array:
    """How many of the first digits tell the destination (int64), see `masked`."""
    length = (prefixes > 0).sum(axis=1)
    kept = np.zeros(len(digits), dtype=np.int64)
    found = np.zeros(len(digits), dtype=bool)
    for code in range(min(COUNTRY_DIGITS + 1, prefixes.shape[1])):
        some = prefixes[:, code:]
        wide = np.zeros((len(digits), max(some.shape[1], digits.shape[1])), np.uint32)
        wide[:, : digits.shape[1]] = digits
        same = ((wide[:, : some.shape[1]] == some) | (some == 0)).all(axis=1)
        same &= (length > code) & ~found & ~(is_international & (code > 0))
        kept[same] = length[same] - code
        found |= same
    return kept


def _prefixes(calls: Table) -> Array:
    """Give the digits that destinations were found by (texts)."""
    if "prefix" not in calls:
        return np.full(len(calls), "", dtype=str)
    return np.array(pc.fill_null(text(calls["prefix"]), "").to_pylist(), dtype=str)


def _last(digits: Array, count: Array, width: int) -> Array:
    """Give the last of each row's digits, from the left."""
    at = np.maximum(count - width, 0)[:, None] + np.arange(width)
    inside = at < count[:, None]
    some = np.take_along_axis(digits, np.minimum(at, digits.shape[1] - 1), axis=1)
    return np.where(inside, some, 0)
