# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A month of calls of a small telephone company, in the files that it would get.

Everything comes from one seed, so that a month always has the same calls.
"""

import csv
import gzip
import io
import random
import zipfile
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

HOTEL = ["910000001", "910000002", "910000003", "910000004"]
HARBOUR = ["910000021", "910000022"]
HARBOUR_MOBILE = ["600000021", "600000022", "600000023"]
CLINIC = ["910000031", "910000032"]
CLINIC_MOBILE = ["600000031", "600000032"]
# Called numbers: what countries keep free for fiction, else plain examples.
LANDLINES = [f"9120000{n:02}" for n in range(40)]
MOBILES = [f"6000009{n:02}" for n in range(40)]
ABROAD = [
    ("0044207946{:04}", "England - Landline"),
    ("0049302312{:04}", "Germany - Landline"),
    ("003319900{:04}", "France - Landline"),
    ("00121255501{:02}", "United States"),
    ("00486000000{:02}", "Poland - Mobile"),
]
SPECIAL = [
    "900000100",
    "902000100",
    "11888",
    "112",
    "016",
    "803000100",
    "0088160000001",  # a satellite, whose price comes later
    "500000001",  # a range that no tariff of the demo knows
]


class Month:
    """Calls of one month, made in order from one seed."""

    def __init__(self, first: date, seed: int = 2026):
        # As PBXs write it: local, without a zone.
        self.first = datetime(first.year, first.month, 1)  # noqa: DTZ001
        following = (self.first + timedelta(days=32)).replace(day=1)
        self.days = (following - self.first).days
        self.random = random.Random(seed)

    def moment(self, day: int) -> datetime:
        """A moment of a day, mostly in office hours."""
        hour = self.random.choice([8, 9, 9, 10, 10, 11, 12, 13, 16, 17, 18, 20, 22])
        seconds = hour * 3600 + self.random.randrange(3600)
        return self.first + timedelta(days=day, seconds=seconds)

    def duration(self) -> int:
        """Seconds; one call of eight is not answered."""
        if self.random.random() < 0.12:
            return 0
        return 1 + int(self.random.expovariate(1 / 170))

    def called(self) -> str:
        """A called number as people dial it in Spain."""
        draw = self.random.random()
        if draw < 0.45:
            return self.random.choice(LANDLINES)
        if draw < 0.85:
            return self.random.choice(MOBILES)
        if draw < 0.95:
            return self.abroad()[0]
        return self.random.choice(SPECIAL)

    def abroad(self) -> tuple[str, str]:
        pattern, name = self.random.choice(ABROAD)
        return pattern.format(self.random.randrange(100)), name

    def calls(self, callers: list[str], a_day: int) -> Iterable[tuple]:
        """(start, calling, called, seconds) of every day, in order of time."""
        for day in range(self.days):
            moments = sorted(self.moment(day) for _ in range(a_day))
            for moment in moments:
                caller = self.random.choice(callers)
                yield moment, caller, self.called(), self.duration()


def write_asterisk(month: Month, folder: Path) -> None:
    """The hotel's PBX: Master.csv, one file a month, with calls from outside."""
    rows = []
    for index, (start, caller, called, seconds) in enumerate(month.calls(HOTEL, 45)):
        unique = f"{int(start.timestamp())}.{index}"
        if index % 9 == 0:
            rows.append(_asterisk(start, called, caller, "from-trunk", seconds, unique))
        else:
            rows.append(
                _asterisk(start, caller, called, "from-internal", seconds, unique)
            )
    lines = "".join(row + "\n" for row in rows)
    # A line that the PBX wrote when its disk was full.
    broken = rows[7][:40] + "\n"
    (folder / "Master.csv").write_text(lines + broken)


def _asterisk(start, source, called, context, seconds, unique):
    ring = timedelta(seconds=6)
    answer = f'"{start + ring}"' if seconds else ""
    end = start + ring + timedelta(seconds=seconds)
    disposition = "ANSWERED" if seconds else "NO ANSWER"
    return (
        f'"","{source}","{called}","{context}","""{source}"" <{source}>",'
        f'"PJSIP/{source}-{unique[-4:]}","PJSIP/trunk-{unique[-4:]}","Dial",'
        f'"PJSIP/{called}@trunk,60","{start}",{answer},"{end}",'
        f'{seconds + 6},{seconds},"{disposition}","DOCUMENTATION","{unique}",""'
    )


FREEPBX_HEADER = (
    "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,"
    "billsec,disposition,amaflags,accountcode,uniqueid,userfield,did,cnum,cnam,"
    "outbound_cnum,outbound_cnam,dst_cnam,recordingfile,linkedid,peeraccount,sequence"
)


def write_freepbx(month: Month, folder: Path) -> None:
    """The clinic's PBX: the export of the CDR report, by week, compressed."""
    weeks: dict[int, list] = {}
    for index, call in enumerate(month.calls(CLINIC, 30)):
        weeks.setdefault((call[0] - month.first).days // 7, []).append((index, call))
    for week, calls in weeks.items():
        rows = [_freepbx(index, *call) for index, call in calls]
        with gzip.open(folder / f"cdr_week{week + 1}.csv.gz", "wb") as target:
            target.write(_freepbx_text(rows))
    # One call of the first week was still going on when it was exported.
    index, (start, caller, called, seconds) = weeks[0][20]
    row = _freepbx(index, start, caller, called, seconds + 95)
    (folder / "cdr_week1_final.csv").write_bytes(_freepbx_text([row]))


def _freepbx_text(rows):
    text = io.StringIO()
    text.write(FREEPBX_HEADER + "\n")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _freepbx(index, start, caller, called, seconds):
    unique = f"{int(start.timestamp())}.{index}"
    trunk = f"PJSIP/trunk-{index:08x}"
    disposition = "ANSWERED" if seconds else "NO ANSWER"
    return [
        start, f'"{caller}" <{caller}>', caller, called, "from-internal",
        f"PJSIP/{caller}-{index:08x}", trunk, "Dial", f"{trunk},300,Tb", seconds + 5,
        seconds, disposition, 3, "", unique, "", "", caller, caller, caller, "", "", "",
        unique, "", 1,
    ]  # fmt: skip


def write_freeswitch(month: Month, folder: Path) -> None:
    """The book shop's switch: mod_cdr_csv, rotated at the middle of the month."""
    halves: dict[int, list[str]] = {0: [], 1: []}
    # The last number belongs to a neighbour on the same switch: not ours to bill.
    callers = [*HARBOUR * 4, "910000099"]
    for index, (start, caller, called, seconds) in enumerate(month.calls(callers, 22)):
        answer = start + timedelta(seconds=4) if seconds else ""
        end = start + timedelta(seconds=4 + seconds)
        values = [
            "Harbour", caller, called, "default", start, answer, end, seconds + 4,
            seconds, "NORMAL_CLEARING" if seconds else "NO_ANSWER",
            f"5f3c0000-0000-4000-8000-{index:012}", "", "", "PCMA", "PCMA",
        ]  # fmt: skip
        half = int((start - month.first).days >= 15)
        halves[half].append(",".join(f'"{value}"' for value in values))
    for half, rows in halves.items():
        (folder / f"Master.csv.{half + 1}").write_text("\n".join(rows) + "\n")


def write_rated(month: Month, folder: Path) -> None:
    """The wholesale carrier: calls abroad, rated, with comma and English months."""
    rows = []
    for start, caller, _called, seconds in month.calls(HARBOUR + CLINIC, 8):
        called, name = month.abroad()
        minutes = max(1, round(seconds / 60))
        amount = f"{minutes * 0.017:.4f}".replace(".", ",")
        stamp = f"{start:%d-%b-%y} {start.hour}:{start:%M}"
        rows.append(f"{stamp};{caller};{caller};{called};{name};{minutes};{amount}")
    rows.insert(5, "31-Foo-26 25:61;910000021;910000021;0044;England;1;0,09")
    text = "\n".join(rows) + "\n"
    (folder / "rated.csv").write_text(text)
    # The carrier sends the month once more under another name, and a part of it.
    (folder / "rated_again.csv").write_text(text)
    (folder / "rated_part.csv").write_text("\n".join(rows[:40]) + "\n")


MOBILE_HEADER = "start,calling,called,duration,bytes,amount,service,visited"


def write_mobile(month: Month, folder: Path) -> None:
    """The mobile carrier: voice, messages, data and roaming, days in a ZIP."""
    days: dict[date, list[str]] = {}
    numbers = HARBOUR_MOBILE + CLINIC_MOBILE
    for start, caller, called, seconds in month.calls([*numbers, "600000777"], 30):
        row = f"{start},+34{caller}," + _mobile(month, called, seconds)
        days.setdefault(start.date(), []).append(row)
    with zipfile.ZipFile(folder / "mobile.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for day, rows in days.items():
            name = f"mobile_{day:%Y%m%d}.csv"
            archive.writestr(name, "\n".join([MOBILE_HEADER, *rows]) + "\n")


def _mobile(month, called, seconds):
    draw = month.random.random()
    if draw < 0.12:
        return f"{called},0,0,0.020000,sms,"
    if draw < 0.30:
        volume = month.random.randrange(1, 40) * 1_000_000
        return f",0,{volume},{volume / 1e6 * 0.002:.6f},data,"
    visited = "FR" if draw > 0.97 else ""
    return f"{called},{seconds},0,{seconds * 0.0004:.6f},voice,{visited}"


FEES_HEADER = (
    "account;reference;product_code;description;kind;period_from;period_to;"
    "quantity;unit;total"
)


def write_fees(month: Month, folder: Path) -> None:
    """The wholesale carrier's charges beside calls: rentals, a line, a credit."""
    first = month.first
    last = first + timedelta(days=month.days - 1)
    period = f"{first:%d/%m/%Y};{last:%d/%m/%Y}"
    numbers = [*HOTEL, *HARBOUR, *CLINIC, "910000098"]
    rows = [
        f"A-1;34{number};RENT-L;Line rental;cuota;{period};1;8,50;8,50"
        for number in numbers
    ]
    day = f"{first + timedelta(days=11):%d/%m/%Y}"
    rows += [
        f"A-1;34{CLINIC[0]};INST;Installation of a line;alta;{day};{day};1;30,00;30,00",
        f"A-1;34{HOTEL[0]};RENT-L;Credit, fault;abono;{period};1;-2,10;-2,10",
    ]
    (folder / "fees.csv").write_text("\n".join([FEES_HEADER, *rows]) + "\n")


def write_month(first: date, root: Path) -> dict[str, Path]:
    """Write all files of a month.

    :return: folder by kind of file: asterisk, freepbx, freeswitch, rated, mobile, fees
    """
    writers = {
        "asterisk": write_asterisk,
        "freepbx": write_freepbx,
        "freeswitch": write_freeswitch,
        "rated": write_rated,
        "mobile": write_mobile,
        "fees": write_fees,
    }
    folders = {}
    for seed, (kind, write) in enumerate(writers.items()):
        folder = root / kind
        folder.mkdir(parents=True, exist_ok=True)
        write(Month(first, seed), folder)
        folders[kind] = folder
    return folders
