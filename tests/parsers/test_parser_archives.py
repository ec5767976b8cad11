# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Archives: members as streams, and everything that an archive may do to us."""

import gzip
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parser_samples import MADRID, spec
from parsers.archives import ArchiveLimits, is_archive, members
from parsers.exceptions import ArchiveError, ParserError
from parsers.reader import read

ROW = b"2026-03-02 10:00:00,600000001,600000002,60,0.05,a1\n"


def zipped(**contents: bytes) -> bytes:
    """A zip file; `__` in a name stands for a dot."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name.replace("__", "."), content)
    return target.getvalue()


def unpacked(content: bytes, name: str, limits: ArchiveLimits | None = None) -> dict:
    """Names and bytes of an archive's members."""
    found = members(io.BytesIO(content), name, limits)
    return {member.name: member.stream.read() for member in found}


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"plain", "a.csv", {"a.csv": b"plain"}),
        (b"", "a.csv", {"a.csv": b""}),
        (zipped(), "a.zip", {}),
        (zipped(a__csv=b"1", b__csv=b"2"), "x.zip", {"a.csv": b"1", "b.csv": b"2"}),
        (zipped(a__csv=b""), "x.zip", {"a.csv": b""}),
        (gzip.compress(b"1"), "cdr.csv.gz", {"cdr.csv": b"1"}),
        (gzip.compress(b"1"), "cdr", {"cdr": b"1"}),
        (gzip.compress(b"1") + gzip.compress(b"2"), "a.gz", {"a": b"12"}),
        (zipped(a__csv__gz=gzip.compress(b"1")), "x.zip", {"a.csv": b"1"}),
        (zipped(y__zip=zipped(a=b"1", b=b"2")), "x.zip", {"a": b"1", "b": b"2"}),
        (zipped(c__xlsx=zipped(a=b"1")), "x.zip", {"c.xlsx": zipped(a=b"1")}),
        (zipped(a=b"1"), "calls.xlsx", {"calls.xlsx": zipped(a=b"1")}),
    ],
)
def test_members(content: bytes, name: str, expected: dict[str, bytes]) -> None:
    assert unpacked(content, name) == expected


def test_folders_and_resource_forks_are_left_out() -> None:
    target = io.BytesIO(zipped(a=b"1"))
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("folder/", b"")
        archive.writestr("folder/b", b"2")
        archive.writestr("__MACOSX/._a", b"3")
    assert unpacked(target.getvalue(), "x.zip") == {"a": b"1", "folder/b": b"2"}


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (b"PK\x03\x04rest", "calls.csv", True),
        (b"PK\x05\x06", "", True),
        (b"PK\x03\x04rest", "calls.XLSX", False),
        (b"\x1f\x8b\x08", "x", True),
        (b"start,called", "x.zip", False),
        (b"", "x.gz", False),
    ],
)
def test_the_content_says_what_is_an_archive(
    head: bytes, name: str, expected: bool
) -> None:
    assert is_archive(head, name) is expected


@pytest.mark.parametrize(
    "name",
    ["../evil.csv", "a/../../evil", "/etc/passwd", "C:\\evil", "a\\..\\b", "a//b"],
)
def test_paths_are_refused(name: str) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("good.csv", ROW)
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        archive.writestr(entry, b"evil")
    with pytest.raises(ArchiveError, match="outside of it") as caught:
        unpacked(target.getvalue(), "x.zip")
    assert (caught.value.reason, caught.value.found) == ("path", name)


def test_links_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(ArchiveError) as caught:
        unpacked(target.getvalue(), "x.zip")
    assert caught.value.reason == "path"


def test_encrypted_members_are_refused() -> None:
    content = bytearray(zipped(secret=b"1"))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ArchiveError, match="without a password") as caught:
        unpacked(bytes(content), "x.zip")
    assert (caught.value.reason, caught.value.found) == ("encrypted", "secret")


def lying(content: bytes) -> bytes:
    """A zip file whose table of contents says that its members are small."""
    data = bytearray(content)
    place = data.index(b"PK\x01\x02")
    struct.pack_into("<L", data, place + 24, 10)
    return bytes(data)


BOMBS: dict[str, Callable[[], tuple[bytes, ArchiveLimits]]] = {
    "gzip ratio": lambda: (gzip.compress(b"0" * 30_000_000), ArchiveLimits()),
    "zip ratio": lambda: (zipped(a=b"0" * 30_000_000), ArchiveLimits()),
    "declared size": lambda: (zipped(a=b"0" * 5000), ArchiveLimits(total_bytes=4999)),
    "gzip size": lambda: (
        gzip.compress(ROW * 5000),
        ArchiveLimits(total_bytes=4999, ratio=10**6),
    ),
    "sum of members": lambda: (
        zipped(a=b"0" * 3000, b=b"0" * 3000),
        ArchiveLimits(total_bytes=5000),
    ),
    "nested": lambda: (
        zipped(a__gz=gzip.compress(b"0" * 30_000_000)),
        ArchiveLimits(),
    ),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_are_refused(kind: str) -> None:
    content, limits = BOMBS[kind]()
    with pytest.raises(ArchiveError, match="unpacks to too much") as caught:
        unpacked(content, "x", limits)
    assert caught.value.reason == "bomb"


def test_bomb_is_noticed_long_before_it_is_unpacked() -> None:
    content = gzip.compress(b"0" * 50_000_000)
    (member,) = members(io.BytesIO(content), "x.gz")
    size = 0
    with pytest.raises(ArchiveError):
        while block := member.stream.read(65_536):
            size += len(block)
    assert size < 12_000_000


def test_sizes_that_lie_are_damage() -> None:
    with pytest.raises(ArchiveError) as caught:
        unpacked(lying(zipped(a=b"0" * 100_000)), "x.zip")
    assert caught.value.reason == "damaged"


@pytest.mark.parametrize("count", [4, 40])
def test_too_many_members_are_refused(count: int) -> None:
    content = zipped(**{f"f{number}": b"" for number in range(count)})
    with pytest.raises(ArchiveError, match="3 are allowed") as caught:
        unpacked(content, "x.zip", ArchiveLimits(members=3))
    assert caught.value.reason == "members"


def test_members_of_nested_archives_count_too() -> None:
    content = zipped(a__zip=zipped(a=b"1", b=b"2"), b__zip=zipped(c=b"3", d=b"4"))
    with pytest.raises(ArchiveError) as caught:
        unpacked(content, "x.zip", ArchiveLimits(members=3))
    assert caught.value.reason == "members"


def test_third_level_is_refused() -> None:
    content = zipped(a__zip=zipped(b__gz=gzip.compress(b"1")))
    with pytest.raises(ArchiveError, match="unpack it first") as caught:
        unpacked(content, "x.zip")
    assert caught.value.reason == "nested"


def test_truncated_gzip_gives_what_it_has_and_then_says_so() -> None:
    content = gzip.compress(zlib.compress(bytes(range(256)) * 4000) * 100, 1)
    with pytest.raises(ArchiveError, match="get the file again") as caught:
        unpacked(content[: len(content) // 2], "x.gz")
    assert caught.value.reason == "truncated"


@pytest.mark.parametrize(
    "content",
    [
        zipped(a=b"1" * 1000)[:-10],
        zipped(a=b"1" * 1000)[:20],
        b"PK\x03\x04 and no more",
        b"\x1f\x8b\x08 and no more than that",
        gzip.compress(ROW) + b"garbage",
    ],
)
def test_damage_is_refused(content: bytes) -> None:
    with pytest.raises(ArchiveError, match="get the file again") as caught:
        unpacked(content, "x")
    assert caught.value.reason in ("damaged", "truncated")


def test_changed_bytes_are_refused() -> None:
    content = bytearray(zipped(a=ROW * 100))
    content[45] ^= 0xFF
    with pytest.raises(ArchiveError) as caught:
        unpacked(bytes(content), "x.zip")
    assert caught.value.reason == "damaged"


def test_a_member_is_read_as_a_file_of_calls() -> None:
    content = zipped(a__csv=ROW * 3000, b__csv=ROW)
    counts = [
        sum(
            len(batch.facts) for batch in read(member.stream, spec(), MADRID, None, 500)
        )
        for member in members(io.BytesIO(content), "x.zip")
    ]
    assert counts == [3000, 1]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([zipped(a=ROW * 5, b=b"x"), gzip.compress(ROW * 5)]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    st.integers(0, 400),
)
def test_any_damage_is_read_or_refused(
    content: bytes, changes: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(content)
    for place, value in changes:
        data[place % len(data)] = value
    try:
        found = unpacked(bytes(data[: max(length, 1)]), "x")
    except ParserError as error:
        assert error.reason
    else:
        assert isinstance(found, dict)
