# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How a stream of lines is parted, so that each part is whole by itself.

What a PBX sends has no files; whoever makes some of it must not part the rows of a
call, nor rows from the page's head that tells their date. So the rows of calls that may
have further ones wait for these, and the lines that hold for what follows stand ahead
of it again. Then each part is read like any other file: alone, in any order, as often
as one likes. The reader remembers nothing from file to file, and nothing is counted in
one file that is a row of another.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .columns import make_plan
from .exceptions import ParserError
from .facts import ReadContext
from .formats import FormatSpec
from .layouts.keys import TEXT
from .layouts.opening import open_source
from .layouts.pages import Pages
from .legs import open_lines
from .lines import is_wide
from .reader import rows_that_wait

WRAPPED_WAIT = 2
"""Minutes that a line is waited for which may go on in the next."""


@dataclass(frozen=True)
class Parts:
    """Places of lines, ascending, in what is whole and in what waits.

    :ivar whole: all lines but those that wait
    :ivar rest: those that wait, each behind the lines that hold for it, then the lines
        that hold for what is still to come
    :ivar again: those of the rest that are not counted there: the whole has them, too
    """

    whole: list[int]
    rest: list[int]
    again: set[int]


def needs_parting(spec: FormatSpec) -> bool:
    """Whether files of a format lose something where a stream is cut anywhere."""
    if spec.layout not in TEXT or is_wide(_codec(spec)):
        return False
    heads = spec.page_values or spec.has_header or spec.skipped_lines
    return bool(heads or spec.legs or spec.wrapped)


def can_be_joined(spec: FormatSpec) -> bool:
    """Whether lines of one connection may go on behind those of another.

    Not where each of them begins with lines of its own.
    """
    return not (spec.has_header or spec.skipped_lines)


def part_lines(
    lines: Sequence[bytes],
    ages: Sequence[float],
    spec: FormatSpec,
    context: ReadContext,
) -> Parts:
    """Which of some lines are whole by themselves.

    :param lines: with their ends, those that hold for the first ones ahead
    :param ages: how many minutes ago each came
    """
    everything = Parts(list(range(len(lines))), [], set())
    content = b"".join(lines)
    try:
        waiting = _waiting(lines, ages, spec, context)
        opening = open_source(io.BytesIO(content), spec, None, context.file_name)
    except ParserError:
        # Whoever reads the file tells what is wrong with it.
        return everything
    begin = 0
    if not can_be_joined(spec):
        begin = len(content[: opening.position.offset].splitlines())
    heads = _heads(lines, spec)
    return _parts(len(lines), begin, waiting, heads)


def _codec(spec: FormatSpec) -> str:
    """What lines are decoded by, where nobody looks for more than page heads."""
    return "utf-8" if spec.encoding == "auto" else spec.encoding


def _text(line: bytes, spec: FormatSpec) -> str:
    return line.decode(_codec(spec), "replace")


def _waiting(
    lines: Sequence[bytes],
    ages: Sequence[float],
    spec: FormatSpec,
    context: ReadContext,
) -> set[int]:
    """Places of the lines that wait.

    :raises ParserError: what cannot be read
    """
    begins = _begins(lines, spec)
    found: set[int] = set()
    if spec.legs:
        # How long a row waits is told by time here, not by the rows behind it.
        own = replace(spec, legs=replace(spec.legs, window=len(lines) + 1))
        position = rows_that_wait(io.BytesIO(b"".join(lines)), own, context)
        plan = make_plan(own, position.header)
        young = {n for n, age in enumerate(ages, 1) if age < spec.legs.wait}
        found = {line - 1 for line in open_lines(plan, position.held, young)}
    if spec.wrapped and begins and ages[max(begins)] < WRAPPED_WAIT:
        found.add(max(begins))
    return _with_further_lines(found, begins, len(lines))


def _begins(lines: Sequence[bytes], spec: FormatSpec) -> set[int]:
    """Places of the lines in which records begin, where they may go on."""
    if not spec.wrapped:
        return set()
    pattern = re.compile(spec.wrapped)
    return {n for n, line in enumerate(lines) if pattern.search(_text(line, spec))}


def _with_further_lines(found: set[int], begins: set[int], count: int) -> set[int]:
    """Lines, and those in which their records go on."""
    if not begins:
        return found
    taken, is_in = set(), False
    for place in range(count):
        is_in = place in found or (is_in and place not in begins)
        if is_in:
            taken.add(place)
    return taken


def _heads(lines: Sequence[bytes], spec: FormatSpec) -> dict[int, set[str]]:
    """Places of lines of page heads, and the values that each gives."""
    if not spec.page_values:
        return {}
    pages, heads = Pages(spec), {}
    for place, line in enumerate(lines):
        is_none, values = pages.look(_text(line, spec).rstrip("\r\n"))
        # A record that tells values is counted where it stands, and nowhere else.
        if is_none and values:
            heads[place] = set(values)
    return heads


def _parts(
    count: int, begin: int, waiting: set[int], heads: dict[int, set[str]]
) -> Parts:
    """The parts of so many lines.

    :param begin: so many of the first ones stand ahead of everything
    """
    whole, rest, again = [], list(range(begin)), set(range(begin))
    current: dict[str, int] = {}
    told: set[int] = set()
    for place in range(count + 1):
        if place in waiting or place == count:
            # What holds here, as far as it was not said yet.
            needed = set(current.values())
            if not needed <= told:
                rest += sorted(needed)
                again |= needed
                told = needed
        if place in heads:
            current.update(dict.fromkeys(heads[place], place))
        if place < count:
            (rest if place in waiting else whole).append(place)
    return Parts(whole, rest, again)
