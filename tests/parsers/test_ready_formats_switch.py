# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Ready formats of Asterisk, FreeSWITCH and what stands on them: calls and traps."""

import pytest
from parser_samples import ready_batch, ready_calls, ready_file, ready_values

# Direction, calling, called, start in UTC (the files are in Madrid's time: +1 in
# March), seconds.
CALLS = {
    "asterisk_table": [
        ("outgoing", "1007", "+34600000011", "2026-03-02 09:00:00", 62),
        ("outgoing", "1007", "+34600000012", "2026-03-02 09:00:00", 0),
        ("incoming", "+34600000013", "+34910000011", "2026-03-02 10:00:00", 0),
    ],
    "asterisk_table_calldate": [
        ("outgoing", "1007", "+34600000011", "2026-03-02 09:00:00", 62),
        ("internal", "1008", "1007", "2026-03-02 09:05:00", 0),
    ],
    "freepbx_api": [
        ("outgoing", "1007", "+34600000011", "2026-03-02 09:00:00", 62),
        ("outgoing", "1007", "+34600000011", "2026-03-02 09:00:00", 0),
        ("incoming", "+34600000013", "+34910000011", "2026-03-02 10:00:00", 33),
    ],
    "elastix_cdrreport": [
        ("outgoing", "1007", "+34600000021", "2026-03-02 09:00:00", 75),
        ("outgoing", "1007", "+34910000021", "2026-03-02 09:05:00", 0),
        ("incoming", "+34600000022", "1007", "2026-03-02 10:00:00", 3723),
        ("internal", "1007", "1008", "2026-03-02 10:05:00", 45),
    ],
    "elastix_cdrreport_call_type": [
        ("outgoing", "1007", "+34600000021", "2026-03-02 09:00:00", 75),
        ("incoming", "+34600000022", "+34910000021", "2026-03-02 09:05:00", 2),
    ],
    "freeswitch_snom": [
        ("outgoing", "1007", "+34600000031", "2026-03-02 09:00:00", 62),
        ("outgoing", "1007", "+34600000032", "2026-03-02 09:01:00", 0),
        ("incoming", "+34600000033", "+34910000031", "2026-03-02 09:02:00", 30),
    ],
    "freeswitch_linksys": [
        ("outgoing", "1007", "+34600000031", "2026-03-02 09:00:00", 62),
        ("outgoing", "1007", "+34600000032", "2026-03-02 09:01:00", 0),
        ("incoming", "+34600000033", "+34910000031", "2026-03-02 09:02:00", 30),
    ],
    "freeswitch_sql": [
        ("outgoing", "1007", "+34600000031", "2026-03-02 09:00:00", 62),
        ("outgoing", "1007", "+34600000032", "2026-03-02 09:01:00", 0),
        ("incoming", "+34600000033", "+34910000031", "2026-03-02 09:02:00", 30),
        ("outgoing", "1007", "+34600000034", "2026-03-02 09:04:00", 5),
    ],
    "freeswitch_opencdrrate": [
        ("outgoing", "1007", "+34600000031", "2026-03-02 09:00:05", 62),
        ("outgoing", "1007", "+34600000032", "2026-03-02 09:05:30", 0),
    ],
    "freeswitch_json": [
        ("outgoing", "1007", "+34600000031", "2026-03-02 09:00:00", 62),
        ("outgoing", "1007", "+34600000031", "2026-03-02 09:01:00", 0),
        ("incoming", "+34600000033", "+34910000031", "2026-03-02 09:02:00", 30),
    ],
    "freeswitch_xml": [
        ("outgoing", "1007", "+34600000031", "2026-03-02 09:00:00", 62),
        ("outgoing", "1007", "+34600000031", "2026-03-02 09:01:00", 0),
        ("incoming", "+34600000033", "+34910000031", "2026-03-02 09:02:00", 30),
    ],
    "fusionpbx_cdr": [
        ("outgoing", "1007", "+34600000041", "2026-10-25 00:30:00", 62),
        ("incoming", "+34600000042", "+34910000041", "2026-10-25 01:30:00", 10),
        ("internal", "1007", "1008", "2026-10-25 01:32:00", 0),
    ],
}


@pytest.mark.parametrize("code", sorted(CALLS))
def test_calls_of_its_own_file(code: str) -> None:
    assert ready_calls(code) == CALLS[code]


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        ("freeswitch_opencdrrate", (3, 1, 0)),  # B leg
        ("freeswitch_json", (4, 1, 0)),  # B leg, which names its originator
        ("freeswitch_xml", (4, 1, 0)),
        ("fusionpbx_cdr", (5, 2, 0)),  # the agent's leg, a lost race
        ("freepbx_api", (3, 0, 0)),  # forked: both stay
    ],
)
def test_rows_skipped_and_merged(code: str, counts: tuple[int, int, int]) -> None:
    batch = ready_batch(code)
    assert (batch.rows, batch.skipped, batch.merged) == counts


@pytest.mark.parametrize(
    ("code", "name", "values"),
    [
        (
            "asterisk_table",
            "unique_id",
            ["1772442000.1|4", "1772442000.1|5", "1772445600.2|6"],
        ),
        ("asterisk_table", "trunk", ["acme", "acme", None]),
        # Answered calls of 0 seconds are real.
        ("asterisk_table", "extra.disposition", [None, "NO ANSWER", "ANSWERED"]),
        ("asterisk_table_calldate", "unique_id", ["1772442000.1", "1772442300.3"]),
        (
            "freepbx_api",
            "unique_id",
            ["1772442000.1|4", "1772442000.1|5", "1772445600.2|6"],
        ),
        # Of HTML, the word alone.
        ("elastix_cdrreport", "extra.disposition", [None, "NO ANSWER", None, None]),
        # Only Issabel has a unique id.
        ("elastix_cdrreport", "unique_id", [None, None, "1772445600.5", None]),
        ("freeswitch_snom", "account_code", ["acc7", None, None]),
        ("freeswitch_snom", "unique_id", ["u1", "u2", "u3"]),
        ("freeswitch_sql", "account_code", ["acc7", None, None, "acc7"]),
        ("freeswitch_json", "trunk", [None, None, "acme"]),
        ("freeswitch_xml", "trunk", [None, None, "acme"]),
        ("freeswitch_xml", "extra.disposition", [None, "ORIGINATOR_CANCEL", None]),
        # Epochs tell the two hours apart that are one by the clock.
        ("fusionpbx_cdr", "start_text", ["1792888200", "1792891800", "1792891920"]),
        ("fusionpbx_cdr", "account_code", ["acc7", "1007", "1008"]),
    ],
)
def test_further_facts(code: str, name: str, values: list) -> None:
    assert ready_values(code, name) == values


def test_fusionpbx_without_the_columns_that_a_user_may_not_see() -> None:
    """Neither leg, cc_side, status nor account: other columns stand in for them."""
    hidden = (4, 16, 17, 19)
    text = ready_file("fusionpbx_cdr").read_text()
    # start_epoch (4) stays, the fifth from the end and those behind it go.
    lines = [line.split(",") for line in text.splitlines()]
    kept = [
        [cell for place, cell in enumerate(cells) if place not in hidden[1:]]
        for cells in lines
    ]
    short = "\n".join(",".join(cells) for cells in [kept[0], kept[1]])
    batch = ready_batch("fusionpbx_cdr", content=short.encode())
    assert batch.rejections.empty
    facts = batch.facts
    assert facts["duration"].tolist() == [62]
    assert facts["account_code"].tolist() == ["1007"]


def test_asterisk_table_in_any_order_and_with_new_columns() -> None:
    lines = ready_file("asterisk_table").read_text().splitlines()
    head, row = lines[0].split(","), lines[3].split(",")
    moved = "\n".join(
        ",".join(["new" if cells is head else "x", *reversed(cells)])
        for cells in (head, row)
    )
    facts = ready_batch("asterisk_table", content=moved.encode()).facts
    assert facts["called_number"].tolist() == ["+34910000011"]
    assert facts["unique_id"].tolist() == ["1772445600.2|6"]


def test_an_empty_export_of_fusionpbx_has_a_row_of_nothing() -> None:
    head = ready_file("fusionpbx_cdr").read_text().splitlines()[0]
    empty = ",".join('""' for _ in head.split(","))
    batch = ready_batch("fusionpbx_cdr", content=f"{head}\n{empty}\n".encode())
    assert (batch.rows, len(batch.facts), batch.skipped) == (1, 0, 1)
