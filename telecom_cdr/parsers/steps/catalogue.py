# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which steps there are, what they are told, and what they give."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from . import quantity, text, times

# What a step is told: how people write it is in `notation`.
NOTHING, TEXT, MAYBE_TEXT, NUMBER = "nothing", "text", "maybe a text", "number"
PATTERN, PAIR, PAIRS = "pattern", "pattern and text", "texts and texts"
PLAN, WORDS, TEMPLATE, UNIT = "patterns and texts", "words", "template", "unit"
PERCENT = "percent"


@dataclass(frozen=True)
class NamedStep:
    """A step of a format, checked.

    :ivar name: in STEPS
    :ivar arguments: what it is told; pairs one behind the other
    """

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One kind of step.

    :ivar told: what it is told, a constant of this module
    :ivar make: the arguments -> the function
    :ivar most: the greatest NUMBER or PERCENT
    :ivar has_mark: whether `make` takes the decimal mark first
    :ivar gives: "time" or "seconds" where the result has a spelling of its own
    """

    told: str
    make: Callable[..., text.Step]
    most: int = 0
    has_mark: bool = False
    gives: str = ""


STEPS: dict[str, Kind] = {
    "strip": Kind(MAYBE_TEXT, text.strip),
    "upper": Kind(NOTHING, text.upper),
    "lower": Kind(NOTHING, text.lower),
    "digits": Kind(NOTHING, text.digits),
    "replace": Kind(PAIR, text.replace),
    "keep": Kind(PATTERN, text.keep),
    "remove_prefix": Kind(TEXT, text.remove_prefix),
    "remove_suffix": Kind(TEXT, text.remove_suffix),
    "pad": Kind(NUMBER, text.pad, most=64),
    "default": Kind(TEXT, text.default),
    "empty": Kind(WORDS, text.empty),
    "map": Kind(PAIRS, text.translate),
    "number_plan": Kind(PLAN, text.number_plan),
    "date_parts": Kind(TEMPLATE, times.date_parts, gives="time"),
    "epoch": Kind(NOTHING, times.epoch, gives="time"),
    "gregorian": Kind(NOTHING, times.gregorian, gives="time"),
    "minutes": Kind(NOTHING, quantity.minutes, has_mark=True, gives="seconds"),
    "duration": Kind(UNIT, quantity.duration, has_mark=True, gives="seconds"),
    "implied_decimals": Kind(NUMBER, quantity.implied_decimals, most=18, has_mark=True),
    "pence": Kind(NOTHING, quantity.pence, has_mark=True),
    "without_tax": Kind(PERCENT, quantity.without_tax, most=100, has_mark=True),
    "negate": Kind(NOTHING, quantity.negate, has_mark=True),
    "absolute": Kind(NOTHING, quantity.absolute, has_mark=True),
}


@lru_cache(maxsize=1024)
def function(step: NamedStep, decimal_mark: str) -> text.Step:
    """The function of a step, made once."""
    kind = STEPS[step.name]
    told = (decimal_mark, *step.arguments) if kind.has_mark else step.arguments
    return kind.make(*told)


def gives(steps: tuple[NamedStep, ...], what: str) -> bool:
    """Whether the last of some steps that has a spelling of its own gives this one."""
    found = [STEPS[step.name].gives for step in steps]
    return next(filter(None, reversed(found)), "") == what
