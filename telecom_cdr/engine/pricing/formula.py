# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Formulas of prices: checked text, computed for whole tables, exact.

A formula knows numbers, the names in NAMES, + - * / %, comparisons, and, or, not, and
the functions in FUNCTIONS; nothing of it is ever run as code.  Values are ratios of
whole numbers, 64 bits wide where that holds every step, as wide as needed where not.
A call that a formula has no value for (division by zero, a value that is not there)
is told apart, and all others go on; a branch of `if` that is not taken never counts.

`/` is exact, `%` has the sign of its right side (as in spreadsheets), `int` cuts
towards zero, `round` rounds half away from zero.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction

import numpy as np

from ..exceptions import EngineError
from ..money import INT64_MAX, SAFE, fits_int64, round_ratio
from ..tables import Array
from .terms import peak

NAMES = (
    "duration", "original_duration", "billed_duration", "carrier_amount",
    "carrier_amount_without_free_minutes", "discount", "price_per_unit", "total_hours",
    "units", "cost", "volume", "price",
)  # fmt: skip
MAX_TEXT = 2_000
MAX_DEPTH = 30
MAX_PARTS = 250
MAX_DIGITS = 18
MAX_PLACES = 9
# What has a numerator or a denominator beyond this, in lowest terms, has no value.
LARGEST = 10**60
REASONS = ("", "missing", "zero_division", "size")
MISSING, ZERO_DIVISION, SIZE = 1, 2, 3
NUMBER, CONDITION = "a number", "a condition"
END = "the end of the formula"
WORDING = "Formula, character %(position)s: expected %(expected)s; found %(found)s."
BINARY = {
    "or": 1, "and": 2, "=": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4,
    "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
COMPARISON = 4
NOT, MINUS = 3, 7
# function -> fewest and most arguments
FUNCTIONS = {
    "if": (3, 3), "int": (1, 1), "ceil": (1, 1), "floor": (1, 1), "abs": (1, 1),
    "min": (2, 20), "max": (2, 20), "round": (1, 2),
}  # fmt: skip
TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)|(?P<word>[^\W\d]\w*)"
    r"|(?P<mark>==|!=|<>|<=|>=|[-+*/%=<>(),]))"
)
SPELLINGS = {"==": "=", "<>": "!="}
Column = tuple[Array, Array | int] | tuple[Array, Array | int, Array]


class FormulaError(EngineError, ValueError):
    """A formula that cannot be computed.

    position: the character (from 1) where it goes wrong.  expected: what should stand
    there, in English.  wording: the message, to be told in another language (text and
    values, as those of the parsers).
    """

    def __init__(
        self, position: int, found: str, expected: str, **values: int | str
    ) -> None:
        """Say where, what was found and what is expected.

        :param values: of what stands as ``%(name)s`` in `expected`
        """
        self.position = position
        self.expected = expected % values if values else expected
        self.wording = {
            "text": WORDING,
            "values": {
                "position": position,
                "found": found,
                "expected": {"text": expected, "values": values},
            },
        }
        told = {"position": position, "expected": self.expected, "found": found}
        super().__init__("formula", WORDING % told, found)


@dataclass(frozen=True)
class Token:
    """A piece of a formula's text: number, word, mark, or "" behind the last."""

    kind: str
    text: str
    position: int

    def shown(self) -> str:
        """Give the token as a message names it."""
        return repr(self.text) if self.kind else END


@dataclass(frozen=True)
class Node:
    """A part of a formula: an operator or function, a name or a number.

    gives: NUMBER or CONDITION.  number: of a number, also the places of `round`.
    """

    name: str
    gives: str
    parts: tuple["Node", ...] = ()
    number: Fraction = Fraction(0)


@dataclass(frozen=True)
class Value:
    """What a part of a formula is for each call, or for all (arrays of one).

    top, bottom (above 0): the ratio, int64 or object; a condition's top is bool.
    reason: 0, or why there is no value (place in REASONS; int8).
    """

    top: Array
    bottom: Array
    reason: Array


@dataclass(frozen=True)
class Result:
    """What a formula gives for each call.

    numerator, denominator (above 0): int64, or object where one is larger; 0/1 where
    there is none.  known: whether there is a value.  reason: place in REASONS (int8).
    """

    numerator: Array
    denominator: Array
    known: Array
    reason: Array


@dataclass(frozen=True)
class Explanation:
    """How a formula came to its value for one call.

    inputs: the names used, in the order of the text, None where the call has no value.
    value: None where there is none; reason then says why (one of REASONS).
    """

    text: str
    inputs: dict[str, Fraction | None]
    value: Fraction | None
    reason: str


@dataclass(frozen=True)
class Formula:
    """A checked formula.  names: those it uses, in the order of the text."""

    text: str
    names: tuple[str, ...]
    root: Node

    def compute(self, columns: Mapping[str, Column], count: int) -> Result:
        """Compute the formula for a table.

        :param columns: name -> (numerators, denominator or denominators above 0) and,
            where some calls have no value, a mask of those that have; integers of any
            size.  A name that is not there has no value for any call
        :param count: calls
        """
        if not count:
            nothing = np.zeros(0, np.int64)
            return Result(nothing, nothing, nothing.astype(bool), nothing.astype("i1"))
        inputs = {name: _input(columns.get(name)) for name in self.names}
        value = _evaluate(self.root, inputs)
        top, bottom = _narrow(value.top), _narrow(value.bottom)
        parts = (np.broadcast_to(part, count) for part in (top, bottom, value.reason))
        top, bottom, reason = (part.copy() for part in parts)
        return Result(top, bottom, reason == 0, reason)

    def explain(self, values: Mapping[str, Fraction | int | None]) -> Explanation:
        """Compute the formula for one call, and tell what it was computed from."""
        inputs = {name: _fraction(values.get(name)) for name in self.names}
        columns = {
            name: (_one(value.numerator), _one(value.denominator))
            for name, value in inputs.items()
            if value is not None
        }
        found = self.compute(columns, 1)
        value = Fraction(int(found.numerator[0]), int(found.denominator[0]))
        reason = REASONS[found.reason[0]]
        return Explanation(self.text, inputs, None if reason else value, reason)


def compile_formula(text: str) -> Formula:
    """Check a formula and make it ready to compute; FormulaError where it is none."""
    if len(text) > MAX_TEXT:
        expected, found = "at most %(most)s characters", f"{len(text)}"
        raise FormulaError(MAX_TEXT + 1, found, expected, most=MAX_TEXT)
    parser = _Parser(_tokens(text))
    root = parser.expression(0, 0)
    parser.expect_end()
    _demand(root, NUMBER, 1)
    return Formula(text, tuple(parser.names), root)


def check(text: str) -> None:
    """FormulaError where a text is no formula."""
    compile_formula(text)


def _tokens(text: str) -> list[Token]:
    """Cut a text into tokens, with one more behind the last."""
    tokens, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if not match:
            place += len(text[place:]) - len(text[place:].lstrip())
            expected = "a number, a name, a function or an operator"
            raise FormulaError(place + 1, repr(text[place]), expected)
        kind, place = match.lastgroup or "", match.end()
        found = match[kind].lower()
        tokens.append(Token(kind, SPELLINGS.get(found, found), match.start(kind) + 1))
    return [*tokens, Token("", "", len(text) + 1)]


class _Parser:
    """Tokens -> nodes, by precedence.

    :ivar names: the names met, each once
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        """`tokens`: as `_tokens` gives them."""
        self._tokens = tokens
        self._place = 0
        self._parts = 0
        self.names: dict[str, None] = {}

    def _next(self) -> Token:
        """The token at hand."""
        return self._tokens[self._place]

    def _take(self) -> Token:
        """The token at hand; go on."""
        token = self._next()
        self._place += 1
        return token

    def _expect(self, mark: str) -> None:
        """Go on over a mark that must be there."""
        token = self._next()
        if token.text != mark:
            raise FormulaError(token.position, token.shown(), repr(mark))
        self._place += 1

    def expect_end(self) -> None:
        """FormulaError where more follows."""
        token = self._next()
        if token.kind:
            expected = "an operator or the end of the formula"
            raise FormulaError(token.position, token.shown(), expected)

    def _node(self, token: Token, *given: object) -> Node:
        """Make a node; FormulaError where there are too many."""
        self._parts += 1
        if self._parts > MAX_PARTS:
            expected = "at most %(most)s numbers, names and operators"
            raise FormulaError(token.position, "one more", expected, most=MAX_PARTS)
        return Node(*given)

    def expression(self, least: int, depth: int) -> Node:
        """What is held together by operators that bind at least so strongly."""
        first = self._next()
        left = self._operand(depth)
        while BINARY.get(self._next().text, -1) >= least:
            token = self._take()
            strength = BINARY[token.text]
            start = self._next().position
            right = self.expression(strength + 1, depth)
            left = self._joined(token, (left, first.position), (right, start))
            if strength == COMPARISON and BINARY.get(self._next().text) == COMPARISON:
                token = self._next()
                expected = "'and' or 'or' between two comparisons"
                raise FormulaError(token.position, token.shown(), expected)
        return left

    def _joined(
        self, token: Token, left: tuple[Node, int], right: tuple[Node, int]
    ) -> Node:
        """Two parts with an operator between them, checked."""
        wanted = CONDITION if token.text in ("and", "or") else NUMBER
        for node, position in (left, right):
            _demand(node, wanted, position)
        is_number = BINARY[token.text] > COMPARISON
        gives = NUMBER if is_number else CONDITION
        return self._node(token, token.text, gives, (left[0], right[0]))

    def _operand(self, depth: int) -> Node:
        """A number, a name, a function, something in brackets, or a sign and that."""
        token = self._take()
        if depth > MAX_DEPTH:
            expected = "at most %(most)s brackets and functions in one another"
            raise FormulaError(token.position, "one more", expected, most=MAX_DEPTH)
        if token.kind == "number":
            return self._node(token, "number", NUMBER, (), _number(token))
        if token.text == "(":
            inner = self.expression(0, depth + 1)
            self._expect(")")
            return inner
        if token.text in ("-", "not"):
            return self._signed(token, depth)
        if token.text in FUNCTIONS:
            return self._function(token, depth)
        if token.text in NAMES:
            self.names[token.text] = None
            return self._node(token, token.text, NUMBER)
        raise _unknown(token)

    def _signed(self, token: Token, depth: int) -> Node:
        """A minus or a `not`, and what it is of."""
        start = self._next().position
        is_minus = token.text == "-"
        inner = self.expression(MINUS if is_minus else NOT, depth + 1)
        gives = NUMBER if is_minus else CONDITION
        _demand(inner, gives, start)
        return self._node(token, "minus" if is_minus else "not", gives, (inner,))

    def _function(self, token: Token, depth: int) -> Node:
        """A function with its arguments."""
        self._expect("(")
        parts = [self._argument(token, 0, depth)]
        while self._next().text == ",":
            self._take()
            parts.append(self._argument(token, len(parts), depth))
        end = self._next()
        fewest, most = FUNCTIONS[token.text]
        if end.text == ")" and not fewest <= len(parts) <= most:
            count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            expected, values = "%(count)s values in %(name)s()", {"count": count}
            found = f"{len(parts)}"
            raise FormulaError(end.position, found, expected, name=token.text, **values)
        self._expect(")")
        if token.text == "round":
            return self._node(token, "round", NUMBER, (parts[0],), _places(parts, end))
        return self._node(token, token.text, NUMBER, tuple(parts))

    def _argument(self, function: Token, number: int, depth: int) -> Node:
        """One argument of a function, of the kind that it takes there."""
        start = self._next().position
        part = self.expression(0, depth + 1)
        is_first_of_if = function.text == "if" and not number
        _demand(part, CONDITION if is_first_of_if else NUMBER, start)
        return part


def _demand(node: Node, gives: str, position: int) -> None:
    """FormulaError where a part is a condition and not a number, or the reverse."""
    if node.gives == gives:
        return
    example = "a condition (such as duration > 60)"
    names = {NUMBER: NUMBER, CONDITION: example}
    raise FormulaError(position, names[node.gives], names[gives])


def _number(token: Token) -> Fraction:
    """The number that a token is; FormulaError where it is too long."""
    whole, _, decimals = token.text.partition(".")
    if max(len(whole), len(decimals)) > MAX_DIGITS:
        expected = "at most %(most)s digits before and behind the point"
        raise FormulaError(token.position, token.shown(), expected, most=MAX_DIGITS)
    return Fraction(int(whole + decimals or "0"), 10 ** len(decimals))


def _places(parts: Sequence[Node], end: Token) -> Fraction:
    """The decimals that `round` keeps; FormulaError where it is no plain number."""
    if len(parts) == 1:
        return Fraction(0)
    places = parts[1]
    whole = places.name == "number" and places.number.denominator == 1
    if not whole or places.number > MAX_PLACES:
        expected = "a plain whole number from 0 to %(most)s for the decimals"
        raise FormulaError(end.position, "something else", expected, most=MAX_PLACES)
    return places.number


def _unknown(token: Token) -> FormulaError:
    """The error for what cannot stand where a value is expected."""
    if token.kind != "word" or token.text in BINARY:
        expected = "a number, a name, a function or '('"
        return FormulaError(token.position, token.shown(), expected)
    known = ", ".join([*NAMES, *(f"{name}()" for name in FUNCTIONS)])
    close = get_close_matches(token.text, [*NAMES, *FUNCTIONS], 1)
    expected = "one of %(known)s"
    if close:
        expected += " (perhaps %(close)s)"
        values = {"known": known, "close": close[0]}
        return FormulaError(token.position, token.shown(), expected, **values)
    return FormulaError(token.position, token.shown(), expected, known=known)


def _one(number: int | Fraction) -> Array:
    """One integer as an array."""
    kind = np.int64 if abs(number) <= INT64_MAX else object
    return np.array([int(number)], dtype=kind)


def _fraction(value: Fraction | int | None) -> Fraction | None:
    """A value as a fraction, where there is one."""
    return None if value is None else Fraction(value)


def _input(column: Column | None) -> Value:
    """Values of a name: in lowest terms together, none where they are not known."""
    if column is None:
        return Value(_one(0), _one(1), np.array([MISSING], np.int8))
    known = column[2] if len(column) > 2 else np.ones(1, bool)  # noqa: PLR2004
    top, bottom = np.asarray(column[0]), np.atleast_1d(column[1])
    if top.dtype != object and peak(top) > INT64_MAX:
        top = top.astype(object)
    if bottom.size == 1 and bottom[0] != 1:
        shared = np.gcd.reduce(np.append(top, bottom))
        top, bottom = top // shared, bottom // shared
    return _settled(top, bottom, np.where(known, 0, MISSING).astype(np.int8))


def _settled(top: Array, bottom: Array, reason: Array) -> Value:
    """A value as parts keep it: 0/1 where there is none, in 64 bits where it fits.

    Wide values are in lowest terms; those that are far too large have no value.
    """
    if object in (top.dtype, bottom.dtype):
        shared = np.gcd(top, bottom)
        top, bottom = top // shared, bottom // shared
        is_huge = (np.abs(top) > LARGEST) | (bottom > LARGEST)
        reason = np.where((reason == 0) & is_huge.astype(bool), SIZE, reason)
        reason = reason.astype(np.int8)
    elif bottom.size > 1:
        shared = np.gcd(top, bottom)
        top, bottom = top // shared, bottom // shared
    if reason.any():
        top = np.where(reason == 0, top, 0)
        bottom = bottom if bottom.size == 1 else np.where(reason == 0, bottom, 1)
    return Value(_narrow(top), _narrow(bottom), reason)


def _narrow(values: Array) -> Array:
    """Integers in 64 bits where all of them fit."""
    if values.dtype != object or not fits_int64(values).all():
        return values
    return values.astype(np.int64)


def _wide_for(bound: int, *columns: Array) -> list[Array]:
    """Columns as they must be for a step whose results are below the bound."""
    if bound < SAFE:
        return list(columns)
    return [column.astype(object) for column in columns]


def _together(left: Value, right: Value) -> tuple[Array, Array, Array, Array]:
    """Two values over one denominator: left, right, denominator, reason."""
    reason = np.where(left.reason, left.reason, right.reason).astype(np.int8)
    columns = (left.top, left.bottom, right.top, right.bottom)
    if left.bottom.size == right.bottom.size == 1 and left.bottom == right.bottom:
        tops = _wide_for(peak(left.top) + peak(right.top), left.top, right.top)
        return tops[0], tops[1], left.bottom, reason
    peaks = [peak(column) for column in columns]
    bound = peaks[0] * peaks[3] + peaks[2] * peaks[1] + peaks[1] * peaks[3]
    columns = _wide_for(bound, *columns)
    shared = np.gcd(columns[1], columns[3])
    factor = columns[3] // shared
    other = columns[2] * (columns[1] // shared)
    return columns[0] * factor, other, columns[1] * factor, reason


def _evaluate(node: Node, inputs: Mapping[str, Value]) -> Value:
    """The value of a part of a formula."""
    if node.name == "number":
        top, bottom = node.number.numerator, node.number.denominator
        return Value(_one(top), _one(bottom), np.zeros(1, np.int8))
    if node.name in inputs:
        return inputs[node.name]
    values = [_evaluate(part, inputs) for part in node.parts]
    if node.name == "round":
        return _rounded(values[0], int(node.number))
    return STEPS[node.name](*values)


def _add(left: Value, right: Value) -> Value:
    """left + right."""
    first, second, bottom, reason = _together(left, right)
    return _settled(first + second, bottom, reason)


def _subtract(left: Value, right: Value) -> Value:
    """left - right."""
    first, second, bottom, reason = _together(left, right)
    return _settled(first - second, bottom, reason)


def _multiply(left: Value, right: Value) -> Value:
    """left * right."""
    reason = np.where(left.reason, left.reason, right.reason).astype(np.int8)
    columns = (left.top, right.top, left.bottom, right.bottom)
    peaks = [peak(column) for column in columns]
    bound = max(peaks[0] * peaks[1], peaks[2] * peaks[3])
    first, second, third, fourth = _wide_for(bound, *columns)
    return _settled(first * second, third * fourth, reason)


def _divide(left: Value, right: Value) -> Value:
    """left / right."""
    is_zero = right.top == 0
    reason = np.where(right.reason == 0, np.where(is_zero, ZERO_DIVISION, 0), 0)
    sign = np.where(right.top < 0, -1, 1)
    bottom = np.where(is_zero, 1, np.abs(right.top))
    swapped = _multiply(left, Value(right.bottom * sign, bottom, right.reason))
    reason = np.where(swapped.reason, swapped.reason, reason).astype(np.int8)
    return _settled(swapped.top, swapped.bottom, reason)


def _modulo(left: Value, right: Value) -> Value:
    """What left / right leaves, with the sign of right."""
    first, second, bottom, reason = _together(left, right)
    is_zero = second == 0
    reason = np.where((reason == 0) & is_zero, ZERO_DIVISION, reason).astype(np.int8)
    return _settled(first % np.where(is_zero, 1, second), bottom, reason)


def _comparison(holds: Callable[[Array, Array], Array]) -> Callable[..., Value]:
    """The step that compares two values."""

    def compare(left: Value, right: Value) -> Value:
        """Whether it holds."""
        first, second, _bottom, reason = _together(left, right)
        return Value(holds(first, second).astype(bool), _one(1), reason)

    return compare


def _both(left: Value, right: Value) -> Value:
    """left and right; right does not count where left is false."""
    decided = (left.reason != 0) | ~left.top
    reason = np.where(decided, left.reason, right.reason).astype(np.int8)
    return Value(left.top & right.top, _one(1), reason)


def _either(left: Value, right: Value) -> Value:
    """left or right; right does not count where left is true."""
    decided = (left.reason != 0) | left.top
    reason = np.where(decided, left.reason, right.reason).astype(np.int8)
    return Value(left.top | right.top, _one(1), reason)


def _negate(value: Value) -> Value:
    """not value."""
    return Value(~value.top, value.bottom, value.reason)


def _minus(value: Value) -> Value:
    """-value."""
    return Value(-value.top, value.bottom, value.reason)


def _absolute(value: Value) -> Value:
    """The value without its sign."""
    return Value(np.abs(value.top), value.bottom, value.reason)


def _choose(condition: Value, yes: Value, no: Value) -> Value:
    """The value of the branch that is taken."""
    is_yes = condition.top
    taken = np.where(is_yes, yes.reason, no.reason)
    reason = np.where(condition.reason, condition.reason, taken).astype(np.int8)
    top = np.where(is_yes, yes.top, no.top)
    return _settled(top, np.where(is_yes, yes.bottom, no.bottom), reason)


def _extreme(holds: Callable[[Array, Array], Array]) -> Callable[..., Value]:
    """The step that keeps the least or the largest of its values."""

    def keep(*values: Value) -> Value:
        """The one that holds against all others."""
        kept = values[0]
        for value in values[1:]:
            first, second, bottom, reason = _together(kept, value)
            stays = holds(first, second).astype(bool)
            kept = _settled(np.where(stays, first, second), bottom, reason)
        return kept

    return keep


def _floor(value: Value) -> Value:
    """The next whole number below."""
    return _settled(value.top // value.bottom, _one(1), value.reason)


def _ceil(value: Value) -> Value:
    """The next whole number above."""
    return _settled(-(-value.top // value.bottom), _one(1), value.reason)


def _whole(value: Value) -> Value:
    """The whole number towards zero."""
    return _settled(round_ratio(value.top, value.bottom, "down"), _one(1), value.reason)


def _rounded(value: Value, places: int) -> Value:
    """The value with so many decimals, half away from zero."""
    scale = 10**places
    bound = max(peak(value.top) * scale, peak(value.bottom))
    top, bottom = _wide_for(bound, value.top, value.bottom)
    rounded = round_ratio(top * scale, bottom, "half_up")
    return _settled(rounded, _one(scale), value.reason)


STEPS: dict[str, Callable[..., Value]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _modulo,
    "=": _comparison(np.equal),
    "!=": _comparison(np.not_equal),
    "<": _comparison(np.less),
    "<=": _comparison(np.less_equal),
    ">": _comparison(np.greater),
    ">=": _comparison(np.greater_equal),
    "and": _both,
    "or": _either,
    "not": _negate,
    "minus": _minus,
    "if": _choose,
    "int": _whole,
    "ceil": _ceil,
    "floor": _floor,
    "abs": _absolute,
    "min": _extreme(np.less_equal),
    "max": _extreme(np.greater_equal),
}
