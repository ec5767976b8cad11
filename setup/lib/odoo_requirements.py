"""Print the PyPI names of what Debian's Odoo package depends on.

    odoo_requirements.py odoo.txt [DEPENDS_FILE]

The list in odoo.txt, and what a newer build of the package (its control field "Depends"
is in DEPENDS_FILE) wants beyond it.
"""

import re
import sys
from pathlib import Path

# Debian names a Python package after the module; PyPI does not always.
PYPI_NAMES = {
    "dateutil": "python-dateutil",
    "ldap": None,
    "magic": "python-magic",
    "openssl": "pyopenssl",
    "pil": "pillow",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "stdnum": "python-stdnum",
    "usb": "pyusb",
}


def listed(path):
    lines = (line.split("#")[0].strip() for line in Path(path).read_text().splitlines())
    return [line for line in lines if line]


def depended(path):
    names = re.findall(r"\bpython3-([a-z0-9.+-]+)", Path(path).read_text())
    return [pypi for name in names if (pypi := PYPI_NAMES.get(name, name))]


def main(arguments):
    names = listed(arguments[0])
    if len(arguments) > 1 and Path(arguments[1]).is_file():
        names += depended(arguments[1])
    print("\n".join(sorted(set(names), key=str.lower)))


if __name__ == "__main__":
    main(sys.argv[1:])
