#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# 'make install' puts everything where others look for it, it works from there, and 'make uninstall'
# leaves nothing.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

place=$scratch/place
usr=$place/usr
policies=$(find "$bpf" -maxdepth 1 -name '*.bpf.o' | wc -l)

# with COMMAND... - scripts/install and the like, into a place of their own.
with() {
	DESTDIR=$place PREFIX=/usr "$@"
}

mkdir "$place"
works "make install" make -s -C "$top" install DESTDIR="$place" PREFIX=/usr
is "every file of the list is there" "$("$top/scripts/install" --list | awk '{ print $3 }' | sort)" \
	"$(cd "$usr" && find . -type f | cut -c 3- | sort)"
is "the list has none twice" "$("$top/scripts/install" --list | awk '{ print $3 }' | sort | uniq -d)" ""
for tool in ioasid-top ioasid-trace ioasidctl ioasid-refusals; do
	has "$tool runs from there" "$("$usr/bin/$tool" --version)" "^$tool [0-9]"
	is "$tool has its man page" "$(find "$usr/share/man/man8" -name "$tool.8" | wc -l)" 1
	is "$tool has its completion" \
		"$(find "$usr/share/bash-completion/completions" -name "$tool" | wc -l)" 1
done
is "all $policies policies are there" "$(find "$usr/lib/ioasid" -name '*.bpf.o' | wc -l)" "$policies"
is "programs may be run, the rest not" "$(find "$usr" -type f -perm /111 | grep -vc '/bin/')" 0

# Somebody else's program, and somebody else's policy, with what was installed alone.
cp "$top/examples/first.c" "$scratch/"
works "the ABI's header is found" gcc -Wall -Werror -nostdinc -isystem "$usr/include" \
	-isystem /usr/include -isystem "/usr/include/$(gcc -dumpmachine)" \
	-isystem "$(gcc -print-file-name=include)" -o "$scratch/first" "$scratch/first.c"
cp -r "$usr/share/doc/ioasid/examples/policy" "$scratch/policy"
works "a policy is compiled with the installed headers" clang -O2 -g -Wall -Werror -target bpf \
	-mcpu=v3 -I"$usr/include/ioasid" -I"/usr/include/$(gcc -dumpmachine)/linux/bpf" \
	-c "$scratch/policy/process_limit.bpf.c" -o "$scratch/policy.bpf.o"
echo '#include <ioasid/policy.h>' >"$scratch/policy.c"
works "a loader's header is found" gcc -D_GNU_SOURCE -I"$usr/include" -c "$scratch/policy.c" \
	-o "$scratch/policy.o"

# What others have put beside it stays.
echo other >"$usr/share/man/man8/other.8"
works "make install again" make -s -C "$top" install DESTDIR="$place" PREFIX=/usr
works "make uninstall" make -s -C "$top" uninstall DESTDIR="$place" PREFIX=/usr
is "nothing is left but what others have" "$(cd "$usr" && find . -type f)" ./share/man/man8/other.8
is "no folder of ours is left" "$(find "$place" -name '*ioasid*')" ""
works "make uninstall where nothing is" with "$top/scripts/install" --uninstall
status=0
PREFIX=usr "$top/scripts/install" >"$scratch/said" 2>&1 || status=$?
has "a PREFIX that is no path is refused" "$status $(cat "$scratch/said")" "^1 .*must begin with '/'"
finish
