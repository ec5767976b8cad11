# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The way from a source's settings to an open connection."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from .contract import CollectError, Connection, Settings
from .database import open_database
from .folder import open_folder
from .ftp import open_ftp
from .http import open_http
from .sftp import open_sftp

Connector = Callable[[Settings, bool], AbstractContextManager[Connection]]

PROTOCOLS: dict[str, Connector] = {
    "database": open_database,
    "folder": open_folder,
    "ftp": open_ftp,
    "ftps": open_ftp,
    "http": open_http,
    "sftp": open_sftp,
}
"""Who connects for a protocol; each takes the settings and whether it is a probe."""


def connect(
    settings: Mapping[str, Any], probe: bool = False
) -> AbstractContextManager[Connection]:
    """Connect to the place that the settings name.

    :param settings: plain values, see :class:`Settings` for the names
    :param probe: look at the place for the first time: a server whose host key is not
        pinned yet is trusted, and its key told as ``connection.host_key``. A server
        that shows another key than the pinned one is refused all the same.
    :return: a context manager that gives the connection, and closes it at the end
    :raise CollectError: for settings that make no sense; on entering, when there is
        no way in
    """
    checked = Settings.of(settings)
    connector = PROTOCOLS.get(checked.protocol)
    if connector is None:
        raise CollectError(
            "unreachable",
            "no such protocol: %(protocol)s",
            protocol=repr(checked.protocol),
        )
    if checked.after_collect == "move":
        checked.move_parts()
    return connector(checked, probe)
