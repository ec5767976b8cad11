# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which calls rates are for, as keys: there and back, and what a sheet speaks of."""

import pandas as pd
import pytest
from engine.rate_sheets.targets import (
    NOTHING,
    TARGET,
    in_reach,
    keys_of_same_calls,
    with_keys,
    with_targets,
)

PLAIN = {"prefix": "44"}
BANDED = {"prefix": "44", "time_band_id": 3}
DESTINATION = {"destination_id": 7}
CATEGORY = {"category": "mobile"}
EVERYTHING = {}
RULE = {"called_pattern": '^\\+34"', "sequence": 2}
ALL_KINDS = [PLAIN, BANDED, DESTINATION, CATEGORY, EVERYTHING, RULE]


def table(*rows):
    """Rates that name nothing but this."""
    filled = [{**NOTHING, **row} for row in rows]
    return pd.DataFrame(filled, columns=[*TARGET, "sequence"])


def test_keys_tell_targets_apart_and_lead_back():
    rates = table(*ALL_KINDS)
    keyed = with_keys(rates)
    assert set(keyed) == {"sequence", "prefix"}
    assert keyed["prefix"][0] == "44"
    assert keyed["prefix"].is_unique
    back = with_targets(keyed)
    assert back[list(TARGET)].to_dict("records") == rates[list(TARGET)].to_dict(
        "records"
    )


def test_no_rows_have_no_keys():
    assert len(with_targets(with_keys(table()))) == 0


REACHED = [
    # what the sheet holds; which of ALL_KINDS it speaks of
    ([PLAIN], [True, False, False, False, False, False]),
    ([BANDED], [True, True, False, False, False, False]),
    ([PLAIN, CATEGORY], [True, False, False, True, True, False]),
    ([EVERYTHING], [True, False, False, True, True, False]),
    ([DESTINATION], [True, False, True, False, False, False]),
    ([RULE], [True, False, False, True, True, True]),
    ([], [True, False, False, False, False, False]),
]


@pytest.mark.parametrize(("sheet", "wanted"), REACHED)
def test_a_sheet_speaks_of_the_kinds_that_it_holds(sheet, wanted):
    assert in_reach(table(*ALL_KINDS), table(*sheet)).tolist() == wanted


def test_rates_of_what_a_row_names_whatever_their_band():
    known = table(*ALL_KINDS)
    known = known.assign(key=with_keys(known)["prefix"])
    rows = pd.DataFrame(
        {
            "prefixes": [("44", "45"), (), (), (), ()],
            "destination_id": [0, 7, 0, 0, 0],
            "category": ["", "", "mobile", "all", ""],
        }
    )
    keys = known["key"].tolist()
    assert keys_of_same_calls(known, rows) == [
        [keys[0], keys[1], "45"],
        [keys[2]],
        [keys[3]],
        [keys[4], keys[5]],
        [],
    ]
