# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the tests of both protocols do."""

from telecom_cdr.collect import CollectError, connect

MEGABYTE = 1 << 20
PASSWORD = "correct horse"


def sftp_settings(server, **values):
    """Settings that fetch from a server's first directory."""
    return {
        "protocol": "sftp",
        "host": server.host,
        "port": server.port,
        "username": server.username,
        "private_key": server.private_key,
        "host_key": server.host_key,
        "directory": ".",
        "file_pattern": "*",
        "after_collect": "keep",
        "settle_seconds": 60,
        **values,
    }


def ftp_settings(server, **values):
    """Settings that fetch from a server's first directory."""
    return {
        "protocol": "ftps" if server.tls else "ftp",
        "implicit_tls": server.tls == "implicit",
        "host": server.host,
        "port": server.port,
        "username": server.username,
        "password": server.password,
        "certificate_check": "pinned",
        "host_key": server.fingerprint if server.tls else "",
        "directory": ".",
        "file_pattern": "*",
        "after_collect": "keep",
        "settle_seconds": 60,
        **values,
    }


def names(settings, **options):
    """The names that are to be collected."""
    with connect(settings, **options) as connection:
        return [entry.name for entry in connection.list_files()]


def error_of(settings, **options):
    """Reason and words of the error that connecting or listing ends with."""
    try:
        found = names(settings, **options)
    except CollectError as error:
        return error.reason, error.found
    raise AssertionError(f"no error, but the files {found}")


def contents(settings):
    """What is collected, by name, without finishing anything."""
    with connect(settings) as connection:
        return {
            entry.name: read(connection, entry) for entry in connection.list_files()
        }


def read(connection, entry):
    """All bytes of a file."""
    with connection.open(entry) as stream:
        return stream.read()


def read_blocks(stream, size=MEGABYTE):
    """As the addon reads: block by block, to the empty one."""
    while block := stream.read(size):
        yield block
