#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What bash offers after Tab: every option of --help, and only values that the tools take.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"
. "$top/tools/completion/ioasid"

PATH=$top/tools/bcc:$PATH

# offered WORD... - what bash offers for the last word of a line, sorted.
offered() {
	local function
	function=$(complete -p "$1")
	function=${function#* -F } function=${function%% *}
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	"$function" "$1" "${@: -1}" "${*: -2:1}"
	printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"} | sort
}

# longs - of what is offered, or of a --help, the long options.
longs() {
	grep -oE '^( {2,8}(-[^-]+, )?)?--[a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u
}

# list COMMAND... - the values that the tool's message lists when it is given another one.
list() {
	"$@" 2>&1 | grep -oiE '(there are|none of|it has):? .*' | sed -E 's/^[^:]*(:|none of) *//' |
		tr -s ', ' '\n\n' | sort
}

for tool in ioasid-top ioasid-trace ioasidctl ioasid-refusals; do
	is "$tool: bash knows how" "$(complete -p "$tool" | grep -c -- '-F _ioasid')" 1
	is "$tool: each long option of --help" "$(offered "$tool" -- | longs)" \
		"$("$tool" --help | longs)"
	has "$tool: short ones, too" "$(offered "$tool" - | xargs)" '(^| )-[a-zA-Z?] '
done
for mode in record report export; do
	is "ioasid-trace $mode: each long option" "$(offered ioasid-trace "$mode" -- | longs)" \
		"$(ioasid-trace "$mode" --help | longs)"
done
for verb in load swap unload eject list show stats log map; do
	is "ioasidctl policy $verb: each long option" "$(offered ioasidctl policy "$verb" -- | longs)" \
		"$(ioasidctl policy "$verb" --help | longs)"
done
is "ioasidctl audit: each long option" "$(offered ioasidctl audit -- | longs)" \
	"$(ioasidctl audit --help | longs)"

is "verbs" "$(offered ioasidctl "" | xargs)" "audit policy"
is "verbs of policies" "$(offered ioasidctl policy "")" "$(ioasidctl policy --help |
	grep -oE '^( +or: .*OPTION\.\.\.\] | {12})[a-z]+' | awk '{ print $NF }' | sort)"
is "modes" "$(offered ioasid-trace "")" "$(ioasid-trace --help | grep -E '^  [a-z]+ +[a-z]' |
	awk '{ print $1 }' | grep -vx ioasid-trace | sort -u)"
is "an option that takes a value has its '='" "$(offered ioasid-top --fil)" --filter=

is "views" "$(offered ioasid-top --view "")" "$(list ioasid-top --view nonsense)"
is "views, behind '='" "$(offered ioasid-top --view = d)" devices
is "levels of the tree" "$(offered ioasid-top --tree = "")" "$(list ioasid-top --tree=nonsense)"
is "columns to sort by" "$(offered ioasid-top -s "" | grep -vx help)" \
	"$(ioasid-top -s help | awk '{ print $1 }' | sort)"
is "columns of another view" "$(offered ioasid-top --view devices --sort s)" since
is "what hist can be told apart by" "$(offered ioasid-trace --by "")" \
	"$(list ioasid-trace --by nonsense)"
is "operations" "$(offered ioasid-trace --op "")" "$(list ioasid-trace --op nonsense)"
is "operations, behind a comma" "$(offered ioasid-trace --op map,un | xargs)" "map,unmap map,unpin"
is "backends" "$(offered ioasid-trace --backend "")" "$(list ioasid-trace --backend nonsense)"
has "processes" "$(offered ioasid-top -p "")" "^$$\$|^$PPID\$|^1\$"
is "only processes that begin so" "$(offered ioasid-top -p x)" ""

cd "$scratch" || exit 1
touch one.bpf.o two.txt
mkdir folder
is "policies in files, and folders on the way" "$(offered ioasidctl policy load "" | xargs)" \
	"folder one.bpf.o"
is "a recording" "$(offered ioasid-trace report tw)" two.txt
is "modes, behind a recording" "$(offered ioasid-trace report two.txt p | xargs)" "phases pins"
is "kinds of policies" "$(offered ioasidctl policy unload "" | grep -E '^(account|place)$' | xargs)" \
	"account place"
is "users" "$(offered ioasid-refusals -u nobod)" nobody
is "nothing where anything may stand" "$(offered ioasid-top --filter "")" ""
cd / || exit 1

# As bash-completion loads it: by the name of the command, from where it is installed.
folder=$scratch/installed
DESTDIR=$folder PREFIX=/usr "$top/scripts/install"
for tool in ioasid-top ioasid-trace ioasidctl ioasid-refusals; do
	is "$tool: loaded by bash-completion" "$(XDG_DATA_DIRS=$folder/usr/share bash --norc -c '
		. /usr/share/bash-completion/bash_completion
		_comp_load "$1" 2>/dev/null || _completion_loader "$1"
		complete -p "$1"' bash "$tool" 2>&1 | grep -c _ioasid)" 1
done
finish
