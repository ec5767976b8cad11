# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who is let in by whom: keys, passwords, host keys, servers that are not there."""

import base64
import hashlib
import logging
import socket
import threading

import pytest
from collecting import PASSWORD, error_of, names, sftp_settings
from sftp_server import SftpServer, make_key

from telecom_cdr.collect import CollectError, Settings, connect
from telecom_cdr.collect.sftp import PARAMIKO_LOG


def fingerprint(host_key):
    kind, text = host_key.split()
    digest = hashlib.sha256(base64.b64decode(text)).digest()
    return f"{kind} SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


# === PRIVATE KEYS === #


@pytest.mark.parametrize(
    "kind, pem",
    [
        ("ed25519", ""),
        ("ed25519", "pkcs8"),
        ("ecdsa", ""),
        ("ecdsa", "pkcs8"),
        ("ecdsa", "traditional"),
        ("rsa", ""),
        ("rsa", "pkcs8"),
        ("rsa", "traditional"),
    ],
)
def test_a_key_of_each_type_and_format_logs_in(server, kind, pem):
    server.put("calls.csv", b"1")
    key = server.add_key(kind, pem=pem)
    assert "calls.csv" in names(sftp_settings(server, private_key=key))


@pytest.mark.parametrize("kind, pem", [("ed25519", ""), ("rsa", "pkcs8")])
def test_a_key_with_its_passphrase_logs_in(server, kind, pem):
    server.put("calls.csv", b"1")
    key = server.add_key(kind, passphrase="ñ word", pem=pem)
    settings = sftp_settings(server, private_key=key)
    settings["private_key_passphrase"] = "ñ word"
    assert "calls.csv" in names(settings)


@pytest.mark.parametrize("kind, pem", [("ed25519", ""), ("rsa", "traditional")])
def test_a_wrong_passphrase_is_told_from_a_missing_one(server, kind, pem):
    key = server.add_key(kind, passphrase="right", pem=pem)
    settings = sftp_settings(server, private_key=key)
    assert error_of(settings) == ("bad_key", "it needs a passphrase")
    settings["private_key_passphrase"] = "wrong"
    assert error_of(settings) == ("bad_key", "the passphrase does not fit it")


def test_a_passphrase_that_is_not_needed_does_no_harm(server):
    server.put("calls.csv", b"1")
    settings = sftp_settings(server, private_key_passphrase="not needed")
    assert "calls.csv" in names(settings)


def test_a_key_pasted_with_windows_line_ends_and_indented_logs_in(server):
    server.put("calls.csv", b"1")
    key = "\r\n".join(f"  {line}" for line in server.private_key.splitlines())
    assert "calls.csv" in names(sftp_settings(server, private_key=f"\n{key}  "))


def test_what_is_no_private_key_is_named(server):
    private, public = make_key("ed25519")
    cases = {
        public: "it is a public key",
        "PuTTY-User-Key-File-3: ssh-ed25519": "it is in PuTTY's format: export it "
        "from PuTTYgen as an OpenSSH key",
        private[: len(private) // 2]
        + "\n-----END OPENSSH PRIVATE KEY-----": "it is damaged or incomplete",
        private[: len(private) // 2]: "it is damaged or incomplete",
        "hello": "it is no private key",
    }
    for text, found in cases.items():
        assert error_of(sftp_settings(server, private_key=text)) == ("bad_key", found)


def test_a_key_that_the_server_does_not_know_is_refused(server):
    key, _public = make_key("ed25519")
    settings = sftp_settings(server, private_key=key)
    assert error_of(settings) == ("refused_login", "Authentication failed.")


def test_a_user_that_the_server_does_not_know_is_refused(server):
    reason, _found = error_of(sftp_settings(server, username="nobody-here"))
    assert reason == "refused_login"


# === PASSWORDS === #


def test_the_password_logs_in(password_server):
    settings = sftp_settings(password_server, private_key="", password=PASSWORD)
    assert names(settings) == ["calls.csv"]


def test_a_wrong_password_is_refused(password_server):
    settings = sftp_settings(password_server, private_key="", password="wrong")
    assert error_of(settings) == ("refused_login", "Authentication failed.")


def test_the_password_helps_where_the_key_does_not(password_server):
    key, _public = make_key("ed25519")
    settings = sftp_settings(password_server, private_key=key, password=PASSWORD)
    assert names(settings) == ["calls.csv"]


def test_a_password_where_only_keys_are_taken_is_refused(server):
    settings = sftp_settings(server, private_key="", password="any")
    assert error_of(settings) == ("refused_login", "the server only takes publickey")


def test_no_secret_at_all_is_refused_without_asking(server):
    settings = sftp_settings(server, private_key="")
    expected = ("refused_login", "neither a password nor a private key is set")
    assert error_of(settings) == expected


def test_a_server_that_wants_key_and_password_gets_both(password_server):
    options = "AuthenticationMethods publickey,password"
    with SftpServer(PASSWORD, options) as server:
        assert names(sftp_settings(server, password=PASSWORD)) == []
        found = error_of(sftp_settings(server))
        assert found == ("refused_login", "the server also wants password")


def test_no_secret_reaches_the_log_or_the_error(password_server, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger=PARAMIKO_LOG)
    key = password_server.add_key("ed25519", passphrase="open sesame")
    settings = sftp_settings(
        password_server,
        private_key=key,
        private_key_passphrase="open sesame",
        password=PASSWORD,
    )
    names(settings)
    told = error_of({**settings, "private_key": "", "password": "wr0ng"})
    text = caplog.text + str(told) + repr(Settings.of(settings))
    assert "userauth is OK" in text
    for secret in ("open sesame", PASSWORD, "wr0ng", key.splitlines()[2]):
        assert secret not in text


# === HOST KEYS === #


def test_the_first_probe_tells_the_host_key(server):
    with connect(sftp_settings(server, host_key=""), probe=True) as connection:
        assert connection.host_key == server.host_key


def test_without_a_pinned_key_nothing_is_fetched_and_no_credential_sent(own_server):
    own_server.put("calls.csv", b"1")
    settings = sftp_settings(own_server, host_key=" ")
    expected = ("host_key_missing", fingerprint(own_server.host_key))
    assert error_of(settings) == expected
    own_server.wait_until_idle()
    assert "KEX done" in own_server.log()
    assert "userauth-request" not in own_server.log()


@pytest.mark.parametrize("probe", [False, True])
def test_a_server_with_another_key_gets_no_credential(own_server, probe):
    settings = sftp_settings(own_server, password="secret")
    own_server.rotate_host_key()
    assert settings["host_key"] != own_server.host_key
    expected = ("host_key_changed", fingerprint(own_server.host_key))
    assert error_of(settings, probe=probe) == expected
    own_server.wait_until_idle()
    assert "KEX done" in own_server.log()
    assert "userauth-request" not in own_server.log()
    own_server.put("calls.csv", b"1")
    assert names(sftp_settings(own_server)) == ["calls.csv"]
    own_server.wait_until_idle()
    assert "userauth-request" in own_server.log()


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_a_server_with_a_key_of_another_type_gets_no_credential(own_server, kind):
    settings = sftp_settings(own_server)
    own_server.rotate_host_key(kind)
    expected = ("host_key_changed", fingerprint(own_server.host_key))
    assert error_of(settings) == expected
    own_server.wait_until_idle()
    assert "userauth-request" not in own_server.log()
    assert names(sftp_settings(own_server)) == []


def test_a_server_with_several_keys_is_asked_for_the_pinned_one(server):
    private, public = make_key("rsa")
    with SftpServer() as two_keys:
        path = two_keys.folder / "second_key"
        two_keys.stop()
        two_keys._write("second_key", private)
        two_keys.options = f"HostKey {path}"
        two_keys.start()
        for pinned in (public, two_keys.host_key):
            assert names(sftp_settings(two_keys, host_key=pinned)) == []
            with connect(sftp_settings(two_keys, host_key=pinned)) as connection:
                assert connection.host_key == pinned


def test_a_pinned_line_may_have_host_and_comment_or_a_second_key(server):
    _private, other = make_key("ed25519")
    server.put("calls.csv", b"1")
    for pinned in (
        f"[127.0.0.1]:{server.port} {server.host_key} root@carrier",
        f"{other}\n{server.host_key}\n",
    ):
        assert "calls.csv" in names(sftp_settings(server, host_key=pinned))


def test_a_pinned_text_that_is_no_key_fits_no_server(server):
    blob = server.host_key.split()[1]
    for pinned in ("yes", blob, f"ssh-rsa {blob}", server.host_key[:-4]):
        reason, _found = error_of(sftp_settings(server, host_key=pinned))
        assert reason == "host_key_changed"


# === SERVERS THAT ARE NOT THERE === #


def test_a_server_that_is_down_is_unreachable(own_server):
    settings = sftp_settings(own_server)
    own_server.stop()
    assert error_of(settings) == ("unreachable", "nothing listens on this port")
    own_server.start()
    assert names(settings) == []


def test_hosts_that_can_not_be_are_unreachable(server):
    cases = {
        "": "no host is set",
        "carrier.invalid": "no such host name",
        "a" * 64 + ".invalid": None,
        "bad\0host": None,
    }
    for host, found in cases.items():
        reason, words = error_of(sftp_settings(server, host=host))
        assert reason == "unreachable"
        assert words == (found or words) != ""
    assert error_of(sftp_settings(server, port=70000))[0] == "unreachable"


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_is_no_ssh_server_is_unreachable(monkeypatch, caplog, greeting):
    monkeypatch.setattr("telecom_cdr.collect.sftp.PATIENCE", 0.5)
    key, _public = make_key("ed25519")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answer = threading.Thread(target=_greet, args=(listener, greeting))
        answer.start()
        reason, found = error_of(
            {
                "protocol": "sftp",
                "host": "127.0.0.1",
                "port": listener.getsockname()[1],
                "private_key": key,
            }
        )
        answer.join()
    assert reason == "unreachable"
    assert found.startswith("what answers there is no SSH server")
    assert caplog.text == ""


def _greet(listener, greeting):
    with listener.accept()[0] as connected:
        connected.sendall(greeting)
        while connected.recv(1024):
            pass


def test_a_server_without_sftp_is_unreachable(server):
    with SftpServer(options="ForceCommand /bin/true") as other:
        reason, found = error_of(sftp_settings(other))
    assert names(sftp_settings(server, file_pattern="none")) == []
    assert reason == "unreachable"
    assert found.startswith("the server let us in, but gives no SFTP")


def test_an_unknown_protocol_is_refused():
    with pytest.raises(CollectError, match="no such protocol: 'gopher'"):
        connect({"protocol": "gopher"})
