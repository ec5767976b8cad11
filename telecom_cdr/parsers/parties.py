# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who called whom: numbers, direction and service of a table of rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import numbering
from .columns import Plan
from .formats import DIRECTIONS, SERVICES, Rule
from .tables import Table, search
from .verdicts import Verdicts

OUTGOING, INCOMING, INTERNAL = range(3)
VOICE, SMS, DATA = range(3)
# What a column of its own may say, by the beginnings of the words.
DIRECTION_WORDS = (
    (r"in$|i$|inb|inc|ing|entr|mt|term|rec", INCOMING),
    (r"int|loc|ext", INTERNAL),
    (r"out|o$|sal|mo|orig|dial", OUTGOING),
)
SERVICE_WORDS = (
    (r"sms|mms|mess|text|s$", SMS),
    (r"dat|gprs|inter|packet|d$", DATA),
    (r"voi|call|tel|voz|llam|v$", VOICE),
)
COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
UNDECIDED = -1

Words = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Parties:
    """Who called whom, one row a call.

    :ivar direction: int8, place in DIRECTIONS
    :ivar is_withheld: bool, whether the caller withheld the number
    :ivar calling: object array of str or None, as are the next two
    """

    direction: np.ndarray
    is_withheld: np.ndarray
    calling: np.ndarray
    called: np.ndarray
    redirecting: np.ndarray


def read_parties(
    table: Table, plan: Plan, country: str, digits: int, verdicts: Verdicts
) -> Parties:
    """Numbers in one spelling, and the direction.

    :param country: ISO 3166 code of the carrier
    :param digits: up to so many digits are an extension or a short code
    """
    words = plan.spec.anonymous_values
    calling_text = table.first(plan.places("calling_number"))
    called_text = table.first(plan.places("called_number"))
    redirecting_text = table.first(plan.places("redirecting_number"))
    calling = numbering.spell(calling_text, country, digits, words)
    called = numbering.spell(called_text, country, digits, words)
    redirecting = numbering.spell(redirecting_text, country, digits, words).column()
    direction = read_direction(table, plan, calling, called)
    if plan.spec.swap_incoming:
        texts = _swapped(calling_text, called_text, direction == INCOMING)
        calling_text, called_text = texts
        calling, called = (
            numbering.spell(text, country, digits, words) for text in texts
        )
    parties = Parties(
        direction,
        calling.is_hidden() | ((direction == INCOMING) & _is_none(calling.column())),
        calling.column(),
        called.column(),
        redirecting,
    )
    verdicts.reject(called.is_too_long(), "number", called_text)
    neither = _is_none(parties.calling) & _is_none(parties.called)
    legs = plan.spec.legs
    if legs and legs.end:
        # Who called whom is in the row of the call's begin.
        neither &= ~matches(table, plan, legs.end)
    verdicts.reject(neither, "number", calling_text)
    _respell_roaming(table, plan, country, digits, parties)
    return parties


def _swapped(
    calling: np.ndarray, called: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Two columns of texts, the other way round in some rows."""
    return np.where(rows, called, calling), np.where(rows, calling, called)


def _is_none(values: np.ndarray) -> np.ndarray:
    """Which values of an object array are None."""
    return pd.isna(values)


def _respell_roaming(
    table: Table, plan: Plan, country: str, digits: int, parties: Parties
) -> None:
    """Numbers dialled abroad in national spelling are those of the visited country."""
    if not plan.places("visited_country"):
        return
    visited = read_country(table, plan)
    texts = table.first(plan.places("called_number"))
    for place in {name for name in visited if name and name != country}:
        rows = (visited == place) & (parties.direction == OUTGOING)
        words = plan.spec.anonymous_values
        spelled = numbering.spell(texts[rows], place, digits, words)
        parties.called[rows] = spelled.column()


def read_country(table: Table, plan: Plan) -> np.ndarray:
    """The visited country's ISO code, None where there is none that is one."""
    texts = table.first(plan.places("visited_country"))
    is_code = search(texts, COUNTRY.fullmatch)
    codes = np.full(len(texts), None, object)
    codes[is_code] = [text.upper() for text in texts[is_code]]
    return codes


def read_direction(
    table: Table, plan: Plan, calling: numbering.Spelled, called: numbering.Spelled
) -> np.ndarray:
    """Places in DIRECTIONS: by the first rule that fits, the column, the default."""
    spec = plan.spec
    found = np.full(len(table), UNDECIDED, np.int8)
    for rule in spec.direction_rules:
        if rule.digits:
            fits = calling.is_extension(rule.digits) & called.is_extension(rule.digits)
        else:
            fits = matches(table, plan, rule)
        found[fits & (found == UNDECIDED)] = DIRECTIONS.index(rule.result)
    _read_words(table.first(plan.places("direction")), DIRECTION_WORDS, found)
    found[found == UNDECIDED] = DIRECTIONS.index(spec.direction_default)
    return found


def read_service(table: Table, plan: Plan) -> np.ndarray:
    """Places in SERVICES: by the first rule that fits, the column, the default."""
    found = np.full(len(table), UNDECIDED, np.int8)
    for rule in plan.spec.service_rules:
        fits = matches(table, plan, rule) & (found == UNDECIDED)
        found[fits] = SERVICES.index(rule.result)
    _read_words(table.first(plan.places("service")), SERVICE_WORDS, found)
    found[found == UNDECIDED] = SERVICES.index(plan.spec.service_default)
    return found


def _read_words(texts: np.ndarray, words: Words, found: np.ndarray) -> None:
    """Decide rows that are undecided by what a column of their own says."""
    for pattern, place in words:
        fits = search(texts, re.compile(pattern, re.IGNORECASE).match)
        found[fits & (found == UNDECIDED)] = place


def matches(table: Table, plan: Plan, rule: Rule) -> np.ndarray:
    """Which rows a rule's pattern is found in: none where the file lacks its column."""
    if not plan.applies(rule):
        return np.zeros(len(table), bool)
    return search(table.first(plan.rules[rule]), re.compile(rule.pattern).search)
