# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Transfers that break go on in another session; what is half is never given whole."""

import os
import signal
import time

import pytest
from collecting import MEGABYTE, contents, ftp_settings, sftp_settings

from telecom_cdr.collect import CollectError, connect


@pytest.mark.parametrize("tls", ["", "explicit"])
def test_ftp_goes_on_where_it_broke(ftp, tls):
    server = ftp(tls=tls, cuts=[MEGABYTE, MEGABYTE])
    content = os.urandom(4 * MEGABYTE + 5)
    server.put("calls.csv", content)
    assert contents(ftp_settings(server)) == {"calls.csv": content}
    assert len(server.sent) == 3
    assert [line.split()[0] for line in server.commands].count("REST") == 2
    # What the sessions sent in all is hardly more than the file.
    assert sum(server.sent) < len(content) + 3 * MEGABYTE


def test_ftp_goes_on_when_only_the_file_was_cut(ftp):
    server = ftp(aborts=[MEGABYTE])
    content = os.urandom(3 * MEGABYTE)
    server.put("calls.csv", content)
    assert contents(ftp_settings(server)) == {"calls.csv": content}


def test_ftp_begins_again_where_the_server_knows_no_rest(ftp):
    server = ftp(without={"REST"}, cuts=[MEGABYTE])
    content = os.urandom(3 * MEGABYTE)
    server.put("calls.csv", content)
    assert contents(ftp_settings(server)) == {"calls.csv": content}
    assert sum(server.sent) >= len(content) + MEGABYTE


def test_ftp_gives_up_where_the_server_stays_away(ftp):
    server = ftp()
    server.put("calls.csv", os.urandom(8 * MEGABYTE))
    with connect(ftp_settings(server, after_collect="delete")) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught, connection.open(entry) as stream:
            stream.read(1024)
            server.stop()
            stream.read()
        assert not connection.is_open
        for again in (connection.list_files, lambda: connection.finish(entry)):
            with pytest.raises(CollectError):
                again()
    assert caught.value.reason == "transfer"
    assert caught.value.found.startswith("calls.csv: ")
    assert server.left() == ["calls.csv"]


def test_a_file_that_changed_meanwhile_does_not_go_on(ftp):
    server = ftp(cuts=[MEGABYTE])
    content = os.urandom(4 * MEGABYTE)
    server.put("calls.csv", content)
    with connect(ftp_settings(server)) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught, connection.open(entry) as stream:
            stream.read(1024)
            server.put("calls.csv", content, age=1000)
            stream.read()
    assert caught.value.found == "calls.csv changed before it was read"


def test_another_certificate_does_not_go_on(ftp):
    server = ftp(tls="explicit")
    server.put("calls.csv", os.urandom(20 * MEGABYTE))
    with connect(ftp_settings(server, host_key=""), probe=True) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught, connection.open(entry) as stream:
            stream.read(1024)
            server.stop()
            server.renew_certificate()
            server.start()
            stream.read()
    assert caught.value.reason == "certificate_changed"


def test_sftp_goes_on_where_it_broke(own_server):
    content = os.urandom(30 * MEGABYTE)
    own_server.put("calls.csv", content)
    with connect(sftp_settings(own_server)) as connection:
        (entry,) = connection.list_files()
        with connection.open(entry) as stream:
            found = stream.read(MEGABYTE)
            for process in own_server.sessions():
                os.kill(process, signal.SIGKILL)
            found += stream.read()
        assert connection.is_open
    assert found == content


def test_sftp_goes_on_when_a_session_falls_silent(own_server, monkeypatch):
    monkeypatch.setattr("telecom_cdr.collect.sftp.SILENCE", 0.5)
    content = os.urandom(20 * MEGABYTE)
    own_server.put("calls.csv", content)
    with connect(sftp_settings(own_server)) as connection:
        (entry,) = connection.list_files()
        with connection.open(entry) as stream:
            found = stream.read(MEGABYTE)
            for process in own_server.sessions():
                os.kill(process, signal.SIGSTOP)
            found += stream.read()
    assert found == content


def test_sftp_goes_on_with_the_same_server_only(own_server):
    own_server.put("calls.csv", os.urandom(20 * MEGABYTE))
    settings = sftp_settings(own_server, host_key="")
    with connect(settings, probe=True) as connection:
        (entry,) = connection.list_files()
        with pytest.raises(CollectError) as caught, connection.open(entry) as stream:
            stream.read(MEGABYTE)
            own_server.rotate_host_key()
            stream.read()
    assert caught.value.reason == "host_key_changed"


def test_pauses_grow_between_the_tries(ftp, monkeypatch):
    server = ftp()
    server.put("calls.csv", os.urandom(8 * MEGABYTE))
    monkeypatch.setattr("telecom_cdr.collect.contract.RESUME_PAUSES", (0.1, 1.0, 3.0))
    waited = []
    with connect(ftp_settings(server)) as connection:
        (entry,) = connection.list_files()
        monkeypatch.setattr(time, "sleep", waited.append)
        with pytest.raises(CollectError), connection.open(entry) as stream:
            stream.read(1024)
            server.stop()
            stream.read()
    assert waited == [0.1, 1.0, 3.0]
