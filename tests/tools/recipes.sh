#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The recipes are true: each command of docs/recipes.md runs, and prints what it says.
#
# In a block with four blanks before each line, a line behind '# ' is a command, and what follows is
# what it prints; there a word in angle brackets stands for any word, several blanks for one, three
# dots for any lines. A command that doesn't run the workload itself is started before it, and
# ended by Ctrl-C after it.
# shellcheck disable=SC1091,SC2154 # tap and others have it
. "$(dirname "$0")/tap"
. "$(dirname "$0")/others"

recipes=$top/docs/recipes.md
words='memory 23 map 1009 fail 7 unmap'

# What is printed comes at once, not when a buffer is full.
PYTHONUNBUFFERED=1
export PYTHONUNBUFFERED

# split DIRECTORY - NUMBER.command and NUMBER.wanted of each command.
split() {
	awk -v out="$1" '
		/^    # / {
			name = sprintf("%s/%02d", out, ++number)
			print substr($0, 7) >(name ".command")
			next
		}
		/^    / && number { print substr($0, 5) >(name ".wanted") }' "$recipes"
}

# prints GOT WANTED - are they alike, line by line? Empty ones don't count.
prints() {
	awk -v got="$1" '
		function next_line() {
			while ((getline line <got) > 0) {
				gsub(/[ \t]+/, " ", line)
				sub(/^ /, "", line)
				sub(/ $/, "", line)
				if (line != "")
					return 1
			}
			return 0
		}
		$0 == "..." { skips = 1; next }
		{
			gsub(/[][\\.^$*+?(){}|]/, "\\\\&")
			gsub(/<[a-z]+>/, "[^ ]+")
			gsub(/[ \t]+/, " ")
			do {
				if (!next_line())
					exit bad = 1
			} while (skips && line !~ "^" $0 "$")
			if (line !~ "^" $0 "$")
				exit bad = 1
			skips = 0
		}
		END { exit bad || (!skips && next_line()) }' "$2"
}

# probes COMMAND - how many programs it attaches: one for each event or function that it names, and
# one more where a function's begin and end are taken.
probes() {
	case $1 in
	funclatency*) echo 2 ;;
	*) echo "$1" | grep -oE '(t|tracepoint|rawtracepoint|fentry|fexit)(:ioasid)?:ioasid_' |
		wc -l ;;
	esac
}

# beside COMMAND STEP - the workload while it runs; bcc's argdist shows sums at its own times.
beside() {
	trace "$2.got" "$(probes "$1")" sh -c "exec $1" || return
	# shellcheck disable=SC2086 # words
	workload $words >/dev/null
	case $1 in
	argdist*) wait_for "$2.got" '	1016 ' ;;
	trace-bpfcc*) wait_for "$2.got" 'stage=3' ;;
	esac
	end_trace
}

find_headers
mkdir "$scratch/steps" "$scratch/work"
split "$scratch/steps"
cd "$scratch/work" || exit 1
is "there are ten recipes" "$(grep -c '^\*\*[0-9]*\. ' "$recipes")" 10
is "and their commands" "$(find "$scratch/steps" -name '*.command' | wc -l)" 11
for step in "$scratch"/steps/*.command; do
	command=$(cat "$step") step=${step%.command}
	case $command in
	*workload* | 'trace-cmd report'*)
		# perf asks the terminal for its size.
		eval "$command" >"$step.got" 2>"$step.got.err" </dev/null
		cat "$step.got.err" >>"$step.got"
		;;
	*)
		beside "$command" "$step" || continue
		;;
	esac
	if prints "$step.got" "$step.wanted"; then
		pass "$command"
	else
		fail "$command" "wanted:
$(cat "$step.wanted")
got:
$(cat "$step.got" "$step.got.err")"
	fi
done
cd / || exit 1
finish
