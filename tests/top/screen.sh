#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# screen.sh - ioasid-top's screen, driven by keys, is as tests/top/screens has it: on made-up samples,
# natively. UPDATE=1 takes them anew; look at the difference before you commit it.
# shellcheck disable=SC1091,SC2154 # both are in the project
. "$(dirname "$0")/../tools/tap"
. "$(dirname "$0")/terminal"
trap 'terminal_close; tidy' EXIT

screens=$top/tests/top/screens
tool=$build/tests/top/ioasid-top
export TZ=UTC LC_ALL=C.UTF-8 XDG_CONFIG_HOME="$scratch/config"
unset NO_COLOR TOP_PROCESSES

# golden WHAT NAME [CAPTURE] - wait until the screen is like that; with colours: terminal_colours.
golden() {
	wanted=$screens/$2.txt capture=${3:-terminal_text} tries=0
	if [ -n "${UPDATE:-}" ]; then
		terminal_settles
		mkdir -p "$screens"
		$capture >"$wanted"
	fi
	until $capture >"$scratch/screen" && cmp -s "$scratch/screen" "$wanted"; do
		tries=$((tries + 1))
		if [ "$tries" -ge 200 ]; then
			fail "$1" "$(diff -u "$wanted" "$scratch/screen")"
			return
		fi
		sleep 0.1
	done
	pass "$1"
}

# open_top COLUMNS ROWS [ARGUMENT...] - an hour between two snapshots: the tests take them by Space.
open_top() {
	size="$1 $2"
	shift 2
	# shellcheck disable=SC2086 # two words
	terminal_open $size "$tool" -d 3600 "$@"
	terminal_shows ' 1 processes '
}

# ends WHAT PATTERN - of what is on the screen when it has ended.
ends() {
	terminal_shows "^exit status" || say "it does not end"
	has "$1" "$(terminal_text)" "$2"
	terminal_close
}
