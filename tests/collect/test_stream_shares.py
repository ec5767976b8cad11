# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files of a stream that are whole by themselves, whatever ends or dies when."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecom_cdr.collect.stream import Parting, Shares, Spool


def part(lines, ages):
    """Lines with a + wait for the next one with a - for an hour; # is a head."""
    whole, rest, again, waiting, head = [], [], set(), None, None
    for place, line in enumerate(lines):
        if line.startswith(b"-") and waiting is not None:
            rest.remove(waiting)
            whole.append(waiting)
            waiting = None
        if line.startswith(b"+") and waiting is None and ages[place] < 60:
            waiting = place
            rest.append(place)
            continue
        whole.append(place)
        if line.startswith(b"#"):
            head = place
    if head is not None:
        rest, again = [head, *rest], {head}
    return sorted(whole), rest, again


PARTING = Parting(part)


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "spool")
    yield spool
    spool.close()


def taken(spool, parting=PARTING, later=0.0, **options):
    """What is handed over, and taken away."""
    found = []
    for file in Shares(spool, parting, **options).files(time.time() + later):
        with file.open() as stream:
            found.append(stream.read())
        file.remove()
    return found


def pieces(spool):
    return [path.name for path in spool.directory.glob("2*")]


def test_what_waits_is_handed_over_with_what_comes(spool) -> None:
    with spool.strand() as strand:
        strand.append(b"1\n+2\n3\n")
        assert taken(spool) == [b"1\n3\n"]
        assert pieces(spool) == []
        strand.append(b"+4\n")
        assert taken(spool) == [b"+4\n"]
        strand.append(b"-5\n6\n")
        assert taken(spool) == [b"+2\n-5\n6\n"]
    assert taken(spool) == []
    assert pieces(spool) == []


def test_what_waits_too_long_is_handed_over_as_it_is(spool) -> None:
    with spool.strand() as strand:
        strand.append(b"1\n+2\n")
        assert taken(spool) == [b"1\n"]
        assert taken(spool, later=59 * 60) == []
        assert taken(spool, later=61 * 60) == [b"+2\n"]


def test_heads_stand_ahead_of_the_lines_that_they_hold_for(spool) -> None:
    with spool.strand() as strand:
        strand.append(b"#a\n1\n")
        assert taken(spool) == [b"#a\n1\n"]
        strand.append(b"2\n#b\n")
        assert taken(spool) == [b"#a\n2\n#b\n"]
        strand.append(b"3\n")
        assert taken(spool) == [b"#b\n3\n"]


def test_lines_go_on_over_a_break_of_the_connection_and_a_restart(tmp_path) -> None:
    spool = Spool(tmp_path)
    with spool.strand(origin="192.0.2.1") as strand:
        strand.append(b"#a\n1\n+2\n")
    assert taken(spool) == [b"#a\n1\n"]
    spool.close()
    spool = Spool(tmp_path)
    with spool.strand(origin="192.0.2.1") as strand:
        strand.append(b"-3\n")
    assert taken(spool) == [b"#a\n+2\n-3\n"]
    spool.close()


def test_lines_of_two_places_do_not_mix(spool) -> None:
    for origin, lines in (("::1", b"#a\n+1\n"), ("192.0.2.2", b"-2\n")):
        with spool.strand(origin=origin) as strand:
            strand.append(lines)
    assert sorted(taken(spool)) == [b"#a\n", b"-2\n"]
    assert taken(spool) == []
    with spool.strand(origin="::1") as strand:
        strand.append(b"-3\n")
    assert taken(spool) == [b"#a\n+1\n-3\n"]


def test_a_connection_that_repeats_lines_is_a_file_of_its_own(spool) -> None:
    for lines in (b"1\n+2\n3\n", b"+2\n3\n-4\n"):
        with spool.strand() as strand:
            strand.append(lines)
    assert taken(spool) == [b"1\n3\n", b"+2\n", b"+2\n3\n-4\n"]


@pytest.mark.parametrize(
    "parting", [None, Parting(part, can_be_joined=False)], ids=["none", "alone"]
)
def test_connections_that_are_files_of_their_own(spool, parting) -> None:
    for lines in (b"#a\n+1\n", b"-2\n"):
        with spool.strand() as strand:
            strand.append(lines)
    expected = [b"#a\n+1\n", b"-2\n"]
    if parting:
        expected = [b"#a\n", b"#a\n+1\n", b"-2\n"]
    assert taken(spool, parting) == expected


def test_the_same_file_again_where_it_was_not_taken_away(tmp_path) -> None:
    spool = Spool(tmp_path)
    strand = spool.begin()
    strand.append(b"1\n+2\n")
    first = next(Shares(spool, PARTING).files(time.time()))
    strand.append(b"-3\n")
    spool.close()
    # Stored, and died then: more has come since, the format is another one.
    spool = Spool(tmp_path)
    for parting in (PARTING, None):
        again = next(Shares(spool, parting).files(time.time()))
        assert (again.key, again.content) == (first.key, b"1\n")
    assert taken(spool) == [b"1\n", b"+2\n-3\n"]
    assert pieces(spool) == []
    spool.close()


def test_a_file_that_was_used_up_is_not_taken_again(tmp_path, monkeypatch) -> None:
    spool = Spool(tmp_path)
    with spool.strand() as strand:
        strand.append(b"1\n")
    monkeypatch.setattr(Spool, "remove", lambda *_: 1 / 0)  # as if it died
    with pytest.raises(ZeroDivisionError):
        taken(spool)
    monkeypatch.undo()
    assert taken(spool) == []
    assert pieces(spool) == []
    spool.close()


def test_what_is_too_large_does_not_wait(spool) -> None:
    with spool.strand() as strand:
        strand.append(b"+1\n" + b"2\n" * 50)
    assert taken(spool, largest=40) == [b"+1\n" + b"2\n" * 50]


def test_the_beginning_of_a_line_is_apart(spool) -> None:
    with spool.strand() as strand:
        strand.append(b"1\ntw")
    assert taken(spool) == [b"1\n", b"tw"]


LINES = st.lists(
    st.sampled_from([b"1\n", b"+2\n", b"-3\n", b"#a\n", b"#b\n"]), max_size=12
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(LINES, st.booleans(), st.booleans()), max_size=6))
def test_every_line_comes_once(tmp_path_factory, steps) -> None:
    """Whatever is cut, broken or restarted when; heads may come again."""
    spool = Spool(tmp_path_factory.mktemp("spool"))
    strand, sent, found = spool.begin(), b"", []
    for number, (lines, is_broken, is_taken) in enumerate(steps):
        data = b"".join(line[:-1] + b"%d\n" % number for line in lines)
        if data:
            strand.append(data)
        sent += data
        if is_broken:
            strand.close()
            strand = spool.begin()
        found += taken(spool) if is_taken else []
    spool.close()
    spool = Spool(spool.directory)
    found += taken(spool)
    found += taken(spool, later=7200)
    spool.close()

    def rows(content):
        lines = content.splitlines()
        return sorted(line for line in lines if not line.startswith(b"#"))

    assert rows(b"".join(found)) == rows(sent)
    heads = {line for line in sent.splitlines() if line.startswith(b"#")}
    assert heads == {x for x in b"".join(found).splitlines() if x.startswith(b"#")}
    assert pieces(spool) == []
