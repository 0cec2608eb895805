#!/usr/bin/env bash
# The supervisor's bench: the same services under systemd and under unitd, one after the other in one host with systemd (as root; build.sh test makes its root
# directory): how long all of them take to start and to stop, the manager's CPU for it, its memory for each, and its CPU when nothing happens.
set -euo pipefail
root=$1
units=${BENCH_UNITS:-1000}
lower=${XDG_CACHE_HOME:-$HOME/.cache}/coreutil/bookworm-systemd
if [ "$(id -u)" != 0 ] || [ ! -d "$lower" ] || ! command -v systemd-nspawn >/dev/null; then echo "skipped: needs root, systemd-nspawn and $lower"; exit 0; fi
work=$(mktemp -d)
name=bench$$
trap 'kill -KILL "${leader:-}" 2>/dev/null || true; wait; find /sys/fs/cgroup -depth -path "*/$name*" -type d -exec rmdir {} + 2>/dev/null || true; rm -rf "$work"' EXIT

mkdir -p "$work"/{upper/etc/systemd/system,upper/t/units,work,root}
cp "$root/out/coreutil" "$work/upper/t/coreutil"
for ((i = 1; i <= units; i++)); do
  printf '[Service]\nExecStart=/bin/sleep infinity\n' | tee "$work/upper/etc/systemd/system/b$i.service" >"$work/upper/t/units/b$i.service"
done
cat >"$work/upper/t/measure" <<'MEASURE'
#!/bin/bash
# measure NAME PID UNITS CONTROL…: a line of figures of a manager
name=$1 pid=$2 units=$3; shift 3
cpu() { local f; read -ra f </proc/$pid/stat; echo $(((f[13] + f[14]) * 1000 / $(getconf CLK_TCK))); }
memory() { awk '/^RssAnon/ { print $2 }' /proc/$pid/status; }
clock() { echo $(($(date +%s%N) / 1000000)); }
all=$(seq -f 'b%.0f.service' 1 "$units")
before=$(memory) cpu0=$(cpu) at=$(clock)
"$@" start $all
started=$(($(clock) - at)) start_cpu=$(($(cpu) - cpu0))
sleep 2
after=$(memory) cpu0=$(cpu)
sleep 5
idle=$(($(cpu) - cpu0)) cpu0=$(cpu) at=$(clock)
"$@" stop $all
echo "$name $started $start_cpu $(($(clock) - at)) $(($(cpu) - cpu0)) $(((after - before) * 1000 / units)) $idle"
MEASURE
chmod +x "$work/upper/t/measure"

# A cgroup of its own, or the host would fight over this one's.
unshare --mount --propagation private bash -c "
  for hierarchy in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
    [ -f \$hierarchy/cgroup.procs ] || continue
    mkdir -p \$hierarchy/$name && echo \$BASHPID >\$hierarchy/$name/cgroup.procs
  done
  mount -t overlay overlay -o lowerdir=$lower,upperdir=$work/upper,workdir=$work/work $work/root
  exec systemd-nspawn -q -D $work/root --boot --keep-unit --register=no --private-network -M $name --console=pipe" </dev/null >"$work/log" 2>&1 &
nspawn=$!
until leader=$(pgrep -P "$nspawn" -x systemd); do kill -0 "$nspawn" || { cat "$work/log"; exit 1; }; sleep 0.1; done
inside() { nsenter -t "$leader" -m -p -u -i -n -- "$@"; }
until inside systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do sleep 0.2; done

inside /t/measure systemd 1 "$units" systemctl >>"$work/figures"
inside bash -c 'setsid /t/coreutil unitd --state-dir /run/unitd --unit-path /t/units >/t/log 2>&1 </dev/null & until [ -S /run/unitd/unitd.sock ]; do sleep 0.1; done'
inside /t/measure unitd "$(inside pgrep -x coreutil)" "$units" /t/coreutil unitctl --state-dir /run/unitd >>"$work/figures"
awk -v units="$units" '
  { for (i = 2; i <= NF; i++) all[$1, i] = $i }
  END {
    split("start, ms|manager CPU of it, ms|stop, ms|manager CPU of it, ms|memory a unit, bytes|CPU in 5 s idle, ms", what, "|")
    printf "%-26s %10s %10s %8s\n", units " services", "unitd", "systemd", "ratio"
    for (i = 2; i <= 7; i++) printf "%-26s %10d %10d %8s\n", what[i - 1], all["unitd", i], all["systemd", i], (all["systemd", i] > 0 ? sprintf("%.2fx", all["unitd", i] / all["systemd", i]) : "-")
  }' "$work/figures"
