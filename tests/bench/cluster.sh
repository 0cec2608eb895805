#!/usr/bin/env bash
# Three members of this program and three of Debian's etcd on loopback, one after the other in one run: writes, quorum reads, and how long
# a cluster is without a leader after kill -9. Prints ratios; absolute numbers say more of the machine than of the programs.
set -euo pipefail
root=${1:-$(cd "$(dirname "$0")/../.." && pwd)}
seconds=${SECONDS_EACH:-6} failovers=${FAILOVERS:-10}
work=$(mktemp -d)
# The pid of each member in a file: the failovers run in a subshell.
stop() {
  local file
  for file in "$work"/pid.*; do
    [ -e "$file" ] || continue
    kill -9 "$(cat "$file")" 2>/dev/null || true
    rm -f "$file"
  done
}
trap 'stop; rm -rf "$work"' EXIT

client() { echo "http://127.0.0.1:2$((4000 + 10 * $1))"; }
peer() { echo "http://127.0.0.1:2$((4001 + 10 * $1))"; }

start_member() { # NAME NUMBER COMMAND…
  local name=$1 i=$2; shift 2
  "$@" --name "m$i" --data-dir "$work/$name-$i" --listen-client-urls "$(client "$i")" --advertise-client-urls "$(client "$i")" \
    --listen-peer-urls "$(peer "$i")" --initial-advertise-peer-urls "$(peer "$i")" \
    --initial-cluster "m1=$(peer 1),m2=$(peer 2),m3=$(peer 3)" >>"$work/$name-$i.log" 2>&1 &
  echo $! >"$work/pid.$i"
  # Else the shell reports each of them that is killed.
  disown
}

until_healthy() { local i; for i in 1 2 3; do until [ "$(curl -s -m 2 "$(client "$i")/health" | grep -c true)" = 1 ]; do sleep 0.1; done; done; }

leader() { # the number of the leading member
  local i
  while :; do
    for i in 1 2 3; do
      if curl -s -m 1 "$(client "$i")/v2/stats/self" | grep -q '"state":"StateLeader"'; then echo "$i"; return; fi
    done
    sleep 0.05
  done
}

cat >"$work/put.lua" <<'LUA'
wrk.method = "PUT"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local body = "value=" .. string.rep("x", 256)
local n = 0
request = function() n = n + 1; return wrk.format(nil, "/v2/keys/bench/" .. (n % 1000), nil, body) end
LUA

rate() { # CONNECTIONS PATH [SCRIPT]: requests a second at the leader
  local url; url=$(client "$(leader)")
  wrk -t 1 -c "$1" -d "${seconds}s" ${3:+-s "$3"} "$url$2" | awk '/Requests\/sec/ { print $2 } /Non-2xx/ { print "failures:", $0 >"/dev/stderr" }'
}

failover() { # milliseconds from kill -9 of the leader to the first write that another member acknowledges
  local name=$1; shift
  local dead other begun
  dead=$(leader)
  other=$((dead % 3 + 1))
  kill -9 "$(cat "$work/pid.$dead")"
  begun=$(date +%s%N)
  until curl -s -f -m 0.25 -o /dev/null -X PUT "$(client $other)/v2/keys/failover" -d value=1; do sleep 0.005; done
  echo $((($(date +%s%N) - begun) / 1000000))
  start_member "$name" "$dead" "$@"
  until_healthy
}

median() { sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

measure() { # NAME COMMAND…: writes its four figures to NAME.figures
  local name=$1 i; shift
  for i in 1 2 3; do start_member "$name" "$i" "$@"; done
  until_healthy
  rate 64 /v2/keys/bench "$work/put.lua" >/dev/null # warm
  { rate 64 / "$work/put.lua"; rate 1 / "$work/put.lua"; rate 64 "/v2/keys/bench/1?quorum=true"; } >"$work/$name.figures"
  for ((i = 0; i < failovers; i++)); do failover "$name" "$@"; sleep 1; done | tee "$work/$name.failovers" | median >>"$work/$name.figures"
  stop
  sleep 0.5
}

measure etcd /usr/bin/etcd --enable-v2
measure coreutil "$root/out/coreutil" etcd
paste "$work/coreutil.figures" "$work/etcd.figures" | awk '
  BEGIN { split("PUT 256 B, 64 connections|PUT 256 B, 1 connection|quorum GET, 64 connections|failover, median of '"$failovers"'", what, "|")
          printf "%-28s %12s %12s %8s\n", "three members", "coreutil", "etcd 3.4", "ratio" }
  NR <= 3 { printf "%-28s %10.0f/s %10.0f/s %7.2fx\n", what[NR], $1, $2, $1 / $2 }
  NR == 4 { printf "%-28s %9.0f ms %9.0f ms %7.2fx\n", what[NR], $1, $2, $1 / $2 }'
