#!/usr/bin/env bash
# Everything that can be done with this tree, one verb each; `./build.sh` alone lists them.
set -euo pipefail
cd "$(dirname "$0")"
root=$PWD
out=$root/out
configuration=Release
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDTERMINALLOGGER=off
# The C compiler warns about an unused value in the runtime's own TLS sources; nothing of ours is compiled by it.
export CFLAGS="${CFLAGS:-} -Wno-unused-value"
# Nor is the option the runtime's own script gives cmake for nothing a warning of ours.
export CMAKE_EXTRA_ARGS="${CMAKE_EXTRA_ARGS:-} --no-warn-unused-cli"
links=(etcd etcdctl fleetd fleetctl confd coreos-cloudinit)

say() { printf '%s\n' "build.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

usage() {
  cat <<'TEXT'
usage: ./build.sh VERB
  build             managed build of everything
  check             format check, build, unit tests: the quick loop
  test              everything CI runs: check, publish, functional tests, golden cases
  publish           out/coreutil (one static binary) and its links in out/bin
  install DESTDIR   the binary, links, man pages and units below DESTDIR
  package           .deb and .tar.gz in out/
  run [--once]      a node, three paas-monitors and nginx, live; --once checks the story and ends
  clean             remove everything that was built
  faults [--rounds N] [--seed S]    kill, freeze, cut off and slow down real members under load; histories are checked (as root)
  simulate [--seeds N] [--from S]   clusters on simulated networks and disks, one a seed (10000 from 1)
  fuzz [--target etcd] [--operations N]    random requests, answered as real etcds answer them (ORIGINALS: a directory with an etcd 2.3)
  fuzz --target template [--seconds N] [--seed S]    any text as a template: rendered or refused, and it ends
  soak [--rounds N]    kill -9 under load, again and again: no acknowledged write is lost
  bench [--target etcd|cluster|etcdctl|confd|units]    beside the peers in one run, as ratios
TEXT
}

# ---- what the machine must have -------------------------------------------------------------------------------------

need_sdk() {
  command -v dotnet >/dev/null || fail "the .NET 10 SDK is missing: install the package dotnet-sdk-10.0 of your distribution or follow the instructions at dot.net, then run this again"
  dotnet --version >/dev/null 2>&1 || fail "the .NET SDK that global.json asks for ($(sed -n 's/.*"version": "\([^"]*\)".*/\1/p' global.json)) is missing; installed: $(dotnet --list-sdks | cut -d' ' -f1 | tr '\n' ' ')"
}

# need PACKAGE=PROBE …: a probe is a command, or a file when it starts with a slash.
need() {
  local missing=() entry probe
  for entry in "$@"; do
    probe=${entry#*=}
    case $probe in
      /*) compgen -G "$probe" >/dev/null || missing+=("${entry%%=*}") ;;
      *) command -v "$probe" >/dev/null || [ -x "/usr/sbin/$probe" ] || missing+=("${entry%%=*}") ;;
    esac
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing ${missing[*]}"
    local log; log=$(mktemp)
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 \
      || { tail -n 20 "$log" >&2; fail "apt-get could not install ${missing[*]}"; }
    rm -f "$log"
  else
    fail "these packages are missing: ${missing[*]}; as root on Debian: apt-get install ${missing[*]}"
  fi
}

need_toolchain() { need clang=clang lld=ld.lld cmake=cmake make=make libssl-dev=/usr/lib/*/libssl.a zlib1g-dev=/usr/include/zlib.h curl=curl; }
# A Debian with systemd to boot in containers, below the cache directory: 60 seconds and 400 MB, once.
need_host_root() {
  [ "$(id -u)" = 0 ] || return 1
  need systemd-container=systemd-nspawn debootstrap=debootstrap
  local root=${XDG_CACHE_HOME:-$HOME/.cache}/coreutil/bookworm-systemd log
  [ -d "$root" ] && return 0
  say "making the root directory of test hosts: $root"
  log=$(mktemp)
  rm -rf "$root.new"; mkdir -p "${root%/*}"
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,iproute2,procps,openssh-server bookworm "$root.new" >"$log" 2>&1 \
    || { tail -n 5 "$log" >&2; rm -f "$log"; fail "debootstrap failed"; }
  rm -f "$log"
  mv "$root.new" "$root"
}
need_systemd() { need systemd=/lib/systemd/systemd dbus=dbus-daemon; }
need_docker() { need docker.io=dockerd iproute2=ip curl=curl; }
need_nginx() { need nginx-light=nginx curl=curl; }

# ---- verbs ----------------------------------------------------------------------------------------------------------

build() {
  need_sdk
  dotnet build coreutil.sln -c $configuration -nodeReuse:false -v quiet
}

# Runs a test assembly and adds its summary to the totals.
passed=0 failed=0 skipped=0
run_tests() {
  local name=$1 log; shift
  log=$(mktemp)
  local exe; exe=$(find "tests/$name/bin/$configuration" -name "$name" -type f -perm -u+x | head -n 1)
  local code=0
  "$exe" "$@" 2>&1 | tee "$log" || code=$?
  local line; line=$(grep -E 'Total: [0-9]+' "$log" | tail -n 1)
  [ -n "$line" ] || fail "$name ended without a summary"
  number() { sed -n "s/.*$1: \([0-9]*\).*/\1/p" <<<"$line"; }
  local total f e s; total=$(number Total) f=$(number Failed) e=$(number Errors) s=$(number Skipped)
  [ "$code" = 0 ] || [ $((f + e)) -gt 0 ] || e=1
  failed=$((failed + f + e)) skipped=$((skipped + s)) passed=$((passed + total - f - s))
  rm -f "$log"
}

check_and_count() {
  need_sdk
  dotnet format whitespace --folder --verify-no-changes --exclude out || fail "the format differs from .editorconfig: dotnet format whitespace --folder mends it"
  build
  run_tests Coreutil.Tests
}

summary() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ]
}

check() { check_and_count; summary; }

publish() {
  need_sdk
  need_toolchain
  # A change of linker properties alone does not relink: the native folder goes first.
  rm -rf src/Coreutil/bin/$configuration/net10.0/linux-x64/native
  dotnet publish src/Coreutil/Coreutil.csproj -c $configuration -nodeReuse:false -v quiet -o "$out/publish"
  mkdir -p "$out/bin"
  install -m 755 "$out/publish/coreutil" "$out/coreutil"
  ln -sfn ../coreutil "$out/bin/coreutil"
  "$out/coreutil" --install "$out/bin" --force
  say "out/coreutil: $(stat -c %s "$out/coreutil") bytes, $("$out/coreutil" --version)"
}

publish_if_stale() {
  if [ ! -x "$out/coreutil" ] || [ -n "$(find src Directory.Build.props Directory.Packages.props global.json -newer "$out/coreutil" -type f -not -path '*/obj/*' -not -path '*/bin/*' -print -quit)" ]; then
    publish
  fi
}

run_all_tests() {
  # For the tests against real programs; each of them skips with its reason where its program cannot be had.
  (need_systemd) || true
  (need_host_root) || say "no hosts with systemd: their tests skip"
  COREUTIL_SIMULATE_SEEDS=${COREUTIL_SIMULATE_SEEDS:-8000} check_and_count
  publish
  need_nginx
  (need chromium=chromium) || true
  (need etcd-server=etcd) || true
  (need_docker) || true
  (need redis-server=redis-server) || true
  (need iproute2=ip strace=strace dnsmasq-base=dnsmasq) || true
  (need openssh-client=ssh openssh-server=sshd openssl=openssl) || true
  run_tests Coreutil.FunctionalTests
  summary
}

install_tree() {
  local dest=${1:-}
  [ -n "$dest" ] || fail "install takes the directory to install below, / for this machine"
  publish_if_stale
  install -D -m 755 "$out/coreutil" "$dest/usr/bin/coreutil"
  local name
  mkdir -p "$dest/opt/bin"
  for name in "${links[@]}"; do
    "$out/coreutil" --list | grep -qx "$name" && ln -sfn /usr/bin/coreutil "$dest/opt/bin/$name"
  done
  local page
  for page in man/*.[1-8]; do install -D -m 644 "$page" "$dest/usr/share/man/man${page##*.}/${page##*/}"; done
  for name in LICENSE THIRD-PARTY-NOTICES README.md; do install -D -m 644 "$name" "$dest/usr/share/doc/coreutil/$name"; done
  for name in packaging/systemd/*; do install -D -m 644 "$name" "$dest/lib/systemd/system/${name##*/}"; done
}

package() {
  need_sdk
  need dpkg=dpkg-deb tar=tar
  local tree version; tree=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$tree'" EXIT
  install_tree "$tree"
  version=$("$out/coreutil" --version | cut -d' ' -f2)
  tar -C "$tree" --owner=0 --group=0 -czf "$out/coreutil-$version-linux-x64.tar.gz" .
  mkdir "$tree/DEBIAN"
  sed "s/@VERSION@/$version/; s/@SIZE@/$(du -sk "$tree" | cut -f1)/" packaging/debian/control >"$tree/DEBIAN/control"
  dpkg-deb --root-owner-group --build "$tree" "$out/coreutil_${version}_amd64.deb" >/dev/null
  say "$(cd "$out" && ls -1 coreutil-"$version"-linux-x64.tar.gz coreutil_"${version}"_amd64.deb | tr '\n' ' ')"
}

run_story() {
  need_nginx
  publish_if_stale
  exec examples/paas-monitor/story.sh "$@"
}

# N rounds for clusters of three, and about half as many for clusters of five.
# options NAME=DEFAULT … -- ARGUMENT …: sets the variables from --NAME VALUE.
options() {
  local names=() entry
  while [ "$1" != -- ]; do names+=("${1%%=*}"); printf -v "${1%%=*}" %s "${1#*=}"; shift; done
  shift
  while [ $# -gt 0 ]; do
    for entry in "${names[@]}"; do
      if [ "$1" = "--$entry" ] && [ $# -gt 1 ]; then printf -v "$entry" %s "$2"; shift 2; continue 2; fi
    done
    fail "$verb takes $(printf -- '--%s VALUE ' "${names[@]}"), not $1"
  done
}

# One long functional test, with what it reads from the environment already set.
run_long() {
  need_sdk
  publish_if_stale
  dotnet build tests/Coreutil.FunctionalTests -c $configuration -nodeReuse:false -v quiet
  run_tests Coreutil.FunctionalTests -class "$1" -showLiveOutput
  summary
}

fuzz() {
  local target operations seconds seed
  options target=etcd operations=200000 seconds=60 seed=$RANDOM -- "$@"
  case $target in
    etcd)
      { need etcd-server=etcd; } || true
      COREUTIL_DIFFERENTIAL_OPERATIONS=$operations run_long '*EtcdDifferentialTests' ;;
    template)
      need_sdk
      dotnet build tests/Coreutil.Tests -c $configuration -nodeReuse:false -v quiet
      say "$seconds seconds for each test, seed $seed"
      COREUTIL_FUZZ_SECONDS=$seconds COREUTIL_FUZZ_SEED=$seed run_tests Coreutil.Tests -class '*.TemplateFuzzTests'
      summary ;;
    *) fail "there is nothing to fuzz called '$target'; targets: etcd template" ;;
  esac
}

soak() {
  local rounds
  options rounds=100 -- "$@"
  COREUTIL_CRASH_ROUNDS=$rounds run_long '*EtcdCrashTests'
}

bench() {
  local target
  options target=etcd -- "$@"
  [ -x "tests/bench/$target.sh" ] || fail "there is no bench called '$target'; there are: $(cd tests/bench && ls -1 ./*.sh | sed 's#./##; s#.sh##' | tr '\n' ' ')"
  need wrk=wrk curl=curl
  { need etcd-server=etcd; } || true
  publish_if_stale
  "tests/bench/$target.sh" "$root"
}

faults() {
  local rounds=20 seed=1
  while [ $# -gt 0 ]; do
    case $1 in
      --rounds) rounds=${2:-}; shift 2 ;;
      --seed) seed=${2:-}; shift 2 ;;
      *) fail "faults takes --rounds N and --seed S, not $1" ;;
    esac
  done
  [ "$(id -u)" = 0 ] || fail "faults makes network namespaces, which needs root"
  need_sdk
  need iproute2=ip
  publish_if_stale
  dotnet build tests/Coreutil.FunctionalTests -c $configuration -nodeReuse:false -v quiet
  COREUTIL_FAULT_ROUNDS=$rounds COREUTIL_FAULT_SEED=$seed run_tests Coreutil.FunctionalTests -class '*FaultTests' -showLiveOutput
  summary
}

simulate() {
  local seeds=10000 from=1
  while [ $# -gt 0 ]; do
    case $1 in
      --seeds) seeds=${2:-} ;;
      --from) from=${2:-} ;;
      *) fail "simulate takes --seeds N and --from S, not '$1'" ;;
    esac
    [[ ${2:-} =~ ^[0-9]{1,9}$ ]] || fail "$1 takes a number"
    shift 2
  done
  need_sdk
  dotnet build tests/Coreutil.Tests -c $configuration -nodeReuse:false -v quiet
  export COREUTIL_SIMULATE_SEEDS=$seeds COREUTIL_SIMULATE_FROM=$from COREUTIL_SIMULATE_CORES; COREUTIL_SIMULATE_CORES=$(nproc)
  run_tests Coreutil.Tests -method '*SimulationTests.No_seed_breaks_an_invariant' -showliveoutput
  [ "$failed" = 0 ]
}

clean() {
  rm -rf "$out"
  find src tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
}

verb=${1:-}
[ $# -gt 0 ] && shift
case $verb in
  build) build ;;
  check) check ;;
  test) run_all_tests ;;
  publish) publish ;;
  install) install_tree "$@" ;;
  package) package ;;
  run) run_story "$@" ;;
  clean) clean ;;
  faults) faults "$@" ;;
  simulate) simulate "$@" ;;
  fuzz) fuzz "$@" ;;
  soak) soak "$@" ;;
  bench) bench "$@" ;;
  '' | help | -h | --help) usage ;;
  *) usage >&2; fail "unknown verb '$verb'" ;;
esac
