# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The spool: every byte on the disk, in whole lines, whatever dies when."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecom_cdr.collect.stream.spool import LONGEST_LINE, Spool, SpoolBusy


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "spool")
    yield spool
    spool.close()


def handed(spool):
    """What can be taken over: bytes and whether they are the beginning of a line."""
    return [(f.path.read_bytes(), f.is_partial) for f in spool.hand_over()]


def test_whole_lines_are_handed_over_and_the_rest_waits(spool) -> None:
    with spool.strand() as strand:
        strand.append(b"one\r\ntw")
        assert handed(spool) == [(b"one\r\n", False)]
        strand.append(b"o\r\nthree\r\n")
        assert handed(spool) == [(b"one\r\n", False), (b"two\r\nthree\r\n", False)]


def test_what_was_taken_over_is_gone_and_names_never_come_again(spool) -> None:
    names = []
    with spool.strand() as strand:
        for _ in range(3):
            strand.append(b"line\n")
            [file] = spool.hand_over()
            names.append(file.name)
            file.remove()
    assert spool.hand_over() == []
    assert names == sorted(set(names))


@pytest.mark.parametrize(
    ("tail_is_line", "expected"),
    [
        (False, [(b"one\n", False), (b"tw", True)]),
        (True, [(b"one\ntw", False)]),
    ],
)
def test_a_connection_that_ends_in_the_middle_of_a_line(
    spool, tail_is_line, expected
) -> None:
    with spool.strand(tail_is_line) as strand:
        strand.append(b"one\ntw")
    assert handed(spool) == expected


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r", b" \n \n"])
def test_a_connection_that_ends_behind_a_line(spool, ending) -> None:
    with spool.strand() as strand:
        strand.append(b"one" + ending)
    assert handed(spool) == [(b"one" + ending, False)]


def test_a_connection_that_brings_nothing_leaves_nothing(spool) -> None:
    with spool.strand() as strand:
        strand.append(b"\r\n\r\n")
    with spool.strand():
        pass
    assert handed(spool) == []
    assert [path.name for path in spool.directory.iterdir()] == ["lock"]


def test_connections_at_a_time_do_not_mix(spool) -> None:
    with spool.strand() as first, spool.strand() as second:
        first.append(b"first, be")
        second.append(b"second\n")
        first.append(b"gun\n")
    assert handed(spool) == [(b"first, begun\n", False), (b"second\n", False)]


def test_a_process_that_dies_leaves_what_the_next_one_ends(tmp_path) -> None:
    dead = Spool(tmp_path)
    strand = dead.begin()
    strand.append(b"one\ntw")
    dead._lock.close()
    spool = Spool(tmp_path)
    assert handed(spool) == []
    spool.recover()
    assert handed(spool) == [(b"one\n", False), (b"tw", True)]
    spool.close()


def test_two_processes_do_not_share_a_spool(tmp_path) -> None:
    first = Spool(tmp_path)
    with pytest.raises(SpoolBusy, match="Another process works in"):
        Spool(tmp_path)
    first.close()
    Spool(tmp_path).close()


def test_a_large_file_is_ended_at_once(tmp_path) -> None:
    spool = Spool(tmp_path, largest=20)
    with spool.strand() as strand:
        strand.append(b"0123456789\n")
        strand.append(b"0123456789\nx")
        assert [p.suffix for p in sorted(tmp_path.glob("2*"))] == [".ready", ".open"]
        strand.append(b"y\n")
    assert handed(spool) == [(b"0123456789\n0123456789\n", False), (b"xy\n", False)]
    spool.close()


def test_what_never_ends_a_line_is_set_apart(spool) -> None:
    with spool.strand() as strand:
        strand.append(b"good\n" + b"x" * LONGEST_LINE)
        assert handed(spool) == [(b"good\n", False), (b"x" * LONGEST_LINE, True)]
        strand.append(b"again\n")
    assert handed(spool)[-1] == (b"again\n", False)


def test_a_full_disk_takes_nothing_by_halves(spool, monkeypatch) -> None:
    write = os.write
    with spool.strand() as strand:
        strand.append(b"one\n")
        monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:2]))
        with pytest.raises(OSError, match="No space left on device"):
            strand.append(b"two\n")
        monkeypatch.setattr(os, "write", write)
        strand.append(b"three\n")
    assert handed(spool) == [(b"one\nthree\n", False)]


def test_a_disk_that_is_full_while_a_file_ends(spool, monkeypatch) -> None:
    write = os.write
    with spool.strand() as strand:
        strand.append(b"one\ntw")
        monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:1]))
        with pytest.raises(OSError, match="No space left on device"):
            spool.hand_over()
        monkeypatch.setattr(os, "write", write)
        strand.append(b"o\n")
        assert handed(spool) == [(b"one\ntwo\n", False)]


def test_the_state_is_kept_whole(spool) -> None:
    assert spool.read_state() == {}
    spool.write_state({"offset": 7})
    assert spool.read_state() == {"offset": 7}
    (spool.directory / "state.json").write_text('{"off')
    assert spool.read_state() == {}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=8),
            st.sampled_from([b"\n", b"\r\n", b"hand over", b"die", b"end"]),
        ),
        max_size=25,
    )
)
def test_no_byte_is_lost_or_doubled(tmp_path_factory, steps) -> None:
    """Whatever comes, dies or is handed over when: the bytes are those that came.

    Blank lines alone are no lines: they may be left out.
    """
    folder = tmp_path_factory.mktemp("spool")
    spool, sent, got = Spool(folder), b"", b""

    def take():
        found = b""
        for file in spool.hand_over():
            found += file.path.read_bytes()
            file.remove()
        return found

    strand = spool.begin()
    for step in steps:
        if step == b"hand over":
            got += take()
        elif step == b"die":
            spool._lock.close()
            spool = Spool(folder)
            spool.recover()
            strand = spool.begin()
        elif step == b"end":
            strand.close()
        elif step:
            strand.append(step)
            sent += step
    strand.close()
    got += take()
    spool.close()
    assert b"".join(got.split()) == b"".join(sent.split())
