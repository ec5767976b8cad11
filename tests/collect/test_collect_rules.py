# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The rules that all protocols share, without any of them."""

import ast
from pathlib import Path

import paramiko
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paramiko.message import Message
from paramiko.sftp import CMD_DATA, CMD_STATUS, SFTP_EOF

import telecom_cdr.collect
from telecom_cdr.collect import CollectError, Entry, Settings, connect
from telecom_cdr.collect.contract import is_plain_name, new_names, printable
from telecom_cdr.collect.sftp import _is_file
from telecom_cdr.collect.sftp_client import ReadAhead, SftpClient


def entry_of(remote_name, size=1, stamp="1"):
    return Entry.of("in", remote_name, size, 1, stamp)


def test_nothing_of_odoo_is_imported():
    for path in Path(telecom_cdr.collect.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in getattr(node, "names", [])]
            names.append(getattr(node, "module", None) or "")
            assert not [n for n in names if n.split(".")[0] == "odoo"], path


# === SETTINGS === #


def test_empty_settings_take_their_default_but_zero_counts():
    settings = Settings.of({"host": None, "directory": "", "settle_seconds": 0})
    assert (settings.host, settings.directory) == ("", ".")
    assert (settings.settle_seconds, settings.port) == (0, 22)
    assert Settings.of({"settle_seconds": False}).settle_seconds == 60
    assert Settings.of({"unknown": 1}) == Settings()


def test_patterns():
    cases = {
        "*": {"a.csv": True, "A": True, ".hidden": False},
        "*.csv": {"a.csv": True, "A.CSV": True, "a.csv.gz": False, "a.csv\n": False},
        " *.gz\t*.ZIP ": {"a.GZ": True, "b.zip": True, "c.csv": False},
        "cdr_????.txt": {"cdr_0726.txt": True, "cdr_72026.txt": False},
        "[ab].csv": {"a.csv": False, "[ab].csv": True},
        ".*": {".hidden": True, "shown": False},
        "   ": {"a": True},
    }
    for pattern, names in cases.items():
        settings = Settings(file_pattern=pattern)
        found = {name: settings.matches(name) for name in names}
        assert found == names, pattern


@pytest.mark.parametrize("folder", ["/abs", "..", "a/../..", ".", "./", "//", "a\0"])
def test_a_folder_to_move_to_is_a_subfolder(folder):
    settings = {"protocol": "folder", "directory": "/", "after_collect": "move"}
    with pytest.raises(CollectError) as caught:
        connect({**settings, "move_directory": folder})
    assert caught.value.reason == "no_directory"
    assert caught.value.found.startswith("files can only be moved to a subfolder")


def test_a_folder_to_move_to_may_lie_deep():
    assert Settings(move_directory="./old//2026/").move_parts() == ["old", "2026"]
    assert Settings.of({"move_directory": ""}).move_parts() == ["collected"]


# === NAMES AND ERRORS === #


def test_an_error_has_a_known_reason_and_short_clean_words():
    error = CollectError("transfer", "a\x1b[2J\nb" + "x" * 1000)
    assert error.found.startswith("a_[2J_bxxx")
    assert len(error.found) == 300
    with pytest.raises(ValueError, match="unknown reason: other"):
        CollectError("other")


@given(st.binary(max_size=300))
def test_any_bytes_give_a_name_that_can_be_stored(remote_name):
    entry = entry_of(remote_name)
    assert entry.name.encode("utf-8")
    assert entry.name == printable(entry.name) != ""
    for text in (entry.path, entry.signature):
        assert b"\n" not in entry.path.encode("utf-8")
        assert text.encode("utf-8")


@given(st.binary(max_size=20), st.binary(max_size=20))
@example(b"\xf1", rb"\xf1")
def test_other_names_have_other_signatures(one, other):
    same = entry_of(one).signature == entry_of(other).signature
    assert same == (one == other)


def test_a_signature_fits_an_index_and_tells_size_and_time():
    long = entry_of(b"x" * 5000)
    assert len(long.signature) < 100
    assert long.signature != entry_of(b"x" * 5001).signature
    assert entry_of(b"a", size=2).signature != entry_of(b"a").signature
    assert entry_of(b"a", stamp="2").signature != entry_of(b"a").signature


@given(st.binary(min_size=1, max_size=255).filter(is_plain_name))
def test_new_names_are_plain_and_fit(remote_name):
    names = new_names(entry_of(remote_name))
    found = [next(names) for _ in range(5)]
    assert found[0] == remote_name
    assert len(set(found)) == 5
    assert all(is_plain_name(name) and len(name) <= 255 for name in found)


def test_names_that_are_not_plain():
    for name in (b"", b".", b"..", b"a/b", b"/", b"a\0"):
        assert not is_plain_name(name)
    for name in (b"...", b".a", b"-", b"a b", b"\n"):
        assert is_plain_name(name)


# === SERVERS UNLIKE OPENSSH === #


class _StingyServer(SftpClient):
    """Answers out of order, and with fewer bytes than asked for."""

    def __init__(self, content, draw):
        self.content = content
        self.draw = draw
        self.asked = {}
        self.most = 0
        self.number = 0

    def ask_block(self, reader, offset, size):
        self.number += 1
        self.asked[self.number] = (reader, offset, size)
        self.most = max(self.most, len(self.asked))
        return self.number

    def take_answer(self):
        number = self.draw(st.sampled_from(sorted(self.asked)))
        reader, offset, size = self.asked.pop(number)
        data = self.content[offset : offset + size]
        message = Message()
        if data:
            message.add_string(data[: self.draw(st.integers(1, size))])
        else:
            message.add_int(SFTP_EOF)
            message.add_string("eof")
        message.rewind()
        reader._async_response(CMD_DATA if data else CMD_STATUS, message, number)


@given(st.data(), st.binary(max_size=60), st.integers(0, 70))
def test_reading_ahead_keeps_the_order(data, content, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("telecom_cdr.collect.sftp_client.BLOCK", 7)
        patch.setattr("telecom_cdr.collect.sftp_client.AHEAD", 3)
        server = _StingyServer(content, data.draw)
        reader = ReadAhead(server, b"handle", size)
        found = b"".join(iter(lambda: reader.read(data.draw(st.integers(1, 9))), b""))
    assert found == content[:size]
    assert server.most <= 4


def test_what_a_server_tells_of_a_file_without_its_mode():
    attributes = paramiko.SFTPAttributes()
    for line, expected in (
        ("-rw-r--r-- 1 a", True),
        ("drwxr-xr-x 1 a", False),
        ("lrwxr-xr-x 1 a", False),
        ("", True),
        ("07-25-26 10:00AM 12 calls.csv", True),
    ):
        attributes.longname = line
        assert _is_file(attributes) is expected
