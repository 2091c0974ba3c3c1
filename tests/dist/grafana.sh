#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The dashboard and the alerts name metrics that ioasid-top writes, and labels that these have; both
# are what Grafana and Prometheus can read.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

metrics=$scratch/metrics
# Its whole output for a made-up machine; counters need a second reading.
"$build/tests/top/ioasid-top" --openmetrics -d 0.1 -n 2 -o "$metrics" 2>"$scratch/said" ||
	fail "ioasid-top writes metrics of a made-up machine" "$(cat "$scratch/said")"
"$top/tests/dist/grafana" "$metrics" "$top/docs/grafana/ioasid.json" \
	"$top/docs/grafana/ioasid.rules.yml" >"$scratch/findings" 2>&1
while IFS='|' read -r verdict what why; do
	case $verdict in
	good) pass "$what" ;;
	bad) fail "$what" "$why" ;;
	*) fail "the checker ends well" "$verdict" ;;
	esac
done <"$scratch/findings"
is "the checker has told all" "$(tail -n 1 "$scratch/findings")" "good|all was looked at|"
finish
