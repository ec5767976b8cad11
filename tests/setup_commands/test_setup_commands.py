# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The parts of setup/ that can be tried without preparing a machine."""

import os
import pty
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0


def bash(script: str, **options) -> subprocess.Popen:
    """Start a script that may use the functions of setup/lib."""
    libraries = ("common", "system", "debian", "odoo", "database")
    sources = "".join(f". {CHECKOUT}/setup/lib/{name}.sh\n" for name in libraries)
    return subprocess.Popen(
        ["bash", "-c", sources + script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **{"stdin": subprocess.DEVNULL, **options},
    )


def run(script: str, **options) -> tuple[int, str]:
    process = bash(script, **options)
    output = process.communicate(timeout=PATIENCE)[0]
    return process.returncode, output


ONE_LINE = """\
deb-src http://mirror/debian bookworm main
# deb http://off/debian bookworm main
deb http://security/debian-security bookworm-security main
deb [arch=amd64 signed-by=/k/a.gpg] https://mirror/debian  bookworm main contrib
"""
STANZAS = """\
Types: deb
URIs: http://security/debian-security
Suites: bookworm-security

Enabled: no
Types: deb
URIs: http://off/debian
Suites: bookworm

Types: deb deb-src
# where it came from
URIs: https://mirror/debian
Suites: bookworm bookworm-updates
Components: main non-free
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
"""


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (
            "list",
            ONE_LINE,
            "deb [arch=amd64 signed-by=/k/a.gpg] https://mirror/debian sid main\n"
            "deb [arch=amd64 signed-by=/k/a.gpg] https://mirror/debian bookworm main\n",
        ),
        ("list", "deb http://m/debian oldstable main", "http://m/debian sid main"),
        (
            "sources",
            STANZAS,
            "Types: deb\nURIs: https://mirror/debian\nSuites: sid bookworm\n"
            "Components: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
            " .\n abc\n",
        ),
        ("sources", "Types: deb\nURIs: http://m\nSuites: trixie\n", ""),
        ("list", "deb http://m/debian bookworm-backports main", ""),
    ],
)
def test_debian_source_keeps_all_but_the_suite(tmp_path, kind, content, expected):
    source = tmp_path / f"debian.{kind}"
    source.write_text(content)
    status, output = run(
        f"APT_SUITE='(bookworm|stable|oldstable)' APT_SOURCE={source}"
        f" APT_SOURCE_KIND={kind}; write_apt_source sid bookworm"
    )
    assert status == 0
    if expected:
        assert expected in output
    else:
        assert not output


def test_supervised_program_gives_its_status_and_reads_our_input():
    status, output = run(
        "supervise sh -c 'cat; exit 3'", stdin=os.open("/etc/hostname", os.O_RDONLY)
    )
    assert status == 3
    assert output == Path("/etc/hostname").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_stops_the_program_before_us(number):
    process = bash(
        "at_exit gone; gone() { kill -0 $CHILD 2>/dev/null || echo stopped; }\n"
        "supervise python3 -c 'import time; print(\"up\", flush=True); time.sleep(60)'"
    )
    assert process.stdout.readline() == "up\n"
    process.send_signal(number)
    output = process.communicate(timeout=PATIENCE)[0]
    # Under load bash may add a word of its own about a child that is gone.
    assert "stopped\n" in output
    assert process.returncode == 128 + number


def test_interrupt_on_a_terminal_waits_for_the_program():
    """It has heard the interrupt itself, and may take its time or go on."""
    try:
        leader, follower = pty.openpty()
    except OSError as error:
        pytest.skip(f"no terminals on this machine: {error}")
    process = bash(
        "at_exit gone; gone() { kill -0 $CHILD 2>/dev/null || echo stopped; }\n"
        "supervise sh -c 'trap \"echo heard\" INT; echo up; sleep 1; sleep 1; exit 5'",
        stdin=follower,
        start_new_session=True,
    )
    assert process.stdout.readline() == "up\n"
    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate(timeout=PATIENCE)[0]
    os.close(leader)
    os.close(follower)
    assert output == "heard\nstopped\n"
    assert process.returncode == 5


def test_standard_input_may_be_closed():
    status, output = run(
        "supervise cat && echo fine", stdin=None, preexec_fn=close_stdin
    )
    assert (status, output) == (0, "fine\n")


def close_stdin():
    os.close(0)


def test_taken_port_is_refused_with_another_to_try():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        status, output = run(f"check_port_is_free {port}")
    assert status == 1
    assert f"port {port} is taken" in output
    assert f"--port {port + 1}" in output


@pytest.mark.parametrize(
    "name", ["", "A", "x y", "../x", 'x"; DROP', "template-1", "1x"]
)
def test_database_name_that_could_mean_more_is_refused(name):
    status, output = run(
        'check_database_name "$NAME"', env={**os.environ, "NAME": name}
    )
    assert status == 1
    assert "can not be the name of a database" in output


def test_too_little_space_is_told_with_what_is_needed(tmp_path):
    status, output = run(f"check_space {tmp_path} 999999999")
    assert status == 1
    assert "about 999999999 MB are needed" in output
    assert "XDG_CACHE_HOME" in output


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Temporary failure resolving 'mirror'", "could not be reached"),
        ("npm error code ENOTFOUND", "could not be reached"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "PIP_CERT"),
    ],
)
def test_failed_download_says_why(tmp_path, said, told):
    log = tmp_path / "log"
    log.write_text(said)
    status, output = run(f"LOG_OF_FAILURE={log}; die_of_download 'could not fetch it'")
    assert status == 1
    assert "could not fetch it" in output
    assert told in output


def test_one_command_at_a_time_prepares(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    script = f"SERVICES={tmp_path}/services RUN_AS=me; begin_preparing; echo in; "
    first = bash(script + "sleep 2; echo out; end_preparing", env=environment)
    assert first.stdout.readline() == "in\n"
    started = time.monotonic()
    status, output = run(script, env=environment)
    assert status == 0
    assert output.endswith("in\n")
    assert "waiting for another" in output
    assert time.monotonic() - started > 1
    assert first.communicate(timeout=PATIENCE)[0] == "out\n"
