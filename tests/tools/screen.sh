#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasid-top's screen shows a known workload exactly. What else it can do is in tests/top/screen.sh,
# without a kernel.
# shellcheck disable=SC1091,SC2034,SC2154 # both are in the project
. "$(dirname "$0")/tap"
. "$(dirname "$0")/../top/terminal"
trap 'terminal_close; tidy' EXIT
terminal_patience=200
export LC_ALL=C.UTF-8 XDG_CONFIG_HOME="$scratch/config"

page=$(getconf PAGESIZE)

# shows WHAT PATTERN
shows() {
	if terminal_shows "$2"; then pass "$1"; else fail "$1" "no '$2' in:" "$(terminal_text)"; fi
}

start_worker memory 23 map 23 space whole 1 wait memory 1009 map 1009 wait unmap wait
terminal_open 80 24 ioasid-top -d 0.5
shows "23 pages, pinned once" "^ *$worker workload +root +$((23 * page / 1024))K "
go_on
shows "and 1009 more" "^ *$worker workload +root +$((1032 * page / 1024))K "
terminal_type Enter
shows "details: pinned" "PINNED +$((1032 * page / 1024))K( |\$)"
shows "details: the 23 pages are mapped twice" "MAPPED +$((1055 * page / 1024))K( |\$)"
shows "details: what was pinned before" \
	"^Pinned in [0-9]+ snapshots: from [0-9]+K to $((1032 * page / 1024))K"
shows "details: nothing was refused" '^Nothing was refused'
terminal_type End
shows "details: the maps since it began" '#MAP +1009( |$)'
terminal_type Escape t
shows "the tree has the process below its cgroup" "workload +$worker +"
go_on
shows "unmapped, it has nothing any more" "workload +$worker +0 | 0/0\$"
terminal_type q
shows "q ends it, with a sum" '^ioasid-top: .* 1009 maps, 0 refused, .* 0 events lost$'
shows "and it has ended well" '^exit status 0$'
terminal_close
end_worker

terminal_open 80 24 ioasid-top
terminal_shows ' 1 processes ' && terminal_type C-c
shows "Ctrl-C ends it, with a sum" '^ioasid-top: .* 0 maps, 0 refused, .* 0 events lost$'
shows "and it has ended well" '^exit status 0$'
terminal_close

terminal_open 80 24 env TERM=dumb ioasid-top -n 1
shows "on a dumb terminal it writes a table" '^exit status 0$'
has "and says why" "$(terminal_text)" '^ioasid-top: .*dumb'
finish
