#!/usr/bin/env bash
# etcd's bench: ours beside the peers in one run on one machine, as ratios. PUT and GET of 256 bytes over 1 and 64 connections (wrk), time to start,
# memory a key. Rounds alternate between the servers, so that another load on the machine meets all alike; of each the best round counts.
# ORIGINALS: a directory that holds a binary etcd of 2.3, compared with too.
set -euo pipefail
root=$1
seconds=${BENCH_SECONDS:-4} rounds=${BENCH_ROUNDS:-3} keys=${BENCH_KEYS:-200000}
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT

servers=(ours)
declare -A program=([ours]="$root/out/bin/etcd") url pid
if [ -x /usr/bin/etcd ]; then servers+=(debian); program[debian]=/usr/bin/etcd; else echo "skipped: Debian's etcd-server is not installed"; fi
if [ -n "${ORIGINALS:-}" ]; then
  for candidate in "$ORIGINALS"/etcd "$ORIGINALS"/etcd-2.*; do
    if [ -f "$candidate" ] && [ -x "$candidate" ]; then servers+=(original); program[original]=$candidate; break; fi
  done
  if [ -z "${program[original]:-}" ]; then echo "skipped: no etcd in ORIGINALS=$ORIGINALS"; fi
fi

port=${BENCH_PORT:-24000}
start() {
  local name=$1 began
  local flags=() client=http://127.0.0.1:$((port++)) peer=http://127.0.0.1:$((port++))
  [ "$name" = debian ] && flags=(--enable-v2=true)
  # The history that the others keep.
  [ "$name" = ours ] && flags=(--event-window 1000)
  began=$(date +%s%N)
  "${program[$name]}" --name m --data-dir "$work/$name$port" --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "m=$peer" --snapshot-count 1000000 "${flags[@]}" >"$work/$name.log" 2>&1 &
  pid[$name]=$! url[$name]=$client
  pids+=($!)
  # A write that is answered: the member is there for good.
  until curl -fso /dev/null -X PUT "$client/v2/keys/ready" -d value=1; do
    kill -0 "${pid[$name]}" || { cat "$work/$name.log"; exit 1; }
  done
  start_ms[$name]=$((($(date +%s%N) - began) / 1000000))
}
declare -A start_ms rate

cat >"$work/put.lua" <<'LUA'
local value = string.rep("v", 256)
local thread, counter = 0, 0
function setup(t) t:set("id", thread); thread = thread + 1 end
function request()
  counter = counter + 1
  return wrk.format("PUT", "/v2/keys/bench/" .. id .. "-" .. (counter % 500), { ["Content-Type"] = "application/x-www-form-urlencoded" }, "value=" .. value)
end
LUA

measure() { # server, connections, what
  local threads=1 script=()
  [ "$2" -gt 1 ] && threads=2
  [ "$3" = PUT ] && script=(-s "$work/put.lua")
  wrk -t $threads -c "$2" -d "${seconds}s" --timeout 10s "${script[@]}" "${url[$1]}/v2/keys/bench/0-1" | sed -n 's/^Requests\/sec: *\([0-9]*\).*/\1/p'
}

resident() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/${pid[$1]}/status"; }

for name in "${servers[@]}"; do start "$name"; done
for round in $(seq "$rounds"); do
  for what in PUT GET; do
    for connections in 1 64; do
      for name in "${servers[@]}"; do
        got=$(measure "$name" $connections $what)
        slot=$name:$what:$connections
        [ "${got:-0}" -le "${rate[$slot]:-0}" ] || rate[$slot]=$got
      done
    done
  done
done

printf '%-22s' 'requests a second'; for name in "${servers[@]}"; do printf '%12s' "$name"; done
for name in "${servers[@]:1}"; do printf '%14s' "ours/$name"; done; echo
for what in PUT GET; do
  for connections in 1 64; do
    printf '%-22s' "$what, $connections connections"
    for name in "${servers[@]}"; do printf '%12s' "${rate[$name:$what:$connections]}"; done
    for name in "${servers[@]:1}"; do
      printf '%14s' "$(awk "BEGIN { printf \"%.2f\", ${rate[ours:$what:$connections]} / ${rate[$name:$what:$connections]} }")"
    done
    echo
  done
done
printf '%-22s' 'first write after, ms'; for name in "${servers[@]}"; do printf '%12s' "${start_ms[$name]}"; done; echo

# Memory: fresh servers, one key a request, values of 32 bytes, ten directories deep in none.
cat >"$work/fill.lua" <<'LUA'
local thread, counter = 0, 0
function setup(t) t:set("id", thread); thread = thread + 1 end
function request()
  counter = counter + 1
  return wrk.format("PUT", "/v2/keys/fill/" .. id .. "/" .. (counter % 100) .. "/key-" .. counter, { ["Content-Type"] = "application/x-www-form-urlencoded" }, "value=" .. string.rep("v", 32))
end
LUA
kill "${pids[@]}"; wait || true
pids=()
printf '%-22s' 'memory a key, bytes'
for name in "${servers[@]}"; do
  start "$name"
  before=$(resident "$name")
  count() { curl -s "${url[$name]}/v2/stats/store" | sed 's/.*"setsSuccess":\([0-9]*\).*/\1/'; }
  while [ "$(count)" -lt "$keys" ]; do
    # Each run of wrk begins its counters anew: a directory of its own.
    sed -i "s#/fill[0-9]*/#/fill$RANDOM/#" "$work/fill.lua"
    wrk -t 2 -c 64 -d 3s -s "$work/fill.lua" "${url[$name]}" >/dev/null
  done
  sleep 2
  printf '%12s' $((($(resident "$name") - before) * 1024 / $(count)))
done
echo "  (resident set, with log and history)"
