# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The command telecom_listen: a PBX on one side, a database on the other, and kills."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

PATIENCE = 90.0
COMMAND = """
import sys
from odoo.cli.command import main
sys.argv[0] = "odoo"
main()
"""


def wait_for(condition, process=None):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        assert process is None or process.poll() is None, "the listener ended"
        time.sleep(0.1)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def listen(database, tmp_path):
    """A function that starts the command; what it starts ends with the test."""
    config = pytest.importorskip("odoo.tools").config
    started = []

    def start(interval="0.5"):
        arguments = ["telecom_listen", "-c", config["config"], "-d", database]
        arguments += ["--spool", str(tmp_path / "spool"), "--interval", interval]
        addons = "--addons-path=" + ",".join(config["addons_path"])
        with open(tmp_path / "log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, addons, *arguments],
                stdout=log,
                stderr=log,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def source(workers, sql, request):
    """The id and port of a source that waits for a PBX."""
    ids = workers[0].run("prepare", name=request.node.name, customers=1)
    port = free_port()
    sql(
        "UPDATE telecom_source SET protocol = 'stream', stream_mode = 'server',"
        " host = '127.0.0.1', port = %s, state = 'draft' WHERE id = %s RETURNING id",
        port,
        ids["sources"][0],
    )
    yield ids["sources"][0], port
    sql(
        "UPDATE telecom_source SET protocol = 'upload' WHERE id = %s RETURNING id",
        ids["sources"][0],
    )


def send(port, data, process):
    """Send lines as a PBX does that tries until somebody listens."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.sendall(data)
                return
        except OSError:
            assert process.poll() is None, "the listener ended"
            assert time.monotonic() < deadline
            time.sleep(0.1)


def row(minute):
    return f"2026-10-05 10:{minute:02}:00,910000000,600000{minute:03},60\r\n".encode()


def files_of(sql, source):
    return sql(
        "SELECT state, content_size FROM telecom_file WHERE source_id = %s ORDER BY id",
        source,
    )


def in_spool(tmp_path):
    found = (tmp_path / "spool").rglob("20*T*-*")
    return [path for path in found if path.stat().st_size]


def test_lines_become_calls_once_over_kills_and_replays(
    listen, source, sql, workers, tmp_path
) -> None:
    source_id, port = source
    process = listen()
    send(port, row(1) + row(2), process)
    wait_for(lambda: files_of(sql, source_id) == [("received", 2 * 44)], process)
    seen = "SELECT state, stream_seen_at IS NOT NULL FROM telecom_source WHERE id = %s"
    wait_for(lambda: sql(seen, source_id) == [("ok", True)], process)

    # Killed with a line on the disk, which the PBX sends again.
    wait_for(lambda: not in_spool(tmp_path), process)
    send(port, row(3), process)
    wait_for(lambda: in_spool(tmp_path) or len(files_of(sql, source_id)) > 1, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    send_later = row(3) + row(4) + b"2026-10-05 10:05"

    process = listen()
    send(port, send_later, process)
    wait_for(lambda: not in_spool(tmp_path), process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 0

    states = [state for state, _size in files_of(sql, source_id)]
    assert states == ["received", "received", "received", "held"]
    reason = sql(
        "SELECT hold_wording->>'text', content_size FROM telecom_file"
        " WHERE source_id = %s AND state = 'held'",
        source_id,
    )
    assert reason == [
        ("The connection ended in the middle of a line: its end never came", 16)
    ]
    for (file,) in sql(
        "SELECT id FROM telecom_file WHERE source_id = %s AND state = 'received'"
        " ORDER BY id",
        source_id,
    ):
        assert workers[0].run("process", file=file) is True
    called = "SELECT called_number FROM telecom_call c JOIN telecom_file f"
    called += " ON f.id = c.file_id WHERE f.source_id = %s ORDER BY start_at"
    assert sql(called, source_id) == [
        (f"+34600000{minute:03}",) for minute in (1, 2, 3, 4)
    ]
    assert "Listening for" in (tmp_path / "log").read_text()


def avaya(number, seconds, more):
    return (
        f"2026/10/05 11:{number:02}:00,00:00:{seconds:02},5,1007,O,6000001{number:02},"
        f"9,,0,{number},{more},E1007\r\n"
    ).encode()


def test_a_call_of_several_lines_is_one_over_minutes_connections_and_kills(
    listen, source, sql, workers, tmp_path
) -> None:
    source_id, port = source
    sql(
        "UPDATE telecom_source SET format_id = (SELECT res_id FROM ir_model_data"
        " WHERE module = 'telecom_cdr' AND name = 'telecom_format_avaya_ipoffice')"
        " WHERE id = %s RETURNING id",
        source_id,
    )
    process = listen()
    one = avaya(1, 10, 1) + avaya(2, 5, 0)
    send(port, one, process)
    # The first line waits for the other one of its call.
    size = len(avaya(2, 5, 0))
    wait_for(lambda: files_of(sql, source_id) == [("received", size)], process)
    wait_for(lambda: not in_spool(tmp_path), process)
    process.send_signal(signal.SIGKILL)
    process.wait()

    process = listen()
    send(port, avaya(3, 7, 0) + avaya(1, 20, 0), process)
    wait_for(lambda: len(files_of(sql, source_id)) > 1, process)
    wait_for(lambda: not in_spool(tmp_path), process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 0
    for (file,) in sql("SELECT id FROM telecom_file WHERE source_id = %s", source_id):
        assert workers[0].run("process", file=file) is True
    calls = "SELECT called_number, duration FROM telecom_call c JOIN telecom_file f"
    calls += " ON f.id = c.file_id WHERE f.source_id = %s ORDER BY start_at"
    assert sql(calls, source_id) == [
        ("+34600000101", 30),
        ("+34600000102", 5),
        ("+34600000103", 7),
    ]


def test_without_a_database_lines_are_kept_until_it_is_back(
    listen, source, sql, database, tmp_path
) -> None:
    source_id, port = source
    process = listen()
    send(port, row(11), process)
    wait_for(lambda: len(files_of(sql, source_id)) == 1, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 0

    # What a server does that is down: nobody gets in.
    real = os.environ.get("PGHOST")
    os.environ["PGHOST"] = str(tmp_path)
    try:
        process = listen()
        send(port, row(12), process)
        wait_for(lambda: in_spool(tmp_path), process)
        time.sleep(1.5)
        assert process.poll() is None
        assert "The database is away" in (tmp_path / "log").read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0
    finally:
        if real is None:
            del os.environ["PGHOST"]
        else:
            os.environ["PGHOST"] = real
    assert len(files_of(sql, source_id)) == 1
    process = listen()
    wait_for(lambda: len(files_of(sql, source_id)) == 2, process)
    wait_for(lambda: not in_spool(tmp_path), process)
