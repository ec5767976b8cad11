# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asterisk on loopback, for tests, with the modules that the documentation names.

    with Asterisk(folder_of_configuration, accounts, replaced) as switch:
        ...

The programs are named by the environment: TELECOM_ASTERISK, TELECOM_ASTERISK_ROOT
(setup/lib/sip.sh sets them).
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from sip_switch import HOST, Switch, give

# Those that extensions.conf and pjsip.conf say they need, and what these need.
MODULES = [
    "app_dial",
    "app_exec",
    "app_stack",
    "app_verbose",
    "bridge_simple",
    "chan_pjsip",
    "codec_alaw",
    "codec_g722",
    "func_callerid",
    "func_channel",
    "func_curl",
    "func_logic",
    "func_strings",
    "func_uri",
    "pbx_config",
    "res_curl",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_acl",
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_nat",
    "res_pjsip_pubsub",
    "res_pjsip_registrar",
    "res_pjsip_sdp_rtp",
    "res_pjsip_session",
    "res_rtp_asterisk",
    "res_sorcery_astdb",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_statsd",
    "res_timing_timerfd",
]
OWN_FOLDERS = ("astdbdir", "astkeydir", "astrundir", "astspooldir", "astvarlibdir")
LOGGER = "[logfiles]\nconsole => notice,warning,error,verbose\n"
READY = "Asterisk Ready"


def why_no_asterisk() -> str:
    """What keeps the program from running here; empty when nothing does."""
    if os.path.exists(os.environ.get("TELECOM_ASTERISK", "")):
        return ""
    return "no Asterisk here: setup/test brings one (TELECOM_ASTERISK)"


class Asterisk(Switch):
    """Asterisk.

    :param config: folder with extensions.conf and pjsip.conf
    :param accounts: the file of accounts that pjsip.conf includes
    :param replaced: texts of both that stand for something else here; {port} is the
        port of the switch
    """

    def __init__(
        self, config: Path, accounts: str, replaced: Mapping[str, str]
    ) -> None:
        super().__init__()
        root = Path(os.environ["TELECOM_ASTERISK_ROOT"])
        modules = next(root.glob("lib/*/asterisk/modules"))
        folders = {name: self.folder for name in (*OWN_FOLDERS, "astetcdir")}
        folders |= {"astmoddir": modules, "astlogdir": self.folder}
        folders["astdatadir"] = root / "share/asterisk"
        lines = [f"{name} => {path}\n" for name, path in folders.items()]
        self._write("asterisk.conf", "".join(["[directories]\n", *lines]))
        loaded = "".join(f"load = {name}.so\n" for name in MODULES)
        self._write("modules.conf", f"[modules]\nautoload = no\n{loaded}")
        self._write("logger.conf", LOGGER)
        self._write("telecom_accounts.conf", accounts)
        for name in ("extensions.conf", "pjsip.conf"):
            text = (config / name).read_text()
            for old, new in replaced.items():
                text = text.replace(old, new.format(port=self.port))
            self._write(name, text)

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        give(path)

    def _command(self) -> list[str]:
        config = str(self.folder / "asterisk.conf")
        return [os.environ["TELECOM_ASTERISK"], "-C", config, "-f", "-n", "-vvv"]

    def _is_up(self) -> bool:
        time.sleep(0.1)
        return READY in self.log()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{HOST}:{self.port}"
