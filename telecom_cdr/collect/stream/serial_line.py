# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""PBXs on a serial line, also a virtual one."""

import re

import serial

from ..contract import CollectError
from .receivers import BLOCK, Receiver

TICK = 0.5
LINE = re.compile(r"(\d{2,7})(?:[ ,;]+([5-8])([NEOMS])(1|1\.5|2))?", re.IGNORECASE)


def read_line_settings(text: str) -> dict[str, object]:
    """What pyserial takes, from a text as 9600 8N1.

    :raises CollectError: where it is none
    """
    match = LINE.fullmatch(text.strip())
    if not match:
        what = "'%(line)s' are no settings of a serial line, such as 9600 8N1"
        raise CollectError("unreachable", what, line=text)
    bits, parity, stop = match[2] or "8", match[3] or "N", match[4] or "1"
    return {
        "baudrate": int(match[1]),
        "bytesize": int(bits),
        "parity": parity.upper(),
        "stopbits": float(stop) if "." in stop else int(stop),
    }


class SerialLine(Receiver):
    """Reads a serial line; opens it again where it goes away (USB adapters do)."""

    def _receive(self) -> None:
        values = read_line_settings(self.settings.line)
        try:
            line = serial.Serial(self.settings.device, timeout=TICK, **values)
        except (OSError, ValueError) as error:
            raise CollectError(
                "unreachable",
                "%(device)s cannot be opened: %(problem)s",
                device=self.settings.device,
                problem=getattr(error, "strerror", None) or str(error),
            ) from error
        self.problem = None
        with line, self.spool.strand(self.settings.tail_is_line) as strand:
            while not self.is_stopping:
                data = line.read(max(1, min(line.in_waiting, BLOCK)))
                if data:
                    self._keep(strand, data)
