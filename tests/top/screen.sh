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

# coloured - the screen with its colours, so that an editor can show it.
coloured() {
	terminal_colours | sed 's/\x1b/\\e/g; s/$/|/'
}

# golden WHAT NAME [coloured] - wait until the screen is like that.
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

# shows WHAT PATTERN
shows() {
	if terminal_shows "$2"; then pass "$1"; else fail "$1" "no '$2' in:" "$(terminal_text)"; fi
}

# selected - the text of the line that is selected: the one on cyan below the names of columns.
selected() {
	terminal_colours | sed -n '/PINNED/,$ { /^.\[46m\|^.\[30m.\[46m/ { s/.\[[0-9;]*m//g; p; q } }'
}

# Every view, at 80x24.
open_top 80 24
golden "processes" processes
golden "processes, with colours" processes-colours coloured
number=2
for view in cgroups users ioas devices; do
	terminal_type $number
	golden "$view" $view
	number=$((number + 1))
done
terminal_type 1 Down 6
golden "pins of the second process" pins
terminal_type 7
golden "policies" policies
terminal_type Tab
golden "Tab goes on to the tree" tree
terminal_type Down +
golden "+ unfolds a process" tree-unfolded
terminal_type -
golden "- folds it" tree-folded
terminal_type '*'
golden "* unfolds all down to the address spaces" tree-all
terminal_type t
shows "t goes back" '^ +PID COMMAND'

# What is read.
terminal_type 1 h
golden "help" help
terminal_type End
golden "the end of the help" help-end
terminal_type Escape r
golden "refusals" refusals
terminal_type q Enter
golden "details of a process" details
terminal_type Escape 2 Enter
golden "details of a cgroup" details-cgroup
terminal_type Escape 1

# Order.
terminal_type F6
golden "F6: the menu of columns" sort-menu
terminal_type Home Enter
golden "sorted by the first column" sort-first
terminal_type I
golden "I: the other way round" sort-inverted
terminal_type '>'
golden "sorted by the column to its right" sort-right
terminal_type '<' '<' '<'
golden "there is none to the left of the first" sort-first-again
terminal_close
