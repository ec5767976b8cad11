# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files of a real FTP server: which are taken, how they come, what becomes of them."""

import os
import socket
import threading
import time

import pytest
from collecting import MEGABYTE, contents, error_of, ftp_settings, names, read

from telecom_cdr.collect import CollectError, connect

# Servers that know less and less. The last shows no more than a day in its lists.
KNOWING = {
    "MLSD": frozenset(),
    "MDTM": frozenset({"MLSD", "MLST"}),
    "LIST": frozenset({"MLSD", "MLST", "MDTM", "SIZE", "FEAT"}),
}


@pytest.fixture(params=KNOWING)
def server(ftp, request):
    return ftp(without=KNOWING[request.param])


def knows_seconds(server):
    return "MDTM" not in server.behaviour.without


# === WHICH FILES === #


def test_an_entry_tells_name_path_size_and_time(server):
    path = server.put("out/calls.csv", b"12345")
    with connect(ftp_settings(server, directory="out")) as connection:
        (entry,) = connection.list_files()
        assert connection.host_key is None
        assert connection.is_open
    assert (entry.name, entry.path, entry.size) == ("calls.csv", "out/calls.csv", 5)
    if knows_seconds(server):
        changed = os.stat(path).st_mtime
        assert entry.modified == changed
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(changed))
        assert entry.signature == f"out/calls.csv|5|{stamp}"
    else:
        assert entry.signature.startswith("out/calls.csv|5|20")
        assert len(entry.signature.rpartition("|")[2]) == len("2026-01-05")


def test_only_files_that_match_are_taken_in_order_of_name(server):
    for name in ("b.CSV", "a.csv", "c d.csv.gz", "d.txt", "f[1].csv"):
        server.put(name)
    (server.root / "folder.csv").mkdir()
    assert names(ftp_settings(server, file_pattern="*.csv  *.GZ !b*")) == [
        "a.csv",
        "c d.csv.gz",
        "f[1].csv",
    ]


def test_an_empty_directory_has_no_files(server):
    assert names(ftp_settings(server)) == []


def test_a_missing_directory_is_told(server):
    server.put("calls.csv")
    for directory in ("none", "calls.csv"):
        reason, found = error_of(ftp_settings(server, directory=directory))
        assert reason == "no_directory"
        assert found.startswith("550 ")


def test_hostile_names_come_and_go_like_others(ftp):
    server = ftp()
    hostile = [b"-rf *;$(x).csv", "año.csv".encode(), b"%s%n{0}.csv", b" a  b .csv"]
    hostile += [b"back\\slash.csv", b"type=dir; x.csv", b"..csv"]
    for number, name in enumerate(hostile):
        server.put(name, b"%d" % number)
    settings = ftp_settings(server, after_collect="move", file_pattern="* .*")
    with connect(settings) as connection:
        entries = connection.list_files()
        assert [entry.remote_name for entry in entries] == sorted(hostile)
        for entry in entries:
            number = hostile.index(entry.remote_name)
            assert read(connection, entry) == b"%d" % number
            assert connection.finish(entry) is True
    moved = os.listdir(os.fsencode(server.root / "collected"))
    assert sorted(moved) == sorted(hostile)


def test_names_that_lead_out_of_the_directory_are_not_taken(server, monkeypatch):
    server.put("calls.csv")
    with connect(ftp_settings(server)) as connection:
        scan = connection._client.scan
        (_name, facts) = next(iter(scan(connection._directory)))
        told = [b"../x.csv", b"/etc/x.csv", b"", b"\0.csv", b"calls.csv"]
        monkeypatch.setattr(
            connection._client, "scan", lambda _folder: [(name, facts) for name in told]
        )
        found = [entry.name for entry in connection.list_files()]
    assert found == ["calls.csv"]


def test_a_file_that_changed_just_now_waits(ftp):
    server = ftp()
    server.put("fresh.csv", age=30)
    server.put("settled.csv", age=90)
    assert names(ftp_settings(server)) == ["settled.csv"]
    assert names(ftp_settings(server, settle_seconds=10)) == [
        "fresh.csv",
        "settled.csv",
    ]


def test_a_file_that_grows_under_an_old_time_waits(server, monkeypatch):
    server.put("done.csv", age=3600 * 3)
    server.put("growing.csv", age=3600 * 3)
    monkeypatch.setattr(
        "telecom_cdr.collect.contract.time.sleep",
        lambda _seconds: server.put("growing.csv", b"more", age=3600 * 3),
    )
    assert names(ftp_settings(server)) == ["done.csv"]


# === THE TRANSFER === #


def test_the_bytes_come_as_they_are(server):
    kinds = {
        "empty.csv": b"",
        "one.csv": b"\0",
        "lines.csv": b"a\r\nb\nc\r\xff\xfe",
        "odd.csv": os.urandom(3 * MEGABYTE + 17),
    }
    for name, content in kinds.items():
        server.put(name, content)
    assert contents(ftp_settings(server)) == kinds


def test_the_bytes_come_as_they_are_over_tls(ftp):
    server = ftp(tls="explicit")
    content = os.urandom(3 * MEGABYTE + 17)
    server.put("odd.csv", content)
    server.put("small.csv", b"1")
    assert contents(ftp_settings(server)) == {"odd.csv": content, "small.csv": b"1"}


def test_a_stream_can_be_left_before_its_end(server):
    server.put("a.csv", os.urandom(5 * MEGABYTE))
    server.put("b.csv", b"next")
    with connect(ftp_settings(server)) as connection:
        first, second = connection.list_files()
        with connection.open(first) as stream:
            assert len(stream.read(512)) == 512
        assert connection.is_open
        assert read(connection, second) == b"next"


@pytest.mark.parametrize(
    "told, found",
    [
        (3, "calls.csv changed while it was read"),
        (0, "calls.csv changed while it was read"),
        (9, "calls.csv ended after 5 of its 9 bytes"),
    ],
)
def test_a_server_that_lies_about_sizes_gives_nothing(ftp, told, found):
    server = ftp(sizes={"calls.csv": told})
    server.put("calls.csv", b"12345")
    server.put("other.csv", b"fine")
    with connect(ftp_settings(server, max_bytes=9)) as connection:
        calls, other = connection.list_files()
        assert calls.size == told
        with pytest.raises(CollectError) as caught:
            read(connection, calls)
        assert (caught.value.reason, caught.value.found) == ("transfer", found)
        assert connection.is_open
        assert read(connection, other) == b"fine"


def test_a_server_that_answers_once_we_have_closed_the_channel(monkeypatch):
    """vsftpd with TLS does: waiting for its answer first is waiting for ever."""
    monkeypatch.setattr("telecom_cdr.collect.ftp.SILENCE", 2)
    answers = {
        "FEAT": "500 what?",
        "PWD": '257 "/out"',
        "USER": "331 and the password?",
        "PASS": "230 hello",
        "SIZE": "213 5",
        "MDTM": "213 20260105102030",
    }
    files = {
        "LIST": b"-rw-r--r-- 1 a b 5 Jan  5  2026 calls.csv\r\n",
        "RETR": b"12345",
    }
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(
            target=_serve_slowly, args=[listener, answers, files], daemon=True
        )
        server.start()
        settings = {"protocol": "ftp", "host": "127.0.0.1", "username": "carrier"}
        settings["port"] = listener.getsockname()[1]
        assert contents(settings) == {"calls.csv": b"12345"}
        server.join(5)


def _serve_slowly(listener, answers, files):
    """Serve one session by a list of answers."""
    session, _address = listener.accept()
    data = socket.create_server(("127.0.0.1", 0))
    high, low = divmod(data.getsockname()[1], 256)
    with session, data, session.makefile("rw", newline="\r\n") as lines:
        print("220 ready", file=lines, flush=True)
        for line in lines:
            command = line.split()[0]
            answer = answers.get(command, "200 fine")
            if command == "PASV":
                answer = f"227 here (127,0,0,1,{high},{low})"
            elif command in files:
                channel, _address = data.accept()
                print("150 it comes", file=lines, flush=True)
                with channel:
                    channel.sendall(files[command])
                    channel.shutdown(socket.SHUT_WR)
                    channel.recv(1)
                answer = "226 done"
            print(answer, file=lines, flush=True)


def test_a_file_that_changed_or_went_before_it_is_read_is_refused(server):
    for name in ("changed.csv", "gone.csv", "stays.csv"):
        server.put(name, b"1")
    with connect(ftp_settings(server)) as connection:
        changed, gone, stays = connection.list_files()
        server.put("changed.csv", b"12")
        os.unlink(server.root / "gone.csv")
        for entry, found in (
            (changed, "changed.csv changed before it was read"),
            (gone, "gone.csv is not there any more"),
        ):
            with pytest.raises(CollectError) as caught, connection.open(entry):
                raise AssertionError("opened")
            assert (caught.value.reason, caught.value.found) == ("transfer", found)
        assert read(connection, stays) == b"1"


def test_a_file_above_the_limit_is_refused(server):
    server.put("calls.csv", b"12345")
    with connect(ftp_settings(server, max_bytes=4)) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught, connection.open(entry):
            raise AssertionError("opened")
    assert caught.value.reason == "too_large"
    assert not [line for line in server.commands if line.startswith("RETR")]


# === AFTERWARDS === #


@pytest.mark.parametrize(
    "after, touched, left",
    [
        ("keep", False, ["calls.csv", "other.txt"]),
        ("delete", True, ["other.txt"]),
        ("move", True, ["old/2026/calls.csv", "other.txt"]),
    ],
)
def test_files_only_leave_by_finish(server, after, touched, left):
    server.put("calls.csv", b"1")
    server.put("other.txt", b"2")
    settings = ftp_settings(
        server, after_collect=after, file_pattern="*.csv", move_directory="old/2026"
    )
    with connect(settings) as connection:
        (entry,) = connection.list_files()
        assert read(connection, entry) == b"1"
        assert server.left() == ["calls.csv", "other.txt"]
        assert connection.finish(entry) is touched
        assert server.left() == left
        assert connection.finish(entry) is False


def test_moving_never_overwrites(server):
    settings = ftp_settings(server, after_collect="move")
    for content in (b"first", b"second", b"third"):
        server.put("calls.csv", content, age=1e8)
        with connect(settings) as connection:
            (entry,) = connection.list_files()
            assert connection.finish(entry) is True
    moved = {p.name: p.read_bytes() for p in (server.root / "collected").iterdir()}
    assert len(moved) == 3
    assert moved["calls.csv"] == b"first"
    assert set(moved.values()) == {b"first", b"second", b"third"}


@pytest.mark.parametrize("after", ["move", "delete"])
def test_a_file_that_changed_since_it_was_read_stays(server, after):
    server.put("calls.csv", b"old", age=5000)
    with connect(ftp_settings(server, after_collect=after)) as connection:
        (entry,) = connection.list_files()
        server.put("calls.csv", b"newer", age=5000)
        assert connection.finish(entry) is False
    assert server.left() == ["calls.csv"]


@pytest.mark.parametrize("after, word", [("move", "moved"), ("delete", "deleted")])
def test_a_place_that_we_may_not_write_to_is_told(ftp, after, word):
    server = ftp(perm="elr")
    server.put("calls.csv", b"1")
    with connect(ftp_settings(server, after_collect=after)) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught:
            connection.finish(entry)
        assert connection.is_open
    assert caught.value.reason == "transfer"
    what = f"calls.csv is stored but cannot be {word}: 550 "
    assert caught.value.found.startswith(what)
    assert server.left() == ["calls.csv"]
