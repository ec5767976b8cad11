# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Ready formats of PBXs that write lines of fixed width (SMDR): calls and traps."""

import pytest
from parser_samples import ready_batch, ready_calls, ready_values

# Direction, calling, called, start in UTC (the files are in Madrid's time: +1 in
# March), seconds.
# Panasonic's times are the ends of the calls. The files came on 2026-03-03.
CALLS = {
    "mitel_smdr": [
        ("outgoing", "1007", "+34600000111", "2026-03-02 08:28:00", 134),
        ("incoming", None, "+34910000111", "2026-03-02 13:36:00", 42),
        ("incoming", None, "1008", "2026-03-02 11:10:00", 998),
        ("incoming", None, "+34910000111", "2026-03-02 14:31:00", 0),
        ("internal", "1007", "1008", "2025-12-31 22:59:00", 30),
    ],
    "mitel_smdr_24h": [
        ("outgoing", "1007", "+34600000111", "2026-03-02 08:28:00", 134),
        ("incoming", None, "+34910000111", "2026-03-02 11:30:00", 42),
        ("internal", "1007", "1008", "2026-03-01 23:05:00", 1860),
    ],
    "mitel_smdr_extended": [
        ("outgoing", "1007", "+34600000111", "2026-03-02 12:13:16", 998),
        ("incoming", None, "+34910000111", "2026-03-02 12:31:36", 0),
        ("incoming", None, "1007", "2026-03-02 12:35:10", 10),
        ("internal", "1007", "1008", "2026-03-02 21:23:00", 25),
    ],
    "panasonic_smdr_a": [
        ("outgoing", "1007", "+34600000121", "2026-03-02 08:59:15", 225),
        ("incoming", "+34600000122", "1007", "2026-03-02 11:03:55", 65),
        ("incoming", None, "1007", "2026-03-02 11:10:00", 0),
        ("incoming", "+34600000122", "1008", "2026-03-02 12:05:55", 65),
        ("incoming", "+34600000122", "1008", "2026-03-02 12:07:55", 65),
        ("outgoing", "1008", "+34600123XXX", "2026-03-02 12:09:50", 10),
        ("internal", "1007", "1008", "2026-03-02 14:43:55", 65),
        ("outgoing", "1007", "+34600000121", "2026-10-24 23:50:00", 1200),
    ],
    "panasonic_smdr_b": [
        ("outgoing", "1007", "+34600000121", "2026-03-02 08:59:15", 225),
        ("incoming", "+34600000122", "1007", "2026-03-02 09:03:55", 65),
    ],
    "panasonic_smdr_c": [
        ("outgoing", "1007", "+34600000121", "2026-03-02 08:59:15", 225),
        ("incoming", "+34600000122", "1007", "2026-03-02 09:03:55", 65),
    ],
    "nec_sl1100_smdr": [
        ("outgoing", "101", "+34600000131", "2026-03-02 22:58:00", 65),
        ("incoming", "+34600000132", "102", "2026-03-02 22:59:00", 0),
        ("outgoing", "103", "+34600000131", "2026-03-02 23:04:00", 130),
        ("internal", "101", "102", "2026-03-02 23:05:00", 10),
    ],
}


@pytest.mark.parametrize("code", sorted(CALLS))
def test_calls_of_its_own_file(code: str) -> None:
    assert ready_calls(code) == CALLS[code]


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        ("panasonic_smdr_a", (9, 1, 0)),  # LOG IN; headers and modem lines are no rows
        ("nec_sl1100_smdr", (6, 2, 0)),  # NEXT and ALB
        ("mitel_smdr", (5, 0, 0)),
    ],
)
def test_rows_skipped_and_merged(code: str, counts: tuple[int, int, int]) -> None:
    batch = ready_batch(code)
    assert (batch.rows, batch.skipped, batch.merged) == counts


@pytest.mark.parametrize(
    ("code", "name", "values"),
    [
        ("mitel_smdr", "trunk", ["T105", None, None, None, None]),
        ("mitel_smdr", "extra.line", [None, "T001", "T003", "T003", None]),
        ("mitel_smdr", "account_code", ["4711", None, None, None, None]),
        ("mitel_smdr", "is_withheld", [False, True, True, True, False]),
        ("mitel_smdr_extended", "trunk", ["T3", None, None, None]),
        ("panasonic_smdr_a", "extra.ring", [None, "315", "12", "5", "5", *[None] * 3]),
        ("panasonic_smdr_a", "account_code", ["4711", *[None] * 7]),
        # 02:10 came twice that night: the first is taken, and it is said.
        ("panasonic_smdr_a", "extra.time_note", [*[None] * 7, "fold"]),
        ("panasonic_smdr_b", "extra.pbx_cost", ["00560.00", "00000.00"]),
        ("panasonic_smdr_b", "extra.condition", ["TR", None]),
        ("panasonic_smdr_b", "account_code", ["4711", None]),
        ("panasonic_smdr_c", "extra.pbx_cost", ["00560.00", "00000.00"]),
        ("panasonic_smdr_c", "extra.condition", ["TR", None]),
        ("panasonic_smdr_c", "trunk", ["0101", "0102"]),
        ("nec_sl1100_smdr", "account_code", ["1234", None, None, None]),
        ("nec_sl1100_smdr", "extra.class", ["POT", "PIN", "PTRS", "ICM"]),
    ],
)
def test_further_facts(code: str, name: str, values: list) -> None:
    assert ready_values(code, name) == values


def reasons(code: str, line: str) -> list[tuple[str, str]]:
    """Reason and what was found of the rejections of some lines."""
    found = ready_batch(code, content=f"{line}\n".encode()).rejections
    return list(zip(found["reason"], found["found"], strict=True))


@pytest.mark.parametrize(
    ("code", "line", "expected"),
    [
        # The PBX's clock was changed during the call.
        (
            "panasonic_smdr_a",
            f"**/**/** **:**'** 1007 01 {'600000121':25}      00:01'05",
            ("date", "**/**/** **:**'*"),
        ),
        # Blanks that a web page or a terminal has collapsed move the columns.
        (
            "panasonic_smdr_a",
            "03/02/26 10:03AM 1007 01 600000121 00:03'45 4711",
            ("check", ""),
        ),
        # The counter is at its end: nobody knows how long the call was.
        (
            "mitel_smdr",
            f" 03/02 09:28  99:99:99 1007{' ' * 6}{'600000111':26}A T105",
            ("duration", "99:99:99"),
        ),
        # A line without the head of its page.
        (
            "nec_sl1100_smdr",
            "POT  23:58 LINE 001   00:01:05 101        600000131",
            ("date", "23:58"),
        ),
    ],
)
def test_rejected(code: str, line: str, expected: tuple[str, str]) -> None:
    assert reasons(code, line) == [expected]


def test_panasonic_prompts_and_dialled_signs() -> None:
    line = "03/02/26 10:03AM  1007 01 {:25}      00:00'30"
    dialled = ("600000121F9", "P600000121", "600......", "9=600000121", "\\")
    content = "\n".join(["SMDR", "PASSWORD:", *map(line.format, dialled)])
    facts = ready_batch("panasonic_smdr_a", content=content.encode()).facts
    assert facts["called_number"].tolist() == [
        "+34600000121",
        "+34600000121",
        "600",
        "+34600000121",
        "1007",
    ]
    assert facts["direction"].tolist() == ["outgoing"] * 4 + ["incoming"]
