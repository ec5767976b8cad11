# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where to look for whose call it is: which facts, in which order.

A source may have an order of its own.  Without one the redirecting number, the calling
one, account code and trunk are asked of outgoing calls, the called number of incoming
ones, the calling one of internal ones.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .codes import DIRECTIONS
from .extra import loaded, named
from .tables import Array, Table, integers, text, texts

NUMBER, REFERENCE, PARTNER = "number", "reference", "partner"
EXTRA = "extra."
MAX_ID_DIGITS = 9
KINDS = (
    "landline", "mobile", "intelligent", "extension", "account_code", "trunk", "ip",
    "sip", "customer_code",
)  # fmt: skip


@dataclass(frozen=True)
class Identifier:
    """A fact that may tell whose call it is.

    column: of the facts, or "extra." and the name of a further fact.  directions: of
    the calls that it is asked of; none: all.  kinds: of the numbers of ours that it may
    name; none: any.  by: what it names, a number of ours (NUMBER), the customer's
    REFERENCE or the id of the PARTNER.
    """

    column: str
    directions: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    by: str = NUMBER

    def asks(self, direction: str) -> bool:
        """Tell whether calls of a direction are asked."""
        return not self.directions or direction in self.directions


USUAL = (
    Identifier("redirecting_number", ("outgoing",)),
    Identifier("calling_number", ("outgoing", "internal")),
    Identifier("called_number", ("incoming",)),
    Identifier("account_code", ("outgoing",)),
    Identifier("trunk", ("outgoing",)),
)


@dataclass(frozen=True)
class CustomerTable:
    """Who pays, by reference and by id of a partner.

    references: unique texts.  of_reference: int64, who pays, by their place.
    partners: int64, sorted.  of_partner: int64, who pays, by their place.
    """

    references: pa.Array
    of_reference: Array
    partners: Array
    of_partner: Array

    @classmethod
    def build(cls, customers: Table) -> "CustomerTable":
        """Index customers (partner_id, reference, payer_id).

        A reference of several who pay names nobody: such calls wait.
        """
        ids, payers = integers(customers, "partner_id"), integers(customers, "payer_id")
        pairs = pd.DataFrame({"name": texts(customers, "reference"), "payer": payers})
        pairs = pairs[pairs["name"] != ""].drop_duplicates()
        pairs = pairs.drop_duplicates("name", keep=False)
        names = pa.array(pairs["name"].tolist(), type=pa.large_string())
        order = np.argsort(ids)
        return cls(names, pairs["payer"].to_numpy(), ids[order], payers[order])

    def payers(self, values: pa.Array, by: str) -> Array:
        """Find who pays (int64) for each text; 0 where nobody."""
        if by == REFERENCE:
            found = pc.index_in(values, self.references, skip_nulls=True)
            places = pc.fill_null(found, -1).to_numpy(zero_copy_only=False)
            return np.append(self.of_reference, 0)[places]
        is_id = pc.and_(
            pc.ascii_is_decimal(values),
            pc.less_equal(pc.binary_length(values), MAX_ID_DIGITS),
        )
        ids = pc.cast(pc.if_else(pc.fill_null(is_id, False), values, "0"), pa.int64())
        places = np.searchsorted(self.partners, ids.to_numpy(zero_copy_only=False))
        places = np.minimum(places, max(len(self.partners) - 1, 0))
        if not len(self.partners):
            return np.zeros(len(values), dtype=np.int64)
        same = self.partners[places] == ids.to_numpy(zero_copy_only=False)
        return np.where(same, self.of_partner[places], 0)


@dataclass(frozen=True)
class Search:
    """The order in which a source's calls are asked, and the customers it may name."""

    identifiers: tuple[Identifier, ...] = USUAL
    customers: CustomerTable | None = None

    def of(self, direction: str) -> tuple[Identifier, ...]:
        """Give the identifiers that calls of a direction are asked for."""
        return tuple(one for one in self.identifiers if one.asks(direction))


USUAL_SEARCH = Search()


def values_of(facts: Table, column: str, calls: Array) -> pa.Array | None:
    """Give a fact of some calls (positions) as texts; None where it is not there."""
    is_extra = column.startswith(EXTRA)
    name = "extra" if is_extra else column
    if name not in facts:
        return None
    values = facts[name]
    values = values if calls.size == len(facts) else values.iloc[calls]
    return text(further(values, column.removeprefix(EXTRA)) if is_extra else values)


def further(values: pd.Series, name: str) -> list[str | None]:
    """Give a fact out of JSON objects; each different text is read once."""
    codes, distinct = pd.factorize(values)
    found: list[str | None] = [named(loaded(one).get(name)) for one in distinct]
    found.append(None)
    return [found[code] for code in codes.tolist()]


def by_direction(codes: Array, search: Search, look_up: Callable) -> None:
    """Ask a search of the calls of each direction (codes in DIRECTIONS), in its order.

    look_up: takes an identifier and positions of calls, gives which of them are found
    (bool array); what is found is not asked again.
    """
    for code, direction in enumerate(DIRECTIONS):
        calls = np.flatnonzero(codes == code)
        for identifier in search.of(direction):
            if calls.size:
                calls = calls[~look_up(identifier, calls)]
