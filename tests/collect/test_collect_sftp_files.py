# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files of a real SFTP server: which are taken, how they come, what becomes of them."""

import hashlib
import os
import random
import signal
import threading
import time
import tracemalloc

import pytest
from collecting import (
    MEGABYTE,
    contents,
    error_of,
    names,
    read,
    read_blocks,
    sftp_settings,
)
from paramiko.sftp import CMD_CLOSE, CMD_OPENDIR

from telecom_cdr.collect import CollectError, connect
from telecom_cdr.collect.sftp_client import SftpClient


class Place:
    """A folder of the server for one test."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.path = server.put_folder(name)

    def settings(self, **values):
        return sftp_settings(self.server, **{"directory": self.name, **values})

    def put(self, name, content=b"1", age=7 * 86400):
        name = os.fsencode(self.name) + b"/" + os.fsencode(name)
        return self.server.put(name, content, age)

    def listed(self):
        return sorted(os.listdir(self.path))


@pytest.fixture
def place(server, request):
    return Place(server, request.node.name[:100].replace("/", "_"))


# === WHICH FILES === #


def test_an_entry_tells_name_path_size_and_time(place):
    path = place.put("calls.csv", b"12345")
    with connect(place.settings()) as connection:
        (entry,) = connection.list_files()
    changed = int(os.stat(path).st_mtime)
    assert (entry.name, entry.size, entry.modified) == ("calls.csv", 5, changed)
    assert entry.path == f"{place.name}/calls.csv"
    assert entry.signature == f"{place.name}/calls.csv|5|{changed}"


def test_only_regular_files_that_match_are_taken_in_order_of_name(place):
    for name in ("b.CSV", "a.csv", "c.csv.gz", "d.txt", ".e.csv", "f[1].csv"):
        place.put(name)
    place.server.put_folder(f"{place.name}/folder.csv")
    os.symlink("a.csv", place.path / "link.csv")
    os.symlink("/etc/passwd", place.path / "passwd.csv")
    os.mkfifo(place.path / "pipe.csv")
    assert names(place.settings(file_pattern="*.csv  *.GZ")) == [
        "a.csv",
        "b.CSV",
        "c.csv.gz",
        "f[1].csv",
    ]
    assert names(place.settings(file_pattern="?.csv")) == ["a.csv", "b.CSV"]
    assert names(place.settings(file_pattern="f[1].*")) == ["f[1].csv"]
    assert names(place.settings(file_pattern=".*")) == [".e.csv"]


def test_a_missing_directory_is_told(place):
    settings = place.settings(directory=f"{place.name}/none")
    assert error_of(settings) == ("no_directory", "it does not exist")
    place.put("calls.csv")
    settings = place.settings(directory=f"{place.name}/calls.csv")
    assert error_of(settings) == ("no_directory", "it is not a directory")


def test_a_directory_that_is_closed_to_us_is_told(place):
    closed = place.server.put_folder(f"{place.name}/closed")
    closed.chmod(0)
    settings = place.settings(directory=f"{place.name}/closed")
    assert error_of(settings) == ("no_directory", "no permission")


def test_a_file_that_changed_just_now_waits(place):
    place.put("fresh.csv", age=30)
    place.put("settled.csv", age=90)
    assert names(place.settings(settle_seconds=60)) == ["settled.csv"]
    assert names(place.settings(settle_seconds=10)) == ["fresh.csv", "settled.csv"]
    assert names(place.settings(settle_seconds=0)) == ["fresh.csv", "settled.csv"]


def test_a_file_that_grows_under_an_old_time_waits(place, monkeypatch):
    """A server whose clock is an hour slow: what is written now looks settled."""
    place.put("done.csv", age=3600)
    path = place.put("growing.csv", age=3600)
    monkeypatch.setattr("telecom_cdr.collect.contract.time.sleep", lambda _s: grow())

    def grow():
        changed = os.stat(path).st_mtime
        with open(path, "ab") as file:
            file.write(b"more")
        os.utime(path, (changed, changed))

    assert names(place.settings()) == ["done.csv"]


def test_a_time_ahead_waits_unless_it_makes_no_sense(place):
    place.put("fast-clock.csv", age=-3600)
    place.put("year-ahead.csv", age=-365 * 86400)
    assert names(place.settings()) == ["year-ahead.csv"]


def test_thousands_of_files_are_listed_in_order(place):
    wanted = [f"calls-{number:05}.csv" for number in range(4000)]
    for name in random.sample(wanted, len(wanted)):
        path = place.path / name
        path.touch()
        os.utime(path, (1_700_000_000, 1_700_000_000))
    started = time.monotonic()
    assert names(place.settings()) == wanted
    assert time.monotonic() - started < 5


def test_listing_gives_its_handle_back(place, monkeypatch):
    place.put("calls.csv")
    asked = []
    request = SftpClient._request
    monkeypatch.setattr(
        SftpClient,
        "_request",
        lambda self, kind, *more: asked.append(kind) or request(self, kind, *more),
    )
    with connect(place.settings()) as connection:
        for _ in range(3):
            connection.list_files()
    assert asked.count(CMD_OPENDIR) == asked.count(CMD_CLOSE) == 3


# === NAMES === #

HOSTILE = {
    b"-rf *;$(reboot).csv": "-rf *;$(reboot).csv",
    b"line\nbreak\x1b[2J.csv": "line_break_[2J.csv",
    b"a\xf1o.csv": "año.csv",
    "año.csv".encode(): "año.csv",
    b"..csv..": "..csv..",
    b"back\\slash.csv": "back\\slash.csv",
    b"C:\\calls.csv": "C:\\calls.csv",
    "\u202egnp.csv".encode(): "_gnp.csv",
    b"%s%n{0}.csv": "%s%n{0}.csv",
    b"x" * 251 + b".csv": "x" * 251 + ".csv",
}


def test_hostile_names_come_and_go_like_others(place):
    for number, name in enumerate(HOSTILE):
        place.put(name, b"%d" % number)
    settings = place.settings(after_collect="move", file_pattern="* .*")
    with connect(settings) as connection:
        entries = connection.list_files()
        found = {entry.remote_name: entry.name for entry in entries}
        assert found == HOSTILE
        assert len({entry.signature for entry in entries}) == len(HOSTILE)
        for entry in entries:
            entry.signature.encode("utf-8")
            assert int(read(connection, entry)) == list(HOSTILE).index(
                entry.remote_name
            )
            assert connection.finish(entry) is True
    moved = os.listdir(os.fsencode(place.path / "collected"))
    assert sorted(moved) == sorted(HOSTILE)


def test_names_that_lead_out_of_the_directory_are_not_taken(place, monkeypatch):
    """OpenSSH does not tell such names; another server may."""
    place.put("calls.csv")
    (attributes,) = [told for name, told in _scan(place) if name == b"calls.csv"]
    told = [b"../x.csv", b"/etc/x.csv", b"a/b.csv", b"", b"\0.csv", b"calls.csv"]
    monkeypatch.setattr(
        SftpClient, "scan", lambda _self, _path: ((name, attributes) for name in told)
    )
    assert names(place.settings(file_pattern="* .*")) == ["calls.csv"]


def _scan(place):
    with connect(place.settings()) as connection:
        return list(connection._client.scan(place.name.encode()))


# === THE TRANSFER === #


def test_the_bytes_come_as_they_are(place):
    kinds = {
        "empty.csv": b"",
        "one.csv": b"\0",
        "block.csv": os.urandom(1 << 15),
        "odd.csv": os.urandom(3 * MEGABYTE + 17),
    }
    for name, content in kinds.items():
        place.put(name, content)
    assert contents(place.settings()) == kinds


def test_a_stream_can_be_left_before_its_end(place):
    place.put("a.csv", os.urandom(5 * MEGABYTE))
    place.put("b.csv", b"next")
    with connect(place.settings()) as connection:
        first, second = connection.list_files()
        with connection.open(first) as stream:
            assert len(stream.read(512)) == 512
        assert read(connection, second) == b"next"


def test_fifty_megabytes_stream_in_bounded_memory(place):
    content = random.Random(5).randbytes(50 * MEGABYTE)
    place.put("big.csv", content)
    wanted = hashlib.sha256(content).hexdigest()
    del content
    digest = hashlib.sha256()
    with connect(place.settings()) as connection:
        (entry,) = connection.list_files()
        tracemalloc.start()
        with connection.open(entry) as stream:
            for block in read_blocks(stream):
                digest.update(block)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert digest.hexdigest() == wanted
    assert peak < 12 * MEGABYTE


def test_a_file_that_grows_while_it_is_read_is_refused(place):
    path = place.put("calls.csv", os.urandom(4 * MEGABYTE))
    with connect(place.settings()) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught, connection.open(entry) as stream:
            for number, _block in enumerate(read_blocks(stream)):
                if number == 0:
                    with open(path, "ab") as file:
                        file.write(b"one more row")
        assert connection.is_open
    assert caught.value.reason == "transfer"
    assert caught.value.found == "calls.csv changed while it was read"


def test_a_file_that_shrinks_while_it_is_read_is_refused(place):
    path = place.put("calls.csv", os.urandom(8 * MEGABYTE))
    with connect(place.settings()) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught, connection.open(entry) as stream:
            stream.read(512)
            os.truncate(path, 3 * MEGABYTE)
            stream.read()
    assert caught.value.reason == "transfer"
    size = 8 * MEGABYTE
    found = f"calls.csv ended after {3 * MEGABYTE} of its {size} bytes"
    assert caught.value.found == found


def test_a_file_that_changed_or_went_before_it_is_read_is_refused(place):
    place.put("changed.csv", b"1")
    place.put("gone.csv", b"1")
    place.put("stays.csv", b"stays")
    with connect(place.settings()) as connection:
        changed, gone, stays = connection.list_files()
        place.put("changed.csv", b"12")
        os.unlink(place.path / "gone.csv")
        for entry, found in (
            (changed, "changed.csv changed before it was read"),
            (gone, "gone.csv is not there any more"),
        ):
            with pytest.raises(CollectError) as caught, connection.open(entry):
                raise AssertionError("opened")
            assert (caught.value.reason, caught.value.found) == ("transfer", found)
        assert read(connection, stays) == b"stays"


def test_a_file_that_goes_while_it_is_read_still_comes_whole(place):
    """The server keeps what is open: nothing of it is lost."""
    content = os.urandom(4 * MEGABYTE)
    path = place.put("calls.csv", content)
    with connect(place.settings(after_collect="delete")) as connection:
        (entry,) = connection.list_files()
        with connection.open(entry) as stream:
            start = stream.read(512)
            os.unlink(path)
            assert start + stream.read() == content
        assert connection.finish(entry) is False


def test_a_file_that_is_closed_to_us_does_not_stop_the_others(place):
    os.chmod(place.put("a.csv"), 0)
    place.put("b.csv", b"open")
    with connect(place.settings()) as connection:
        closed, other = connection.list_files()
        with pytest.raises(CollectError) as caught, connection.open(closed):
            raise AssertionError("opened")
        assert caught.value.reason == "transfer"
        assert caught.value.found == "a.csv cannot be opened: no permission"
        assert connection.is_open
        assert read(connection, other) == b"open"


def test_a_file_above_the_limit_is_refused(place):
    place.put("calls.csv", b"12345")
    with connect(place.settings(max_bytes=4)) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught, connection.open(entry):
            raise AssertionError("opened")
    assert caught.value.reason == "too_large"
    assert caught.value.found == "calls.csv has 5 bytes, the limit is 4"
    assert contents(place.settings(max_bytes=5)) == {"calls.csv": b"12345"}


def test_a_server_that_dies_in_the_middle_breaks_the_transfer(own_server):
    own_server.put("calls.csv", os.urandom(20 * MEGABYTE))
    with connect(sftp_settings(own_server, after_collect="delete")) as connection:
        (entry,) = connection.list_files()
        started = time.monotonic()
        with pytest.raises(CollectError) as caught, connection.open(entry) as stream:
            stream.read(MEGABYTE)
            own_server.stop()
            stream.read()
        assert caught.value.reason == "transfer"
        assert caught.value.found.startswith("calls.csv: ")
        assert not connection.is_open
        for again in (lambda: read(connection, entry), connection.list_files):
            with pytest.raises(CollectError) as caught:
                again()
            assert caught.value.reason == "transfer"
        with pytest.raises(CollectError):
            connection.finish(entry)
        assert time.monotonic() - started < 5
    assert os.listdir(own_server.root) == ["calls.csv"]


def test_a_server_that_falls_silent_breaks_the_transfer(own_server, monkeypatch):
    monkeypatch.setattr("telecom_cdr.collect.sftp.SILENCE", 0.5)
    monkeypatch.setattr("telecom_cdr.collect.contract.RESUME_PAUSES", ())
    own_server.put("calls.csv", os.urandom(20 * MEGABYTE))
    with connect(sftp_settings(own_server)) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught, connection.open(entry) as stream:
            stream.read(MEGABYTE)
            for process in own_server.sessions():
                os.kill(process, signal.SIGSTOP)
            stream.read()
        assert not connection.is_open
    found = (caught.value.reason, caught.value.found)
    assert found == ("transfer", "calls.csv: no answer in time")


def test_no_thread_stays_behind(place):
    place.put("calls.csv", os.urandom(MEGABYTE))
    before = set(threading.enumerate())
    contents(place.settings())
    error_of(place.settings(directory="none"))
    deadline = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(threading.enumerate()) - before == set()


# === AFTERWARDS === #


@pytest.mark.parametrize(
    "after, touched, left",
    [
        ("keep", False, ["calls.csv", "other.txt"]),
        ("delete", True, ["other.txt"]),
        ("move", True, ["collected", "other.txt"]),
    ],
)
def test_files_only_leave_by_finish(place, after, touched, left):
    place.put("calls.csv", b"1")
    place.put("other.txt", b"2")
    settings = place.settings(after_collect=after, file_pattern="*.csv")
    with connect(settings) as connection:
        (entry,) = connection.list_files()
        assert read(connection, entry) == b"1"
        assert place.listed() == ["calls.csv", "other.txt"]
        assert connection.finish(entry) is touched
        assert place.listed() == left
        assert connection.finish(entry) is False
    if after == "move":
        assert (place.path / "collected" / "calls.csv").read_bytes() == b"1"
        assert names(settings) == []


@pytest.mark.parametrize("server_would", [False, True])
def test_moving_never_overwrites(place, monkeypatch, server_would):
    if server_would:
        monkeypatch.setattr(SftpClient, "rename", SftpClient.posix_rename)
    settings = place.settings(after_collect="move", move_directory="old/2026")
    for content in (b"first", b"second", b"third"):
        place.put("calls.csv", content, age=1e9)
        with connect(settings) as connection:
            (entry,) = connection.list_files()
            assert connection.finish(entry) is True
    moved = place.path / "old" / "2026"
    kept = {path.name: path.read_bytes() for path in moved.iterdir()}
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(entry.modified))
    assert len(kept) == 3
    assert kept["calls.csv"] == b"first"
    assert set(kept.values()) == {b"first", b"second", b"third"}
    assert f"calls-{stamp}" in " ".join(kept)


@pytest.mark.parametrize("after", ["move", "delete"])
def test_a_file_that_changed_since_it_was_read_stays(place, after):
    place.put("calls.csv", b"old", age=5000)
    place.put("touched.csv", b"old", age=5000)
    with connect(place.settings(after_collect=after)) as connection:
        calls, touched = connection.list_files()
        place.put("calls.csv", b"older", age=5000)
        place.put("touched.csv", b"new", age=4000)
        assert connection.finish(calls) is False
        assert connection.finish(touched) is False
    assert place.listed() == ["calls.csv", "touched.csv"]


@pytest.mark.parametrize("after, word", [("move", "moved"), ("delete", "deleted")])
def test_a_place_that_we_may_not_write_to_is_told(place, after, word):
    place.put("calls.csv", b"1")
    place.path.chmod(0o555)
    with connect(place.settings(after_collect=after)) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught:
            connection.finish(entry)
        assert connection.is_open
    assert caught.value.reason == "transfer"
    found = f"calls.csv is stored but cannot be {word}: no permission"
    assert caught.value.found == found
    assert place.listed() == ["calls.csv"]


def test_a_file_where_the_subfolder_should_be_is_told(place):
    place.put("calls.csv", b"1")
    place.put("collected", b"mine")
    settings = place.settings(after_collect="move", file_pattern="*.csv")
    with connect(settings) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError, match="is stored but cannot be moved"):
            connection.finish(entry)
    assert (place.path / "collected").read_bytes() == b"mine"
    assert place.listed() == ["calls.csv", "collected"]
