# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Steps: what each makes of a cell, alone, in a row, and in a file."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parser_samples import PLAIN, facts_of, rejections_of, spec
from parsers.columns import make_plan
from parsers.exceptions import FormatError
from parsers.formats import FormatSpec
from parsers.steps.catalogue import STEPS, NamedStep, function
from parsers.steps.conversion import trace
from parsers.steps.definition import as_chain, plain
from parsers.steps.notation import format_steps, parse_steps
from parsers.tables import RowTable

# Every step with something to be told, as people write it.
EXAMPLES = (
    "strip",
    "strip '*",
    "upper",
    "lower",
    "digits",
    "replace ^9 -> 0",
    "replace [ -]+ ->",
    r"replace ^(\d{3})(\d+)$ -> \2\1",
    "keep <I>(.*)",
    "remove_prefix ->",
    "remove_suffix .0",
    "pad 9",
    "default 0",
    "empty null, -, n/a",
    "map s -> , -1 -> 0",
    r"number_plan ^00 -> +, ^9(\d{8})$ -> +349\1",
    "date_parts MMDDYYYY hhmmss",
    "epoch",
    "gregorian",
    "minutes",
    "duration text",
    "implied_decimals 5",
    "pence",
    "without_tax 21",
    "without_tax 5.5",
    "negate",
    "absolute",
)
# What a file of text may hold inside of a plain cell.
CELL_LETTERS = st.characters(
    exclude_characters='",', exclude_categories=("C", "Zl", "Zp")
)
CASES = [
    # step, cell, what it becomes (None: refused)
    ("strip", " x ", "x"),
    ("strip '*", " *'12'* ", "12"),
    ("upper", "aß", "ASS"),
    ("lower", "EXT1", "ext1"),
    ("digits", "(+34) 600-00", "+3460000"),
    ("digits", "Ext.10016", "10016"),
    ("digits", "a+b", ""),
    ("replace ^9 ->", "9600", "600"),
    ("replace ^9 ->", "600", "600"),
    ("replace x -> y", "axbx", "ayby"),
    (r"replace ^(\d\d)(\d\d)$ -> \2-\1", "1234", "34-12"),
    ("replace ^$ -> none", "", "none"),
    ("replace <[^>]*> ->", "<font color=green>ANSWERED</font>", "ANSWERED"),
    ("keep <I>(.*)", "<D>912000001<I>600000001", "600000001"),
    ("keep <I>(.*)", "600000001", ""),
    (r"keep \d+", "a12b34", "12"),
    ("keep (a)|(b)", "b", ""),
    ("remove_prefix ->", "->910000001", "910000001"),
    ("remove_prefix ->", "910000001", "910000001"),
    ("remove_suffix .0", "34910000001.0", "34910000001"),
    ("pad 6", "59", "000059"),
    ("pad 6", "1234567", "1234567"),
    ("pad 6", "", ""),
    ("default 0", "", "0"),
    ("default 0", "5", "5"),
    ("empty null, -", "NULL", ""),
    ("empty null, -", "-", ""),
    ("empty null, -", "-1", "-1"),
    ("map -1 -> 0, s ->", "-1", "0"),
    ("map -1 -> 0, s ->", "s", ""),
    ("map -1 -> 0, s ->", "S", "S"),
    ('map "" -> 0', "", "0"),
    (r"number_plan ^00 -> +, ^0 -> +44", "0044", "+44"),
    (r"number_plan ^00 -> +, ^0 -> +44", "020", "+4420"),
    (r"number_plan ^00 -> +, ^0 -> +44", "600", "600"),
    ("date_parts MMDDYYYY hhmmss", "07042002 000852", "2002-07-04T00:08:52"),
    ("date_parts DD-MON-YY hh:mm", "01-Jan-21 8:34", "2021-01-01T08:34:00"),
    ("date_parts YYYYMMDDhhmmssff", "2012070818150600", "2012-07-08T18:15:06"),
    ("date_parts %d.%m.%y%H:%M:%S", "22.02.1923:11:41", "2019-02-22T23:11:41"),
    (
        "date_parts %Y-%m-%d %H:%M%z",
        "2018-02-02 22:25-0330",
        "2018-02-02T22:25:00-0330",
    ),
    ("date_parts DDMMYYYY", "31022026", None),
    ("date_parts DDMMYYYY", "", ""),
    ("epoch", "1744993930", "2025-04-18T16:32:10Z"),
    ("epoch", "1521025758006702", "2018-03-14T11:09:18Z"),
    ("epoch", "0", ""),
    ("epoch", "x", None),
    ("gregorian", "63730000000", "2019-07-10T17:46:40Z"),
    ("gregorian", "0", ""),
    ("gregorian", "1744993930", None),
    ("minutes", "0.62", "37.20"),
    ("minutes", "x", None),
    ("minutes", "", ""),
    ("duration text", "00:03'45", "225"),
    ("duration hm", "0:10", "600"),
    ("duration text", "soon", None),
    ("implied_decimals 5", "1234500", "12.34500"),
    ("implied_decimals 2", "7", "0.07"),
    ("implied_decimals 2", "-7", "-0.07"),
    ("implied_decimals 2", "1.5", None),
    ("pence", "12.5", "0.125"),
    ("pence", "250p", "2.50"),
    ("pence", "x", None),
    ("without_tax 21", "1.21", "1.000000000"),
    ("without_tax 21", "-0.10", "-0.082644628"),
    ("without_tax 5.5", "1.055", "1.000000000"),
    ("without_tax 21", "x", None),
    ("negate", "-0.0075", "0.0075"),
    ("negate", "0.0075", "-0.0075"),
    ("negate", "+0200", "-0200"),
    ("negate", "-0200", "0200"),
    ("negate", "0", "0"),
    ("negate", "x", None),
    ("absolute", "-5", "5"),
    ("absolute", "€ 5", "5"),
    ("absolute", "x", None),
]


def one(words: str, cell: str, mark: str = ".") -> str | None:
    """What a step makes of a cell."""
    (step,) = parse_steps("steps", words)
    return function(step, mark)([cell])[0]


@pytest.mark.parametrize(("words", "cell", "expected"), CASES)
def test_steps(words: str, cell: str, expected: str | None) -> None:
    assert one(words, cell) == expected


def test_every_step_has_a_case_and_an_example() -> None:
    assert {words.split()[0] for words, _, _ in CASES} == set(STEPS)
    assert {words.split()[0] for words in EXAMPLES} == set(STEPS)


def test_numbers_are_in_the_decimal_mark_of_the_format() -> None:
    assert one("minutes", "0,62", ",") == "37,20"
    assert one("implied_decimals 2", "1234", ",") == "12,34"
    assert one("pence", "12.5", ",") is None


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(EXAMPLES), st.lists(st.text(max_size=40), max_size=5))
def test_no_text_makes_a_step_fail(words: str, cells: list[str]) -> None:
    (step,) = parse_steps("steps", words)
    made = function(step, ".")(cells)
    assert len(made) == len(cells)
    assert all(cell is None or isinstance(cell, str) for cell in made)


# === How steps are written === #


@pytest.mark.parametrize("words", EXAMPLES)
def test_what_is_written_comes_back(words: str) -> None:
    steps = parse_steps("steps", words)
    assert parse_steps("steps", format_steps(steps)) == steps
    assert as_chain("steps", plain(steps)) == steps


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        (
            "strip | replace ^9 -> | digits",
            ["strip", {"replace": ["^9", ""]}, "digits"],
        ),
        ("replace a|b -> c", [{"replace": ["a|b", "c"]}]),
        ("replace ^-> ->", [{"replace": ["^->", ""]}]),
        ("strip\n| upper", ["strip", "upper"]),
        ('replace "a | b" -> " "', [{"replace": ["a | b", " "]}]),
        ('strip """"', [{"strip": '"'}]),
        ('map "a, b" -> c, d -> "e -> f"', [{"map": {"a, b": "c", "d": "e -> f"}}]),
        (r"keep ^\d{2,3}", [{"keep": r"^\d{2,3}"}]),
        ("empty null, -", [{"empty": ["null", "-"]}]),
        ("pad 9", [{"pad": 9}]),
    ],
)
def test_notation(text: str, expected: list[Any]) -> None:
    assert plain(parse_steps("steps", text)) == expected


MISTAKES = [
    ("stripp", "one of the steps strip, upper", "stripp"),
    ("strip |", "one of the steps", ""),
    ("| strip", "one of the steps", "|"),
    ("upper x", "nothing behind the step's name", "x"),
    ("replace x", "' -> ' and what takes its place", "x"),
    ("replace -> x", "a pattern and a text", ""),
    ("replace ( -> x", "a regular expression", "("),
    (r"replace a -> \1", "a text for the pattern's groups", r"\\1"),
    ("keep [", "a regular expression", "["),
    ("keep", "a text behind the step's name", "None"),
    ("pad x", "a number from 1 to 64", "x"),
    ("pad 65", "a number from 1 to 64", "65"),
    ("implied_decimals 0", "a number from 1 to 18", "0"),
    ("map a", "' -> ' and what takes its place", "a"),
    ("empty", "words behind the step's name", ""),
    ("date_parts MM/DD hh:mm", "the parts of a date", "MM/DD"),
    ("date_parts noon", "month and day", "noon"),
    ("date_parts %q", "one of %Y", "%q"),
    ("duration weeks", "one of 'seconds'", "weeks"),
    ('strip "x" y', "' | ' before the next step", "y"),
    (" | ".join(["strip"] * 31), "up to 30 steps", "strip"),
]


@pytest.mark.parametrize(("text", "expected", "found"), MISTAKES)
def test_mistakes_say_what_is_expected(text: str, expected: str, found: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_steps("steps.start", text)
    assert expected in str(caught.value)
    assert found in str(caught.value)
    assert str(caught.value).startswith("steps.start")


atoms = st.text(max_size=8) | st.sampled_from(["->", "|", " | ", ", ", '"', "a -> b"])
texts = atoms.filter(bool)
chains = st.lists(
    st.one_of(
        st.sampled_from(["strip", "digits", "epoch"]),
        texts.map(lambda text: {"remove_prefix": text}),
        st.lists(texts, min_size=1, max_size=3).map(lambda words: {"empty": words}),
        st.dictionaries(atoms, atoms, min_size=1, max_size=3).map(
            lambda pairs: {"map": pairs}
        ),
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(chains)
def test_any_steps_are_written_so_that_they_come_back(chain: list[Any]) -> None:
    steps = as_chain("steps", chain)
    assert parse_steps("steps", format_steps(steps)) == steps


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text('|->," strip map pad 9', max_size=60))
def test_any_text_is_steps_or_a_message(text: str) -> None:
    try:
        steps = parse_steps("steps", text)
    except FormatError as error:
        assert error.key.startswith("steps")
    else:
        assert all(isinstance(step, NamedStep) for step in steps)


# === In a format === #


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"steps": {"colour": ["strip"]}}, "steps"),
        ({"steps": ["strip"]}, "steps"),
        ({"steps": {"start": "strip"}}, "steps.start"),
        ({"steps": {"start": ["strip", "frobnicate"]}}, "steps.start.2"),
        ({"steps": {"start": [{"replace": ["(", ""]}]}}, "steps.start.1.replace"),
        ({"steps": {"start": [{"strip": 1, "pad": 2}]}}, "steps.start.1"),
        ({"steps": {"start": [{"map": {}}]}}, "steps.start.1.map"),
        ({"steps": {"start": [{"number_plan": "x"}]}}, "steps.start.1.number_plan"),
        ({"checks": {"colour": "x"}}, "checks"),
        ({"checks": {"start": "("}}, "checks.start"),
        ({"time_means": "middle"}, "time_means"),
        (
            {"column_mapping": {"start": 1, "called_number": 2}, "time_means": "end"},
            "column_mapping",
        ),
    ],
)
def test_mistakes_of_formats_name_the_key(values: dict[str, Any], key: str) -> None:
    with pytest.raises(FormatError) as caught:
        FormatSpec.from_dict({**PLAIN, **values})
    assert caught.value.key == key


def test_steps_as_json_text_and_as_data_are_the_same() -> None:
    text = '{"start": ["epoch"], "called_number": []}'
    form = spec(steps=text)
    assert form.steps == (("start", (NamedStep("epoch"),)),)
    assert form == spec(steps={"start": ["epoch"]})
    assert spec(steps="", checks="{}") == spec()


def test_steps_in_a_file() -> None:
    form = spec(
        steps={
            "start": [{"keep": r"\d{14}"}, {"date_parts": "YYYYMMDDhhmmss"}],
            "calling_number": [{"replace": ["^9", ""]}, {"map": {"s": ""}}],
            "called_number": [{"number_plan": [["^0([1-9])", r"+34\1"]]}],
            "duration": [{"map": {"-1": "0"}}, {"duration": "text"}],
            "carrier_amount": [{"empty": ["null"]}, "pence", "absolute"],
            "unique_id": ["upper"],
        },
        duration_unit="minutes",
    )
    facts = facts_of(
        "[x] 20261005100000,9910000001,0600000099,1m 15s,-250,a1\n"
        "[y] 20261005100100,s,0600000099,-1,null,a2\n",
        form,
    )
    names = ["calling_number", "called_number", "duration", "unique_id", "start_text"]
    assert facts[names].to_numpy().tolist() == [
        ["+34910000001", "+34600000099", 75, "A1", "2026-10-05T10:00:00"],
        [None, "+34600000099", 0, "A2", "2026-10-05T10:01:00"],
    ]
    amounts = (
        facts["carrier_amount_nano"].astype(object).where(lambda n: n.notna(), None)
    )
    assert amounts.tolist() == [2_500_000_000, None]
    assert facts["start_at"].astype(str).tolist() == [
        "2026-10-05 08:00:00",
        "2026-10-05 08:01:00",
    ]


def test_rules_look_at_what_the_file_says() -> None:
    form = spec(
        steps={"called_number": [{"keep": "<I>(.*)"}]},
        direction_rules=[{"column": 3, "pattern": "<I>", "direction": "incoming"}],
    )
    facts = facts_of("2026-10-05 10:00:00,600000099,<I>910000001,5\n", form)
    assert facts["direction"].tolist() == ["incoming"]
    assert facts["called_number"].tolist() == ["+34910000001"]


def test_own_extension_in_one_column_and_the_other_party_in_the_next() -> None:
    rules = [
        {"column": 3, "pattern": "<I>", "direction": "incoming"},
        {"internal_digits": 4},
    ]
    content = (
        "2026-10-05 10:00:00,1200,<I>600000099,5\n"
        "2026-10-05 10:01:00,1200,<D>910000001<I>,5\n"
        "2026-10-05 10:02:00,1200,600000099,5\n"
        "2026-10-05 10:03:00,1200,EXT1235,5\n"
    )
    facts = facts_of(content, spec(direction_rules=rules, swap_incoming=True))
    names = ["direction", "calling_number", "called_number", "is_withheld"]
    assert facts[names].astype(object).to_numpy().tolist() == [
        ["incoming", "+34600000099", "1200", False],
        ["incoming", None, "1200", True],
        ["outgoing", "1200", "+34600000099", False],
        ["internal", "1200", "1235", False],
    ]
    plain = facts_of(content, spec(direction_rules=rules))
    assert plain["calling_number"].tolist() == ["1200"] * 4


def test_what_a_step_refuses_is_a_rejection_of_its_own() -> None:
    form = spec(steps={"carrier_amount": [{"implied_decimals": 2}]})
    found = rejections_of(
        "2026-10-05 10:00:00,910000001,600000099,5,12.50\n"
        "2026-10-05 10:00:00,910000001,600000099,5,1250\n",
        form,
    )
    columns = ["line_number", "reason", "found", "message"]
    assert found[columns].to_numpy().tolist() == [
        [
            1,
            "step",
            "12.50",
            "'12.50' cannot be converted by the step 'implied_decimals 2'.",
        ]
    ]


def test_checks_look_at_the_cell_as_it_is() -> None:
    form = spec(
        checks={"called_number": "^9", "unique_id": r"^[a-z]\d+$"},
        steps={"called_number": [{"remove_prefix": "9"}]},
    )
    content = (
        "2026-10-05 10:00:00,910000001,9600000099,5,,a1\n"
        "2026-10-05 10:01:00,910000001,600000099,5,,a2\n"
        "2026-10-05 10:02:00,910000001,9600000099,5,,Bad\n"
        "2026-10-05 10:03:00,910000001,9600000099,5,,\n"
    )
    facts, found = facts_of(content, form), rejections_of(content, form)
    assert facts["called_number"].tolist() == ["+34600000099"]
    assert found["message"].tolist() == [
        "'600000099' is not what the format expects there: ^9.",
        r"'Bad' is not what the format expects there: ^[a-z]\d+$.",
        r"'' is not what the format expects there: ^[a-z]\d+$.",
    ]
    assert set(found["reason"]) == {"check"}


def test_columns_are_put_together_before_their_steps() -> None:
    form = FormatSpec.from_dict(
        {
            "column_mapping": {
                "start": [1, 2],
                "called_number": [3, 4],
                "unique_id": [5, 6],
                "extra.note": [5, 6],
            },
            "steps": {
                "start": [{"date_parts": "MMDDYYYY hhmmss"}],
                "called_number": [{"remove_prefix": "9"}],
                "unique_id": [{"replace": [r"\|", "-"]}],
                "extra.note": [{"replace": [" ", "+"]}],
            },
        }
    )
    facts = facts_of("07042002,000852,,9600000099,a,b\n", form)
    assert facts["called_number"].tolist() == ["+34600000099"]
    assert facts["unique_id"].tolist() == ["a-b"]
    assert facts["extra"].tolist() == ['{"note":"a+b"}']
    assert str(facts["start_local"][0]) == "2002-07-04 00:08:52"


def test_each_different_cell_is_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    kind = STEPS["upper"]

    def watched() -> Any:
        def convert(cells: list[str]) -> list[str | None]:
            asked.extend(cells)
            return list(map(str.upper, cells))

        return convert

    monkeypatch.setitem(STEPS, "upper", type(kind)(kind.told, watched))
    function.cache_clear()
    row = "2026-10-05 10:00:00,910000001,600000099,5,,"
    facts = facts_of(f"{row}a\n{row}b\n{row}a\n", spec(steps={"unique_id": ["upper"]}))
    function.cache_clear()
    assert facts["unique_id"].tolist() == ["A", "B", "A"]
    assert asked == ["a", "b"]


def test_the_way_of_a_field_through_its_steps() -> None:
    form = spec(steps={"carrier_amount": ["strip", {"implied_decimals": 2}, "negate"]})
    rows = [
        ["2026-10-05 10:00:00", "1", "2", "5", cell] for cell in ("125", "x", "125")
    ]
    table = RowTable(rows)
    plan = make_plan(form, None)
    shown = [
        (words, cells.tolist()) for words, cells in trace(table, plan, "carrier_amount")
    ]
    assert shown == [
        ("", ["125", "x", "125"]),
        ("strip", ["125", "x", "125"]),
        ("implied_decimals 2", ["1.25", None, "1.25"]),
        ("negate", ["-1.25", None, "-1.25"]),
    ]
    assert [words for words, _ in trace(table, plan, "start")] == [""]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(CELL_LETTERS, max_size=15)))
def test_files_of_any_cells_balance(cells: list[str]) -> None:
    form = spec(
        steps={
            "start": ["strip", "epoch"],
            "duration": [{"duration": "text"}],
            "called_number": ["digits", {"default": "600000099"}],
        },
        checks={"called_number": "."},
    )
    content = "".join(f"1744993930,910000001,{one},{one},,\n" for one in cells)
    facts, found = facts_of(content, form), rejections_of(content, form)
    assert len(facts) + len(found) == len(cells)
    assert isinstance(facts, pd.DataFrame)
    assert not len(facts) or (facts["duration"].to_numpy() >= np.int64(0)).all()
