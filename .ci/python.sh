#!/bin/sh
# Prints the first Python that is 3.11 or newer, or says what is missing.
set -eu
for candidate in ${PYTHON:-} python3.11 python3 python3.12 python3.13 python; do
    if "$candidate" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        echo "$candidate"
        exit 0
    fi
done
echo "no Python 3.11 or newer was found: install it, or call make PYTHON=/path/to/python3.11" >&2
exit 1
