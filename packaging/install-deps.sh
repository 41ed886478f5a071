#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install-deps.sh LIST...: installs what is missing of the packages that the lists name.
#
# Does nothing, quickly, when all are there. Services that come with a package (the keepalived
# and FRR that the tests talk to) are not started: a test machine must not begin to announce
# addresses because it was asked to run tests.
set -eu

installed()
{
	dpkg-query -W -f '${db:Status-Abbrev}\n' "$1" 2>/dev/null | grep -q '^[ih]i'
}

# apt-get update where there are no lists, or old ones that don't know a package.
update()
{
	[ -z "${updated-}" ] || return 0
	updated=1
	echo "== apt-get update"
	apt-get -qq update
}

known()
{
	[ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v none)" ]
}

if ! command -v dpkg-query >/dev/null; then
	echo "$0: not a Debian or Ubuntu system: make sure yourself that you have what $* name" >&2
	exit 0
fi

missing=
optional=
for package in $(sed 's/#.*//' "$@"); do
	name=${package%\?}
	installed "$name" && continue
	if [ "$name" = "$package" ]; then
		missing="$missing $name"
	else
		optional="$optional $name"
	fi
done
[ -n "$missing$optional" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	[ -n "$missing" ] || exit 0
	echo "Packages are missing. Run this first, or the same make with sudo:" >&2
	echo "  sudo apt-get install --no-install-recommends$missing" >&2
	exit 1
fi

ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 || update
for name in $optional; do
	known "$name" && missing="$missing $name"
done
[ -n "$missing" ] || exit 0
for name in $missing; do
	known "$name" || update
done

policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	trap 'exit 1' INT TERM
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi

echo "== apt-get install$missing"
install="apt-get -y -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install --no-install-recommends"
export DEBIAN_FRONTEND=noninteractive
# The lists may be older than the archive: once more after an update.
# shellcheck disable=SC2086
$install $missing </dev/null || { update && $install $missing </dev/null; }
