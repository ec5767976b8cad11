# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Receivers with real sockets, a real pseudo-terminal and real log files."""

import os
import pty
import shutil
import socket
import time
import tty

import pytest

from telecom_cdr.collect import CollectError
from telecom_cdr.collect.stream import Spool, StreamSettings, open_receiver, receivers
from telecom_cdr.collect.stream.serial_line import read_line_settings
from telecom_cdr.collect.stream.settings import read_networks

PATIENCE = 20.0


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    """Tests do not wait a minute for the next try."""
    monkeypatch.setattr(receivers, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(receivers, "LONGEST_PAUSE", 0.2)


@pytest.fixture
def start(tmp_path):
    """Start receivers, each with the spool of the same folder, one after another."""
    running = []

    def begin(**settings):
        spool = Spool(tmp_path / "spool")
        receiver = open_receiver(StreamSettings.of(settings), spool)
        receiver.start()
        running.append(receiver)
        return receiver

    yield begin
    for receiver in running:
        end(receiver)


def end(receiver):
    receiver.stop()
    receiver.spool.close()


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def lines(spool):
    """Whole lines in files that can be taken over, file by file; parts in brackets."""
    return [
        [f.path.read_bytes()] if f.is_partial else f.path.read_bytes().splitlines()
        for f in spool.hand_over()
    ]


def call(receiver, data, close=True):
    connection = socket.create_connection(("127.0.0.1", receiver.port), PATIENCE)
    connection.sendall(data)
    if close:
        connection.close()
    return connection


# === TCP, as the server === #


def test_pbxs_connect_and_each_has_a_file_of_its_own(start) -> None:
    receiver = start(mode="server", host="127.0.0.1")
    wait_for(lambda: receiver.port)
    first = call(receiver, b"A1\r\nA", close=False)
    second = call(receiver, b"B1\r\n", close=False)
    wait_for(lambda: sorted(lines(receiver.spool)) == [[b"A1"], [b"B1"]])
    first.sendall(b"2\r\n")
    second.close()
    first.close()
    wait_for(lambda: sorted(lines(receiver.spool)) == [[b"A1"], [b"A2"], [b"B1"]])
    assert receiver.problem is None
    assert receiver.last_bytes_at > 0


def test_a_pbx_that_connects_again_and_replays_has_a_new_file(start) -> None:
    receiver = start(mode="server", host="127.0.0.1")
    wait_for(lambda: receiver.port)
    call(receiver, b"one\ntwo\nthr")
    wait_for(lambda: len(lines(receiver.spool)) == 2)
    call(receiver, b"two\nthree\n")
    wait_for(lambda: len(lines(receiver.spool)) == 3)
    assert lines(receiver.spool) == [[b"one", b"two"], [b"thr"], [b"two", b"three"]]


def test_strangers_are_not_heard(start) -> None:
    receiver = start(mode="server", host="127.0.0.1", allowed=["192.0.2.0/24"])
    wait_for(lambda: receiver.port)
    connection = call(receiver, b"", close=False)
    connection.settimeout(PATIENCE)
    assert connection.recv(1) == b""
    wait_for(lambda: receiver.problem)
    assert (
        receiver.problem.found
        == "127.0.0.1 connected, and is in none of the allowed networks"
    )
    assert lines(receiver.spool) == []


@pytest.mark.parametrize(
    ("allowed", "address", "expected"),
    [
        ((), "127.0.0.1", True),
        ((), "::1", True),
        ((), "192.0.2.1", False),
        (("192.0.2.0/24",), "192.0.2.77", True),
        (("192.0.2.0/24",), "::ffff:192.0.2.77", True),
        (("192.0.2.0/24",), "198.51.100.1", False),
        (("192.0.2.0/24",), "127.0.0.1", False),
        (("2001:db8::/32",), "2001:db8::5%eth0", True),
        (("2001:db8::/32",), "192.0.2.1", False),
    ],
)
def test_who_may_connect(allowed, address, expected) -> None:
    assert StreamSettings(allowed=allowed).allows(address) is expected


def test_networks_are_read_from_a_text() -> None:
    assert read_networks("192.0.2.7, 198.51.100.9/24 2001:db8::/32") == [
        "192.0.2.7/32",
        "198.51.100.0/24",
        "2001:db8::/32",
    ]
    with pytest.raises(ValueError, match=r"'pbx\.example' does not appear"):
        read_networks("192.0.2.7 pbx.example")


def test_a_port_that_is_taken_is_tried_again(start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        receiver = start(mode="server", host="127.0.0.1", port=port)
        wait_for(lambda: receiver.problem)
        assert receiver.problem.found == (
            f"port {port} of this machine cannot be listened at: Address already in use"
        )
    wait_for(lambda: receiver.port == port)
    call(receiver, b"line\n")
    wait_for(lambda: lines(receiver.spool) == [[b"line"]])
    assert receiver.problem is None


# === TCP, as the client === #


def test_a_pbx_that_is_called_asks_for_a_login_and_goes_away(start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as pbx:
        pbx.settimeout(PATIENCE)
        receiver = start(
            mode="client",
            host="127.0.0.1",
            port=pbx.getsockname()[1],
            username="SMDR",
            password="PCCSMDR",
        )
        assert "PCCSMDR" not in repr(receiver.settings)
        connection, _ = pbx.accept()
        connection.settimeout(PATIENCE)
        connection.sendall(b"-")
        assert connection.recv(100) == b"SMDR\r\n"
        connection.sendall(b"\r\nEnter Password:")
        assert connection.recv(100) == b"PCCSMDR\r\n"
        connection.sendall(b"\r\none\r\ntwo\r\n")
        connection.close()
        connection, _ = pbx.accept()
        connection.sendall(b"-\r\n")
        wait_for(lambda: len(lines(receiver.spool)) >= 1)
        connection.close()
    first = lines(receiver.spool)[0]
    assert first == [b"-", b"Enter Password:", b"one", b"two"]
    wait_for(lambda: receiver.problem)
    assert receiver.problem.reason == "transfer"


def test_a_pbx_that_is_down_is_called_until_it_is_up(start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    receiver = start(mode="client", host="127.0.0.1", port=port)
    wait_for(lambda: receiver.problem)
    assert (
        receiver.problem.found
        == "the connection or the disk failed: Connection refused"
    )
    with socket.create_server(("127.0.0.1", port)) as pbx:
        connection, _ = pbx.accept()
        connection.sendall(b"up\n")
        wait_for(lambda: lines(receiver.spool) == [[b"up"]])
        assert receiver.problem is None
        connection.close()


# === A serial line === #


@pytest.fixture
def line():
    """A pseudo-terminal: the side of the PBX, and the name of ours."""
    try:
        pbx, ours = pty.openpty()
    except OSError:
        pytest.skip("this machine gives no pseudo-terminals")
    tty.setraw(pbx)
    tty.setraw(ours)
    yield pbx, os.ttyname(ours)
    os.close(ours)
    os.close(pbx)


def test_a_serial_line(start, line) -> None:
    pbx, device = line
    receiver = start(mode="serial", device=device, line="19200 7E1")
    time.sleep(0.3)
    os.write(pbx, b"12/31 11:59PM  101\r\n12/31")
    wait_for(lambda: lines(receiver.spool) == [[b"12/31 11:59PM  101"]])
    os.write(pbx, b" 11:59PM  102\r\n")
    wait_for(lambda: len(lines(receiver.spool)) == 2)
    assert lines(receiver.spool)[1] == [b"12/31 11:59PM  102"]


def test_a_serial_line_that_is_not_there(start, tmp_path) -> None:
    device = str(tmp_path / "ttyUSB0")
    receiver = start(mode="serial", device=device)
    wait_for(lambda: receiver.problem)
    assert receiver.problem.found.startswith(f"{device} cannot be opened: ")
    assert "No such file or directory" in receiver.problem.found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9600 8N1", (9600, 8, "N", 1)),
        ("1200", (1200, 8, "N", 1)),
        ("19200,7e2", (19200, 7, "E", 2)),
        ("300 5N1.5", (300, 5, "N", 1.5)),
    ],
)
def test_settings_of_a_line(text, expected) -> None:
    assert tuple(read_line_settings(text).values()) == expected


@pytest.mark.parametrize("text", ["", "fast", "9600 9N1", "9600 8X1", "-1"])
def test_settings_that_are_none(text) -> None:
    with pytest.raises(CollectError, match="no settings of a serial line"):
        read_line_settings(text)


# === A log file === #


@pytest.fixture
def log(tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    return folder / "Master.csv"


def write(path, data):
    with open(path, "ab") as stream:
        stream.write(data)


def all_lines(spool):
    return [line for file in lines(spool) for line in file]


def test_a_log_is_followed_line_by_line(start, log) -> None:
    write(log, b"1\n2\nhal")
    receiver = start(mode="follow", path=str(log))
    wait_for(lambda: all_lines(receiver.spool) == [b"1", b"2"])
    write(log, b"f\n")
    wait_for(lambda: len(all_lines(receiver.spool)) == 3)
    assert all_lines(receiver.spool) == [b"1", b"2", b"half"]


def test_a_log_that_is_renamed_is_finished_first(start, log) -> None:
    write(log, b"1\n")
    receiver = start(mode="follow", path=str(log))
    wait_for(lambda: all_lines(receiver.spool) == [b"1"])
    end(receiver)
    write(log, b"2\n3")
    log.rename(log.with_name("Master.csv.2026-11-01"))
    write(log, b"4\n")
    receiver = start(mode="follow", path=str(log))
    wait_for(lambda: len(all_lines(receiver.spool)) == 4)
    assert lines(receiver.spool) == [[b"1"], [b"2"], [b"3"], [b"4"]]


def test_a_log_that_is_copied_and_emptied_begins_anew(start, log) -> None:
    write(log, b"1\n2\n")
    receiver = start(mode="follow", path=str(log))
    wait_for(lambda: all_lines(receiver.spool) == [b"1", b"2"])
    shutil.copy(log, log.with_name("Master.csv.1"))
    os.truncate(log, 0)
    write(log, b"3\n4\n5\n6\n")
    expected = [b"1", b"2", b"3", b"4", b"5", b"6"]
    wait_for(lambda: len(all_lines(receiver.spool)) == len(expected))
    assert all_lines(receiver.spool) == expected


def test_a_restart_goes_on_where_it_was(start, log) -> None:
    write(log, b"1\n")
    receiver = start(mode="follow", path=str(log))
    wait_for(lambda: all_lines(receiver.spool) == [b"1"])
    end(receiver)
    write(log, b"2\n")
    receiver = start(mode="follow", path=str(log))
    wait_for(lambda: len(all_lines(receiver.spool)) == 2)
    assert all_lines(receiver.spool) == [b"1", b"2"]


def test_a_process_that_dies_between_spool_and_place_doubles_nothing(
    start, log, tmp_path
) -> None:
    """The spool holds a line that the place does not: it is taken once."""
    write(log, b"1\n2\n")
    receiver = start(mode="follow", path=str(log))
    wait_for(lambda: receiver.spool.read_state().get("offset") == 4)
    [path] = receiver.spool.directory.glob("*.open")
    saved = path.read_bytes()
    state = receiver.spool.read_state()
    end(receiver)
    for file in receiver.spool.directory.glob("*.ready"):
        file.unlink()
    path.write_bytes(saved)
    receiver.spool.write_state({**state, "offset": 2, "size": 2})
    receiver = start(mode="follow", path=str(log))
    wait_for(lambda: all_lines(receiver.spool) == [b"1", b"2"])
    assert lines(receiver.spool) == [[b"1"], [b"2"]]


def test_a_log_outside_of_the_allowed_folders_is_not_read(start, log, tmp_path) -> None:
    write(log, b"secret\n")
    roots = [str(tmp_path / "other")]
    receiver = start(mode="follow", path=str(log), allowed_roots=roots)
    wait_for(lambda: receiver.problem)
    assert receiver.problem.found == f"{log} is outside of the folders that may be read"
    assert all_lines(receiver.spool) == []


def test_a_log_that_is_not_there_yet(start, log) -> None:
    receiver = start(mode="follow", path=str(log))
    wait_for(lambda: receiver.problem)
    assert receiver.problem.found == f"{log} is not there"
    write(log, b"1\n")
    wait_for(lambda: all_lines(receiver.spool) == [b"1"])
    wait_for(lambda: receiver.problem is None)
