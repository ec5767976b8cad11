# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
r"""Steps as people write them: ``strip | replace ^9 -> | number_plan ^00 -> +``.

A step is its name and what it is told. Steps are parted by ``|``, a pattern or text and
what takes its place by ``->``, several pairs or words by ``,``. These signs only count
with a blank on both sides (``,``: behind it), so that patterns may hold them; a text in
``"``, doubled inside, may hold anything.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..exceptions import FormatError
from . import catalogue
from .catalogue import STEPS, NamedStep
from .definition import as_chain, plain

BAR, ARROW, COMMA = r"\s\|(?=\s|$)", r"\s->(?=\s|$)", r",(?=\s|$)"
NAME = re.compile(r"\s*(\w*)")
QUOTED = re.compile(r'\s*"((?:[^"]|"")*)"(?=\s|,|$)')
SIGNS = f"{BAR}|{ARROW}|{COMMA}"
MAX_TEXT = 10_000


def parse_steps(key: str, text: str) -> tuple[NamedStep, ...]:
    """Steps from what somebody wrote; none from nothing.

    :param key: what to name in the error
    :raises FormatError: what was found, and what is expected
    """
    if len(text) > MAX_TEXT:
        raise FormatError(key, text[:100], "steps of fewer letters")
    if not text.strip():
        return ()
    return as_chain(key, list(_Scanner(key, f"{text.strip()} ").steps()))


def format_steps(steps: Iterable[NamedStep]) -> str:
    """Steps as `parse_steps` reads them."""
    return " | ".join(_format(one) for one in plain(steps))


class _Scanner:
    """Reads a text from left to right."""

    def __init__(self, key: str, text: str) -> None:
        """`text`: ends in a blank."""
        self.key, self.text, self.at = key, text, 0

    def steps(self) -> Iterable[Any]:
        """The steps as JSON would have them."""
        while True:
            yield self._step()
            if not self._accept(BAR):
                break
        if self.text[self.at :].strip():
            expected = "' | ' before the next step"
            raise FormatError(self.key, self.text[self.at :].strip(), expected)

    def _step(self) -> Any:
        """One step."""
        match = NAME.match(self.text, self.at)
        name = match[1]
        if name not in STEPS:
            rest = re.split(BAR, self.text[self.at :])[0].strip()
            known = ", ".join(STEPS)
            expected = "one of the steps %(known)s"
            raise FormatError(self.key, rest, expected, known=known)
        self.at = match.end()
        told = self._told(STEPS[name].told)
        return name if told is None else {name: told}

    def _told(self, told: str) -> Any:
        """What a step is told."""
        if told == catalogue.PAIR:
            return self._pair(BAR)
        if told == catalogue.PAIRS:
            return dict(self._several(self._pair))
        if told == catalogue.PLAN:
            return self._several(self._pair)
        if told == catalogue.WORDS:
            return self._several(self._atom)
        return self._atom(BAR) or None

    def _several(self, read: Any) -> list:
        """Texts or pairs with commas between them."""
        found = [read(f"{BAR}|{COMMA}")]
        while self._accept(COMMA):
            found.append(read(f"{BAR}|{COMMA}"))
        return found

    def _pair(self, stops: str) -> list[str]:
        """A text and what takes its place."""
        found = self._atom(f"{stops}|{ARROW}")
        if not self._accept(ARROW):
            raise FormatError(self.key, found, "' -> ' and what takes its place")
        return [found, self._atom(stops)]

    def _atom(self, stops: str) -> str:
        """A text, in quotes or up to the next sign."""
        match = QUOTED.match(self.text, self.at)
        if match:
            self.at = match.end()
            return match[1].replace('""', '"')
        stop = re.compile(stops).search(self.text, self.at)
        begin, self.at = self.at, stop.start() if stop else len(self.text)
        return self.text[begin : self.at].strip()

    def _accept(self, sign: str) -> bool:
        """Go past a sign where it stands here."""
        match = re.compile(r"\s*?" + sign).match(self.text, self.at)
        if match:
            self.at = match.end()
        return bool(match)


def _format(step: Any) -> str:
    """One step of JSON."""
    if isinstance(step, str):
        return step
    [(name, told)] = step.items()
    return f"{name} {_format_told(STEPS[name].told, told)}".rstrip()


def _format_told(told: str, found: Any) -> str:
    """What a step is told."""
    if told == catalogue.PAIR:
        return _format_pair(found)
    if told in (catalogue.PAIRS, catalogue.PLAN):
        pairs = found.items() if isinstance(found, Mapping) else found
        return ", ".join(_format_pair(pair) for pair in pairs)
    if told == catalogue.WORDS:
        return ", ".join(map(_format_atom, found))
    return _format_atom(str(found), BAR)


def _format_pair(pair: Iterable[str]) -> str:
    """A text and what takes its place."""
    return " -> ".join(map(_format_atom, pair))


def _format_atom(text: str, signs: str = SIGNS) -> str:
    """A text, in quotes where it could be misread."""
    is_plain = text == text.strip() and text[:1] not in ('"', "")
    if is_plain and not re.search(signs, f" {text} "):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
