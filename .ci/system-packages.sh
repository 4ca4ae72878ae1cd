#!/bin/sh
# Makes sure that the system packages gazestudy needs are there.
# As root on Debian or Ubuntu it installs them; elsewhere it names what is missing and goes on.
# Arguments are further packages.
set -eu

# shared libraries of OpenCV and Qt (offscreen), fonts for Thai, Vietnamese and Chinese, and venv itself
packages="python3-venv libegl1 libgl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon0 fonts-dejavu-core fonts-noto-core fonts-wqy-zenhei $*"

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "not Debian: if a library is missing later, install what corresponds to: $packages" >&2
    exit 0
fi

missing=""
for package in $packages; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    # Debian 13 and Ubuntu 24.04 renamed libglib2.0-0 to libglib2.0-0t64
    [ "$state" = installed ] || state=$(dpkg-query -W -f='${db:Status-Status}' "${package}t64" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "missing system packages:$missing" >&2
    echo "install them with: sudo apt-get install --no-install-recommends$missing" >&2
    exit 0
fi
echo "installing system packages:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086  # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null
