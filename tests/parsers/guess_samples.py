# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Samples of many shapes, what is to be proposed for them, and the facts they give.

Facts: calling, called, start as written, seconds. Numbers are of fiction ranges.
"""

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Shape:
    """A sample file and what is right for it.

    :ivar keys: keys of the definition that are not the defaults (encoding auto,
        delimited, comma, seconds...); all that is proposed beside the mapping
    :ivar facts: calling, called, start, seconds of the rows
    """

    content: bytes
    mapping: dict[str, Any]
    keys: dict[str, Any]
    facts: list[tuple[str | None, str | None, str, int]]
    notes: tuple[str, ...] = field(default=())


def workbook(rows: list[list[str]]) -> bytes:
    """A workbook of one sheet of texts."""
    body = "".join(
        "<row>"
        + "".join(f'<c t="inlineStr"><is><t>{escape(c)}</t></is></c>' for c in row)
        + "</row>"
        for row in rows
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts = {
        "[Content_Types].xml": '<Types xmlns="x"/>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Calls" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship '
        f'Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}'
        "</sheetData></worksheet>",
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package_file:
        for name, text in parts.items():
            package_file.writestr(name, text)
    return stream.getvalue()


NO_UNIT = (
    "Nothing says whether the durations are seconds or minutes: they are taken for "
    "%(unit)s."
)
EITHER = "Day and month could be either: %(pattern)s is what the country writes."

SHAPES = {
    "english headings": Shape(
        b"Call Date,Caller,Called,Duration,Cost,Call ID\n"
        b"2026-10-05 09:00:00,910000001,600000099,65,0.034,A-1\n"
        b"2026-10-05 09:10:00,910000001,+447700900123,120,0.250,A-2\n",
        {
            "start": "Call Date",
            "calling_number": "Caller",
            "called_number": "Called",
            "duration": "Duration",
            "carrier_amount": "Cost",
            "unique_id": "Call ID",
        },
        {"has_header": True, "date_formats": ["%Y-%m-%d %H:%M:%S"]},
        [
            ("+34910000001", "+34600000099", "2026-10-05 09:00:00", 65),
            ("+34910000001", "+447700900123", "2026-10-05 09:10:00", 120),
        ],
    ),
    "spanish headings, semicolons, decimal comma, latin": Shape(
        "Fecha y hora;Número origen;Número destino;Duración (seg);Importe;Descripción\n"
        "13/10/2026 9:05;910000001;600000099;65;0,034;Móvil\n"
        "02/10/2026 18:40;910000002;+33199000001;3600;1,500;Francia\n".encode("cp1252"),
        {
            "start": "Fecha y hora",
            "calling_number": "Número origen",
            "called_number": "Número destino",
            "duration": "Duración (seg)",
            "carrier_amount": "Importe",
        },
        {
            "encoding": "cp1252",
            "delimiter": ";",
            "has_header": True,
            "decimal_mark": ",",
            "date_formats": ["%d/%m/%Y %H:%M"],
        },
        [
            ("+34910000001", "+34600000099", "2026-10-13 09:05:00", 65),
            ("+34910000002", "+33199000001", "2026-10-02 18:40:00", 3600),
        ],
    ),
    "german headings, tabs, day and time apart, title ahead": Shape(
        b"Einzelverbindungen Oktober\n\n"
        b"Datum\tUhrzeit\tRufnummer\tZielrufnummer\tDauer\tBetrag\n"
        b"04.10.2026\t18:58:55\t910000001\t+4930901820001\t00:01:05\t0,014\n"
        b"25.10.2026\t07:00:01\t910000001\t600000099\t01:00:00\t0,003\n"
        b"Gesamt\t\t\t\t\t0,017\n",
        {
            "start": ["Datum", "Uhrzeit"],
            "calling_number": "Rufnummer",
            "called_number": "Zielrufnummer",
            "duration": "Dauer",
            "carrier_amount": "Betrag",
        },
        {
            "delimiter": "\t",
            "has_header": True,
            "skipped_lines": 2,
            "decimal_mark": ",",
            "duration_unit": "hms",
            "date_formats": ["%d.%m.%Y %H:%M:%S"],
            "line_filters": [
                r"(?i)^\W*(grand |sub)?(totals?|total general|summe|gesamt|suma)\b"
            ],
        },
        [
            ("+34910000001", "+4930901820001", "2026-10-04 18:58:55", 65),
            ("+34910000001", "+34600000099", "2026-10-25 07:00:01", 3600),
        ],
    ),
    "no header: start, answer, end, two durations, words": Shape(
        b'"","1007","600000099","from-internal","2026-10-05 10:00:00",'
        b'"2026-10-05 10:00:05","2026-10-05 10:01:10",70,65,"ANSWERED",'
        b'"1791187200.11"\n'
        b'"","1007","+447700900123","from-internal","2026-10-05 10:05:00",'
        b',"2026-10-05 10:05:20",20,0,"NO ANSWER","1791187500.12"\n'
        b'"","1007","1008","from-internal","2026-10-05 10:06:00",'
        b'"2026-10-05 10:06:04","2026-10-05 10:06:14",14,10,"ANSWERED",'
        b'"1791187560.13"\n',
        {
            "start": 5,
            "answer": 6,
            "end": 7,
            "calling_number": 2,
            "called_number": 3,
            "duration": 9,
            "disposition": 10,
            "unique_id": 11,
        },
        {
            "has_header": False,
            "date_formats": ["%Y-%m-%d %H:%M:%S"],
            "answered_rule": {"column": 10, "pattern": "(?i)^(answered)$"},
            "direction_rules": [{"internal_digits": 4}],
        },
        [
            ("1007", "+34600000099", "2026-10-05 10:00:00", 65),
            ("1007", "+447700900123", "2026-10-05 10:05:00", 0),
            ("1007", "1008", "2026-10-05 10:06:00", 10),
        ],
    ),
    "no header: hms, I and O": Shape(
        b"2026/10/05 09:28:41,00:00:13,7,600000099,I,4324,0\n"
        b"2026/10/05 09:43:58,00:01:10,21,4324,O,910000001,0\n"
        b"2026/10/05 09:44:58,00:00:00,3,600000098,I,4325,0\n",
        {
            "start": 1,
            "duration": 2,
            "calling_number": 4,
            "direction": 5,
            "called_number": 6,
        },
        {
            "has_header": False,
            "duration_unit": "hms",
            "date_formats": ["%Y/%m/%d %H:%M:%S"],
            "direction_rules": [
                {"column": 5, "pattern": "(?i)^(i)$", "direction": "incoming"},
                {"column": 5, "pattern": "(?i)^(o)$", "direction": "outgoing"},
            ],
        },
        [
            ("+34600000099", "4324", "2026-10-05 09:28:41", 13),
            ("4324", "+34910000001", "2026-10-05 09:43:58", 70),
            ("+34600000098", "4325", "2026-10-05 09:44:58", 0),
        ],
    ),
    "no header: minutes without a word, decimal comma": Shape(
        b"01-Oct-26 8:34;910000001;910000001;0033199000001;France;2;0,034\n"
        b"02-Oct-26 18:44;910000002;910000002;0044770090012;England;1;0,09\n",
        {
            "start": 1,
            "calling_number": 2,
            "called_number": 4,
            "duration": 6,
            "carrier_amount": 7,
        },
        {
            "delimiter": ";",
            "has_header": False,
            "decimal_mark": ",",
            "duration_unit": "minutes",
            "date_formats": ["%d-%b-%y %H:%M"],
        },
        [
            ("+34910000001", "+33199000001", "2026-10-01 08:34:00", 120),
            ("+34910000002", "+44770090012", "2026-10-02 18:44:00", 60),
        ],
        (NO_UNIT,),
    ),
    "month first, as all values say; AM and PM": Shape(
        b"StartTime|From|To|Seconds\n"
        b"10/05/2026 01:03:05 PM|910000001|600000099|198\n"
        b"10/06/2026 10:03:05 AM|910000001|600000098|6\n"
        b"10/07/2026 12:00:00 AM|910000001|600000097|60\n",
        {
            "start": "StartTime",
            "calling_number": "From",
            "called_number": "To",
            "duration": "Seconds",
        },
        {
            "delimiter": "|",
            "has_header": True,
            "date_formats": ["%m/%d/%Y %I:%M:%S %p"],
        },
        [
            ("+34910000001", "+34600000099", "2026-10-05 13:03:05", 198),
            ("+34910000001", "+34600000098", "2026-10-06 10:03:05", 6),
            ("+34910000001", "+34600000097", "2026-10-07 00:00:00", 60),
        ],
    ),
    "day or month: the country says": Shape(
        b"date,source,destination,billsec\n05/10/26 08:00:00,910000001,600000099,61\n",
        {
            "start": "date",
            "calling_number": "source",
            "called_number": "destination",
            "duration": "billsec",
        },
        {"has_header": True, "date_formats": ["%d/%m/%y %H:%M:%S"]},
        [("+34910000001", "+34600000099", "2026-10-05 08:00:00", 61)],
        (EITHER,),
    ),
    "epochs, types below the names, sep=": Shape(
        b"sep=;\n"
        b"dateTimeOrigination;dateTimeConnect;callingPartyNumber;"
        b"finalCalledPartyNumber;duration;pkid\n"
        b"INTEGER;INTEGER;VARCHAR(50);VARCHAR(50);INTEGER;UNIQUEIDENTIFIER\n"
        b"1791187200;1791187205;910000001;600000099;65;a1\n"
        b"1791187300;0;910000001;600000098;0;a2\n",
        {
            "start": "dateTimeOrigination",
            "answer": "dateTimeConnect",
            "calling_number": "callingPartyNumber",
            "called_number": "finalCalledPartyNumber",
            "duration": "duration",
            "unique_id": "pkid",
        },
        {
            "delimiter": ";",
            "has_header": True,
            "date_formats": ["epoch"],
            "answered_rule": {"column": "dateTimeConnect", "pattern": "[1-9]"},
        },
        [
            ("+34910000001", "+34600000099", "2026-10-05 08:00:00", 65),
            ("+34910000001", "+34600000098", "2026-10-05 08:01:40", 0),
        ],
    ),
    "unquoted delimiters in one column": Shape(
        b"src,dst,lastapp,lastdata,start,billsec\n"
        b"910000001,600000099,Dial,SIP/600000099,60,2026-10-05 11:46:40,6\n"
        b"910000001,600000098,Dial,SIP/600000098,60,2026-10-05 14:01:41,3\n",
        {
            "calling_number": "src",
            "called_number": "dst",
            "start": "start",
            "duration": "billsec",
        },
        {
            "has_header": True,
            "loose_column": "lastdata",
            "date_formats": ["%Y-%m-%d %H:%M:%S"],
        },
        [
            ("+34910000001", "+34600000099", "2026-10-05 11:46:40", 6),
            ("+34910000001", "+34600000098", "2026-10-05 14:01:41", 3),
        ],
    ),
    "fixed columns below headings": Shape(
        b"  Date     Time   Ext  Dialled          Duration\n"
        b"------------------------------------------------\n"
        b"10/13/26 10:03AM  1200 600000099         00:01'05\n"
        b"10/14/26 01:07PM  1234 +447700900123     00:00'09\n",
        {
            "start": ["Date", "Time"],
            "calling_number": "Ext",
            "called_number": "Dialled",
            "duration": "Duration",
        },
        {
            "layout": "fixed",
            "duration_unit": "text",
            "date_formats": ["%m/%d/%y %I:%M%p"],
            "fixed_columns": [
                {"name": "Date", "start": 1, "width": 8},
                {"name": "Time", "start": 10, "width": 7},
                {"name": "Ext", "start": 19, "width": 4},
                {"name": "Dialled", "start": 24, "width": 13},
                {"name": "Duration", "start": 42, "width": 8},
            ],
            "line_filters": [r"^[-=_*\s]+$", r"^\s*Date\s+Time\s+Ext"],
        },
        [
            ("1200", "+34600000099", "2026-10-13 10:03:00", 65),
            ("1234", "+447700900123", "2026-10-14 13:07:00", 9),
        ],
    ),
    "fixed columns, the date in the page's header": Shape(
        b"                        13/10/2026 PAGE 1\n"
        b"CLASS  TIME   DURATION  STATION  DIALLED\n"
        b"POT    23:58  00:01:05  101      600000099\n"
        b"POT    23:59  00:00:09  102      600000098\n"
        b"                        14/10/2026 PAGE 2\n"
        b"CLASS  TIME   DURATION  STATION  DIALLED\n"
        b"POT    00:01  00:00:10  101      600000097\n",
        {
            "start": ["page_date", "TIME"],
            "calling_number": "STATION",
            "called_number": "DIALLED",
            "duration": "DURATION",
        },
        {
            "layout": "fixed",
            "duration_unit": "hms",
            "date_formats": ["%d/%m/%Y %H:%M"],
            "fixed_columns": [
                {"name": "CLASS", "start": 1, "width": 3},
                {"name": "TIME", "start": 8, "width": 5},
                {"name": "DURATION", "start": 15, "width": 8},
                {"name": "STATION", "start": 25, "width": 3},
                {"name": "DIALLED", "start": 34, "width": 9},
            ],
            "line_filters": [r"^\s*CLASS\s+TIME\s+DURATION"],
            "page_values": [r"^\D*(?P<page_date>\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})"],
        },
        [
            ("101", "+34600000099", "2026-10-13 23:58:00", 65),
            ("102", "+34600000098", "2026-10-13 23:59:00", 9),
            ("101", "+34600000097", "2026-10-14 00:01:00", 10),
        ],
    ),
    "json below a name": Shape(
        b'{"status": "success", "data": {"rows": ['
        b'{"date": "2026-10-05T10:20:30Z", "callerid": "\\"Desk\\" <910000001>", '
        b'"destination": "600000099", "seconds": 66, "total": "0.0099", '
        b'"uniqueid": "1"},'
        b'{"date": "2026-10-05T10:25:00Z", "callerid": "910000001", '
        b'"destination": "600000098", "seconds": 7, "total": "0.0009", "uniqueid": "2"}'
        b"]}}",
        {
            "start": "date",
            "calling_number": "callerid",
            "called_number": "destination",
            "duration": "seconds",
            "carrier_amount": "total",
            "unique_id": "uniqueid",
        },
        {
            "layout": "json",
            "record_path": "data.rows",
            "date_formats": ["%Y-%m-%dT%H:%M:%S%Z"],
        },
        [
            ("+34910000001", "+34600000099", "2026-10-05 10:20:30", 66),
            ("+34910000001", "+34600000098", "2026-10-05 10:25:00", 7),
        ],
    ),
    "json, an object a line, names inside, costs as negatives": Shape(
        b'{"call": {"from": "+34910000001", "to": "+34600000099", "duration": "16", '
        b'"price": "-0.0300", "start_time": "Mon, 05 Oct 2026 08:02:31 +0000"}}\n'
        b'{"call": {"from": "+34910000001", "to": "+34600000098", "duration": "61", '
        b'"price": "-0.0600", "start_time": "Mon, 05 Oct 2026 09:02:31 +0000"}}\n',
        {
            "start": "call.start_time",
            "calling_number": "call.from",
            "called_number": "call.to",
            "duration": "call.duration",
            "carrier_amount": "call.price",
        },
        {
            "layout": "json",
            "record_path": "",
            "amount_sign": -1,
            "date_formats": ["%a, %d %b %Y %H:%M:%S %z"],
        },
        [
            ("+34910000001", "+34600000099", "2026-10-05 08:02:31", 16),
            ("+34910000001", "+34600000098", "2026-10-05 09:02:31", 61),
        ],
    ),
    "xml, url-encoded": Shape(
        b"<cdrs><cdr><vars><start_stamp>2026-10-05%2010%3A53%3A46</start_stamp>"
        b"<source>910000001</source><destination>%2B34600000099</destination>"
        b"<billsec>12</billsec></vars></cdr>"
        b"<cdr><vars><start_stamp>2026-10-05%2011%3A00%3A00</start_stamp>"
        b"<source>910000001</source><destination>600000098</destination>"
        b"<billsec>5</billsec></vars></cdr></cdrs>",
        {
            "start": "start_stamp",
            "calling_number": "source",
            "called_number": "destination",
            "duration": "billsec",
        },
        {
            "layout": "xml",
            "record_path": "cdrs/cdr/vars",
            "url_encoded": True,
            "date_formats": ["%Y-%m-%d %H:%M:%S"],
        },
        [
            ("+34910000001", "+34600000099", "2026-10-05 10:53:46", 12),
            ("+34910000001", "+34600000098", "2026-10-05 11:00:00", 5),
        ],
    ),
    "a workbook, durations in words, names in brackets": Shape(
        workbook(
            [
                ["Fecha", "Origen", "Destino", "Estado", "Tipo", "Duración"],
                [
                    "2026-10-05 10:00:00",
                    "Ana (101)",
                    "600000099",
                    "Contestada",
                    "Saliente",
                    "1m 15s",
                ],
                [
                    "2026-10-05 10:05:00",
                    "600000098",
                    "Luis (102)",
                    "Perdida",
                    "Entrante",
                    "12s",
                ],
            ]
        ),
        {
            "start": "Fecha",
            "calling_number": "Origen",
            "called_number": "Destino",
            "disposition": "Estado",
            "direction": "Tipo",
            "duration": "Duración",
        },
        {
            "layout": "sheet",
            "has_header": True,
            "duration_unit": "text",
            "date_formats": ["%Y-%m-%d %H:%M:%S"],
            "answered_rule": {"column": "Estado", "pattern": "(?i)^(contestada)$"},
            "direction_rules": [
                {
                    "column": "Tipo",
                    "pattern": "(?i)^(entrante)$",
                    "direction": "incoming",
                },
                {
                    "column": "Tipo",
                    "pattern": "(?i)^(saliente)$",
                    "direction": "outgoing",
                },
            ],
            "steps": {
                "calling_number": [{"replace": [r"^.*\((\+?\d+)\)$", r"\1"]}],
                "called_number": [{"replace": [r"^.*\((\+?\d+)\)$", r"\1"]}],
            },
        },
        [
            ("101", "+34600000099", "2026-10-05 10:00:00", 75),
            ("+34600000098", "102", "2026-10-05 10:05:00", 0),
        ],
    ),
}
