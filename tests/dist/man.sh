#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The man pages are sound, and tell of each option that --help tells of, and of no other.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

PATH=$top/tools/bcc:$PATH

# helps TOOL - --help of the tool and of all its verbs or modes.
helps() {
	"$1" --help
	case $1 in
	ioasid-trace)
		for mode in record report export; do
			ioasid-trace "$mode" --help
		done
		;;
	ioasidctl)
		ioasidctl audit --help
		for verb in load swap unload eject list show stats log map; do
			ioasidctl policy "$verb" --help
		done
		;;
	esac
}

# options_of_help TOOL, options_of_page TOOL - the long ones, sorted, each once.
options_of_help() {
	helps "$1" | grep -oE '^ {2,8}(-[^-]+, )?--[a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u
}

options_of_page() {
	sed -n '/^\.Sh OPTIONS/,/^\.Sh FIELDS/p' "$top/man/$1.8" | grep -oE 'Fl Fl [a-z-]+' |
		sed 's/Fl Fl /--/' | sort -u
}

# lint PAGE - what mandoc finds, but for references among our own pages, which are not installed,
# and for FIELDS, which it takes for a misspelled FILES.
lint() {
	mandoc -T lint -W style "$1" 2>&1 | while read -r line; do
		case $line in
		*'possible typo in section name: Sh FIELDS'*) continue ;;
		*'referenced manual not found: Xr '*)
			name=${line##*: Xr } name=${name% (*}
			[ ! -f "$top/man/${name% *}.${name#* }" ] || continue
			;;
		esac
		echo "$line"
	done
}

# text PAGE - what a terminal shows, without bold and underlined.
text() {
	mandoc -T utf8 -O width=78 "$1" | sed 's/.\x08//g'
}

for page in "$top"/man/*; do
	name=${page##*/} name=${name%.*}
	is "mandoc finds nothing in ${page##*/}" "$(lint "$page")" ""
	has "$name has a line for apropos" "$(text "$page")" "^ +$name – [a-z]"
done

for tool in ioasid-top ioasid-trace ioasidctl ioasid-refusals; do
	page=$top/man/$tool.8
	for section in NAME SYNOPSIS DESCRIPTION OPTIONS FIELDS EXAMPLES OVERHEAD CAVEATS \
		'EXIT STATUS' 'SEE ALSO'; do
		grep -qx ".Sh $section" "$page" || fail "$tool.8 has $section"
	done
	is "$tool.8 has the options of --help" "$(options_of_page "$tool")" "$(options_of_help "$tool")"
done
for tool in ioasid-top ioasid-trace ioasidctl; do
	grep -qx '.Sh FILES' "$top/man/$tool.8" || fail "$tool.8 has FILES"
done

# Columns: those of every view, by their heads, which a page lists between commas.
fields=$(sed -n '/^\.Sh FIELDS/,/^\.Sh ENVIRONMENT/p' "$top/man/ioasid-top.8" | grep '^\.It ' |
	sed 's/^\.It //; s/ , /\n/g' | sort -u)
for view in processes cgroups users ioas devices pins policies tree; do
	ioasid-top --view "$view" -p 1 --sort help
done >"$scratch/columns"
is "ioasid-top.8 explains each column, and no other" "$fields" \
	"$(cut -c 22-30 "$scratch/columns" | sed 's/ *$//' | sort -u)"
is "ioasidctl.8 has each verb" "$(grep -oE '^\.It Cm policy [a-z]+' "$top/man/ioasidctl.8" |
	awk '{ print $4 }' | sort | xargs)" "$(ioasidctl policy --help | grep -oE \
	'^( +or: .*OPTION\.\.\.\] | {12})[a-z]+' | awk '{ print $NF }' | sort | xargs)"
is "ioasid-trace.8 has each mode" "$(sed -n '/^\.Ss Modes/,/^\.Sh/p' "$top/man/ioasid-trace.8" |
	awk '/^\.It Cm/ { print $3 }' | sort | xargs)" "$(ioasid-trace --help |
	grep -E '^  [a-z]+ +[a-z]' | awk '{ print $1 }' | grep -vx ioasid-trace | sort -u | xargs)"
finish
