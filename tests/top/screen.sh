#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# screen.sh - ioasid-top's screen, driven by keys, is as tests/top/screens has it: on made-up
# samples, natively. UPDATE=1 takes them anew; look at the difference before you commit it.
# shellcheck disable=SC1091,SC2034,SC2154 # both are in the project
. "$(dirname "$0")/../tools/tap"
. "$(dirname "$0")/terminal"
trap 'terminal_close; tidy' EXIT

screens=$top/tests/top/screens
tool=$build/tests/top/ioasid-top
export TZ=UTC LC_ALL=C.UTF-8 XDG_CONFIG_HOME="$scratch/config"
unset NO_COLOR TOP_PROCESSES
terminal_patience=200

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

# selected - the PID on the line that is selected: on cyan, as only the names of views are.
selected() {
	terminal_colours | grep '\[46m' | sed 's/\x1b\[[0-9;]*m//g' |
		awk '$1 ~ /^[0-9]+$/ && !/processes/ { print $1 }'
}

# selects WHAT WANTED - wait until it is that one.
selects() {
	tries=0
	until [ "$(selected)" = "$2" ] || [ "$tries" -ge 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	is "$1" "$(selected)" "$2"
}

# Every view, at 80x24.
open_top 80 24
golden "processes" processes
terminal_type Space Space
golden "two snapshots later: rates, trends, refusals, in colour" processes-colour coloured
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
terminal_type t
shows "t goes back" '^KIND +POLICY'
terminal_type 1
shows "each view knows where one was" ' 2/7$'

# The tree.
terminal_type t '*'
golden "* folds it to the processes" tree-processes
terminal_type Down +
golden "+ unfolds a process" tree-unfolded
terminal_type Down +
golden "and an address space, which has mappings" tree-mappings
terminal_type -
golden "- folds it" tree-folded
terminal_type Up -
golden "and a process" tree-refolded
terminal_type t +
shows "nothing is to be unfolded elsewhere" '^Rows are folded in the tree: t$'

# What is read.
terminal_type 1 Home h
golden "help" help
terminal_type End
golden "the end of the help" help-end
terminal_type Escape r
golden "refusals" refusals
terminal_type PageDown Down
golden "more of them" refusals-more
terminal_type q Down Enter
golden "details of a process" details coloured
terminal_type PageDown
golden "more of them" details-more
terminal_type Escape 2 Enter
golden "details of a cgroup" details-cgroup
terminal_type Escape 7 Enter
golden "details of a policy" details-policy
terminal_type Escape 1

# Order.
terminal_type Home Down F6
golden "F6: the menu of columns" sort-menu
terminal_type Home Enter
golden "sorted by the first column" sort-first
terminal_type I
golden "I: the other way round; the same process is selected" sort-inverted
selects "it is" 1013
terminal_type '>'
golden "sorted by the column to its right" sort-right
terminal_type '<' '<' '<'
golden "there is none to the left of the first" sort-first-again
terminal_type F6 Down Down Down Enter

# Search and filter.
terminal_type Home / t
golden "the first row with a 't'" search-t
terminal_type r a i
golden "with 'trai'" search
terminal_type Enter n
golden "n: the next one" search-next
terminal_type n
golden "after the last one comes the first" search-first
terminal_type N
golden "N: the one before, which is the last" search-last
terminal_type / x y z Enter
shows "what is not there is said" '^There is no such row$'
selects "and the selection stays" 3011
terminal_type / s p Escape
selects "so it does when a search is given up" 3011
terminal_type '\' t r a i
golden "only rows with 'trai', as it is typed" filter-typed
terminal_type Enter
golden "and after Enter" filter
terminal_type '\' Escape
shows "Escape leaves the filter as it was" 'filter:trai 2/2$'
terminal_type '\' C-u Enter
shows "an empty one shows all" ' 6/7$'

# Columns.
terminal_type c
golden "c: the menu of columns" columns-menu
terminal_type Home Down Down Space Down Down Space Enter
golden "two columns less make room for others" columns
terminal_type c Escape b
golden "b: sizes in bytes" bytes
terminal_type b

# Pause, delay.
terminal_type p
golden "p: paused" pause
terminal_type p d C-u 0 Enter
shows "no delay is none" '^That is no number of seconds \(0.01 or more\)$'
terminal_type d C-u 0 . 1 Enter
shows "with another delay time goes on" '^12:00:3[0-9]'
terminal_type C-c
ends "Ctrl-C ends it well, with a sum" '^exit status 0$'

# Sizes.
open_top 80 24
terminal_type Space Space
terminal_resize 200 60
golden "200x60: more columns" wide
terminal_type t
golden "the tree, too" wide-tree
terminal_type t
terminal_resize 80 24
terminal_type Home
golden "and back" narrow
terminal_resize 40 8
golden "40x8" tiny
terminal_resize 20 3
golden "20x3" tinier
terminal_resize 80 24
golden "and back again" narrow
terminal_type q
ends "q ends it well" '^exit status 0$'

# Without colours, without anything but ASCII.
colours='\[[0-9;]*(3[0-7]|4[0-7]|38|48)[0-9;]*m'
open_top 80 24 -C
terminal_type Space Space
golden "-C: no colours" monochrome coloured
is "none at all" "$(terminal_colours | grep -Ec "$colours")" 0
terminal_close
terminal_open 80 24 env NO_COLOR=1 "$tool" -d 3600
terminal_shows ' 1 processes '
is "NO_COLOR: none either" "$(terminal_colours | grep -Ec "$colours")" 0
terminal_close
open_top 80 24 -U
terminal_type Space Space 2
golden "-U: ASCII" ascii
terminal_type 1 Down Enter
golden "and in details" ascii-details
terminal_close
terminal_open 80 24 env LC_ALL=C "$tool" -d 3600
terminal_shows ' 1 processes '
terminal_type 2
shows "so it is in the locale C" '\.\.ine-qemu-1-web.scope|>ine-qemu-1-web.scope|[^ ]ine-qemu-1-web.scope'
is "no other character" "$(terminal_text | LC_ALL=C grep -c '[^ -~]')" 0
terminal_close

# What the command line says.
open_top 80 24 --view cgroups -s maps_per_second -F qemu
terminal_type Space
golden "--view, -s, -F" options
terminal_close
open_top 80 24 -p 1013 --view pins
shows "-p, --view pins" 'pid:1013 1/23$'
terminal_close
open_top 80 24 --alarm 50
golden "--alarm" alarm coloured
terminal_close
open_top 80 24 --alarm 99
is "no alarm when nobody is near" "$(terminal_text | grep -c 'limit near')" 0
terminal_close
terminal_open 80 24 "$tool" -d 0.05 -n 3
ends "-n ends it" '^ioasid-top: 3 snapshots,'

# 10,000 processes.
TOP_PROCESSES=10000 open_top 80 24
terminal_type End
golden "10,000 processes, the last" crowd-end
terminal_type PageUp PageUp PageDown
golden "a page up" crowd-page
terminal_type Home PageDown
golden "a page down" crowd-home
terminal_type / 1 0 4 3 2 1 Enter
selects "one of them found" 104321
terminal_type '\' 1 0 9 9 9 Enter
golden "filtered" crowd-filter
terminal_type Escape t End
golden "their tree" crowd-tree
terminal_type q
ends "it ends" '^exit status 0$'

# Names that would do something to a terminal.
TOP_NAMES=awkward terminal_open 80 24 "$tool" -d 3600
terminal_shows ' 1 processes '
golden "awkward names" awkward coloured
terminal_type Down Down Down Enter
golden "in details" awkward-details coloured
terminal_close

# Settings.
open_top 80 24
terminal_type 2 '>' I c Down Space Enter d C-u 7 . 5 Enter W
shows "W saves the settings" "^the settings are saved in $XDG_CONFIG_HOME/ioasid/top\$"
terminal_close
[ -z "${UPDATE:-}" ] || cp "$XDG_CONFIG_HOME/ioasid/top" "$screens/settings.txt"
is "these" "$(cat "$XDG_CONFIG_HOME/ioasid/top")" "$(cat "$screens/settings.txt")"
open_top 80 24
golden "they are used the next time" settings-used
terminal_close
open_top 80 24 --view users
golden "the command line goes before them" settings-overridden
terminal_close
for line in nonsense 'view nonsense' 'delay -1' 'sort processes nonsense' 'hide nonsense' \
	'bytes maybe'; do
	printf 'delay 3\n%s\n' "$line" >"$XDG_CONFIG_HOME/ioasid/top"
	terminal_open 160 24 "$tool"
	shows "settings with '$line' are not used" '^the settings are not used: line 2 of /'
	terminal_close
done
rm "$XDG_CONFIG_HOME/ioasid/top"
mkdir "$XDG_CONFIG_HOME/ioasid/top"
terminal_open 160 24 "$tool"
shows "nor are those that cannot be read" '^the settings are not used: .*: Is a directory$'
terminal_type W
shows "or written" '^the settings cannot be saved: .*: Is a directory$'
terminal_close
rm -r "$XDG_CONFIG_HOME"

# Ends.
terminal_open 80 24 sh -c 'stty -a >"$2"; "$1" -n 2 -d 0.05; stty -a | diff "$2" - && echo same' \
	sh "$tool" "$scratch/stty"
ends "the terminal is left as it was" '^same$'
terminal_open 80 24 sh -c 'echo before; echo $$ >"$2"; exec "$1" -d 3600' sh "$tool" "$scratch/pid"
terminal_shows ' 1 processes '
kill -TERM "$(cat "$scratch/pid")"
ends "SIGTERM ends it well" '^exit status 0$'
terminal_open 80 24 sh -c 'echo before; exec "$1" -d 3600' sh "$tool"
terminal_shows ' 1 processes '
terminal_type C-c
terminal_shows '^exit status'
has "what was on the screen is there again" "$(terminal_text)" '^before$'
has "with a sum below" "$(terminal_text)" '^ioasid-top: 1 snapshot, [0-9]+ s: 0 maps, 0 refused, 13.5G pinned'
terminal_close

# Terminals that nothing can be drawn on.
terminal_open 80 24 env TERM=dumb "$tool" -n 1
terminal_shows '^exit status'
golden "a dumb terminal gets a table, and a note" dumb
terminal_close
terminal_open 80 24 sh -c '"$1" -n 1 </dev/null' sh "$tool"
terminal_shows '^exit status'
has "so does one without keys" "$(terminal_text)" 'no keys can be typed'
terminal_close
finish
