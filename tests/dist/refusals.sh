#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# How ioasid-refusals shows refusals that never were, without a kernel.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

tool=$top/tools/bcc/ioasid-refusals

cat >"$scratch/show.py" <<'END'
import importlib.machinery
import importlib.util
import sys
from types import SimpleNamespace as Refusal

sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("tool", sys.argv[1])
tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("tool", loader))
loader.exec_module(tool)
some = {"time_ns": 1, "cgroup": 3, "ioas": 4, "pid": 1412, "uid": 64055, "comm": b"a\x1b[1m"}
machine = Refusal(**{**some, "comm": b"qemu-system-x86"}, pages=2 << 18, used=7 << 18,
		  limit=8 << 18, stage=2, reason=11, ret=-122, policy=b"uid_quota")
unlimited = Refusal(**some, pages=1, used=5, limit=(1 << 64) - 1, stage=2, reason=0, ret=-12,
		    policy=b"builtin")
nothing = Refusal(**some, pages=1, used=0, limit=0, stage=3, reason=0, ret=-14, policy=b"builtin")
newer = Refusal(**some, pages=1, used=0, limit=0, stage=9, reason=99, ret=-9999, policy=b"")
view = getattr(tool, sys.argv[2])(Refusal(json="json" in sys.argv, timestamp=False))
for refusal in [machine, unlimited, newer] + 23 * [nothing]:
	view.add(tool.record_of(refusal))
view.show()
END

show() {
	python3 "$scratch/show.py" "$tool" "$@"
}

show Lines >"$scratch/lines"
is "a line for each" "$(grep -c ' EFAULT pin       builtin$' "$scratch/lines")" 23
is "a limit, and whose" "$(grep qemu "$scratch/lines")" \
	"   1412 64055 qemu-system-x86 2048M 7168M 8192M EDQUOT user      uid_quota"
is "no limit is no number" "$(awk '$6 == "-" && $7 == "ENOMEM" { print $4, $5, $8 }' "$scratch/lines")" \
	"4K 20K charge"
is "numbers that it doesn't know" "$(awk '$7 == 9999 { print $8 }' "$scratch/lines")" 99
is "no line is longer than 80" "$(awk 'length > 80' "$scratch/lines")" ""
is "nothing that a terminal would take for an order" "$(tr -d '[:print:]\n' <"$scratch/lines")" ""

show Lines json >"$scratch/json"
is "JSON: bytes" "$(jq -c 'select(.error == "EDQUOT") | [.asked, .used, .limit, .reason, .stage]' \
	"$scratch/json")" '[2147483648,7516192768,8589934592,"user","charge"]'
is "JSON: no limit, no reason" "$(jq -c 'select(.error == "ENOMEM") | [.limit, .reason]' \
	"$scratch/json")" '[null,null]'
is "JSON: a call that maps has its address space, and no limit" \
	"$(jq -s 'map(select(.ioas == 4 and (has("limit") | not))) | length' "$scratch/json")" 24

show Sums >"$scratch/sums"
is "sums: the most frequent first" "$(awk 'NR == 2 { print $1, $2, $7 }' "$scratch/sums")" \
	"23 92K pin"
is "sums add up" "$(awk 'NR > 1 { n += $1 } END { print n }' "$scratch/sums")" 26
is "sums in JSON" "$(show Sums json | jq -s -c '[(map(.count) | add), (map(.asked) | add)]')" \
	"[26,$(((2 << 30) + 25 * 4096))]"
finish
