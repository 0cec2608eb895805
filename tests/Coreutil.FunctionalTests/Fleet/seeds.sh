#!/bin/bash
# Every fleetctl line of the two texts this project grew from, word for word and in their order, on a fleet of hosts with systemd. Each line of the
# output is: exit code, tab, the line, tab, the first line of what it printed. `try` runs a line; nothing else here is under test.
cd "${0%/*}/units" || exit 1

try() {
  local output code
  output=$(eval "$1" 2>&1)
  code=$?
  printf '%s\t%s\t%s\n' "$code" "${1%%$'\n'*}" "$(head -n 1 <<<"$output")"
}

settle() { # waits until list-units shows a unit in a state; what a person does by looking again
  for _ in $(seq 100); do
    fleetctl list-units -no-legend -fields=unit,sub | grep -q "^$1[[:space:]]*$2\$" && return
    sleep 0.1
  done
  printf '1\tsettle %s %s\tnot reached: %s\n' "$1" "$2" "$(fleetctl list-units -no-legend | tr '\n\t' '; ')"
}

forget() { fleetctl destroy $(fleetctl list-unit-files -no-legend -fields=unit) >/dev/null; sleep 1; }

### 000: deploy a node server on a cluster
try 'fleetctl list-machines'
try 'fleetctl submit foo.service'
try 'fleetctl list-unit-files'
try 'fleetctl cat foo.service'
try 'fleetctl load foo.service'
try 'fleetctl list-units'
try 'fleetctl start foo.service'
try 'fleetctl status foo.service'
try 'fleetctl journal foo.service'
try 'fleetctl journal --lines 20 foo.service'
try 'timeout -s INT 2 fleetctl journal --lines 20 -f foo.service; [ $? = 124 ] || [ $? = 0 ]'
try 'fleetctl journal --output=cat foo.service' # over ssh, as all of this was once
try 'fleetctl ssh foo.service </dev/null'
try 'fleetctl stop foo.service'
try 'fleetctl unload foo.service'
try 'fleetctl destroy foo.service'

try 'fleetctl submit app@.service'
try 'fleetctl submit app-discovery@.service'
try 'fleetctl load app@80.service'
try 'fleetctl load app-discovery@80.service'
try 'fleetctl start app@80.service'
settle app@80.service running
settle app-discovery@80.service running
try 'etcdctl get /services/app80'

mkdir -p instances
ln -sf ../app@.service instances/app@9000.service
ln -sf ../app@.service instances/app@9001.service
ln -sf ../app-discovery@.service instances/app-discovery@9000.service
ln -sf ../app-discovery@.service instances/app-discovery@9001.service
try 'fleetctl start instances/*'
settle app@9000.service running
settle app-discovery@9001.service running
forget

### 003: hands-on fleet
try 'fleetctl start paas-monitor.service'
settle paas-monitor.service running
try 'fleetctl stop paas-monitor.service'
settle paas-monitor.service failed
try 'fleetctl status paas-monitor.service'
try 'fleetctl destroy paas-monitor.service'
try 'fleetctl submit paas-monitor.service'
try 'fleetctl load paas-monitor.service'
try 'fleetctl start paas-monitor.service'
try 'fleetctl list-machines'
settle paas-monitor.service running
try "fleetctl ssh paas-monitor <<EOF
ps -ef | grep /paas-monitor\\\$ | grep -v grep | awk '{print \\\$2}' | xargs -r sudo kill -9
EOF"
try "fleetctl list-machines -no-legend -fields=machine,ip -full | grep 172.18.1.2 | awk '{print \$1}'"
forget

sed "s/<machine-id-core-02>/$(fleetctl list-machines -no-legend -fields=machine,ip -full | grep 172.18.1.2 | awk '{print $1}')/" pinned.in >pinned.service
try 'fleetctl start pinned.service'
try "fleetctl list-units -no-legend -fields=machine | grep -c 172.18.1.2"
try 'fleetctl start everywhere.service'
settle everywhere.service running
try 'fleetctl status everywhere.service'
try 'fleetctl journal everywhere.service'
try "fleetctl ssh \$(fleetctl list-machines -no-legend -fields=machine -full | head -1) <<EOF
systemctl status everywhere
systemctl cat everywhere
journalctl -u everywhere
EOF"
forget

try 'fleetctl submit paas-monitor@.service'
try 'fleetctl start paas-monitor@1.service'
try 'fleetctl start paas-monitor@{2..4}.service'
forget
try 'fleetctl submit paas-monitor@.service'
try 'fleetctl load paas-monitor@{1..4}'
try 'fleetctl start paas-monitor@{1..4}'
try 'fleetctl list-units -no-legend | wc -l'
forget
