#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The tutorial is true: its files are written, its commands run, and they print what it says.
#
# A block of ```c is the file that the line `NAME`: before it names. In a block with four blanks
# before each line, a line behind '# ' is a command, and what follows is what it prints, on stdout
# and stderr; there a word in angle brackets stands for any word, and several blanks for one.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

tutorial=$top/docs/policy-tutorial.md
IOASID=$top
export IOASID

# split DIRECTORY - each step becomes files in it: NUMBER.name and NUMBER.text of a file,
# NUMBER.command and NUMBER.wanted of a command.
split() {
	awk -v out="$1" '
		function step(suffix) { number++; return sprintf("%s/%03d.%s", out, number, suffix) }
		function also(suffix) { return sprintf("%s/%03d.%s", out, number, suffix) }
		/^```c$/ { print name >step("name"); text = also("text"); inside = 1; next }
		/^```$/ { inside = 0; next }
		inside { print >text; next }
		/^`[a-z_.]+`:$/ { name = substr($0, 2, length($0) - 3); next }
		/^    # / { print substr($0, 7) >step("command"); wanted = also("wanted")
			printf "" >wanted; next }
		/^    / { print substr($0, 5) >wanted }' "$tutorial"
}

# prints GOT WANTED - are they alike, line by line?
prints() {
	awk -v got="$1" '
		{
			gsub(/[][\\.^$*+?(){}|]/, "\\\\&")
			gsub(/<[a-z]+>/, "[^ ]+")
			gsub(/ +/, " +")
			if ((getline line <got) <= 0 || line !~ "^" $0 "$") exit bad = 1
		}
		END { exit bad || (getline line <got) > 0 }' "$2"
}

# The counts in it are those of a module that was just loaded.
[ ! -d /sys/module/ioasid_emu ] || rmmod ioasid_emu
if ! rmmod ioasid || ! insmod "$module"; then
	fail "the module can be loaded anew"
	finish
fi
mkdir "$scratch/steps" "$scratch/work"
split "$scratch/steps"
cd "$scratch/work" || exit 1
is "there are files and commands" \
	"$(($(find "$scratch/steps" -name '*.name' | wc -l) > 4 &&
		$(find "$scratch/steps" -name '*.command' | wc -l) > 25))" 1
for step in "$scratch"/steps/*.name "$scratch"/steps/*.command; do
	echo "${step##*/} ${step%.*}"
done | sort >"$scratch/order"
while read -r step path <&3; do
	case $step in
	*.name)
		cp "$path.text" "$(cat "$path.name")"
		continue
		;;
	esac
	command=$(cat "$path.command")
	# In this shell: what runs in the background belongs to later commands.
	eval "$command" >"$path.got" 2>&1 </dev/null
	if prints "$path.got" "$path.wanted"; then
		pass "$command"
	else
		fail "$command" "wanted:
$(cat "$path.wanted")
got:
$(cat "$path.got")"
	fi
done 3<"$scratch/order"
cd / || exit 1
finish
