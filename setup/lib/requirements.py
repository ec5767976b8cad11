"""Write requirements.txt from external_dependencies in the addons' manifests.

Exit status 1 tells that it was not up to date, as a lint hook does.
"""

import sys

from manifests import CHECKOUT, read_manifests

HEADER = "# generated from manifests external_dependencies\n"


def requirements(manifests):
    names = {
        name
        for manifest in manifests.values()
        for name in manifest.get("external_dependencies", {}).get("python", [])
    }
    return HEADER + "".join(f"{name}\n" for name in sorted(names, key=str.lower))


def main():
    target = CHECKOUT / "requirements.txt"
    wanted = requirements(read_manifests())
    if target.is_file() and target.read_text(encoding="utf-8") == wanted:
        return 0
    target.write_text(wanted, encoding="utf-8")
    print("requirements.txt was not what the manifests say; it has been written.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
