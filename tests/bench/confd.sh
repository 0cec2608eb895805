#!/usr/bin/env bash
# confd's bench: a onetime run from start to exit, and how long a change takes from the store to the file, beside the original. Rounds alternate between the
# programs, so that another load on the machine meets all alike; the median counts. ORIGINALS: a directory that holds a binary confd* of 0.16.
set -euo pipefail
root=$1
rounds=${BENCH_ROUNDS:-40}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT

source "$root/tests/bench/beside.bash"
serve "${BENCH_PORT:-24200}"
put() { curl -fso /dev/null -X PUT "$client/v2/keys/bench/value" -d value="$1"; }
put 0

names=(ours)
declare -A program=([ours]="$root/out/bin/confd")
original confd
for name in "${names[@]}"; do
  mkdir -p "$work/$name/conf.d" "$work/$name/templates"
  echo '{{getv "/bench/value"}}' >"$work/$name/templates/t.tmpl"
  printf '[template]\nsrc = "t.tmpl"\ndest = "%s"\nkeys = ["/bench"]\n' "$work/$name/dest" >"$work/$name/conf.d/t.toml"
done
arguments() { arguments=(-confdir "$work/$1" -backend etcd -node "$client"); }

TIMEFORMAT=%R
for ((round = 0; round < rounds; round++)); do
  for name in "${names[@]}"; do
    arguments "$name"
    rm -f "$work/$name/dest"
    { time "${program[$name]}" "${arguments[@]}" -onetime >>"$work/$name.log" 2>&1; } 2>>"$work/$name.onetime"
  done
done

for name in "${names[@]}"; do
  arguments "$name"
  "${program[$name]}" "${arguments[@]}" -watch >>"$work/$name.log" 2>&1 &
done
sleep 1
for ((round = 1; round <= rounds; round++)); do
  for name in "${names[@]}"; do
    # Only one of them waits at a time: the others have rendered this change before the next.
    begun=$(date +%s%N)
    put "$name-$round"
    until grep -qx "$name-$round" "$work/$name/dest" 2>/dev/null; do :; done
    echo "$((($(date +%s%N) - begun) / 1000))e-6" >>"$work/$name.change"
    sleep 0.15
  done
done

median() { sort -g "$1" | awk '{ all[NR] = $1 } END { print 1000 * all[int((NR + 1) / 2)] }'; }
for what in onetime change; do
  for name in "${names[@]}"; do
    awk -v what="$what" -v name="$name" -v ours="$(median "$work/ours.$what")" -v theirs="$(median "$work/$name.$what")" \
      'BEGIN { printf "confd %-8s %-9s %7.1f ms   ours is %.2f of it\n", what, name, theirs, ours / theirs }'
  done
done
