#!/bin/sh
# Looks whether what `make` needs is here and installs what is missing (Debian's packages),
# after saying so. need.sh build [plots] [tests]
set -u

# With `make -j` one look at a time: two package managers would be in each other's way.
if command -v flock >/dev/null 2>&1; then
	exec 9<"$0"
	flock 9
fi

missing=
want() {        # want PACKAGE COMMAND-THAT-SUCCEEDS-IF-IT-IS-HERE
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}
header() {
	for d in /usr/include /usr/local/include /usr/include/*-linux-gnu; do
		[ -e "$d/$1" ] && return 0
	done
	return 1
}

for group in "$@"; do
	case $group in
	build)
		want gcc command -v "${CC:-gcc}"
		want libc6-dev header stdlib.h
		want libyaml-dev header yaml.h
		want libzstd-dev header zstd.h
		;;
	plots)
		want gnuplot-nox command -v gnuplot
		;;
	tests)
		want clang command -v clang
		want clang-format command -v clang-format
		want libcmocka-dev header cmocka.h
		want jq command -v jq
		want zstd command -v zstd
		;;
	*)
		echo "need.sh: unknown group '$group'" >&2
		exit 2
		;;
	esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "Missing (names of Debian's packages):$missing. Please install them." >&2
	exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "Missing:$missing. As root: apt-get install$missing" >&2
		exit 1
	fi
	as_root=sudo
fi
echo "Installing what is missing:$missing" >&2
$as_root apt-get update -qq >&2 || true
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >&2 || {
	echo "Installing$missing failed." >&2
	exit 1
}
