# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Ready formats of carriers and softswitches: calls and traps."""

import pytest
from parser_samples import (
    MADRID,
    NEW_YORK,
    read_all,
    ready_batch,
    ready_calls,
    ready_values,
    shipped_formats,
)
from parsers.reader import ReadContext

# Formats whose numbers are spelled as in the United States (there -5 in March).
AMERICAN = {"bandwidth_bdr", "vitelity", "voip_ms"}
# Direction, calling, called, start in UTC, seconds.
CALLS = {
    "azotel_simpler": [
        ("outgoing", "+34910000001", "+48000000001", "2026-03-02 07:34:00", 120),
        ("outgoing", "+34910000001", "+34600000141", "2026-03-02 07:44:00", 7),
    ],
    "vitelity": [
        ("outgoing", "+12025550101", "+12025550110", "2026-03-02 14:31:02", 66),
        ("outgoing", "+12025550101", "+12025550111", "2026-03-02 14:40:11", 0),
    ],
    "voip_ms": [
        ("outgoing", "+12025550101", "+12025550110", "2026-03-02 10:20:30", 66),
        ("incoming", "+12025550112", "+12025550101", "2026-03-02 10:25:00", 0),
    ],
    "twilio": [
        ("outgoing", "+12025550101", "+12025550110", "2026-03-02 08:02:31", 16),
        ("incoming", "+12025550102", "+12025550101", "2026-03-02 08:02:31", 16),
        ("outgoing", "+12025550101", "+12025550110", "2026-03-02 08:02:31", 0),
        ("incoming", "+12025550101", "+12025550110", "2026-03-02 08:02:31", 16),
    ],
    "twilio_call": [
        ("outgoing", "+12025550101", "+12025550110", "2026-03-02 08:02:31", 16),
        ("outgoing", "+12025550101", "+12025550110", "2026-03-02 08:02:31", 16),
    ],
    "telnyx": [
        ("outgoing", "+12025550101", "+12025550110", "2026-03-02 10:00:00", 62),
        ("incoming", None, "+12025550101", "2026-03-02 10:05:00", 0),
    ],
    "bandwidth_bdr": [
        ("outgoing", "+12025550101", "+12025550110", "2026-03-02 00:03:05", 198),
        ("incoming", "+12025550112", "+18005550199", "2026-03-02 22:03:05", 6),
    ],
    "opensips_flatstore": [
        ("outgoing", "1007", "+34600000151", "2026-03-02 09:00:00", 62),
        ("internal", "1007", "1008", "2026-03-02 09:05:00", 0),
    ],
    # The first lasts to its BYE, the last one was tried in vain before.
    "opensips_acc": [
        ("outgoing", "1007", "+34600000151", "2026-03-02 09:00:00", 62),
        ("internal", "1007", "1008", "2026-03-02 09:00:20", 0),
        ("outgoing", "1007", "+34600000153", "2026-03-02 09:01:10", 0),
        ("outgoing", "1007", "+34600000153", "2026-03-02 09:01:11", 0),
    ],
    "kamailio_acc": [
        ("outgoing", "1007", "+34600000151", "2026-03-02 09:00:00", 3662),
        ("internal", "1007", "1008", "2026-03-02 09:00:10", 0),
    ],
}

ACC_IDS = (("c1", "b1"), ("c3", "b3"), ("c4", "b4"), ("c4", "b5"))


def context_of(code: str) -> ReadContext:
    """Where the carrier of a format is."""
    return NEW_YORK if code in AMERICAN else MADRID


def ready_batch_rows(code: str, content: bytes) -> int:
    """How many rows a format finds."""
    batches = read_all(content, shipped_formats()[code])
    return sum(batch.rows for batch in batches)


@pytest.mark.parametrize("code", sorted(CALLS))
def test_calls_of_its_own_file(code: str) -> None:
    assert ready_calls(code, context_of(code)) == CALLS[code]


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        ("twilio", (5, 1, 0)),  # one that never began
        ("voip_ms", (2, 0, 0)),  # the month without calls is no row
        ("opensips_flatstore", (4, 2, 0)),  # ACK and BYE
        # A question for the password, ACK; a second INVITE, two BYEs, one of the last.
        ("opensips_acc", (12, 2, 4)),
        ("kamailio_acc", (3, 0, 1)),
    ],
)
def test_rows_skipped_and_merged(code: str, counts: tuple[int, int, int]) -> None:
    batch = ready_batch(code, context_of(code))
    assert (batch.rows, batch.skipped, batch.merged) == counts


@pytest.mark.parametrize(
    ("code", "name", "values"),
    [
        ("azotel_simpler", "carrier_amount_nano", [34_000_000, 90_000_000]),
        ("azotel_simpler", "extra.description", ["Poland - Mobile", "España - Móvil"]),
        ("vitelity", "carrier_amount_nano", [15_800_000, 0]),
        ("vitelity", "unique_id", [None, None]),
        ("voip_ms", "carrier_amount_nano", [9_900_000, 0]),
        ("voip_ms", "account_code", ["100000_desk", "100000"]),
        # Prices are negative; null until the call is rated.
        (
            "twilio",
            "carrier_amount_nano",
            [30_000_000, None, 30_000_000, 4_500_000],
        ),
        ("twilio", "unique_id", ["CA1", "CA2", "CA3", "CA5"]),
        ("twilio", "extra.parent", [None, None, "CA2", None]),
        ("twilio_call", "carrier_amount_nano", [30_000_000, None]),
        ("telnyx", "carrier_amount_nano", [10_400_000, 0]),
        ("telnyx", "is_withheld", [False, True]),
        # Not rate times duration: as the carrier says.
        ("bandwidth_bdr", "carrier_amount_nano", [51_750_000, 1_150_000]),
        ("bandwidth_bdr", "unique_id", ["b1", "b2"]),
        (
            "opensips_flatstore",
            "extra.disposition",
            [None, 'Request "Terminated"'],
        ),
        ("opensips_flatstore", "account_code", ["1007", "1007"]),
        (
            "opensips_acc",
            "unique_id",
            [f"{call}@192.0.2.9|{tag}" for call, tag in ACC_IDS],
        ),
        ("kamailio_acc", "unique_id", ["c1|b1", "c2|b2"]),
        ("kamailio_acc", "extra.ip", ["192.0.2.7", "192.0.2.7"]),
    ],
)
def test_further_facts(code: str, name: str, values: list) -> None:
    assert ready_values(code, name, context_of(code)) == values


def test_begins_and_ends_without_the_other_are_told() -> None:
    rejections = ready_batch("opensips_acc").rejections
    assert rejections[["line_number", "reason", "message"]].values.tolist() == [
        [
            3,
            "no_end",
            "The call began here, and no row tells its end (rows of 'c2@192.0.2.9').",
        ],
        [
            9,
            "no_start",
            "The call ended here, no row tells its begin (rows of 'c9@192.0.2.9').",
        ],
    ]
    assert rejections["raw"].tolist()[1].startswith("BYE|a9|b9|")


def test_vitelity_with_the_header_that_other_programs_put_ahead() -> None:
    line = b"2026-03-02 09:31:02,2025550101,2025550110,66,x,ANSWERED,0.0158\n"
    head = b"Date,Source,Destination,Seconds,CallerID,Disposition,Cost\n"
    for content in (line, head + line):
        batch = ready_batch("vitelity", NEW_YORK, content)
        assert batch.rejections.empty
        assert batch.facts["duration"].tolist() == [66]


def test_periods_without_calls() -> None:
    for code, content in (
        ("voip_ms", b'{"status": "no_cdr"}'),
        ("twilio", b'{"calls": [], "next_page_uri": null}'),
        ("telnyx", b'{"data": [], "meta": {"total_results": 0}}'),
    ):
        assert ready_batch_rows(code, content) == 0


def test_an_answer_of_voip_ms_that_was_cut_is_told() -> None:
    """Long answers break off: what is whole is read, the rest rejected."""
    whole = b'{"status":"success","cdr":[{"date":"2026-03-02 10:20:30","callerid":'
    whole += b'"2025550101","destination":"2025550110","seconds":"66","disposition":'
    whole += b'"ANSWERED","total":"0.01","uniqueid":"v1"}'
    batch = ready_batch("voip_ms", NEW_YORK, whole + b',{"date":"2026-03-02 10:2')
    assert batch.facts["unique_id"].tolist() == ["v1"]
    assert batch.rejections["reason"].tolist() == ["syntax"]
