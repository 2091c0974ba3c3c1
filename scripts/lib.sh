# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# lib.sh - the few functions that the scripts share. Sourced, never run; the script that sources it
# has set $top, the project's absolute path.

build=$top/build
me=${0##*/}

# die TEXT... - one sentence that says what is wrong and what to do about it.
die() {
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

say() {
	printf '%s\n' "$*" >&2
}

# have COMMAND - is it there?
have() {
	command -v "$1" >/dev/null 2>&1
}

# words FILE - a list file without its comments and empty lines.
words() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"
}

# step TEXT LOG COMMAND... - run COMMAND with its noise in LOG, show one line with the time it took.
# When it fails, show the end of LOG and return its status.
step() {
	step_text=$1 step_log=$2
	shift 2
	mkdir -p "${step_log%/*}"
	step_start=$(date +%s)
	[ ! -t 2 ] || printf '  %-52s ...' "$step_text" >&2
	step_status=0
	"$@" >"$step_log" 2>&1 </dev/null || step_status=$?
	[ ! -t 2 ] || printf '\r' >&2
	if [ "$step_status" -eq 0 ]; then
		printf '  %-52s %3d s\n' "$step_text" $(($(date +%s) - step_start)) >&2
		return 0
	fi
	printf '  %-52s FAILED after %d s; the end of %s:\n' "$step_text" \
		$(($(date +%s) - step_start)) "$step_log" >&2
	tail -n 15 "$step_log" | sed 's/^/    | /' >&2
	return "$step_status"
}

# patiently COMMAND ARGS... - as a mirror's index does not fit while it is being renewed, try three
# times, half a minute apart.
patiently() {
	"$@" && return
	sleep 30
	"$@" && return
	sleep 30
	"$@"
}

# is_native - is this machine itself a Debian 13 that has every package of the list?
is_native() {
	grep -qs '^VERSION_ID="13"' /etc/os-release && have dpkg-query || return 1
	words "$top/scripts/packages" | LC_ALL=C xargs dpkg-query -W -f '${db:Status-Status}\n' \
		2>/dev/null | awk '$1 == "installed" { n++ } END { print n + 0 }' |
		grep -qx "$(words "$top/scripts/packages" | wc -l)"
}

# root_dir - where the tools are: / when native, else the root in build/. IOASID_ROOT overrides.
root_dir() {
	if [ -n "${IOASID_ROOT:-}" ]; then
		printf '%s\n' "$IOASID_ROOT"
	elif is_native; then
		printf '/\n'
	else
		printf '%s\n' "$build/root"
	fi
}

# become_root ARGS... - go on as root, or run this script again, once, under sudo.
become_root() {
	[ "$(id -u)" -ne 0 ] || return 0
	have sudo || die "must be root to do this and there is no sudo; run it as root"
	exec sudo --preserve-env=KERNEL,CI,IOASID_ROOT,MIRROR,MIRROR_SECURITY -- "$0" "$@"
}

# only_one NAME - wait for any other run that holds the lock NAME, then hold it until we end.
only_one() {
	mkdir -p "$build"
	exec 9>"$build/.$1.lock"
	flock -n 9 && return 0
	say "$me: waiting for another run to finish with build/$1"
	flock 9
}

# need_space MB - refuse to start what will not fit.
need_space() {
	mkdir -p "$build"
	free=$(df -Pm "$build" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] ||
		die "only $free MB free for $build and $1 MB are needed; free some space"
}
