#!/usr/bin/env bash
# Publishes the native binary to out/pillion and holds it to the budgets of the design: prints what was measured, fails above them.
#   ./build.sh              publish, then measure
#   ./build.sh --no-budgets publish only
#   ./build.sh --static     publish out/pillion-static, which has OpenSSL and the C library in it, and run it in an empty root file system
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
. bench/lib/debian.sh

budgets=1 static=0
case "${1:-}" in
  "") ;;
  --no-budgets) budgets=0 ;;
  --static) static=1 ;;
  *) echo "build.sh: unknown option '$1'; there are --no-budgets and --static" >&2; exit 2 ;;
esac

if ! command -v dotnet >/dev/null; then
  echo "build.sh: the .NET 10 SDK is needed and 'dotnet' was not found on the PATH" >&2
  exit 1
fi

case "$(uname -m)" in
  x86_64) rid=linux-x64 ;;
  aarch64) rid=linux-arm64 ;;
  *) echo "build.sh: no native build for '$(uname -m)'; x86_64 and aarch64 are supported" >&2; exit 1 ;;
esac

# The native linker step is a C compiler's: gcc or clang, with the C library's headers and start files.
linker=gcc
if command -v clang >/dev/null; then linker=clang; else need gcc gcc || exit 1; fi
if ! printf 'int main(void) { return 0; }' | "$linker" -x c - -o /dev/null 2>/dev/null; then
  # gcc without the C library's development files links nothing.
  need a-c-library libc6-dev || exit 1
fi

# In a root directory with nothing in it but the program, the samples and /proc: whatever it needed of the system would be missing.
prove_alone() {
  local root isolate=(unshare --mount --pid --fork)
  root=$(mktemp -d)
  # Whoever is not root becomes it in a user name space.
  (($(id -u) == 0)) || isolate+=(--user --map-root-user)
  mkdir "$root/proc"
  cp out/pillion-static "$root/pillion"
  cp -r samples "$root/samples"
  # By the whole configuration there is: a listener that asks for certificates, and an answer.
  cat >"$root/orders.yaml" <<YAML
inbound:
  address: 127.0.0.1:18443
  tls:
    certificate: certs/orders/cert.pem
    key: certs/orders/key.pem
    authorities: certs/orders/bundle.pem
    client_certificates: required
  routes: [ { prefix: /, respond: 204 } ]
outbound: off
admin: unix:/admin.sock
YAML
  "${isolate[@]}" bash -c '
    mount --rbind "$1" "$1" 2>/dev/null; mount -t proc proc "$1/proc" || exit 1
    inside() { chroot "$1" /pillion "${@:2}"; }
    inside "$1" version || exit 1
    for sample in "$1"/samples/*.yaml; do inside "$1" check "/samples/${sample##*/}" || exit 1; done
    inside "$1" certs init /certs orders web || exit 1
    inside "$1" run -c /orders.yaml >"$1/log" 2>&1 & sidecar=$!
    # A mutual TLS handshake, and a request through it; a client without a certificate is turned away.
    ask=(curl -s --resolve orders:18443:127.0.0.1 --cacert "$1/certs/orders/bundle.pem" --retry 20 --retry-delay 1 --retry-connrefused -o /dev/null https://orders:18443/)
    served=$("${ask[@]}" -w "%{http_code}" --cert "$1/certs/web/cert.pem" --key "$1/certs/web/key.pem")
    if "${ask[@]}" 2>/dev/null; then refused=no; else refused=yes; fi
    kill -TERM "$sidecar"; wait "$sidecar"
    echo "mutual TLS: $served with a certificate, refused without one: $refused"
    [[ $served == 204 && $refused == yes ]] || { cat "$1/log"; exit 1; }
  ' prove "$root" </dev/null
  local code=$?
  rm -rf "$root"
  return $code
}

publish_static() {
  if ! printf 'int main(void) { return 0; }' | "$linker" -x c - -o /dev/null -static -lssl -lcrypto 2>/dev/null; then
    need a-static-openssl libssl-dev || return 1
  fi
  need cmake cmake unshare util-linux curl curl || return 1
  # The linker warns of functions that look up names and users by the C library, which loads parts of itself for some sources. Names are
  # asked for by our own resolver wherever there is an /etc/resolv.conf; without one only /etc/hosts and literal addresses are sure to work.
  dotnet publish src/Pillion -c Release -r "$rid" --no-restore -v q --nologo -p:PillionStatic=true \
    -p:CppCompilerAndLinker="$linker" -o out/publish-static </dev/null 2>&1 | grep -v 'statically linked applications requires\|CMake warning\|^ *$'
  ((PIPESTATUS[0] == 0)) || return 1
  install -m 755 out/publish-static/pillion out/pillion-static || return 1
  echo "published out/pillion-static ($rid, $(stat -c %s out/pillion-static) bytes)"
  if readelf -d out/pillion-static 2>/dev/null | grep -q NEEDED; then
    echo "build.sh: out/pillion-static still needs libraries of the system" >&2
    return 1
  fi
  prove_alone || { echo "build.sh: out/pillion-static does not run in an empty root file system" >&2; return 1; }
}

restore=()
[[ -n ${CI:-} ]] && restore=(--locked-mode)
mkdir -p out
# Restored on its own: the runtime packs of every platform are in the lock file, and publish -r alone would compare only one.
dotnet restore src/Pillion "${restore[@]}" -v q </dev/null || exit 1
if ((static)); then
  publish_static
  exit
fi
dotnet publish src/Pillion -c Release -r "$rid" --no-restore -v q --nologo \
  -p:CppCompilerAndLinker="$linker" -o out/publish </dev/null || exit 1
install -m 755 out/publish/pillion out/pillion || exit 1
echo "published out/pillion ($rid, $(stat -c %s out/pillion) bytes)"

((budgets == 0)) && exit 0
exec bench/budgets.sh
