# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The keys `steps` and `checks` of a format: checked, and back as plain data.

A step is a name, or an object of one name: {"replace": ["^9", ""]}. All checks raise
FormatError, which names the key, what was found and what is expected.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..checks import as_data, as_integer, as_pattern, as_word
from ..dates import compile_pattern, has_year
from ..exceptions import FormatError
from ..quantities import DURATION_UNITS
from . import catalogue
from .catalogue import STEPS, NamedStep
from .times import as_pattern as date_pattern

MAX_STEPS = 30
MAX_ARGUMENTS = 2_000

Steps = tuple[tuple[str, tuple[NamedStep, ...]], ...]
Checks = tuple[tuple[str, str], ...]


def as_steps(key: str, value: Any, is_field: Callable[[str], bool]) -> Steps:
    """(field, its steps) pairs, sorted by field; fields without steps are left out."""
    value = as_data(key, value or {}, Mapping, "an object: field -> steps")
    pairs = []
    for name, items in value.items():
        check_field(key, name, is_field)
        pairs.append((name, as_chain(f"{key}.{name}", items)))
    return tuple(sorted(pair for pair in pairs if pair[1]))


def as_checks(key: str, value: Any, is_field: Callable[[str], bool]) -> Checks:
    """(field, pattern) pairs, sorted by field; fields without pattern are left out."""
    value = as_data(key, value or {}, Mapping, "an object: field -> pattern")
    for name in value:
        check_field(key, name, is_field)
    pairs = ((name, as_pattern(f"{key}.{name}", one)) for name, one in value.items())
    return tuple(sorted(pair for pair in pairs if pair[1]))


def check_field(key: str, name: object, is_field: Callable[[str], bool]) -> None:
    """FormatError where a name is no field of calls."""
    if not isinstance(name, str) or not is_field(name):
        raise FormatError(key, name, "a field of the column mapping")


def as_chain(key: str, value: Any) -> tuple[NamedStep, ...]:
    """Steps in their order."""
    if not isinstance(value, list | tuple) or len(value) > MAX_STEPS:
        raise FormatError(key, value, "a list of up to %(most)s steps", most=MAX_STEPS)
    return tuple(as_step(f"{key}.{place}", one) for place, one in enumerate(value, 1))


def as_step(key: str, value: Any) -> NamedStep:
    """One step."""
    name, told = value, None
    if isinstance(value, Mapping) and len(value) == 1:
        [(name, told)] = value.items()
    if not isinstance(name, str) or name not in STEPS:
        raise FormatError(
            key, value, "one of the steps %(known)s", known=", ".join(STEPS)
        )
    kind = STEPS[name]
    return NamedStep(name, READERS[kind.told](f"{key}.{name}", told, kind))


def plain(steps: Iterable[NamedStep]) -> list[Any]:
    """Steps as JSON has them: what `as_chain` takes."""
    return [_plain(step) for step in steps]


def _plain(step: NamedStep) -> Any:
    """One step as JSON has it."""
    told, found = STEPS[step.name].told, list(step.arguments)
    if not found:
        return step.name
    if told in (catalogue.PAIR, catalogue.WORDS):
        return {step.name: found}
    pairs = zip(found[::2], found[1::2], strict=False)
    if told == catalogue.PAIRS:
        return {step.name: dict(pairs)}
    if told == catalogue.PLAN:
        return {step.name: [list(pair) for pair in pairs]}
    return {step.name: int(found[0]) if told == catalogue.NUMBER else found[0]}


# === What a step is told === #


def _nothing(key: str, value: Any, _kind: catalogue.Kind) -> tuple[str, ...]:
    """Nothing at all."""
    if value not in (None, "", True, [], {}):
        raise FormatError(key, value, "nothing behind the step's name")
    return ()


def _maybe_text(key: str, value: Any, _kind: catalogue.Kind) -> tuple[str, ...]:
    """A text, or nothing."""
    return (_one_text(key, value),) if value not in (None, "") else ()


def _text(key: str, value: Any, _kind: catalogue.Kind) -> tuple[str, ...]:
    """A text."""
    if value in (None, ""):
        raise FormatError(key, value, "a text behind the step's name")
    return (_one_text(key, value),)


def _number(key: str, value: Any, kind: catalogue.Kind) -> tuple[str, ...]:
    """A whole number from 1."""
    number = as_integer(value)
    if number is None or not 1 <= number <= kind.most:
        raise FormatError(key, value, "a number from 1 to %(limit)s", limit=kind.most)
    return (str(number),)


def _percent(key: str, value: Any, kind: catalogue.Kind) -> tuple[str, ...]:
    """A percentage from 1, with up to four decimals behind a point."""
    text = str(value)
    number = float(text) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,4})?", text) else 0
    if not 1 <= number <= kind.most:
        raise FormatError(key, value, "a number from 1 to %(limit)s", limit=kind.most)
    return (text,)


def _pattern(key: str, value: Any, _kind: catalogue.Kind) -> tuple[str, ...]:
    """A pattern."""
    return (as_pattern(key, _text(key, value, _kind)[0]),)


def _pair(key: str, value: Any, _kind: catalogue.Kind) -> tuple[str, ...]:
    """A pattern and what is put in its place."""
    found = [value, ""] if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or len(found) != 2:  # noqa: PLR2004
        raise FormatError(key, value, "a pattern and a text: pattern -> text")
    pattern, text = (_one_text(key, item) for item in found)
    if not pattern:
        raise FormatError(key, value, "a pattern and a text: pattern -> text")
    _check_replacement(key, as_pattern(key, pattern), text)
    return pattern, text


def _plan(key: str, value: Any, kind: catalogue.Kind) -> tuple[str, ...]:
    """Patterns, and what is put in their places."""
    if not isinstance(value, list | tuple) or not value:
        expected = "patterns and texts: pattern -> text, pattern -> text"
        raise FormatError(key, value, expected)
    pairs = (_pair(f"{key}.{n}", one, kind) for n, one in enumerate(value, 1))
    return tuple(item for pair in pairs for item in pair)


def _pairs(key: str, value: Any, _kind: catalogue.Kind) -> tuple[str, ...]:
    """Texts, and what is put in their places."""
    if not isinstance(value, Mapping) or not value:
        raise FormatError(
            key, value, "texts and texts: found -> wanted, found -> wanted"
        )
    return tuple(_one_text(key, item) for pair in value.items() for item in pair)


def _words(key: str, value: Any, _kind: catalogue.Kind) -> tuple[str, ...]:
    """Words."""
    found = [value] if isinstance(value, str) and value else value
    if not isinstance(found, list | tuple) or not found or "" in found:
        raise FormatError(key, value, "words behind the step's name, with commas")
    return tuple(_one_text(key, item) for item in found)


def _template(key: str, value: Any, kind: catalogue.Kind) -> tuple[str, ...]:
    """How the parts of a time stand."""
    (text,) = _text(key, value, kind)
    pattern = date_pattern(text)
    compile_pattern(key, pattern)
    if not has_year(pattern):
        raise FormatError(key, value, "the parts of a date, such as DDMMYYYY hhmmss")
    return (text,)


def _unit(key: str, value: Any, _kind: catalogue.Kind) -> tuple[str, ...]:
    """How a duration is written."""
    return (as_word(key, value, DURATION_UNITS),)


def _one_text(key: str, value: Any) -> str:
    """A text; a number as it is written."""
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    text = str(number) if number is not None else value
    if not isinstance(text, str) or len(text) > MAX_ARGUMENTS:
        raise FormatError(key, value, "a text")
    return text


def _check_replacement(key: str, pattern: str, text: str) -> None:
    """FormatError where a text names groups that its pattern does not have."""
    try:
        re.compile(pattern).sub(text, "")
    except (re.error, IndexError) as error:
        raise FormatError(
            key, text, "a text for the pattern's groups (%(error)s)", error=error
        ) from error


READERS: dict[str, Callable[[str, Any, catalogue.Kind], tuple[str, ...]]] = {
    catalogue.NOTHING: _nothing,
    catalogue.TEXT: _text,
    catalogue.MAYBE_TEXT: _maybe_text,
    catalogue.NUMBER: _number,
    catalogue.PERCENT: _percent,
    catalogue.PATTERN: _pattern,
    catalogue.PAIR: _pair,
    catalogue.PAIRS: _pairs,
    catalogue.PLAN: _plan,
    catalogue.WORDS: _words,
    catalogue.TEMPLATE: _template,
    catalogue.UNIT: _unit,
}
