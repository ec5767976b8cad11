# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Ready formats of PBXs that write files or answer requests: calls and traps."""

import pytest
from parser_samples import ready_batch, ready_calls, ready_values
from parsers.exceptions import FileError

# Direction, calling, called, start in UTC (the files are in Madrid's time: +1 in
# March), seconds.
CALLS = {
    "3cx_cdr": [
        ("outgoing", "114", "+34600000051", "2026-03-02 09:00:00", 62),
        ("incoming", "+34600000052", "611", "2026-03-02 09:05:00", 223),
        ("outgoing", "10016", "+34600000053", "2026-03-02 09:10:00", 25),
        ("internal", "195", "196", "2026-03-02 09:20:00", 0),
    ],
    "3cx_call_report": [
        ("outgoing", "831", "+34600000061", "2026-03-02 09:00:00", 72),
        ("incoming", "+34600000062", "800", "2026-03-02 09:05:00", 60),
        ("internal", "831", "832", "2026-03-02 09:10:00", 0),
    ],
    "cisco_cucm_cdr": [
        ("outgoing", "1007", "+34600000071", "2026-03-02 09:00:00", 62),
        ("incoming", "+34600000072", "+34910000071", "2026-03-02 09:01:00", 30),
        ("internal", "1007", "1008", "2026-03-02 09:02:00", 0),
    ],
    "avaya_ipoffice": [
        ("outgoing", "1007", "+34600000081", "2026-03-02 09:00:00", 62),
        ("incoming", "+3401632960001", "2999", "2026-03-02 09:05:00", 34),
        ("internal", "1008", "1009", "2026-03-02 09:05:30", 5),
        ("incoming", "+34600000082", "1007", "2026-03-02 09:10:00", 0),
    ],
    "avaya_ipoffice_collector": [
        ("outgoing", "1007", "+34600000081", "2026-03-02 09:00:00", 62),
        ("incoming", "+3401632960001", "2999", "2026-03-02 09:05:00", 34),
        ("internal", "1008", "1009", "2026-03-02 09:05:30", 5),
        ("incoming", "+34600000082", "1007", "2026-03-02 09:10:00", 0),
    ],
    "yeastar_json": [
        ("outgoing", "1007", "+34600000091", "2026-03-02 09:00:00", 62),
        ("incoming", "+34600000092", "+34910000091", "2026-03-02 09:05:00", 0),
        ("internal", "1007", "1008", "2026-03-02 09:10:00", 62),
    ],
    "yeastar_csv": [
        ("outgoing", "1007", "+34600000091", "2026-03-02 09:00:00", 62),
        ("incoming", "+34600000092", "+34910000091", "2026-03-02 09:05:00", 0),
    ],
    "grandstream_json": [
        ("outgoing", "1007", "+34600000101", "2026-03-02 09:00:00", 62),
        ("incoming", "+34600000102", "s", "2026-03-02 09:05:00", 0),
        ("internal", "1007", "1008", "2026-03-02 09:10:00", 6),
    ],
    "grandstream_csv": [
        ("outgoing", "1007", "+34600000101", "2026-03-02 09:00:00", 62),
        ("incoming", "+34600000102", "s", "2026-03-02 09:05:00", 0),
        ("internal", "1007", "1008", "2026-03-02 09:10:00", 6),
    ],
}


@pytest.mark.parametrize("code", sorted(CALLS))
def test_calls_of_its_own_file(code: str) -> None:
    assert ready_calls(code) == CALLS[code]


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        ("3cx_cdr", (6, 2, 0)),  # a pickup, a call that ended within the PBX
        ("3cx_call_report", (5, 1, 1)),  # the totals; a second segment
        ("cisco_cucm_cdr", (4, 1, 0)),  # the recorder's leg
        ("avaya_ipoffice", (5, 0, 1)),  # voicemail, then an extension
        ("avaya_ipoffice_collector", (5, 0, 1)),
        ("yeastar_json", (4, 1, 0)),  # an event of another kind
    ],
)
def test_rows_skipped_and_merged(code: str, counts: tuple[int, int, int]) -> None:
    batch = ready_batch(code)
    assert (batch.rows, batch.skipped, batch.merged) == counts


@pytest.mark.parametrize(
    ("code", "name", "values"),
    [
        (
            "3cx_cdr",
            "unique_id",
            [f"Call 10{number}|0001A_{number}" for number in (1, 2, 3, 4)],
        ),
        # Commas in names move only what stands behind them.
        (
            "3cx_cdr",
            "extra.final_number",
            [None, "Ext.194", "+34600000053", None],
        ),
        (
            "3cx_cdr",
            "extra.disposition",
            [None, None, None, "Failed_Cancelled"],
        ),
        ("3cx_cdr", "carrier_amount_nano", [None] * 4),
        ("cisco_cucm_cdr", "unique_id", ["pk-2", "pk-3", "pk-4"]),
        ("cisco_cucm_cdr", "account_code", ["case7", None, None]),
        ("cisco_cucm_cdr", "extra.disposition", [None, None, "17"]),
        (
            "avaya_ipoffice",
            "unique_id",
            [
                "2026/03/02 10:00:00|1000001",
                "2026/03/02 10:05:00|1000002",
                "2026/03/02 10:05:30|1000003",
                "2026/03/02 10:10:00|1000004",
            ],
        ),
        ("avaya_ipoffice", "trunk", ["T9001", "T9002", None, "T9001"]),
        ("avaya_ipoffice", "account_code", ["acc7", None, None, None]),
        (
            "avaya_ipoffice_collector",
            "unique_id",
            ["1000001", "1000002", "1000003", "1000004"],
        ),
        # One version says callid, another cdrid.
        (
            "yeastar_json",
            "unique_id",
            ["1772442000.1", "1772442300.2", "1772442600.3"],
        ),
        ("yeastar_json", "trunk", ["acme", "acme", None]),
        ("yeastar_json", "account_code", ["4711", None, None]),
        ("yeastar_csv", "trunk", ["acme", "acme"]),
        (
            "grandstream_csv",
            "unique_id",
            ["62|1772442062.0", "63|1772442063.0", "64|1772442064.0"],
        ),
        ("grandstream_csv", "account_code", ["acc7", None, None]),
    ],
)
def test_further_facts(code: str, name: str, values: list) -> None:
    assert ready_values(code, name) == values


def test_quality_records_of_cucm_are_refused_as_a_file() -> None:
    """Files cmr_… have no calls: they must not become any."""
    content = (
        b'"cdrRecordType","directoryNum","duration"\nINTEGER,VARCHAR(50),INTEGER\n'
    )
    with pytest.raises(FileError, match="Columns that the format needs are missing"):
        ready_batch("cisco_cucm_cdr", content=content + b'2,"1007",11\n')


def test_an_error_of_grandstream_is_a_header_without_calls() -> None:
    head = b"AcctId,accountcode,src,dst,dcontext,lastdata,start,billsec,disposition"
    head += b",uniqueid,userfield,dstchannel\n"
    row = b"1,,1007,1008,x,a,b,2026-03-02 10:00:00,5,ANSWERED,u,EXT,c\n"
    assert len(ready_batch("grandstream_csv", content=head + row).facts) == 1
    assert ready_batch("grandstream_csv", content=head + head).facts.empty


def test_a_talk_of_avaya_of_three_segments_is_their_sum() -> None:
    line = (
        "2026/03/02 10:00:00,00:0{}:00,0,600000081,I,1007,1007,,0,77,{},E1007,,T1,L,0,0"
    )
    content = "\n".join(line.format(*one) for one in ((1, 1), (2, 1), (3, 0)))
    batch = ready_batch("avaya_ipoffice", content=content.encode())
    assert batch.facts["duration"].tolist() == [360]
    assert batch.merged == 2
