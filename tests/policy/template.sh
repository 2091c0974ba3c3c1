#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The template in examples/policy builds outside the tree and can be loaded.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

page=$(getconf PAGESIZE)
is "its Makefile is short" "$(($(wc -l <"$top/examples/policy/Makefile") <= 14))" 1
cp -r "$top/examples/policy" "$scratch/mine"
works "it builds where it was copied to" make -C "$scratch/mine" IOASID="$top"
works "what it makes can be loaded" ioasidctl policy load "$scratch/mine/process_limit.bpf.o" \
	--set limit_pages=4
has "it grants what is within the limit" "$(workload memory 4 whole 1)" '^map ok'
has "and refuses what is not, and says why" "$(workload memory 3 whole 1 memory 2 whole 1)" \
	"^map EDQUOT .* policy=process_limit asked=$((2 * page)) used=$((3 * page)) limit=$((4 * page)) reason=10\$"
works "it is unloaded" ioasidctl policy unload process_limit
works "the audit is clean" ioasidctl audit
finish
