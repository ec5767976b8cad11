# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The ready-made formats, each on a file of its shape: hand-computed facts."""

import json

import pandas as pd
import pytest
from parser_samples import (
    FIXTURES,
    MADRID,
    NEW_YORK,
    facts_of,
    ready_batch,
    shipped_formats,
)
from parsers.reader import Batch

# Formats whose numbers are spelled as in the United States.
# Their fixtures hold calls without an end, and ends without a call: see
# test_ready_formats_carrier.
WITH_REJECTIONS = {"opensips_acc"}
AMERICAN = {"bandwidth_bdr", "vitelity", "voip_ms"}


def read_fixture(code: str) -> Batch:
    """What a format reads from its own file."""
    return ready_batch(code, NEW_YORK if code in AMERICAN else MADRID)


def rows(code: str, *names: str) -> list[tuple]:
    """Some columns of the facts of a format's own file."""
    facts = read_fixture(code).facts
    return list(facts[list(names)].itertuples(index=False, name=None))


@pytest.mark.parametrize("code", sorted(shipped_formats()))
def test_every_format_has_a_file_that_it_reads_without_rejections(code: str) -> None:
    batch = read_fixture(code)
    assert batch.rejections.empty == (code not in WITH_REJECTIONS)
    assert len(batch.facts) > 0


def test_asterisk_with_16_17_18_and_21_columns() -> None:
    assert rows(
        "asterisk_master",
        "direction",
        "calling_number",
        "called_number",
        "duration",
        "unique_id",
    ) == [
        ("outgoing", "1007", "+34600000001", 62, "1772442901.11"),
        ("outgoing", "1007", "+44770090012", 0, None),
        ("incoming", "+34600000002", "+34910000001", 30, "1772445600.20"),
        ("internal", "1007", "1008", 10, "1772445900.21|7"),
        ("outgoing", "1007", "11888", 10, "1772445960.22"),
        ("incoming", None, "+34910000001", 0, "1772446020.23"),
    ]


def test_asterisk_withheld_caller_trunk_account_and_disposition() -> None:
    facts = read_fixture("asterisk_master").facts
    assert facts["is_withheld"].tolist() == [False] * 5 + [True]
    assert facts["trunk"].tolist()[:3] == ["acme-trunk", "acme-trunk", "1008"]
    assert facts["account_code"].tolist()[:2] == [None, "acc7"]
    assert json.loads(facts["extra"][1]) == {"disposition": "NO ANSWER"}
    assert facts["extra"][0] is None


def test_asterisk_user_field_in_the_place_of_the_unique_id() -> None:
    (row,) = rows("asterisk_master_userfield", "unique_id", "extra")
    assert row == (None, '{"user_field":"room 12"}')


def test_freepbx_prefers_extension_and_did() -> None:
    assert rows(
        "freepbx_cdr", "direction", "calling_number", "called_number", "duration"
    ) == [
        ("outgoing", "1007", "+34600000001", 62),
        ("incoming", "+34600000002", "+34910000001", 33),
        ("incoming", "+34600000002", "+34910000001", 0),
        ("internal", "1007", "1008", 9),
    ]


def test_freepbx_forked_rows_have_unique_ids_of_their_own() -> None:
    facts = read_fixture("freepbx_cdr").facts
    assert facts["unique_id"].tolist()[1:3] == [
        "1772465400.53|102",
        "1772465400.53|103",
    ]
    assert json.loads(facts["extra"][0]) == {"outbound_number": "910000001"}


def test_freepbx_columns_in_another_order_and_with_new_ones() -> None:
    frame = pd.read_csv(FIXTURES / "freepbx_cdr.csv", dtype=str, keep_default_na=False)
    moved = frame[list(reversed(frame.columns))].assign(new="x").to_csv(index=False)
    found = facts_of(moved, shipped_formats()["freepbx_cdr"])
    expected = read_fixture("freepbx_cdr").facts
    pd.testing.assert_frame_equal(found, expected)


def test_freeswitch_unescaped_quotes_in_names() -> None:
    assert rows(
        "freeswitch_example", "direction", "calling_number", "called_number", "duration"
    ) == [
        ("outgoing", "1001", "+34600000001", 60),
        ("outgoing", "1001", "+34600000002", 0),
        ("incoming", "+34600000003", "+34910000001", 30),
        ("internal", "1002", "1001", 7),
    ]


def test_freeswitch_both_legs_keep_the_leg_of_the_caller() -> None:
    batch = read_fixture("freeswitch_example_both_legs")
    assert (len(batch.facts), batch.skipped) == (1, 1)
    assert batch.facts["unique_id"][0].endswith("a")


def test_freeswitch_template_asterisk_tells_answered_by_the_answer_time() -> None:
    assert rows("freeswitch_asterisk", "called_number", "duration", "extra") == [
        ("+34600000001", 30, None),
        ("+34600000002", 0, '{"disposition":"USER_BUSY"}'),
    ]


def test_semicolons_decimal_comma_english_months_minutes() -> None:
    assert rows(
        "carrier_semicolon", "start_text", "duration", "called_number", "extra"
    ) == [
        ("02-Mar-26 8:34", 120, "+48000000001", '{"description":"Poland - Mobile"}'),
        ("02-Mar-26 18:05", 30, "+44770090012", '{"description":"UK; Mobile"}'),
        ("02-Mar-26 18:06:30", 60, "+34600000001", None),
    ]


def test_semicolons_amounts_are_exact_and_starts_are_utc() -> None:
    facts = read_fixture("carrier_semicolon").facts
    amounts = [None if pd.isna(a) else int(a) for a in facts["carrier_amount_nano"]]
    assert amounts == [34_000_000, 9_500_000, None]
    assert facts["start_local"][0] == pd.Timestamp("2026-03-02 08:34:00")
    assert facts["start_at"][0] == pd.Timestamp("2026-03-02 07:34:00")


def test_plain_csv_skips_the_repeated_header() -> None:
    batch = read_fixture("carrier_csv")
    assert (batch.rows, len(batch.facts), batch.skipped) == (4, 3, 1)
    assert batch.facts["line_number"].tolist() == [2, 3, 5]
    assert batch.facts["called_number"].tolist() == [
        "+34600000001",
        "+447700900123",
        "112",
    ]
    assert batch.facts["extra"][2] == '{"description":"Emergency \\"112\\""}'
