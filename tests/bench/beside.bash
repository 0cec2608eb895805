# Sourced by the benches that run short programs beside the originals'.

# serve PORT: our etcd, one member, its data in $work; sets client and server.
serve() {
  local peer=http://127.0.0.1:$(($1 + 1))
  client=http://127.0.0.1:$1
  "$root/out/bin/etcd" --name m --data-dir "$work/m" --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "m=$peer" >"$work/log" 2>&1 &
  server=$!
  until curl -fso /dev/null -X PUT "$client/v2/keys/ready" -d value=1; do kill -0 "$server" || { cat "$work/log"; exit 1; }; done
}

# original PROGRAM: adds the first PROGRAM* of the directory ORIGINALS, if there is one, to names and program.
original() {
  local candidate
  for candidate in "${ORIGINALS:-/nonexistent}"/"$1"*; do
    if [ -f "$candidate" ] && [ -x "$candidate" ]; then names+=(original); program[original]=$candidate; break; fi
  done
}
