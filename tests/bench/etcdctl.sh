#!/usr/bin/env bash
# etcdctl's bench: start to exit of ours beside the peers, in CPU and wall time, as ratios. Rounds alternate between the programs, so that another load on
# the machine meets all alike; the median counts. ORIGINALS: a directory that holds a binary etcdctl of 2.3, compared with too.
set -euo pipefail
root=$1
rounds=${BENCH_ROUNDS:-40}
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; wait; rm -rf "$work"' EXIT

source "$root/tests/bench/beside.bash"
serve "${BENCH_PORT:-24100}"

names=(ours)
declare -A program=([ours]="$root/out/bin/etcdctl")
if [ -x /usr/bin/etcdctl ]; then names+=(debian); program[debian]=/usr/bin/etcdctl; else echo "skipped: Debian's etcd-client is not installed"; fi
original etcdctl

export ETCDCTL_API=2 ETCDCTL_ENDPOINTS=$client
TIMEFORMAT='%R %U %S'
for ((round = 0; round < rounds; round++)); do
  for name in "${names[@]}"; do
    { time "${program[$name]}" --version >/dev/null; } 2>>"$work/$name.version"
    { time "${program[$name]}" set /bench v >/dev/null; } 2>>"$work/$name.set"
  done
done

median() { awk -v column="$2" '{ print column == 1 ? $1 : $2 + $3 }' "$1" | sort -n | awk '{ all[NR] = $1 } END { print 1000 * all[int((NR + 1) / 2)] }'; }
for what in version set; do
  for name in "${names[@]}"; do
    for column in 1 2; do
      ours=$(median "$work/ours.$what" $column) theirs=$(median "$work/$name.$what" $column)
      awk -v what="$what" -v name="$name" -v column=$column -v ours="$ours" -v theirs="$theirs" \
        'BEGIN { printf "etcdctl %-8s %-9s %-4s %7.1f ms   ours is %.2f of it\n", what, name, column == 1 ? "wall" : "cpu", theirs, (theirs > 0 ? ours / theirs : 0) }'
    done
  done
done
