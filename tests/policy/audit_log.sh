#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# audit_log reports every charge, and how many reports were lost.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"
PATH=$build/examples:$PATH

refuses "its reader says what to do first" 'ioasidctl policy load' audit_log --once
refused=$(policy account refused)
start_worker uid 4711 memory 100 whole 1 wait unmap wait
works "it is loaded over live pins" ioasidctl policy load "$bpf/audit_log.bpf.o"
workload uid 4712 memory 5 whole 1 >/dev/null
go_on
said=$(audit_log --once)
is "four events are reported" "$(echo "$said" | wc -l)" 4
of="tgid=$worker uid=4711 cgroup=[0-9]+ lost=0\$"
has "what was there before" "$said" "^[0-9.]+ adopt    pages=100 process_pages=100 $of"
has "what is charged" "$said" ' charge   pages=5 process_pages=5 tgid=[0-9]+ uid=4712 '
has "and given back" "$said" ' uncharge pages=5 process_pages=0 tgid=[0-9]+ uid=4712 '
has "also of what was there before" "$said" " uncharge pages=100 process_pages=0 $of"
is "what was read is gone" "$(audit_log --once | wc -l)" 0
end_worker

# More than the buffer has room for, and nobody reads.
workload memory 9000 map 9000 >/dev/null
read=$(audit_log --once | wc -l)
workload memory 1 map 1 >/dev/null
lost=$(audit_log --once | sed -n 's/.* lost=//p' | head -n 1)
is "some were lost" "$((lost > 0))" 1
is "what was read and what was lost is all there was" $((read + lost)) 18000
is "nothing was refused" "$(policy account refused)" "$refused"
works "it is unloaded" ioasidctl policy unload audit_log
works "the audit is clean" ioasidctl audit
finish
