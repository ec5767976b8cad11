# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files of a directory of this machine."""

import os
import time

import pytest
from collecting import MEGABYTE, contents, error_of, names, read

from telecom_cdr.collect import CollectError, connect
from telecom_cdr.collect.folder import is_allowed


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "in"
    path.mkdir()
    return path


def settings_of(folder, **values):
    return {"protocol": "folder", "directory": str(folder), **values}


def put(folder, name, content=b"1", age=7 * 86400):
    path = os.path.join(os.fsencode(folder), os.fsencode(name))
    with open(path, "wb") as file:
        file.write(content)
    changed = int(time.time() - age)
    os.utime(path, (changed, changed))
    return path


def moved_names(folder):
    return sorted(os.listdir(os.fsencode(folder / "collected")))


# === WHICH FILES === #


def test_an_entry_tells_name_path_size_and_time(folder):
    path = put(folder, "calls.csv", b"12345")
    with connect(settings_of(folder)) as connection:
        (entry,) = connection.list_files()
        assert connection.host_key is None
        assert connection.is_open
    status = os.stat(path)
    assert (entry.name, entry.size) == ("calls.csv", 5)
    assert entry.modified == int(status.st_mtime)
    assert entry.path == f"{folder}/calls.csv"
    assert entry.signature == f"{folder}/calls.csv|5|{status.st_mtime_ns}"


def test_only_regular_files_that_match_are_taken_in_order_of_name(folder, tmp_path):
    for name in ("b.CSV", "a.csv", "c.txt", ".d.csv"):
        put(folder, name)
    put(tmp_path, "outside.csv", b"secret")
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    os.symlink("../outside.csv", folder / "relative.csv")
    os.symlink(tmp_path / "outside.csv", folder / "absolute.csv")
    os.symlink("a.csv", folder / "inside.csv")
    os.symlink("nowhere", folder / "broken.csv")
    assert names(settings_of(folder, file_pattern="*.csv")) == ["a.csv", "b.CSV"]


def test_a_file_that_changed_just_now_waits(folder):
    put(folder, "fresh.csv", age=30)
    put(folder, "settled.csv", age=90)
    put(folder, "year-ahead.csv", age=-365 * 86400)
    put(folder, "fast-clock.csv", age=-3600)
    assert names(settings_of(folder)) == ["settled.csv", "year-ahead.csv"]
    assert len(names(settings_of(folder, settle_seconds=0))) == 4


def test_a_file_that_grows_under_an_old_time_waits(folder, monkeypatch):
    put(folder, "done.csv", age=3600)
    put(folder, "growing.csv", age=3600)
    monkeypatch.setattr(
        "telecom_cdr.collect.contract.time.sleep",
        lambda _seconds: put(folder, "growing.csv", b"more", age=3600),
    )
    assert names(settings_of(folder)) == ["done.csv"]


def test_files_at_rest_for_days_are_not_looked_at_twice(folder, monkeypatch):
    put(folder, "calls.csv")
    monkeypatch.setattr(
        "telecom_cdr.collect.contract.time.sleep",
        lambda _seconds: pytest.fail("waited"),
    )
    assert names(settings_of(folder)) == ["calls.csv"]


def test_directories_that_can_not_be_read_are_told(folder):
    put(folder, "calls.csv")
    cases = {
        folder / "none": "it does not exist",
        folder / "calls.csv": "it is not a directory",
        ".": "it is not a whole path, one that begins with /",
        "relative": "it is not a whole path, one that begins with /",
        f"{folder}/x\0": "it is not a whole path, one that begins with /",
    }
    for directory, found in cases.items():
        assert error_of(settings_of(directory)) == ("no_directory", found)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_that_is_closed_to_us_is_told(folder):
    folder.chmod(0)
    assert error_of(settings_of(folder)) == ("no_directory", "no permission")


# === WHERE ONE MAY LOOK === #


def test_only_what_is_below_an_allowed_root_is_read(folder, tmp_path):
    put(folder, "calls.csv")
    beside = tmp_path / "in2"
    beside.mkdir()
    os.symlink(beside, folder / "way-out")
    roots = [str(folder), "/nowhere"]
    assert names(settings_of(folder, allowed_roots=roots)) == ["calls.csv"]
    refused = ("no_directory", f"only these and what is below: {folder}, /nowhere")
    for outside in (beside, tmp_path, f"{folder}/../in2", folder / "way-out", "/"):
        assert error_of(settings_of(outside, allowed_roots=roots)) == refused
    assert names(settings_of(beside, allowed_roots=[])) == []


def test_roots_are_compared_by_whole_names(tmp_path):
    (tmp_path / "cdr").mkdir()
    real = os.path.realpath(tmp_path)
    assert is_allowed(f"{real}/cdr", [f"{tmp_path}/cdr/"])
    assert is_allowed(f"{real}/cdr/a/b", [f"{tmp_path}/cdr"])
    assert is_allowed(f"{real}/cdr", ["/"])
    assert not is_allowed(f"{real}/cdr2", [f"{tmp_path}/cdr"])
    assert not is_allowed(real, [f"{tmp_path}/cdr"])
    assert is_allowed("/etc", [])


def test_a_directory_that_is_a_link_is_read(folder, tmp_path):
    put(folder, "calls.csv")
    os.symlink(folder, tmp_path / "link")
    assert names(settings_of(tmp_path / "link")) == ["calls.csv"]


# === NAMES === #


def test_hostile_names_come_and_go_like_others(folder):
    hostile = [b"-rf.csv", b"a\nb.csv", b"a\xf1o.csv", "año.csv".encode(), b"..c"]
    for name in hostile:
        put(folder, name, name)
    settings = settings_of(folder, after_collect="move", file_pattern="* .*")
    with connect(settings) as connection:
        entries = connection.list_files()
        assert [entry.remote_name for entry in entries] == sorted(hostile)
        shown = ["-rf.csv", "..c", "a_b.csv", "año.csv", "año.csv"]
        assert [entry.name for entry in entries] == shown
        assert len({entry.signature for entry in entries}) == len(hostile)
        for entry in entries:
            assert read(connection, entry) == entry.remote_name
            assert connection.finish(entry) is True
    assert moved_names(folder) == sorted(hostile)


# === THE TRANSFER === #


def test_the_bytes_come_as_they_are(folder):
    kinds = {"empty.csv": b"", "odd.csv": os.urandom(2 * MEGABYTE + 17)}
    for name, content in kinds.items():
        put(folder, name, content)
    assert contents(settings_of(folder)) == kinds


@pytest.mark.parametrize(
    "size, found",
    [
        (3 * MEGABYTE, "calls.csv changed while it was read"),
        (MEGABYTE, f"calls.csv ended after {MEGABYTE} of its {2 * MEGABYTE} bytes"),
    ],
)
def test_a_file_that_changes_while_it_is_read_is_refused(folder, size, found):
    path = put(folder, "calls.csv", os.urandom(2 * MEGABYTE))
    with connect(settings_of(folder)) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught, connection.open(entry) as stream:
            stream.read(512)
            os.truncate(path, size)
            stream.read()
    assert (caught.value.reason, caught.value.found) == ("transfer", found)


def test_a_file_that_changed_or_went_before_it_is_read_is_refused(folder, tmp_path):
    for name in ("changed.csv", "gone.csv", "link.csv"):
        put(folder, name)
    put(tmp_path, "secret")
    with connect(settings_of(folder)) as connection:
        entries = connection.list_files()
        put(folder, "changed.csv", b"12")
        os.unlink(folder / "gone.csv")
        os.unlink(folder / "link.csv")
        os.symlink(tmp_path / "secret", folder / "link.csv")
        errors = []
        for entry in entries:
            with pytest.raises(CollectError) as caught, connection.open(entry):
                raise AssertionError("opened")
            assert caught.value.reason == "transfer"
            errors.append(caught.value.found)
    assert errors[:2] == [
        "changed.csv changed before it was read",
        "gone.csv is not there any more",
    ]
    assert errors[2].startswith("link.csv cannot be read: ")


def test_a_file_replaced_while_it_is_read_comes_whole_and_the_new_one_stays(folder):
    put(folder, "calls.csv", b"o" * MEGABYTE)
    with connect(settings_of(folder, after_collect="delete")) as connection:
        (entry,) = connection.list_files()
        with connection.open(entry) as stream:
            start = stream.read(512)
            os.replace(put(folder, "calls.tmp", b"new", 5000), folder / "calls.csv")
            assert start + stream.read() == b"o" * MEGABYTE
        assert connection.finish(entry) is False
    assert (folder / "calls.csv").read_bytes() == b"new"


# === AFTERWARDS === #


@pytest.mark.parametrize(
    "after, touched, left",
    [
        ("keep", False, ["calls.csv"]),
        ("delete", True, []),
        ("move", True, ["collected"]),
    ],
)
def test_files_only_leave_by_finish(folder, after, touched, left):
    put(folder, "calls.csv")
    with connect(settings_of(folder, after_collect=after)) as connection:
        (entry,) = connection.list_files()
        assert read(connection, entry) == b"1"
        assert os.listdir(folder) == ["calls.csv"]
        assert connection.finish(entry) is touched
        assert connection.finish(entry) is False
    assert sorted(os.listdir(folder)) == left


def test_moving_never_overwrites(folder):
    settings = settings_of(folder, after_collect="move")
    changed = 0
    for content in (b"first", b"second", b"third"):
        path = put(folder, "calls.csv", content)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        with connect(settings) as connection:
            (entry,) = connection.list_files()
            assert connection.finish(entry) is True
            changed += 1
    kept = {p.name: p.read_bytes() for p in (folder / "collected").iterdir()}
    assert kept == {
        "calls.csv": b"first",
        "calls-20231114221320.csv": b"second",
        "calls-20231114221320-2.csv": b"third",
    }


def test_a_long_name_moves_under_another_that_fits(folder):
    name = "x" * 251 + ".csv"
    for content in (b"first", b"second"):
        put(folder, name, content)
        with connect(settings_of(folder, after_collect="move")) as connection:
            (entry,) = connection.list_files()
            assert connection.finish(entry) is True
    other, first = moved_names(folder)
    assert first == name.encode()
    assert len(other) == 255
    assert other.endswith(b".csv")


@pytest.mark.parametrize("after", ["move", "delete"])
def test_a_file_that_changed_since_it_was_read_stays(folder, after):
    put(folder, "calls.csv", b"old", age=5000)
    with connect(settings_of(folder, after_collect=after)) as connection:
        (entry,) = connection.list_files()
        put(folder, "calls.csv", b"new", age=4999)
        assert connection.finish(entry) is False
    assert (folder / "calls.csv").read_bytes() == b"new"
    assert os.listdir(folder) == ["calls.csv"]


def test_a_subfolder_that_is_a_link_is_not_followed(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", folder / "collected")
    put(folder, "calls.csv")
    with connect(settings_of(folder, after_collect="move")) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError, match="is stored but cannot be moved"):
            connection.finish(entry)
    assert os.listdir(tmp_path / "elsewhere") == []
    assert (folder / "calls.csv").read_bytes() == b"1"


def test_a_directory_renamed_meanwhile_is_still_the_one(folder, tmp_path):
    put(folder, "calls.csv")
    with connect(settings_of(folder, after_collect="delete")) as connection:
        (entry,) = connection.list_files()
        folder.rename(tmp_path / "renamed")
        folder.mkdir()
        put(folder, "calls.csv", b"other")
        assert read(connection, entry) == b"1"
        assert connection.finish(entry) is True
    assert (folder / "calls.csv").read_bytes() == b"other"
    assert os.listdir(tmp_path / "renamed") == []
