# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What kind of values a column has, from its cells alone."""

import re
from collections.abc import Sequence

from .sample import SampleColumn

MOST = 0.9
PHONE = re.compile(r"\+?[\d*#][\d ().\-*#]{0,22}[\dX*#]", re.I | re.A)
PARTY = re.compile(
    r'(?:".*"|[^<>"]*)\s*<([^<>]*)>|(?:sips?|tel):([^@;]+)(?:@.*)?|(?:ext\.?|pickupext\.?)\s?(\d+)'
    r"|.*\(\+?(\d+)\)|<[ID]>(\d+)",
    re.I | re.A,
)
NO_PARTY = (
    "anonymous",
    "unknown",
    "private",
    "withheld",
    "unavailable",
    "restricted",
    "s",
    "anónimo",
    "oculto",
    "privado",
    "unbekannt",
    "anonym",
)
WHOLE = re.compile(r"\d{1,7}", re.A)
DECIMAL = re.compile(r"-?\d{1,9}(?P<mark>[.,])\d{1,10}", re.A)
NUMBER = re.compile(r"\d{1,7}|-?\d{1,9}[.,]\d{1,10}", re.A)
# Unanswered calls of some exchanges.
NO_DURATION = ("-1", "***")
CLOCK = re.compile(r"\d{1,4}:\d{2}:\d{2}(?:\.\d+)?", re.A)
SHORT_CLOCK = re.compile(r"\d{1,3}:\d{2}", re.A)
WORDED = re.compile(
    r"(?:\d+ ?h\w* ?)?(?:\d+ ?m\w* ?)?(?:\d+ ?s\w*)|\d+ ?h\w*(?: ?\d+ ?m\w*)?"
    r"|\d+ ?m\w*|\d+:\d{2}'\d{2}|\d+'\d{2}",
    re.I | re.A,
)

ANSWERED = (
    "answered",
    "answer",
    "completed",
    "connected",
    "success",
    "successful",
    "contestada",
    "contestado",
    "atendida",
    "respondida",
    "completada",
    "angenommen",
    "beantwortet",
    "verbunden",
    "erfolgreich",
    "normal_clearing",
    "terminatedbysrc",
    "terminatedbydst",
)
UNANSWERED = (
    "no answer",
    "noanswer",
    "no-answer",
    "no_answer",
    "busy",
    "failed",
    "fail",
    "canceled",
    "cancelled",
    "cancel",
    "congestion",
    "missed",
    "voicemail",
    "rejected",
    "unanswered",
    "no contestada",
    "no contesta",
    "no respondida",
    "perdida",
    "ocupado",
    "ocupada",
    "fallida",
    "fallido",
    "rechazada",
    "cancelada",
    "nicht angenommen",
    "unbeantwortet",
    "besetzt",
    "verpasst",
    "abgebrochen",
    "fehlgeschlagen",
    "abgelehnt",
    "user_busy",
    "originator_cancel",
    "no_user_response",
    "call_rejected",
)
DIRECTIONS = {
    "incoming": (
        "i",
        "in",
        "inbound",
        "incoming",
        "entrante",
        "entrantes",
        "entrada",
        "recibida",
        "eingehend",
        "ankommend",
        "kommend",
        "eingang",
        "mt",
    ),
    "outgoing": (
        "o",
        "out",
        "outbound",
        "outgoing",
        "outbound-api",
        "outbound-dial",
        "saliente",
        "salientes",
        "salida",
        "realizada",
        "ausgehend",
        "abgehend",
        "gehend",
        "ausgang",
        "mo",
    ),
    "internal": ("internal", "local", "interna", "interno", "intern", "extension"),
}


def party_of(cell: str) -> str:
    """The number in a cell such as "Name" <123>; the cell itself where it is plain."""
    match = PARTY.fullmatch(cell)
    return next((part for part in match.groups() if part), cell) if match else cell


def share(cells: Sequence[str], pattern: re.Pattern[str]) -> float:
    """The share of filled cells that a pattern fits."""
    filled = [cell for cell in cells if cell]
    return (
        sum(bool(pattern.fullmatch(c)) for c in filled) / len(filled) if filled else 0
    )


def phone_share(column: SampleColumn) -> float:
    """The share of filled cells that are numbers that can be dialled."""
    filled = column.filled()
    numbers = [party_of(cell) for cell in filled]
    good = [
        (bool(PHONE.fullmatch(n)) and not DECIMAL.fullmatch(n))
        or n.casefold() in NO_PARTY
        for n in numbers
    ]
    real = any(PHONE.fullmatch(number) for number in numbers)
    return sum(good) / len(filled) if filled and real else 0


def words_share(column: SampleColumn, words: Sequence[str]) -> float:
    """The share of filled cells that are one of some words."""
    filled = column.filled()
    return (
        sum(cell.casefold() in words for cell in filled) / len(filled) if filled else 0
    )


def direction_share(column: SampleColumn) -> float:
    """The share of filled cells that say a direction."""
    return words_share(
        column, [word for words in DIRECTIONS.values() for word in words]
    )


def outcome_share(column: SampleColumn) -> float:
    """The share of filled cells that say whether the call was answered."""
    return words_share(column, (*ANSWERED, *UNANSWERED))


def duration_unit(column: SampleColumn) -> str:
    """The unit of durations in a column; "" where they are none.

    Whole numbers count as seconds unless the heading says otherwise.
    """
    cells = [cell for cell in column.filled() if cell not in NO_DURATION]
    if share(cells, CLOCK) >= MOST:
        return "hms"
    if share(cells, SHORT_CLOCK) >= MOST:
        is_long = any(int(cell.split(":")[0]) > 9 for cell in cells)  # noqa: PLR2004
        return "hms" if is_long else "hm"
    if share(cells, NUMBER) >= MOST:
        return _counted_unit(column.plain, share(cells, DECIMAL) > 0)
    return "text" if share(cells, WORDED) >= MOST else ""


def _counted_unit(heading: str, is_decimal: bool) -> str:
    """What numbers below a heading count; "" where they are rather no durations."""
    if re.search(r"(milli|ms$|msec)", heading):
        return "milliseconds"
    if re.search(r"min(ute|uto|s?$)", heading):
        return "minutes"
    is_named = re.search(r"sec|seg|sek|dur|dauer", heading)
    return "seconds" if is_named or not is_decimal else ""


def decimal_mark(cells: Sequence[str]) -> str:
    """The decimal mark of amounts; "" where no cell has one."""
    marks = [m["mark"] for m in map(DECIMAL.fullmatch, cells) if m]
    return max(set(marks), key=marks.count) if marks else ""


def is_amount(column: SampleColumn) -> bool:
    """Whether a column holds money by its looks: some decimals, nothing but numbers."""
    cells = column.filled()
    numbers = re.compile(r"-?\d{1,9}(?:[.,]\d{1,10})?", re.A)
    return share(cells, numbers) >= MOST and bool(decimal_mark(cells))


def is_unique(column: SampleColumn) -> bool:
    """Whether no value stands there twice."""
    filled = column.filled()
    return len(filled) == len(column.cells) == len(set(filled)) and bool(filled)
