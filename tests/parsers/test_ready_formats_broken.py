# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files of ready formats with bytes changed, lost or doubled: read or refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parser_samples import joined, read_all, ready_file, shipped_formats
from parsers.exceptions import FileError

SIGNS = [b'"', b"|", b",", b";", b"\\", b"\n", b"\r", b"\0", b"{", b"]", b"<", b"%"]
# Where (per mille of the file), how many bytes go, what comes in their place.
DAMAGE = st.lists(
    st.tuples(
        st.integers(0, 999),
        st.integers(0, 40),
        st.sampled_from(SIGNS) | st.binary(max_size=4),
    ),
    min_size=1,
    max_size=5,
)


def damaged(content: bytes, damage: list[tuple[int, int, bytes]]) -> bytes:
    """A file with some bytes replaced."""
    for place, gone, new in damage:
        start = len(content) * place // 1000
        content = content[:start] + new + content[start + gone :]
    return content


@pytest.mark.parametrize("code", sorted(shipped_formats()))
@settings(max_examples=10, deadline=None)
@given(DAMAGE)
def test_every_row_is_accounted_for_or_the_file_refused(
    code: str, damage: list[tuple[int, int, bytes]]
) -> None:
    content = damaged(ready_file(code).read_bytes(), damage)
    form = shipped_formats()[code]
    try:
        whole = read_all(content, form)
    except FileError as error:
        assert str(error)
        return
    for batch in whole:
        parts = (len(batch.facts), len(batch.rejections), batch.skipped, batch.merged)
        assert batch.rows == sum(parts)
    cut = read_all(content, form, rows_per_batch=2)
    if whole:
        assert joined(cut, "facts").equals(joined(whole, "facts"))
