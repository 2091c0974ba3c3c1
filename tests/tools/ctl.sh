#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasidctl: audit, and how it refuses what makes no sense.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

page=$(getconf PAGESIZE)

works "the audit of nothing is clean" ioasidctl audit
is "it finds nothing pinned" "$(ioasidctl audit --json | jq -c '[.errors, .pins, .pinned]')" '[0,0,0]'
start_worker memory 23 map 23 space whole 1 wait
is "with 23 pages mapped twice it counts them" \
	"$(ioasidctl audit --json | jq -c '[.errors, .pinned, .charged, .mapped]')" \
	"[0,$((23 * page)),$((23 * page)),$((46 * page))]"
has "in words" "$(ioasidctl audit)" '^errors +0$'
end_worker
refuses "the audit needs root" 'try: sudo' setpriv --reuid=65534 --clear-groups \
	"$build/tools/ioasidctl" audit

: >"$scratch/empty.o"
echo nonsense >"$scratch/text.o"
printf 'int answer = 42; char LICENSE[] __attribute__((section("license"))) = "GPL";\n' |
	clang -g -O2 -target bpf -x c -c -o "$scratch/other.o" - 2>/dev/null
refuses "a file that is not there" 'No such file' ioasidctl policy load "$scratch/missing.o"
refuses "an empty file" 'no BPF object' ioasidctl policy load "$scratch/empty.o"
refuses "a file of text" 'no BPF object' ioasidctl policy load "$scratch/text.o"
refuses "a BPF object without a policy" 'has no policy' ioasidctl policy load "$scratch/other.o"
refuses "a constant that is not there" "no constant 'nonsense'" \
	ioasidctl policy load "$bpf/uid_quota.bpf.o" --set nonsense=1
for value in -1 x 1x '' 0x10000000000000000; do
	refuses "a value that does not fit: '$value'" 'is no value' \
		ioasidctl policy load "$bpf/uid_quota.bpf.o" --set "quota_pages=$value"
done
refuses "--set without a value" 'NAME=VALUE' \
	ioasidctl policy load "$bpf/uid_quota.bpf.o" --set quota_pages
is "none of these has loaded anything" "$(policy account name) $(policy place name)" \
	"builtin builtin"
refuses "unloading what is not loaded" 'no account policy is loaded' ioasidctl policy unload account
refuses "unloading what nobody knows" "no policy 'nonsense'" ioasidctl policy unload nonsense
has "the list has a line for each kind" "$(ioasidctl policy list)" \
	'^place +builtin +builtin +[0-9]+ +[0-9]+ +[0-9]+  '
for words in '' nonsense policy 'policy nonsense' 'policy load' 'policy unload' 'audit x'; do
	status=0
	# shellcheck disable=SC2086 # several words
	ioasidctl $words >/dev/null 2>&1 || status=$?
	is "'ioasidctl $words' is a usage error" "$status" 2
done
finish
