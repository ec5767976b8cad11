# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Formats are checked when they are made: every mistake names its key."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from parser_samples import PLAIN, shipped_formats, spec
from parsers.exceptions import FormatError
from parsers.formats import ANONYMOUS_VALUES, FormatSpec, Rule

MAPPING = PLAIN["column_mapping"]


def test_shipped_formats_are_these() -> None:
    assert sorted(shipped_formats()) == [
        "3cx_call_report",
        "3cx_cdr",
        "asterisk_master",
        "asterisk_master_userfield",
        "asterisk_table",
        "asterisk_table_calldate",
        "avaya_ipoffice",
        "avaya_ipoffice_collector",
        "azotel_simpler",
        "bandwidth_bdr",
        "carrier_csv",
        "carrier_semicolon",
        "cisco_cucm_cdr",
        "elastix_cdrreport",
        "elastix_cdrreport_call_type",
        "freepbx_api",
        "freepbx_cdr",
        "freeswitch_asterisk",
        "freeswitch_example",
        "freeswitch_example_both_legs",
        "freeswitch_json",
        "freeswitch_linksys",
        "freeswitch_opencdrrate",
        "freeswitch_snom",
        "freeswitch_sql",
        "freeswitch_xml",
        "fusionpbx_cdr",
        "grandstream_csv",
        "grandstream_json",
        "kamailio_acc",
        "mitel_smdr",
        "mitel_smdr_24h",
        "mitel_smdr_extended",
        "nec_sl1100_smdr",
        "opensips_acc",
        "opensips_flatstore",
        "panasonic_smdr_a",
        "panasonic_smdr_b",
        "panasonic_smdr_c",
        "telnyx",
        "twilio",
        "twilio_call",
        "vitelity",
        "voip_ms",
        "yeastar_csv",
        "yeastar_json",
    ]


def test_defaults() -> None:
    form = FormatSpec.from_dict({"column_mapping": {"start": 1, "called_number": 2}})
    assert (form.encoding, form.delimiter, form.quote) == ("auto", ",", '"')
    assert (form.time_zone, form.duration_unit) == ("carrier", "seconds")
    assert form.anonymous_values == ANONYMOUS_VALUES
    assert form.answered_rule is None


def test_a_format_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        spec().delimiter = ";"


def test_json_keys_come_as_text_or_as_data() -> None:
    as_text = spec(
        column_mapping='{"start": [1, 2], "called_number": "3"}',
        direction_rules='[{"internal_digits": 6}]',
        date_formats='["epoch"]',
        answered_rule="{}",
        anonymous_values='["None"]',
    )
    as_data = spec(
        column_mapping={"start": [1, 2], "called_number": 3},
        direction_rules=[{"internal_digits": 6}],
        date_formats=["epoch"],
        answered_rule={},
        anonymous_values=["none"],
    )
    assert as_text == as_data
    assert as_data.direction_rules == (Rule((), "", "internal", 6),)


def test_tab_as_it_is_typed() -> None:
    assert spec(delimiter="\\t").delimiter == "\t"


def test_shows_itself_as_plain_data() -> None:
    assert spec().to_dict()["minimum_columns"] == 4


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("layout", "pdf", "layout"),
        ("encoding", "klingon", "encoding"),
        ("encoding", "base64", "encoding"),
        ("encoding", None, "encoding"),
        ("delimiter", "", "delimiter"),
        ("delimiter", ";;", "delimiter"),
        ("delimiter", "\n", "delimiter"),
        ("quote", "''", "quote"),
        ("quote", ",", "quote"),
        ("decimal_mark", "'", "decimal_mark"),
        ("has_header", "yes", "has_header"),
        ("skipped_lines", -1, "skipped_lines"),
        ("skipped_lines", "x", "skipped_lines"),
        ("minimum_columns", 1.5, "minimum_columns"),
        ("column_mapping", "{", "column_mapping"),
        ("column_mapping", [], "column_mapping"),
        ("column_mapping", {}, "column_mapping"),
        ("column_mapping", {"start": 1}, "column_mapping"),
        ("column_mapping", {**MAPPING, "price": 7}, "column_mapping"),
        ("column_mapping", {**MAPPING, "extra.Bad": 7}, "column_mapping"),
        ("column_mapping", {**MAPPING, "trunk": 0}, "column_mapping.trunk"),
        ("column_mapping", {**MAPPING, "trunk": True}, "column_mapping.trunk"),
        ("column_mapping", {**MAPPING, "trunk": []}, "column_mapping.trunk"),
        ("column_mapping", {**MAPPING, "trunk": ""}, "column_mapping.trunk"),
        ("column_mapping", {**MAPPING, "trunk": "Trunk"}, "column_mapping"),
        ("record_filters", {"column": 1}, "record_filters"),
        ("record_filters", [{"column": 1, "pattern": "x"}], "record_filters.1"),
        (
            "record_filters",
            [{"column": 1, "pattern": "x", "action": "drop"}],
            "record_filters.1.action",
        ),
        (
            "direction_rules",
            [
                {"internal_digits": 6},
                {"column": 1, "pattern": "(", "direction": "outgoing"},
            ],
            "direction_rules.2.pattern",
        ),
        ("direction_rules", [{"internal_digits": 0}], "direction_rules.1"),
        (
            "direction_rules",
            [{"internal_digits": 6, "direction": "outgoing"}],
            "direction_rules.1",
        ),
        ("service_rules", [{"internal_digits": 6}], "service_rules.1"),
        ("answered_rule", {"column": 1}, "answered_rule"),
        ("answered_rule", [1], "answered_rule"),
        ("date_formats", [], "date_formats"),
        ("date_formats", ["%H"], "date_formats"),
        ("date_formats", "%Y-%m-%d", "date_formats"),
        ("time_zone", "Europe/Nowhere", "time_zone"),
        ("time_zone", "../etc/passwd", "time_zone"),
        ("time_zone", "", "time_zone"),
        ("duration_unit", "hours", "duration_unit"),
        ("duration_rounding", "nearest", "duration_rounding"),
        ("direction_default", "in", "direction_default"),
        ("service_default", "fax", "service_default"),
        ("amount_sign", 0, "amount_sign"),
        ("anonymous_values", [""], "anonymous_values"),
        ("anonymous_values", 7, "anonymous_values"),
        ("colour", "red", "colour"),
    ],
)
def test_mistakes_name_the_key(key: str, value: Any, named: str) -> None:
    with pytest.raises(FormatError) as caught:
        spec(**{key: value})
    assert caught.value.key == named
    assert caught.value.reason == "format"
    assert "expected" in caught.value.message


def test_message_of_a_mistake() -> None:
    with pytest.raises(FormatError) as caught:
        spec(duration_rounding="even")
    assert str(caught.value) == (
        "duration_rounding: one of 'up', 'half_up', 'down' expected, 'even' found."
    )
