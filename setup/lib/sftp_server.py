# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An SFTP server of one's own on this machine: OpenSSH's, for tests and the demo.

    with SftpServer() as server:
        server.put("calls.csv", b"...")
        connect to server.host, server.port as server.username
        with server.private_key, expecting server.host_key

The environment names its program: TELECOM_SSHD, and TELECOM_SSHD_USER for whom it runs
as where we are root (setup/lib/openssh.sh sets both). It logs in one user, the one it
runs as, whose first directory is ``server.root``.
"""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

KEY_KINDS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
}
PATIENCE = 10.0
MS_BIND = 4096


class SftpServer:
    """A server that is up between :meth:`start` and :meth:`stop`, or in a ``with``.

    :ivar host: address to connect to
    :ivar port: a free port, the same after :meth:`stop` and :meth:`start`
    :ivar username: who may log in
    :ivar host_key: ``ssh-ed25519 AAAA...``, to be pinned
    :ivar private_key: a key that may log in, as OpenSSH writes it
    :ivar root: where a client stands after logging in
    """

    host = "127.0.0.1"

    def __init__(self, password: str = "", options: str = "") -> None:
        """
        :param password: also let the user ``carrier`` in by it; see
            :func:`why_no_passwords`
        :param options: lines for sshd's configuration, which count before ours
        """
        self.account = _account()
        self.password = password
        self.options = options
        self.username = "carrier" if password else self.account.pw_name
        self.port = _free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="telecom-sftp-"))
        self.root = self.folder / "files"
        self.root.mkdir()
        self._own(self.folder)
        self._own(self.root)
        self._write("authorized_keys", "")
        self._write("log", "")
        self.rotate_host_key()
        self.private_key = self.add_key("ed25519")
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "SftpServer":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    # === RUNNING === #

    def start(self) -> None:
        """Serve, and return when connections are taken.

        The server ends with the thread that starts it, if nobody ends it before.
        """
        self._write("sshd_config", self._configuration())
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while not _listens(self.host, self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"sshd does not start:\n{self.log()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server and every session of it at once, as when the power fails."""
        if self._process is None:
            return
        for process in [self._process.pid, *self.sessions()]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def sessions(self) -> list[int]:
        """The processes that serve clients now."""
        return _descendants(self._process.pid) if self._process else []

    def wait_until_idle(self) -> None:
        """Return when the last client is gone, and all about it is in the log."""
        deadline = time.monotonic() + PATIENCE
        while self.sessions():
            if time.monotonic() > deadline:
                raise RuntimeError(f"a session does not end:\n{self.log()}")
            time.sleep(0.01)

    def close(self) -> None:
        """Stop, and take all files away."""
        self.stop()
        for folder, _folders, _files in os.walk(self.root):
            os.chmod(folder, 0o700)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What sshd wrote, down to each request of a client to log in."""
        return (self.folder / "log").read_text(errors="replace")

    # === KEYS === #

    def rotate_host_key(self, kind: str = "ed25519") -> None:
        """Make a new host key; a server that is up shows it to the next client."""
        private, public = make_key(kind)
        self._write("host_key", private)
        self.host_key = public
        if getattr(self, "_process", None):
            self.stop()
            self.start()

    def add_key(self, kind: str = "ed25519", **options) -> str:
        """A new private key that may log in; options as of :func:`make_key`."""
        private, public = make_key(kind, **options)
        with (self.folder / "authorized_keys").open("a") as keys:
            keys.write(public + "\n")
        return private

    # === FILES === #

    def put(self, name: str | bytes, content: bytes = b"", age: float = 7 * 86400):
        """Lay a file there, last changed so many seconds ago; its path as bytes."""
        path = os.path.join(os.fsencode(self.root), os.fsencode(name))
        with open(path, "wb") as file:
            file.write(content)
        self._own(path)
        changed = int(time.time() - age)
        os.utime(path, (changed, changed))
        return path

    def put_folder(self, name: str) -> Path:
        """Make a folder below the root that the server may write to."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        self._own(path)
        return path

    # === INNER === #

    def _configuration(self) -> str:
        return "\n".join(
            [
                self.options,
                f"ListenAddress {self.host}:{self.port}",
                f"HostKey {self.folder}/host_key",
                f"AuthorizedKeysFile {self.folder}/authorized_keys",
                f"Subsystem sftp internal-sftp -d {self.root}",
                f"PasswordAuthentication {'yes' if self.password else 'no'}",
                "KbdInteractiveAuthentication no",
                "UsePAM no",
                "UseDNS no",
                "StrictModes no",
                "MaxStartups 200",
                "PidFile none",
                "LogLevel DEBUG1",
                "",
            ]
        )

    def _command(self) -> list[str]:
        command = [_sshd(), "-D", "-e", "-f", f"{self.folder}/sshd_config"]
        # Should we be killed, the kernel ends the server too.
        options = ["--pdeathsig=KILL"]
        if os.geteuid() == 0:
            options.append(f"--reuid={self.account.pw_name}")
            options += [f"--regid={self.account.pw_gid}", "--init-groups"]
        command = ["setpriv", *options, *command]
        if self.password:
            self._write_accounts()
            command = [*_unshare(), str(self.folder), *command]
        return command

    def _write_accounts(self) -> None:
        """Files to lie over /etc/passwd and /etc/shadow, in sshd's sight alone."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from passlib.hash import sha512_crypt  # noqa: PLC0415 (it warns)

            digest = sha512_crypt.using(rounds=5000).hash(self.password)
        ids = f"{self.account.pw_uid}:{self.account.pw_gid}"
        line = f"{self.username}:x:{ids}::{self.root}:/bin/sh\n"
        self._write("passwd", Path("/etc/passwd").read_text() + line)
        self._write("shadow", f"{self.username}:{digest}:19000:0:99999:7:::\n")

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        self._own(path)

    def _own(self, path: Path | bytes) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)


def make_key(kind: str, passphrase: str = "", pem: str = "") -> tuple[str, str]:
    """A new key pair: the private key as text, the public one as a line.

    :param pem: "" for OpenSSH's own format, else ``pkcs8`` or ``traditional``
    """
    key = KEY_KINDS[kind]()
    formats = {
        "": serialization.PrivateFormat.OpenSSH,
        "pkcs8": serialization.PrivateFormat.PKCS8,
        "traditional": serialization.PrivateFormat.TraditionalOpenSSL,
    }
    encryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    private = key.private_bytes(serialization.Encoding.PEM, formats[pem], encryption)
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return private.decode(), public.decode()


def why_no_server() -> str:
    """What keeps a server from running here; empty when nothing does."""
    if not os.path.exists(_sshd()):
        return "no sshd here: setup/test brings one (TELECOM_SSHD)"
    return ""


def why_no_passwords() -> str:
    """What keeps a server from taking passwords here; empty when nothing does.

    sshd looks passwords up in /etc/shadow. It gets a view of the machine (a mount
    namespace) with another one, which some machines and containers do not allow.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for name in ("passwd", "shadow"):
            Path(folder, name).touch()
        tried = subprocess.run(
            [*_unshare(), folder, "true"], capture_output=True, text=True, check=False
        )
    if tried.returncode:
        return f"no password logins on this machine: {tried.stderr.strip()[-200:]}"
    return ""


def _unshare() -> list[str]:
    """A command that runs the rest of its line, FOLDER PROGRAM ..., with FOLDER's files
    in place of the accounts of the machine."""
    ours = [] if os.geteuid() == 0 else ["--map-current-user", "--keep-caps"]
    return ["unshare", "--mount", *ours, sys.executable, os.path.abspath(__file__)]


def _mount_accounts_and_run(folder: str, program: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    for name in ("passwd", "shadow"):
        source, target = f"{folder}/{name}".encode(), f"/etc/{name}".encode()
        if libc.mount(source, target, None, MS_BIND, None):
            sys.exit(f"mount {name}: {os.strerror(ctypes.get_errno())}")
    os.execvp(program[0], program)


def _sshd() -> str:
    return os.environ.get("TELECOM_SSHD") or "/usr/sbin/sshd"


def _account() -> pwd.struct_passwd:
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    return pwd.getpwnam(os.environ.get("TELECOM_SSHD_USER") or "postgres")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True


def _descendants(process: int) -> list[int]:
    """Sessions lead process groups of their own, so they are found by their parents."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        children.setdefault(parent, []).append(int(status.parent.name))
    found = []
    waiting = [process]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


if __name__ == "__main__":
    _mount_accounts_and_run(sys.argv[1], sys.argv[2:])
