# shellcheck shell=bash
# The virtual environment with Odoo's Python dependencies, the addons' and the tests'. Odoo itself is
# put on its path, so that `import odoo` works there.

VENV=$CACHE/venv

prepare_python() {
    local requirements=$CACHE/requirements-odoo.txt key python=/usr/bin/python3
    "$python" "$CHECKOUT/setup/lib/odoo_requirements.py" "$CHECKOUT/setup/python/odoo.txt" "$CACHE/odoo/depends" >"$requirements"
    key=$(hash_of "$("$python" --version)" "$ODOO_PATH" "$(cat "$requirements" "$CHECKOUT/requirements.txt" "$CHECKOUT"/setup/python/*.txt)")
    is_done python "$key" && return

    # Another Python, or an environment that was never finished: start over. Else add what is new.
    if [ "$("$VENV/bin/python" --version 2>/dev/null)" != "$("$python" --version)" ]; then
        check_space "$CACHE" 1500
        say "creating the Python environment"
        rm -rf "$VENV"
        run_logged venv "$python" -m venv "$VENV" || die_of_download "could not create $VENV"
    fi
    say "installing Python packages from PyPI (1 minute)"
    run_logged pip env PIP_DISABLE_PIP_VERSION_CHECK=1 "$VENV/bin/python" -m pip install \
        --retries 5 --prefer-binary --constraint "$CHECKOUT/setup/python/constraints.txt" \
        --requirement "$requirements" --requirement "$CHECKOUT/requirements.txt" \
        --requirement "$CHECKOUT/setup/python/test.txt" setuptools wheel ||
        die_of_download "could not install Python packages"
    run_logged pip-addons env PIP_DISABLE_PIP_VERSION_CHECK=1 "$VENV/bin/python" -m pip install \
        --retries 5 --no-deps --constraint "$CHECKOUT/setup/python/constraints.txt" \
        --requirement "$CHECKOUT/setup/python/addons.txt" ||
        die_of_download "could not install addons of OCA"
    put_odoo_on_the_path
    mark_done python "$key"
}

put_odoo_on_the_path() {
    local site
    site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    echo "$ODOO_PATH" >"$site/odoo_path.pth"
    # pip and OCA's wheels look for an installed distribution named odoo; a checkout of the sources has none.
    rm -rf "$site/odoo-19.0.dist-info"
    if ! "$VENV/bin/python" -c 'from importlib.metadata import version; version("odoo")' 2>/dev/null; then
        mkdir "$site/odoo-19.0.dist-info"
        printf 'Metadata-Version: 2.1\nName: odoo\nVersion: 19.0\n' >"$site/odoo-19.0.dist-info/METADATA"
    fi
    cat >"$VENV/bin/odoo" <<EOF
#!$VENV/bin/python
import odoo.cli

if __name__ == "__main__":
    odoo.cli.main()
EOF
    chmod +x "$VENV/bin/odoo"
}
