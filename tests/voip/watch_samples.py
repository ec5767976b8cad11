# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Sums of calls and rules that the tests of the fraud watch are made of."""

import pandas as pd

from telecom_cdr_voip.watch.facts import find_facts
from telecom_cdr_voip.watch.rules import Rule

MADRID = "Europe/Madrid"
ACME, RIVAL = 7, 8
CUBA, FRANCE = 51, 75
NIGHT = Rule(3, "night", "night", "country", min_calls=3, past_days=90, history_days=0)
RISE = Rule(
    1,
    "rise",
    place="destination",
    min_seconds=3600,
    factor_percent=500,
    past_days=28,
    history_days=7,
)
SHORT = Rule(
    2,
    "short",
    place="category",
    categories=frozenset({"premium"}),
    min_calls=20,
    short_seconds=30,
)
CAP = Rule(4, "cap", min_amount=50_000_000)
INTEGERS = ("customer", "destination", "country", "calls", "seconds", "amount")


def sums(*rows):
    """A table of (local hour of Madrid as text, columns that differ)."""
    blank = {"customer": ACME, "category": "", "destination": 0, "country": 0}
    blank |= {"calls": 1, "seconds": 0, "amount": 0, "short_30": 0}
    columns = ["hour", *blank]
    table = pd.DataFrame([{**blank, "hour": h, **m} for h, m in rows], columns=columns)
    hours = pd.to_datetime(table["hour"]).dt.tz_localize(MADRID, ambiguous=True)
    table["hour"] = hours.dt.tz_convert("UTC").dt.tz_localize(None)
    types = dict.fromkeys((*INTEGERS, "short_30"), "int64")
    return table.astype({**types, "hour": "datetime64[s]"})


def found(rules, table, since="2026-07-20", own=None, columns=()):
    """Facts as tuples of what is asked for; moments as text, UTC."""
    moment = pd.Timestamp(since).to_pydatetime()
    facts = find_facts(rules, own or {}, table, moment, MADRID)
    facts = facts.assign(
        start=facts["start"].dt.strftime("%m-%d %H"),
        end=facts["end"].dt.strftime("%m-%d %H"),
    )
    return list(facts[list(columns)].itertuples(index=False, name=None))
