# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Formulas: what is refused and how, what comes out, exactly, for whole tables."""

import operator
from fractions import Fraction
from math import ceil, floor, trunc

import numpy as np
import pytest
from engine.exceptions import EngineError
from engine.pricing.formula import (
    LARGEST,
    MAX_PARTS,
    NAMES,
    REASONS,
    FormulaError,
    check,
    compile_formula,
)
from hypothesis import given, settings
from hypothesis import strategies as st

F = Fraction
CALL = {
    "duration": 61,
    "billed_duration": 120,
    "carrier_amount": F("0.123456789"),
    "price_per_unit": F("0.05"),
    "units": -7,
    "discount": 0,
}
VALUES = [
    ("0.05", F(1, 20)),
    (".5 + 1.", F(3, 2)),
    ("1 + 2 * 3 - 4 / 8", F(13, 2)),
    ("(1 + 2) * 3", 9),
    ("10 - 4 - 3", 3),
    ("100 / 10 / 2", 5),
    ("-2 * -3", 6),
    ("--2", 2),
    ("7 % 3", 1),
    ("-7 % 3", 2),
    ("7 % -3", -2),
    ("7.5 % 2", F(3, 2)),
    ("2 * 7 % 4", 2),
    ("ceil(duration / 60) * 0.05", F(1, 10)),
    ("duration * price_per_unit / 60", F(61, 1200)),
    ("carrier_amount * 1.1", F("0.1358024679")),
    ("int(3.9) + int(-3.9)", 0),
    ("floor(units / 2)", -4),
    ("ceil(units / 2)", -3),
    ("abs(units)", 7),
    ("min(3, 1, 2)", 1),
    ("max(3, duration, 2)", 61),
    ("round(2.5)", 3),
    ("round(-2.5)", -3),
    ("round(carrier_amount, 4)", F("0.1235")),
    ("round(1 / 3, 2)", F("0.33")),
    ("if(duration > 60, 0.10, 0.05)", F(1, 10)),
    ("if(duration <= 60 or units < 0, 1, 2)", 1),
    ("if(duration > 60 and not units < 0, 1, 2)", 2),
    ("if(not duration = 61, 1, 2)", 2),
    ("if(not not duration == 61, 1, 2)", 1),
    ("if(units != -7, 1, if(units <> 3, 5, 6))", 5),
    ("IF(Duration>=61,1,0)", 1),
    ("if(1 < 2 and 2 < 1 or 3 > 2, 1, 0)", 1),
    ("if(discount = 0, 7, 1 / discount)", 7),
    ("if(discount > 0 and 1 / discount > 1, 1, 2)", 2),
    ("if(discount = 0 or 1 / discount > 1, 1, 2)", 1),
    ("if(1 > 2, cost, 3)", 3),
    ("999999999999999999 * 999999999999999999", 999999999999999999**2),
]
NO_VALUES = [
    ("1 / discount", "zero_division"),
    ("1 % discount", "zero_division"),
    ("1 + cost", "missing"),
    ("cost / discount", "missing"),
    ("min(1, cost)", "missing"),
    ("if(1 / discount > 0, 1, 2)", "zero_division"),
    ("if(cost > 1 and 1 > 2, 1, 2)", "missing"),
    ("-(1 / discount)", "zero_division"),
    (" * ".join(["999999999999999999"] * 4), "size"),
]
REFUSED = [
    # text, position, found, what the expectation must name
    ("", 1, "the end of the formula", "a number, a name, a function"),
    ("   ", 4, "the end of the formula", "a number, a name, a function"),
    ("1 +", 4, "the end of the formula", "a number, a name"),
    ("1 2", 3, "'2'", "an operator"),
    ("0,05", 2, "','", "an operator"),
    ("(1 + 2", 7, "the end of the formula", "')'"),
    ("1 + 2)", 6, "')'", "an operator"),
    ("durration * 2", 1, "'durration'", "perhaps duration"),
    ("duración", 1, "'duración'", "one of duration, original_duration"),
    ("2 ** 3", 4, "'*'", "a number, a name"),
    ("2 ^ 3", 3, "'^'", "an operator"),
    ("duration.real", 9, "'.'", "an operator"),
    ("__import__('os')", 12, '"\'"', "a number"),
    ("__import__(1)", 1, "'__import__'", "one of"),
    ("eval(1)", 1, "'eval'", "one of"),
    ("sum(1, 2)", 1, "'sum'", "one of"),
    ("1e5", 2, "'e5'", "an operator"),
    ("if(duration, 1, 2)", 4, "a number", "a condition (such as duration > 60)"),
    ("if(duration > 1, 2)", 19, "2", "3 values in if()"),
    ("min(1)", 6, "1", "2 to 20 values in min()"),
    ("int 3", 5, "'3'", "'('"),
    ("if(1 > 0; 1; 2)", 9, "';'", "an operator"),
    ("duration > 60", 1, "a condition (such as duration > 60)", "a number"),
    ("1 + (2 > 1)", 5, "a condition (such as duration > 60)", "a number"),
    ("if(1 < 2 < 3, 1, 2)", 10, "'<'", "'and' or 'or'"),
    ("if(duration and 1 > 0, 1, 2)", 4, "a number", "a condition"),
    ("if(not duration, 1, 2)", 8, "a number", "a condition"),
    ("not 1 > 2", 1, "a condition (such as duration > 60)", "a number"),
    ("round(1, duration)", 18, "something else", "from 0 to 9"),
    ("round(1, 10)", 12, "something else", "from 0 to 9"),
    ("round(1, 0.5)", 13, "something else", "from 0 to 9"),
    ("1234567890123456789", 1, "'1234567890123456789'", "18 digits"),
    ("(" * 40 + "1" + ")" * 40, 32, "one more", "at most 30 brackets"),
    ("-" * 40 + "1", 32, "one more", "at most 30 brackets"),
    ("1" + "+1" * MAX_PARTS, 250, "one more", f"at most {MAX_PARTS}"),
    ("1" + " " * 3000, 2001, "3001", "at most 2000 characters"),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_formula_has_its_exact_value(text, value):
    explained = compile_formula(text).explain(CALL)
    assert (explained.value, explained.reason) == (value, "")


@pytest.mark.parametrize(("text", "reason"), NO_VALUES)
def test_what_has_no_value_says_why(text, reason):
    explained = compile_formula(text).explain(CALL)
    assert (explained.value, explained.reason) == (None, reason)


@pytest.mark.parametrize(("text", "position", "found", "expected"), REFUSED)
def test_what_is_no_formula_is_refused_in_words(text, position, found, expected):
    with pytest.raises(FormulaError) as refused:
        check(text)
    error = refused.value
    assert isinstance(error, EngineError)
    assert (error.reason, error.position) == ("formula", position)
    assert error.found == found
    assert expected in error.expected
    assert error.message == (
        f"Formula, character {position}: expected {error.expected}; found {found}."
    )


def test_every_name_may_be_used_and_is_told_once_in_order():
    formula = compile_formula(" + ".join(reversed(NAMES)) + " + units")
    assert formula.names == tuple(reversed(NAMES))
    assert formula.explain(dict.fromkeys(NAMES, F(1, 2))).value == F(13, 2)


def test_explain_gives_the_inputs_and_the_value():
    formula = compile_formula("if(duration > 60, cost * 2, units)")
    explained = formula.explain({"duration": 61, "cost": F("0.5"), "price": 9})
    assert explained.text == "if(duration > 60, cost * 2, units)"
    assert explained.inputs == {"duration": 61, "cost": F(1, 2), "units": None}
    assert (explained.value, explained.reason) == (1, "")


def test_a_table_is_computed_at_once_and_undefined_calls_wait():
    formula = compile_formula("carrier_amount / duration + 0.5")
    amount = np.array([1_000_000_000, 500_000_000, 7, 3_000_000_000])
    known = np.array([True, True, True, False])
    columns = {
        "duration": (np.array([2, 0, 7, 1]), 1),
        "carrier_amount": (amount, 10**9, known),
    }
    result = formula.compute(columns, 4)
    assert result.known.tolist() == [True, False, True, False]
    assert [REASONS[place] for place in result.reason] == [
        "", "zero_division", "", "missing",
    ]  # fmt: skip
    assert result.numerator.tolist() == [1, 0, 500_000_001, 0]
    assert result.denominator.tolist() == [1, 1, 1_000_000_000, 1]
    assert result.numerator.dtype == np.int64


def test_a_branch_that_is_not_taken_makes_no_call_wait():
    formula = compile_formula("if(units > 0, 60 / units, if(cost > 1, cost, 2))")
    columns = {
        "units": (np.array([3, 0, 0]), 1),
        "cost": (np.array([0, 5, 9]), 1, np.array([False, True, False])),
    }
    result = formula.compute(columns, 3)
    assert result.numerator.tolist() == [20, 5, 0]
    assert result.known.tolist() == [True, True, False]


def test_values_beyond_64_bits_stay_exact():
    large = 2**62 + 1
    columns = {"volume": (np.array([large, 3]), 1)}
    result = compile_formula("volume * volume + 1").compute(columns, 2)
    assert result.numerator.tolist() == [large**2 + 1, 10]
    back = compile_formula("volume * volume / volume").compute(columns, 2)
    assert back.numerator.tolist() == [large, 3]
    assert back.numerator.dtype == np.int64
    least = np.array([-(2**63)])
    lowest = compile_formula("-volume").compute({"volume": (least, 1)}, 1)
    assert lowest.numerator.tolist() == [2**63]


def test_a_constant_and_no_calls():
    result = compile_formula("0.25").compute({}, 3)
    assert result.numerator.tolist() == [1, 1, 1]
    assert result.denominator.tolist() == [4, 4, 4]
    empty = compile_formula("duration").compute({"duration": (np.zeros(0, int), 1)}, 0)
    assert [len(part) for part in (empty.numerator, empty.known)] == [0, 0]


# The same again with Python's own fractions, one call at a time.
NONE = (None, False)
ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul}
ARITHMETIC |= {"/": operator.truediv, "%": operator.mod}
COMPARED = {"=": operator.eq, "!=": operator.ne, "<": operator.lt}
COMPARED |= {"<=": operator.le, ">": operator.gt, ">=": operator.ge}
ROUNDERS = {"int": trunc, "ceil": ceil, "floor": floor, "abs": abs}
CONSTANTS = st.tuples(st.just("constant"), st.integers(0, 10**6), st.integers(0, 6))
LEAVES = CONSTANTS | st.tuples(st.just("name"), st.sampled_from(NAMES[:4]))


SIMPLE = LEAVES | st.tuples(st.sampled_from(sorted(ARITHMETIC)), LEAVES, LEAVES)
CONDITIONS = st.recursive(
    st.tuples(st.sampled_from(sorted(COMPARED)), SIMPLE, SIMPLE),
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner)
    | st.tuples(st.just("not"), inner),
    max_leaves=3,
)


def larger(inner):
    """Trees of one operator or function more."""
    return (
        st.tuples(st.sampled_from(sorted(ARITHMETIC)), inner, inner)
        | st.tuples(st.sampled_from([*sorted(ROUNDERS), "minus"]), inner)
        | st.tuples(st.sampled_from(["min", "max"]), inner, inner)
        | st.tuples(st.just("round"), inner, st.integers(0, 9))
        | st.tuples(st.just("if"), CONDITIONS, inner, inner)
    )


TREES = st.recursive(LEAVES, larger, max_leaves=12)
WHOLE = st.integers(-(10**12), 10**12)
ROWS = st.lists(st.tuples(WHOLE, WHOLE, st.integers(0, 3)), min_size=1, max_size=4)


def written(tree):
    """A tree as the text of a formula."""
    name, *parts = tree
    if name == "constant":
        digits = f"{parts[0]:0{parts[1] + 1}d}"
        cut = len(digits) - parts[1]
        return f"{digits[:cut]}.{digits[cut:]}"
    if name == "name":
        return parts[0]
    if name == "round":
        return f"round({written(parts[0])}, {parts[1]})"
    texts = [written(part) for part in parts]
    if name in ("minus", "not"):
        return f"({'-' if name == 'minus' else 'not '}{texts[0]})"
    if name in ROUNDERS or name in ("min", "max", "if"):
        return f"{name}({', '.join(texts)})"
    return f"({texts[0]} {name} {texts[1]})"


def bounded(value):
    """A value, None where it is too large to be one."""
    too_large = max(abs(value.numerator), value.denominator) > LARGEST
    return None if too_large else Fraction(value)


def valued(tree, row):
    """A tree's value, None where it has none."""
    name, *parts = tree
    if name == "constant":
        return Fraction(parts[0], 10 ** parts[1])
    if name == "name":
        return row[parts[0]]
    first = valued(parts[0], row)
    if name in ("if", "and", "or"):
        return branched(name, first, parts, row)
    if name == "round":
        return None if first is None else half_up(first, parts[1])
    values = [first, *(valued(part, row) for part in parts[1:])]
    if None in values or (name in "/%" and values[1] == 0):
        return None
    return applied(name, values)


def branched(name, first, parts, row):
    """What does not look at all of its parts."""
    if first is None:
        return None
    if name == "if":
        return valued(parts[1 if first else 2], row)
    return first if first == (name == "or") else valued(parts[1], row)


def half_up(value, places):
    """Rounded half away from zero."""
    scaled = floor(abs(value) * 10**places + Fraction(1, 2))
    return bounded(Fraction(scaled if value >= 0 else -scaled, 10**places))


def applied(name, values):
    """An operator or function of values that are all there."""
    if name in COMPARED:
        return COMPARED[name](*values)
    if name in ("min", "max"):
        return min(values) if name == "min" else max(values)
    if name == "not":
        return not values[0]
    if name == "minus":
        return -values[0]
    function = ARITHMETIC.get(name) or ROUNDERS[name]
    return bounded(Fraction(function(*values)))


@settings(max_examples=400)
@given(TREES, ROWS)
def test_any_formula_equals_pythons_fractions(tree, rows):
    formula = compile_formula(written(tree))
    first, second, flag = (np.array(column) for column in zip(*rows, strict=True))
    columns = {
        "duration": (first, 1),
        "original_duration": (second, 10**9),
        "billed_duration": (flag, np.abs(second) + 1),
        "carrier_amount": (second, 1000, flag > 0),
    }
    result = formula.compute(columns, len(rows))
    for place, (one, two, three) in enumerate(rows):
        row = {
            "duration": Fraction(one),
            "original_duration": Fraction(two, 10**9),
            "billed_duration": Fraction(three, abs(two) + 1),
            "carrier_amount": Fraction(two, 1000) if three else None,
        }
        wanted = valued(tree, row)
        assert result.known[place] == (wanted is not None)
        if wanted is not None:
            found = Fraction(
                int(result.numerator[place]), int(result.denominator[place])
            )
            assert found == wanted


@settings(max_examples=300)
@given(st.text(alphabet="dur1.(+-*/%<>=!,) ifandotmxc_é\n", max_size=40))
def test_any_text_is_a_formula_or_refused(text):
    try:
        formula = compile_formula(text)
    except FormulaError as error:
        assert 1 <= error.position <= len(text) + 1
    else:
        assert set(formula.names) <= set(NAMES)
