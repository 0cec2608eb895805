#!/usr/bin/env bash
# The whole story on one machine: a node (etcd, fleetd, confd, unitd), three paas-monitors with their sidekicks as fleet units,
# nginx in front of them with a configuration that confd renders from what the sidekicks announce.
#   story.sh          live, until Ctrl-C
#   story.sh --once   the same, checked step by step, then torn down; exit 0 or a line that says what failed
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$root/out/bin
is_once=false
case ${1:-} in
  '') ;;
  --once) is_once=true ;;
  *) echo "story.sh: unknown argument '$1'; it takes none or --once" >&2; exit 2 ;;
esac
state=$root/out/node
if $is_once; then state=$root/out/node-once; fi
page=http://127.0.0.1:8080
export PATH=$bin:$PATH:/usr/sbin FLEETCTL_ENDPOINT=unix://$state/fleet.sock
node_pid='' nginx_pid=''

say() { printf '%s\n' "$*"; }
fail() {
  say "FAILED: $*"
  say "--- the last lines of $state/node.log:"
  tail -n 25 "$state/node.log" 2>/dev/null || true
  exit 1
}

tear_down() {
  trap '' INT TERM
  [ -z "$nginx_pid" ] || kill -QUIT "$nginx_pid" 2>/dev/null || true
  [ -z "$node_pid" ] || kill -TERM "$node_pid" 2>/dev/null || true
  [ -z "$nginx_pid" ] || wait "$nginx_pid" 2>/dev/null || true
  [ -z "$node_pid" ] || wait "$node_pid" 2>/dev/null || true
}
trap tear_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# within SECONDS WHAT COMMAND…: the command must succeed before the time is over.
within() {
  local limit=$1 what=$2; shift 2
  local end=$((SECONDS + limit))
  until "$@"; do
    [ $SECONDS -lt $end ] || fail "$what (waited $limit s)"
    [ -z "$node_pid" ] || kill -0 "$node_pid" 2>/dev/null || fail "the node ended: $(tail -n 1 "$state/node.log")"
    sleep 0.2
  done
}

free_port() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
node_answers() { fleetctl list-machines --no-legend 2>/dev/null | grep -q .; }
active() { [ "$(fleetctl list-units --no-legend --fields=unit,active 2>/dev/null | grep -cE "^paas-monitor(-discovery)?@.*[[:space:]]active$" || true)" -ge "$1" ]; }
upstreams() { grep -c '^ *server [0-9]' "$state/nginx/nginx.conf" 2>/dev/null || true; }
rendered() { [ "$(upstreams)" = "$1" ]; }
# Who answered thirty calls through nginx, one name a line.
answering() { local _; for _ in $(seq 30); do curl -sf -m 2 -w '\n' "$page/status" | sed -n 's/.*"name":"\([^"]*\)".*/\1/p'; done | sort -u; }
all_answer() { [ "$(answering | wc -l)" = "$1" ]; }
main_pid() { unitctl --state-dir "$state/unitd" show -p MainPID "paas-monitor@$1.service" | sed -n 's/^MainPID=//p'; }
unitctl() { coreutil unitctl "$@"; }
restarted() { local now; now=$(main_pid "$1"); [ "${now:-0}" != 0 ] && [ "$now" != "$2" ]; }

for port in 2379 2380 4001 7001 8080; do
  free_port $port || fail "port $port of 127.0.0.1 is in use; stop what listens there (ss -ltnp names it) and run this again"
done
if $is_once; then rm -rf "$state"; fi
mkdir -p "$state/nginx" "$state/confd/conf.d" "$state/confd/templates"
cp "$here/nginx.toml" "$state/confd/conf.d/"
cp "$here/nginx.tmpl" "$state/confd/templates/"

# A session of its own: Ctrl-C reaches this script only, and the script ends the node in order.
cd "$state"
setsid coreutil node --data-dir "$state" --confdir "$state/confd" --address 127.0.0.1 >"$state/node.log" 2>&1 &
node_pid=$!
within 20 "the node does not answer on fleet.sock" node_answers
say "node up: etcd on 127.0.0.1:2379 and :4001, fleet API on $state/fleet.sock, log in $state/node.log"
etcdctl mkdir /services/paas-monitor >/dev/null 2>&1 || true

cd "$here"
fleetctl start --no-block instances/* >/dev/null
within 30 "the six units do not become active" active 6
say "paas-monitor@1..3 and their sidekicks run"
within 30 "confd has not rendered three upstreams" rendered 3
nginx -p "$state/nginx" -c "$state/nginx/nginx.conf" -g 'daemon off;' &
nginx_pid=$!
within 10 "three instances do not answer through nginx" all_answer 3

if ! $is_once; then
  while kill -0 "$node_pid" 2>/dev/null; do
    [ ! -t 1 ] || printf '\033[H\033[2J'
    say "paas-monitor: $page/    (Ctrl-C takes everything down)"
    say ""
    fleetctl list-units 2>/dev/null || true
    say ""
    say "nginx has $(upstreams) upstreams; answering now: $(answering | tr '\n' ' ')"
    # A background sleep with wait lets Ctrl-C through at once.
    sleep 2 & wait $!
  done
  fail "the node ended: $(tail -n 1 "$state/node.log")"
fi

say "three instances answer behind $page/"
first=$(main_pid 1)
kill -9 "$first" || fail "the main process of paas-monitor@1 ($first) cannot be killed"
within 15 "paas-monitor@1 did not come back after kill -9" restarted 1 "$first"
within 30 "three instances do not answer after the restart" all_answer 3
say "paas-monitor@1 was killed with -9 and is back"
fleetctl stop paas-monitor@2.service >/dev/null 2>&1 || fail "fleetctl stop paas-monitor@2 exited with $?"
within 25 "the configuration still names paas-monitor@2 after its TTL" rendered 2
within 10 "the two others do not answer" all_answer 2
say "paas-monitor@2 was stopped and left the configuration"
tear_down
nginx_pid='' node_pid=''
for port in 2379 2380 4001 7001 8080 13371 13372 13373; do
  free_port $port || fail "port $port is still open after the end"
done
left=$(pgrep -f "$state|coreutil paas-monitor" || true)
[ -z "$left" ] || fail "processes are left behind: $(ps -o pid=,args= -p $left | head -n 3)"
[ -z "$(grep " $state" /proc/mounts || true)" ] || fail "mounts are left behind below $state"
say "all down again, nothing left behind"
