#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A policy that comes, or takes over, when there is no memory: refused, and what decided goes on.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

nth=/sys/module/ioasid/parameters/fail_nth
echo 1 >$nth
refuses "a policy that gets no memory is not loaded" 'Cannot allocate memory' \
	ioasidctl policy load "$bpf/top_down.bpf.o"
is "it was that" "$(cat $nth)" 0
is "the built-in policy stays" "$(policy place name)" builtin
works "then it is loaded" ioasidctl policy load "$bpf/top_down.bpf.o"
echo 1 >$nth
refuses "nor put in another's place" 'Cannot allocate memory' \
	ioasidctl policy swap "$bpf/top_down.bpf.o"
is "it was that" "$(cat $nth)" 0
is "the old one stays" "$(policy place name)" top_down
works "it is unloaded" ioasidctl policy unload place
works "the audit is clean" ioasidctl audit
finish
