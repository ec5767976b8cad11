# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Law 2: the same call has the same identity, whatever file it comes in."""

import numpy as np
import pandas as pd
import pytest
from engine.exceptions import EngineError
from engine.identity import KeyCounter, identities
from engine_samples import facts_table
from hypothesis import given, settings
from hypothesis import strategies as st

SECRET = b"a secret of the company"
SAME_CALL = [
    {"trunk": "other"},
    {"volume": 5},
    {"extra": '{"a":1}'},
    {"start_at": "2026-03-10 09:00:00"},
]
OTHER_CALL = [
    {"direction": "incoming"},
    {"calling_number": "+34600000002"},
    {"calling_number": None},
    {"called_number": "+34911234568"},
    {"start_text": "10/03/2026 11:00:01"},
    {"duration": 61},
    {"unique_id": "x"},
    {"start_local": "2026-03-10 12:00:00"},
]


def ids(rows, carrier_id=1, secret=SECRET, **options):
    """Give the identities of facts as a list."""
    facts = rows if isinstance(rows, pd.DataFrame) else facts_table(rows)
    return identities(facts, carrier_id, secret, **options)["identity"].tolist()


def test_identity_is_the_hour_and_a_hash_in_hex():
    (identity,) = ids([{}])
    hours = (pd.Timestamp("2026-03-10 11:00") - pd.Timestamp(0)) // pd.Timedelta("1h")
    assert int(identity[:8], 16) == hours
    assert len(bytes.fromhex(identity)) == 16


def test_identity_is_stable_over_releases():
    """Stored identities must be met again: this value never changes."""
    first, second = (
        "000783fb512e0ebd5cae995b50805c9a",
        "000783fb382fd451fe10f113bc3a99a4",
    )
    assert ids([{}] * 2) == [first, second]


@pytest.mark.parametrize("other", SAME_CALL)
def test_other_facts_do_not_make_another_call(other):
    assert ids([other]) == ids([{}])


@pytest.mark.parametrize("other", OTHER_CALL)
def test_every_part_of_the_key_counts(other):
    assert ids([other]) != ids([{}])


def test_carrier_and_secret_count():
    assert len({*ids([{}]), *ids([{}], carrier_id=2), *ids([{}], secret=b"x")}) == 3


def test_with_a_unique_id_the_duration_does_not_count():
    assert ids([{"unique_id": "a"}]) == ids([{"unique_id": "a", "duration": 99}])
    assert ids([{"unique_id": ""}]) == ids([{"unique_id": None}])
    assert ids([{"unique_id": "60"}]) != ids([{"duration": 60}])


def test_parts_cannot_be_shifted_into_each_other():
    mark = "\x1f"
    rows = [
        {"calling_number": "a" + mark, "called_number": "b"},
        {"calling_number": "a", "called_number": mark + "b"},
        {"calling_number": "a" + mark + "b", "called_number": ""},
        {"calling_number": "a\x1b1", "called_number": "b"},
        {"calling_number": "a\x1b", "called_number": "1b"},
    ]
    assert len(set(ids(rows))) == len(rows)
    assert ids(rows) == [ids([row])[0] for row in rows]


def test_repeats_in_a_file_are_counted():
    """A = {x, x} and B = {x, x, x} give three calls in either order."""
    two, three = ids([{}] * 2), ids([{}] * 3)
    assert len(set(two)) == 2
    assert len(set(three)) == 3
    assert set(two) < set(three)
    assert identities(facts_table([{}] * 3), 1, SECRET)["n"].tolist() == [1, 2, 3]


def test_repeats_are_numbered_by_their_other_facts_not_by_their_order():
    rows = [{"trunk": "b"}, {}, {"trunk": "a"}, {"volume": 3}]
    forward = dict(zip(map(str, rows), ids(rows), strict=True))
    backward = dict(zip(map(str, rows[::-1]), ids(rows[::-1]), strict=True))
    assert forward == backward
    assert len(set(forward.values())) == 4


def test_a_format_that_keeps_only_the_first_marks_repeats():
    facts = facts_table([{}, {"duration": 1}, {}])
    found = identities(facts, 1, SECRET, unique=True)
    assert found["is_repeat"].tolist() == [False, False, True]
    assert found["n"].tolist() == [1, 1, 1]
    assert found["identity"][0] == found["identity"][2]


def test_the_first_of_a_unique_file_is_the_first_over_batches_too():
    counter = KeyCounter()
    for expected in ([False], [True], [True]):
        found = identities(facts_table([{}]), 1, SECRET, True, counter)
        assert found["is_repeat"].tolist() == expected


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.data())
def test_batches_of_a_file_give_the_identities_of_the_whole(durations, data):
    rows = [{"duration": one} for one in durations]
    cut = data.draw(st.integers(0, len(rows)))
    counter, found = KeyCounter(), []
    for part in (rows[:cut], rows[cut:]):
        found += ids(part, counter=counter) if part else []
    assert sorted(found) == sorted(ids(rows))
    assert len(counter) == len(rows)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), max_size=8))
def test_two_files_give_the_larger_number_of_each_call(one, other):
    found = set()
    for durations in (one, other):
        found.update(ids([{"duration": d} for d in durations]) if durations else [])
    expected = sum(max(one.count(d), other.count(d)) for d in range(4))
    assert len(found) == expected


def test_key_counter_counts_over_many_batches():
    random, counter, kept = np.random.default_rng(2), KeyCounter(), []
    for _ in range(40):
        keys = random.integers(0, 500, random.integers(1, 60)).astype(np.uint64)
        expected = [kept.count(int(key)) for key in keys]
        assert counter.seen(keys).tolist() == expected
        counter.add(keys)
        kept += keys.tolist()
    assert len(counter) == len(kept)


@pytest.mark.parametrize("secret", [b"", b"x" * 65])
def test_a_secret_of_the_wrong_size_is_refused(secret):
    with pytest.raises(EngineError, match="1 to 64 bytes") as refused:
        ids([{}], secret=secret)
    assert refused.value.reason == "secret"


@pytest.mark.parametrize("kind", [object, "string", "category"])
def test_the_text_type_and_the_index_do_not_matter(kind):
    facts = facts_table([{}, {"calling_number": None}])
    names = ["direction", "calling_number", "called_number", "start_text", "unique_id"]
    typed = facts.astype(dict.fromkeys(names, kind)).set_axis([7, 3])
    found = identities(typed, 1, SECRET)
    assert found["identity"].tolist() == ids(facts)
    assert found.index.tolist() == [7, 3]


def test_no_rows_give_no_identities():
    assert ids(facts_table([{}]).iloc[:0]) == []


def test_a_salt_makes_other_calls():
    rows = [{}, {"unique_id": "a"}]
    plain, salted, other = (ids(rows, salt=salt) for salt in (b"", b"1" * 16, b"2"))
    assert len({*plain, *salted, *other}) == 6
    assert ids(rows, salt=b"2") == other
    assert [one[:8] for one in plain] == [one[:8] for one in salted]


def test_the_salt_has_a_limit():
    with pytest.raises(EngineError, match="up to 16 bytes") as error:
        ids([{}], salt=b"x" * 17)
    assert error.value.reason == "salt"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=25))
def test_files_at_once_are_as_one_by_one(rows):
    """n counts inside each file, whatever stands between its rows."""
    facts = facts_table([{"duration": duration} for duration, _file in rows])
    files = np.array([file for _duration, file in rows], np.int64)
    together = identities(facts, 1, SECRET, files=files)
    for file in set(files.tolist()):
        own = files == file
        alone = identities(facts[own].reset_index(drop=True), 1, SECRET)
        assert together["identity"][own].tolist() == alone["identity"].tolist()
        assert together["n"][own].tolist() == alone["n"].tolist()
