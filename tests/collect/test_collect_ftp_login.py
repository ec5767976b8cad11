# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who is let in by whom over FTP: passwords, certificates, servers that are away."""

import socket
import threading

import pytest
from collecting import contents, error_of, ftp_settings, names

from telecom_cdr.collect import connect
from telecom_cdr.collect.certificates import fingerprint, is_pinned


@pytest.mark.parametrize("tls", ["", "explicit", "implicit"])
@pytest.mark.parametrize("passive", [True, False])
def test_files_come_plain_and_over_tls_in_both_modes(ftp, tls, passive):
    server = ftp(tls=tls)
    server.put("calls.csv", b"1;2;3")
    assert contents(ftp_settings(server, passive=passive)) == {"calls.csv": b"1;2;3"}
    opened = {"PASV", "EPSV"} if passive else {"PORT", "EPRT"}
    assert opened & {line.split()[0] for line in server.commands}


def test_an_unknown_certificate_is_refused_before_the_password(ftp):
    server = ftp(tls="explicit")
    settings = ftp_settings(server, certificate_check="authority")
    reason, found = error_of(settings)
    assert reason == "certificate_refused"
    assert "self-signed certificate" in found
    assert not [line for line in server.commands if line.startswith(("USER", "PASS"))]


@pytest.mark.parametrize("tls", ["explicit", "implicit"])
def test_a_certificate_of_a_known_authority_is_taken(ftp, tls, tmp_path, monkeypatch):
    server = ftp(tls=tls)
    server.put("calls.csv", b"1")
    known = tmp_path / "authorities.pem"
    known.write_bytes(server.certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(known))
    settings = ftp_settings(server, certificate_check="authority", host_key="")
    assert names(settings) == ["calls.csv"]
    with connect(settings, probe=True) as connection:
        assert connection.host_key is None


def test_a_certificate_of_another_host_is_refused(ftp, tmp_path, monkeypatch):
    server = ftp(tls="explicit")
    known = tmp_path / "authorities.pem"
    known.write_bytes(server.certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(known))
    settings = ftp_settings(server, certificate_check="authority", host="127.0.0.2")
    monkeypatch.setattr(
        "telecom_cdr.collect.ftp_client.socket.create_connection",
        lambda _address, *more: _REAL((server.host, server.port), *more),
    )
    reason, found = error_of(settings)
    assert reason == "certificate_refused"
    assert "IP address mismatch" in found


_REAL = socket.create_connection


def test_without_a_pinned_certificate_nothing_is_sent_but_a_probe_tells_it(ftp):
    server = ftp(tls="explicit")
    server.put("calls.csv", b"1")
    settings = ftp_settings(server, host_key="")
    assert error_of(settings) == ("certificate_missing", server.fingerprint)
    assert "PASS" not in server.commands
    with connect(settings, probe=True) as connection:
        assert connection.host_key == server.fingerprint
        assert [entry.name for entry in connection.list_files()] == ["calls.csv"]


@pytest.mark.parametrize("probe", [True, False])
def test_another_certificate_than_the_pinned_one_is_refused(ftp, probe):
    server = ftp(tls="explicit")
    settings = ftp_settings(server)
    server.stop()
    server.renew_certificate()
    server.start()
    refusal = ("certificate_changed", server.fingerprint)
    assert error_of(settings, probe=probe) == refusal
    assert "PASS" not in server.commands


def test_pinned_texts():
    certificate = b"a certificate"
    shown = fingerprint(certificate)
    assert shown.startswith("SHA256:") and len(shown) == 7 + 32 * 3 - 1
    plain = shown[7:].replace(":", "").lower()
    for text, expected in {
        shown: True,
        plain: True,
        f"sha256 Fingerprint={shown[7:]}": True,
        f"{fingerprint(b'old')}\n{shown}": True,
        fingerprint(b"old"): False,
        plain[:-2]: False,
        f"{plain}00": False,
        "": False,
        "anything": False,
    }.items():
        assert is_pinned(certificate, text) is expected, text


def test_a_server_without_tls_gets_no_password(ftp):
    server = ftp()
    reason, found = error_of(ftp_settings(server, protocol="ftps", host_key="x"))
    assert reason == "unreachable"
    assert found.startswith("the server speaks no TLS that we know (")
    assert not [line for line in server.commands if line.startswith(("USER", "PASS"))]


def test_a_server_that_wants_tls_tells_a_plain_client(ftp):
    server = ftp(tls="explicit")
    reason, found = error_of(ftp_settings(server, protocol="ftp"))
    assert reason == "refused_login"
    assert "SSL/TLS required on the control channel" in found


def test_a_server_that_protects_no_data_is_left(ftp):
    server = ftp(tls="explicit", without={"PROT"}, plain_data=True)
    reason, found = error_of(ftp_settings(server))
    assert reason == "refused_login"
    assert "PROT" in found
    assert not {"LIST", "MLSD"} & set(server.commands)


def test_a_wrong_password_is_told_and_not_shown(ftp):
    server = ftp()
    reason, found = error_of(ftp_settings(server, password="wrong horse"))
    assert reason == "refused_login"
    assert "wrong horse" not in found
    settings = ftp_settings(server, password="two\nlines")
    assert "two" not in error_of(settings)[1]


def test_what_a_server_repeats_is_not_shown():
    """A server that answers with what it got."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        client, _address = listener.accept()
        with client, client.makefile("rwb", buffering=0) as file:
            file.write(b"220 hello\r\n")
            file.readline()
            file.write(b"331 password\r\n")
            file.write(b"530 " + file.readline())
            file.readline()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    settings = {
        "protocol": "ftp",
        "host": "127.0.0.1",
        "port": listener.getsockname()[1],
        "username": "carrier",
        "password": "correct horse",
    }
    assert error_of(settings) == ("refused_login", "530 PASS ***")
    thread.join(5)
    listener.close()


def test_places_that_are_away(ftp):
    server = ftp()
    server.stop()
    found = {
        (server.host, server.port): "nothing listens on this port",
        ("no-such-host.invalid", 21): None,
        ("", 21): "no host is set",
        (server.host, 99999): None,
    }
    for (host, port), words in found.items():
        settings = ftp_settings(server, host=host, port=port)
        reason, told = error_of(settings)
        assert reason == "unreachable"
        assert words is None or told == words


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("telecom_cdr.collect.ftp.PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = {"host": "127.0.0.1", "port": listener.getsockname()[1]}
        for protocol, implicit in (("ftp", False), ("ftps", False), ("ftps", True)):
            reason, _found = error_of(
                {**settings, "protocol": protocol, "implicit_tls": implicit}
            )
            assert reason == "unreachable"
