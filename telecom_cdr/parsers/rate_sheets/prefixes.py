# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Cells of dialling codes, as carriers write them -> prefixes.

34600-34609, 34650; 3466    93-70, 71, 72    61 38,39    +34 600    1(809)    346x
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from ..exceptions import Wording

MAX_PREFIX = 15
# The engine looks up 17 digits at most; a longest prefix is never more than a number.
MAX_CODES = 20_000
COUNTRY_CODES = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))
BETWEEN = re.compile(r"[,;/|\n\r\t]+")
DASH = re.compile(r"\s*(?:[-\u2010-\u2015\u2212~]|\.\.+|\b(?:to|bis|a|al|au)\b)\s*")
PIECE = re.compile(r"\+?([0-9 ]*[0-9])\s*[xX*%]*", re.ASCII)
PLAIN = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
WHOLE_NUMBER = re.compile(r"([0-9]+)\.0+", re.ASCII)
SCIENTIFIC = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,2})", re.ASCII)
EXPECTED = "digits of a dialling code, such as 34600, 34600-34609 or 34-600"


@dataclass(frozen=True)
class Problem:
    """What cannot be read.

    :ivar reason: code of what it should have been (prefix, price, start...)
    :ivar found: what stands there
    :ivar expected: what should, in English; ``%(name)s`` stands for a value
    :ivar values: of the names in `expected`
    """

    reason: str
    found: str
    expected: str
    values: Mapping[str, int | str] = field(default_factory=dict)

    def wording(self) -> Wording:
        """What is to be said of it."""
        expected = {"text": self.expected, "values": dict(self.values)}
        text = "Expected %(expected)s; found nothing."
        if not self.found:
            return {"text": text, "values": {"expected": expected}}
        text = "Expected %(expected)s; found '%(found)s'."
        return {"text": text, "values": {"expected": expected, "found": self.found}}


@dataclass(frozen=True)
class Codes:
    """What is in a cell of codes: what can be read, and what cannot."""

    prefixes: tuple[str, ...]
    problems: tuple[Problem, ...]


class _CodeError(ValueError):
    """A piece of a cell that is no code; says what is expected, with values."""


def prefixes_of_range(first: str, last: str) -> list[str]:
    """The fewest prefixes that begin exactly the numbers of a range.

    :param first: digits
    :param last: as many digits, not less
    """
    size, low, high = len(first), int(first), int(last)
    prefixes = []
    while low <= high:
        power = 0
        while power + 1 < size and not low % 10 ** (power + 1):
            if low + 10 ** (power + 1) - 1 > high:
                break
            power += 1
        prefixes.append(f"{low // 10**power:0{size - power}d}")
        low += 10**power
    return prefixes


def read_codes(text: str, country: str = "") -> Codes:
    """The prefixes in a cell, each once, and the pieces that are none.

    :param country: digits that go ahead of each, where they have a column of their own
    """
    if PLAIN.fullmatch(text):
        return Codes((country + text,), ())
    prefixes: dict[str, None] = {}
    problems = []
    state = _State(country)
    for piece in BETWEEN.split(_unbracketed(text)):
        if not piece.strip():
            continue
        try:
            found = state.read(piece.strip())
        except _CodeError as error:
            problems.append(Problem("prefix", piece.strip()[:100], *error.args))
            continue
        prefixes.update(dict.fromkeys(found))
        if len(prefixes) > MAX_CODES:
            expected = "at most %(count)s codes in a cell"
            problem = Problem("prefix", text[:100], expected, {"count": MAX_CODES})
            return Codes((), (problem,))
    if not prefixes and not problems:
        problems.append(Problem("prefix", text[:100], EXPECTED))
    return Codes(tuple(prefixes), tuple(problems))


def _unbracketed(text: str) -> str:
    """1(809) as 1 809, 93-(70, 71) as 93-70, 71; dashes without blanks."""
    text = re.sub(r"[()\[\]]", " ", text.strip().strip("'\"="))
    return DASH.sub("-", " ".join(text.split(" ")))


class _State:
    """Pieces of one cell; a country that one of them names holds for the next ones."""

    def __init__(self, country: str) -> None:
        """`country`: digits ahead of every piece, from another column."""
        self._fixed = country
        self._country = ""
        self._size = 0

    def read(self, piece: str) -> list[str]:
        """The prefixes of a piece."""
        first, *rest = piece.split("-")
        if len(rest) > 1:
            raise _CodeError(EXPECTED)
        if rest and rest[0] and first:
            return self._two(_digits(first), _digits(rest[0]))
        parts = _parts(first if not rest else first or rest[0])
        if self._fixed:
            return _checked([self._fixed + part for part in parts])
        if len(parts) > 1:
            return self._several(parts)
        return _checked([self._whole(parts[0])])

    def _two(self, first: str, last: str) -> list[str]:
        """first-last: a range, or a country code and an area code."""
        if not self._fixed and first in COUNTRY_CODES:
            if len(first) == len(last) and first[:-1] == last[:-1]:
                raise _CodeError(
                    "either single codes or a range of longer ones: "
                    "this may be a range of countries or a country with an area"
                )
            return self._begin(first, last)
        begin = self._fixed or ("" if self._stands_alone(first) else self._country)
        if len(last) < len(first):
            last = first[: -len(last)] + last
        if len(last) != len(first) or last < first:
            raise _CodeError("a range from the lower to the higher code, equally long")
        return _checked([begin + one for one in prefixes_of_range(first, last)])

    def _several(self, parts: list[str]) -> list[str]:
        """Parts with blanks between: country and area, or a list of codes."""
        first, others = parts[0], parts[1:]
        is_list = first not in COUNTRY_CODES or all(
            part.startswith(first) and len(part) > len(first) for part in others
        )
        if is_list:
            return _checked([self._whole(part) for part in parts])
        if len(others) > 1:
            raise _CodeError("commas between codes, and no blanks in them")
        return self._begin(first, others[0])

    def _begin(self, country: str, area: str) -> list[str]:
        """Country and area; what follows bare in the cell are areas of it too."""
        self._country, self._size = country, len(area)
        return _checked([country + area])

    def _whole(self, digits: str) -> str:
        """A bare code in full."""
        if self._stands_alone(digits):
            return digits
        return self._country + digits

    def _stands_alone(self, digits: str) -> bool:
        """Whether a bare code is more than an area of the country named before it."""
        is_full = digits.startswith(self._country) and len(digits) > self._size
        return not self._country or is_full


def _parts(piece: str) -> list[str]:
    """The runs of digits in a piece that has no dash."""
    plain = _plain_number(piece)
    match = PIECE.fullmatch(plain)
    if not match:
        raise _CodeError(EXPECTED)
    parts = match[1].split()
    parts[0] = _without_exit_code(parts[0])
    return parts


def _digits(piece: str) -> str:
    """The digits of one end of a range."""
    parts = _parts(piece)
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2 and parts[0] in COUNTRY_CODES:  # noqa: PLR2004
        return "".join(parts)
    raise _CodeError(EXPECTED)


def _without_exit_code(digits: str) -> str:
    """Digits without the 00 that is dialled ahead of a country code."""
    if digits.startswith("00") and len(digits) > 2:  # noqa: PLR2004
        return digits.removeprefix("00")
    return digits


def _plain_number(piece: str) -> str:
    """Digits of what a spreadsheet wrote as a number: 346.0, 3.46E+02.

    Where it left digits out, nothing tells what they were.
    """
    if match := WHOLE_NUMBER.fullmatch(piece):
        return match[1]
    if match := SCIENTIFIC.fullmatch(piece):
        decimals, power = (match[2] or ""), int(match[3])
        if len(decimals) < power:
            raise _CodeError(
                "all digits (the spreadsheet has cut them off: "
                "format the column as text)"
            )
        if not decimals[power:].strip("0"):
            return match[1] + decimals[:power]
    return piece


def _checked(prefixes: list[str]) -> list[str]:
    """Prefixes that a number can begin with."""
    for prefix in prefixes:
        if len(prefix) > MAX_PREFIX:
            raise _CodeError("at most %(count)s digits", {"count": MAX_PREFIX})
        if prefix.startswith("0"):
            raise _CodeError(
                "a code that begins with its country code, not with a 0 "
                "(or a column with the country code)"
            )
    return prefixes
