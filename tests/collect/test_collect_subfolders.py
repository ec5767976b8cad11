# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files in folders below the directory, over each protocol that has folders."""

import os

import pytest
from collecting import ftp_settings, read, sftp_settings

from telecom_cdr.collect import connect

# How FTP servers show folders: with identities, without, and as lines of `ls -l`.
FTP = {
    "ftp": frozenset(),
    "ftp without identities": frozenset({"OPTS"}),
    "ftp with lines": frozenset({"MLSD", "MLST"}),
}


class Place:
    """A directory that can be looked into over a protocol."""

    def __init__(self, root, settings):
        self.root = root
        self._settings = settings

    def settings(self, **values):
        return {"with_subfolders": True, **self._settings, **values}

    def put(self, path, content=b"1"):
        target = os.path.join(os.fsencode(self.root), os.fsencode(path))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content)
        os.utime(target, (1_700_000_000, 1_700_000_000))

    def own(self, path):
        """Let whoever the server runs as write to what was made for it."""
        for folder, _folders, _files in os.walk(path):
            os.chmod(folder, 0o777)

    def left(self):
        found = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.root)) for path in found)

    def paths(self, **values):
        """The ways of what is to be collected."""
        with connect(self.settings(**values)) as connection:
            return [entry.relative_path.decode() for entry in connection.list_files()]


@pytest.fixture(params=["folder", "sftp", *FTP])
def place(request, tmp_path):
    if request.param == "folder":
        root = tmp_path / "files"
        root.mkdir()
        return Place(root, {"protocol": "folder", "directory": str(root)})
    if request.param == "sftp":
        server = request.getfixturevalue("own_server")
        return Place(server.root, sftp_settings(server))
    server = request.getfixturevalue("ftp")(without=FTP[request.param])
    return Place(server.root, ftp_settings(server))


def test_files_of_subfolders_come_where_that_is_switched_on(place):
    for path in ("a.csv", "daily/b.csv", "daily/2026/01/c.csv", "x y/d.csv", "e.txt"):
        place.put(path, path.encode())
    place.put(".hidden/f.csv")
    assert place.paths(with_subfolders=False, file_pattern="*.csv") == ["a.csv"]
    with connect(place.settings(file_pattern="*.csv")) as connection:
        entries = connection.list_files()
        found = {entry.path: read(connection, entry) for entry in entries}
        assert connection.problems == []
    directory = place.settings()["directory"]
    assert found == {
        f"{directory}/{path}": path.encode()
        for path in ("a.csv", "daily/2026/01/c.csv", "daily/b.csv", "x y/d.csv")
    }
    assert [entry.name for entry in entries] == ["a.csv", "c.csv", "b.csv", "d.csv"]


def test_the_same_name_in_two_folders_is_two_files(place):
    place.put("one/calls.csv")
    place.put("two/calls.csv")
    with connect(place.settings()) as connection:
        entries = connection.list_files()
    assert len({entry.signature for entry in entries}) == 2


def test_links_make_no_loops(place):
    place.put("calls.csv", b"top")
    place.put("out/deep/more.csv", b"deep")
    os.symlink("..", place.root / "out" / "up")
    os.symlink("../..", place.root / "out" / "deep" / "top")
    os.symlink(".", place.root / "self")
    assert place.paths() == ["calls.csv", "out/deep/more.csv"]


def test_eight_levels_are_looked_into(place):
    folders = "/".join("12345678")
    place.put(f"{folders}/last.csv")
    place.put(f"{folders}/9/too-deep.csv")
    assert place.paths() == [f"{folders}/last.csv"]


@pytest.mark.parametrize("folder", ["collected", "old/2026"])
def test_what_was_moved_is_not_found_again(place, folder):
    place.put("a.csv", b"a")
    place.put("daily/a.csv", b"b")
    place.put("old/kept.txt", b"c")
    place.own(place.root)
    values = {"after_collect": "move", "move_directory": folder}
    with connect(place.settings(file_pattern="*.csv", **values)) as connection:
        for entry in connection.list_files():
            assert connection.finish(entry) is True
        assert connection.list_files() == []
    moved = {path: (place.root / path).read_bytes() for path in place.left()}
    assert moved == {
        f"{folder}/a.csv": b"a",
        f"{folder}/daily/a.csv": b"b",
        "old/kept.txt": b"c",
    }


def test_files_of_subfolders_are_deleted_where_they_lie(place):
    for path in ("a.csv", "daily/a.csv", "daily/b.csv"):
        place.put(path)
    place.own(place.root)
    with connect(place.settings(after_collect="delete")) as connection:
        (_top, entry, _other) = connection.list_files()
        assert entry.relative_path == b"daily/a.csv"
        assert connection.finish(entry) is True
    assert place.left() == ["a.csv", "daily/b.csv"]


def test_folders_with_odd_names(place):
    odd = [b"a\xf1o" if "ftp" not in place.settings()["protocol"] else "año".encode()]
    odd += [b"-rf *", b"%s", b" blank "]
    for name in odd:
        place.put(name + b"/calls.csv", name)
    with connect(place.settings()) as connection:
        entries = connection.list_files()
        found = {entry.folder: read(connection, entry) for entry in entries}
    assert found == {name: name for name in odd}


def test_a_folder_that_is_closed_to_us_does_not_hide_the_others(own_server):
    place = Place(own_server.root, sftp_settings(own_server))
    place.put("a.csv")
    place.put("closed/b.csv")
    place.put("open/c.csv")
    os.chmod(place.root / "closed", 0)
    with connect(place.settings()) as connection:
        assert [e.name for e in connection.list_files()] == ["a.csv", "c.csv"]
        (problem,) = connection.problems
    told = (problem.reason, problem.found)
    assert told == ("no_directory", "closed: no permission")


def test_two_sources_of_one_directory_do_not_disturb_each_other(place):
    """Daily and monthly files, told apart by their names."""
    for name in ("CDR_0101.csv", "CDR_0102.csv", "CDR_01_MONTH.csv", "notes.txt"):
        place.put(name)
    place.own(place.root)
    daily = {"file_pattern": "CDR_*.csv !*_MONTH.csv", "after_collect": "move"}
    monthly = {"file_pattern": "*_MONTH.csv", "after_collect": "delete"}
    assert place.paths(**daily) == ["CDR_0101.csv", "CDR_0102.csv"]
    for values in (daily, monthly):
        with connect(place.settings(**values)) as connection:
            for entry in connection.list_files():
                connection.finish(entry)
    assert place.left() == [
        "collected/CDR_0101.csv",
        "collected/CDR_0102.csv",
        "notes.txt",
    ]
