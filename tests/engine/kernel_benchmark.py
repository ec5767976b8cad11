# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How fast the engine alone matches and prices calls; called by `setup/bench`.

Needs the folder `telecom_cdr` on the import path, for `engine`.
"""

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from engine.match import DestinationTable, match_destinations
from engine.periods import EVER, NEVER
from engine.pricing.rating import rate_calls
from engine.rates.book import RateBook

FEW, MANY = 5_000, 100_000
REPEATS = 3
NUMBERS = 10_000


def kernel_figures(calls: int = 1_000_000, seed: int = 1) -> dict[str, float]:
    """Time matching and pricing of random calls with few and with many prefixes.

    From called number, start and duration as the parsers give them to destination,
    category, tariff, rate and price, 60/60 with connect fee; the best of some runs.
    Gives calls_per_second (5,000 prefixes), calls_per_second_many (100,000),
    prefix_growth (time with 100,000 against time with 5,000), calls and prefixes.
    """
    facts = random_facts(calls, seed)
    kernels = {size: prepared(size, seed) for size in (FEW, MANY)}
    spent = dict.fromkeys(kernels, float("inf"))
    for _ in range(REPEATS):
        for size, kernel in kernels.items():
            spent[size] = min(spent[size], seconds_of(kernel, facts))
    return {
        "calls": calls,
        "calls_per_second": calls / spent[FEW],
        "calls_per_second_many": calls / spent[MANY],
        "prefix_growth": spent[MANY] / spent[FEW],
    }


def seconds_of(kernel: Callable, facts: pd.DataFrame) -> float:
    """Give the processor seconds that one run over all facts takes."""
    before = time.process_time()
    priced = kernel(facts)
    spent = time.process_time() - before
    assert priced["price_micro"].notna().mean() > 0.5, "most calls must have a price"
    return spent


def random_facts(calls: int, seed: int) -> pd.DataFrame:
    """Give outgoing calls of a month, each to another number, of numbers of ours."""
    random = np.random.default_rng(seed)
    start = np.datetime64("2026-03-01", "s") + np.sort(
        random.integers(0, 31 * 86400, calls)
    )
    numbers = random.integers(10_000_000_000, 100_000_000_000, calls)
    number_id = random.integers(1, NUMBERS + 1, calls)
    columns = {
        "service": "voice",
        "direction": "outgoing",
        "called_number": ["+" + text for text in numbers.astype(str).tolist()],
        "start_at": start,
        "duration": random.integers(0, 900, calls),
        "volume": np.zeros(calls, dtype=np.int64),
        "number_id": number_id,
        "partner_id": number_id // 10 + 1,
    }
    return pd.DataFrame(columns)


def random_prefixes(size: int, seed: int) -> list[str]:
    """Give different prefixes that cover every number: 10 to 99, and longer ones."""
    random = np.random.default_rng(seed)
    known = {str(number) for number in range(10, 100)}
    while len(known) < size:
        known.add(str(random.integers(100, 10_000_000)))
    return sorted(known)


def prepared(size: int, seed: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Give a function that matches and prices facts with so many prefixes."""
    prefixes = random_prefixes(size, seed)
    random = np.random.default_rng(seed)
    known = pd.DataFrame({"destination_id": range(1, size + 1), "prefix": prefixes})
    known["category"] = "international"
    table = DestinationTable.build(known)
    book = RateBook.build(tariffs(), rates(prefixes, random), known, company())

    def kernel(facts: pd.DataFrame) -> pd.DataFrame:
        matched = match_destinations(facts, table, "34")
        return rate_calls(pd.concat([facts, matched], axis=1), book)

    return kernel


def tariffs() -> pd.DataFrame:
    """Give the one tariff."""
    row = {"tariff_id": 1, "parent_id": 0, "currency_id": 1, "rounding_digits": 4}
    return pd.DataFrame([{**row, "rounding": "half_up"}])


def company() -> pd.DataFrame:
    """Give the tariff to everybody."""
    row = {"owner_kind": "company", "owner_id": 0, "tariff_id": 1}
    return pd.DataFrame([{**row, "start": EVER, "end": NEVER}])


def rates(prefixes: list[str], random: np.random.Generator) -> pd.DataFrame:
    """Give a rate of its own price for each prefix."""
    columns = {
        "rate_id": np.arange(1, len(prefixes) + 1),
        "tariff_id": 1,
        "service": "voice",
        "direction": "outgoing",
        "prefix": prefixes,
        "method": "duration",
        "price_nano": random.integers(1, 3_000, len(prefixes)) * 1_000_000,
        "connect_nano": 100_000_000,
        "initial": 60,
        "increment": 60,
        "start": EVER,
        "end": NEVER,
    }
    return pd.DataFrame(columns)
