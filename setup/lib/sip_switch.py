# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A SIP switch and SIP telephones on loopback, for tests: Kamailio and SIPp.

    with Kamailio(config, accounts_sql, settings) as switch:
        phone = Telephone("127.0.0.3")
        outcome = phone.call(switch, scenario, "34912000001", keys)

The programs are named by the environment: TELECOM_KAMAILIO, TELECOM_KAMAILIO_ROOT,
TELECOM_SIPP and TELECOM_SIP_USER (setup/lib/sip.sh sets them).
"""

import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

HOST = "127.0.0.1"
PATIENCE = 20.0
SCHEMAS = ("standard", "auth_db", "permissions")
PING = (
    "OPTIONS sip:{host}:{port} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {host}:{own};branch=z9hG4bK{own}\r\n"
    "From: <sip:ping@{host}>;tag={own}\r\nTo: <sip:{host}:{port}>\r\n"
    "Call-ID: {own}@{host}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\n"
    "Content-Length: 0\r\n\r\n"
)


def why_no_sip() -> str:
    """What keeps the programs from running here; empty when nothing does."""
    for name in ("TELECOM_KAMAILIO", "TELECOM_SIPP"):
        if not os.path.exists(os.environ.get(name, "")):
            return f"no SIP switch here: setup/test brings one ({name})"
    return ""


class Switch:
    """A program that listens for SIP in a ``with``, in a folder of its own.

    :ivar port: where it listens, UDP
    """

    def __init__(self) -> None:
        self.folder = new_folder()
        self.port = free_port()
        self.log_file = self.folder / "log"
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    def close(self) -> None:
        """End it, and take its files away."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What it wrote."""
        if not self.log_file.exists():
            return ""
        return self.log_file.read_text(errors="replace")[-6000:]

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _is_up(self) -> bool:
        """Whether it takes calls now; it may wait a moment for that."""
        raise NotImplementedError

    def _start(self) -> None:
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        deadline = time.monotonic() + PATIENCE
        while not self._is_up():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the switch does not start:\n{self.log()}")


class Kamailio(Switch):
    """Kamailio.

    :param config: its configuration
    :param statements: SQL that fills its tables
    :param settings: names that the configuration defines otherwise
    """

    def __init__(self, config: Path, statements: str, settings: dict[str, str]) -> None:
        super().__init__()
        self._fill(statements)
        shutil.copy(config, self.folder / "kamailio.cfg")
        self._settings = settings

    def _fill(self, statements: str) -> None:
        """Make the tables as Kamailio's own scripts do, and fill them."""
        share = Path(os.environ["TELECOM_KAMAILIO_ROOT"]) / "share/kamailio/db_sqlite"
        path = self.folder / "switch.sqlite"
        with closing(sqlite3.connect(path)) as database:
            for schema in SCHEMAS:
                script = (share / f"{schema}-create.sql").read_text()
                database.executescript(script)
            database.executescript(statements)
        give(path)

    def _command(self) -> list[str]:
        modules = next(Path(os.environ["TELECOM_KAMAILIO_ROOT"]).glob("lib/*/kamailio"))
        command = [
            os.environ["TELECOM_KAMAILIO"],
            "-f",
            str(self.folder / "kamailio.cfg"),
        ]
        command += ["-L", str(modules / "modules"), "-Y", str(self.folder), "-DD", "-E"]
        command += ["-P", str(self.folder / "pid"), "-m", "32", "-M", "8"]
        own = {
            "WITH_SQLITE": "1",
            "DATABASE": f'"sqlite:///{self.folder}/switch.sqlite"',
            "SIP_SOCKET": f"udp:{HOST}:{self.port}",
            "CONTROL": f'"unix:{self.folder}/control"',
        }
        for name, value in (own | self._settings).items():
            command += ["-A", f"{name}={value}"]
        return command

    def _is_up(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((HOST, 0))
            probe.settimeout(0.1)
            own = probe.getsockname()[1]
            ping = PING.format(host=HOST, port=self.port, own=own)
            try:
                probe.sendto(ping.encode(), (HOST, self.port))
                return probe.recv(4096).startswith(b"SIP/2.0 200")
            except OSError:
                time.sleep(0.05)
                return False


@dataclass
class Outcome:
    """What became of a call at one end.

    :ivar succeeded: whether it went as its scenario says
    :ivar messages: what was sent and received
    """

    succeeded: bool
    messages: str

    def received(self, method: str) -> list[str]:
        """First lines of the requests of a method that came in."""
        blocks = self.messages.split("received [")[1:]
        lines = [line for block in blocks for line in block.splitlines()[1:4] if line]
        return [line for line in lines if line.startswith(f"{method} ")]


class Telephone:
    """One end of calls: SIPp, which goes through a scenario.

    :param address: its own on loopback, 127.0.0.0/8
    """

    def __init__(self, address: str, scenario: Path, keys: dict[str, str]) -> None:
        self.address = address
        self.port = free_port(address)
        self.folder = new_folder()
        self._scenario = scenario
        self._keys = keys
        self._process: subprocess.Popen | None = None

    def start(
        self,
        target: str = "",
        called: str = "",
        seconds: int = 15,
        talk: float = 0.3,
        calls: int = 1,
    ) -> "Telephone":
        """Call, or without a target wait for a call.

        :param target: address and port of the switch
        :param called: number
        :param seconds: after which the scenario has failed
        :param talk: seconds until it hangs up, where the scenario does
        :param calls: how often it goes through the scenario
        """
        command = [os.environ["TELECOM_SIPP"], *([target] if target else [])]
        command += [
            "-sf",
            str(self._scenario),
            "-i",
            self.address,
            "-p",
            str(self.port),
        ]
        command += ["-m", str(calls), "-nostdin"]
        command += ["-timeout", str(seconds), "-timeout_error"]
        command += ["-d", str(round(talk * 1000))]
        command += ["-trace_msg", "-message_file", str(self.folder / "messages")]
        command += ["-trace_err", "-error_file", str(self.folder / "errors")]
        command += ["-s", called] if called else []
        for name, value in self._keys.items():
            command += ["-key", name, value]
        command += [
            "-au",
            self._keys.get("login", ""),
            "-ap",
            self._keys.get("password", ""),
        ]
        with (self.folder / "screen").open("wb") as screen:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen,
                cwd=self.folder, env={**os.environ, "TERM": "dumb"},
            )  # fmt: skip
        if not target:
            self._wait_for_socket()
        return self

    def finish(self, seconds: float = PATIENCE) -> Outcome:
        """Wait for the end of the scenario."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = 1
        outcome = Outcome(code == 0, self._read("messages"))
        if code:
            outcome.messages += self._read("errors") + self._read("screen")
        self.close()
        return outcome

    def close(self) -> None:
        """End it, and take its files away."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_for_socket(self) -> None:
        """Until its port is taken, as far as the kernel knows."""
        wanted = f":{self.port:04X}"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            rows = Path("/proc/net/udp").read_text().splitlines()[1:]
            if any(row.split()[1].endswith(wanted) for row in rows):
                return
            time.sleep(0.02)

    def _read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(errors="replace") if path.exists() else ""


def free_port(address: str = HOST) -> int:
    """A port that no UDP socket of an address has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def new_folder() -> Path:
    """A folder that the programs may write into."""
    folder = Path(tempfile.mkdtemp(prefix="telecom-sip-"))
    give(folder)
    return folder


def give(path: Path) -> None:
    """Let the programs write there, which do not run as root."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(os.environ.get("TELECOM_SIP_USER") or "postgres")
        os.chown(path, account.pw_uid, account.pw_gid)
