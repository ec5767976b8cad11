# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Columns of tables as plain numpy and Arrow arrays, whatever dtype they came in."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .exceptions import BookError, EngineError

Array = np.ndarray
Table = pd.DataFrame


def integers(table: Table, name: str, missing: int | None = None) -> Array:
    """Give a column as int64; absent or empty values become `missing`.

    BookError "column" where the column is absent or has holes and `missing` is None.
    """
    if name not in table:
        if missing is None:
            raise BookError("column", f"the table has no column {name!r}", name)
        return np.full(len(table), missing, dtype=np.int64)
    values, known = amounts(table, name)
    if missing is None and not known.all():
        raise BookError("column", f"column {name!r} has empty values", name)
    return values if known.all() else np.where(known, values, missing)


def amounts(table: Table, name: str) -> tuple[Array, Array]:
    """Give a nullable column as int64 values (0 where missing) and a known mask."""
    if name not in table:
        return np.zeros(len(table), np.int64), np.zeros(len(table), bool)
    column = table[name]
    if column.dtype == np.int64:
        return column.to_numpy(), np.ones(len(table), dtype=bool)
    try:
        array = pd.array(column, dtype="Int64")
    except (TypeError, ValueError, OverflowError) as error:
        message = f"column {name!r} holds something else than whole 64 bit numbers"
        raise BookError("column", message, error) from error
    known = ~np.asarray(array.isna())
    return array.fillna(0).to_numpy(dtype=np.int64), known


def flags(table: Table, name: str, missing: bool) -> Array:
    """Give a column as bools; `missing` where the table has no such column."""
    if name not in table:
        return np.full(len(table), missing)
    return table[name].to_numpy(dtype=bool)


def text(values: pd.Series | Sequence) -> pa.Array:
    """Give a column of texts as one Arrow large_string array; None, NaN -> null."""
    array = pa.array(values, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not (is_text(array.type) or pa.types.is_null(array.type)):
        raise EngineError("column", f"a text was expected, found {array.type}")
    return array.cast(pa.large_string())


def is_text(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type is one of its text types."""
    is_view = getattr(pa.types, "is_string_view", lambda kind: False)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or is_view(kind)


def joined(*parts: pa.Array | str, between: str = "") -> pa.Array:
    """Join texts row by row; a single text is joined to every row, null is empty."""
    wide = pa.large_string()
    columns = [
        pa.scalar(part, wide) if isinstance(part, str) else part for part in parts
    ]
    options = {"null_handling": "replace", "null_replacement": ""}
    return pc.binary_join_element_wise(*columns, pa.scalar(between, wide), **options)


def truth(values: pa.Array) -> Array:
    """Give Arrow booleans as a bool array that can be written to; null -> False."""
    return np.array(pc.fill_null(values, False).to_numpy(zero_copy_only=False))


def texts(table: Table, name: str) -> list[str]:
    """Give a column as Python strings, "" where missing or absent."""
    if name not in table:
        return [""] * len(table)
    if isinstance(table[name].dtype, pd.StringDtype):
        return pc.fill_null(text(table[name]), "").to_pylist()
    return [value if isinstance(value, str) else "" for value in table[name].tolist()]


def has_text(table: Table, name: str) -> Array:
    """Tell which rows have a text that is not empty (bools)."""
    if name not in table:
        return np.zeros(len(table), dtype=bool)
    return truth(pc.not_equal(text(table[name]), ""))


def codes_of(values: pd.Series, known: Sequence[str]) -> Array:
    """Give each text's position in `known`, -1 where it is not there (int64)."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, uniques = values.cat.codes.to_numpy(), values.cat.categories.tolist()
    else:
        codes, uniques = pd.factorize(values)
    place = {name: position for position, name in enumerate(known)}
    return np.array([*(place.get(name, -1) for name in uniques), -1])[codes]


def labelled(codes: Array, labels: Sequence[str], index: pd.Index) -> pd.Series:
    """Give a categorical column from positions in `labels`, each label once."""
    return pd.Series(pd.Categorical.from_codes(codes, list(labels)), index=index)


def combined(columns: Sequence[tuple[Array, int]]) -> Array:
    """Give one int64 for each row of several small ranges (values, size), exactly.

    Numbers the pairs met so far anew where the product of sizes is too large.
    """
    keys, size = columns[0]
    for values, width in columns[1:]:
        if size * width >= 2**62:
            keys, uniques = pd.factorize(keys)
            size = len(uniques) + 1
        keys, size = keys * width + values, size * width
    return keys


def positions(known: Array, wanted: Array) -> Array:
    """Find each wanted value's place in the sorted, unique `known`; -1 where absent."""
    if not len(known):
        return np.full(len(wanted), -1, dtype=np.int64)
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[places] == wanted, places, -1)
