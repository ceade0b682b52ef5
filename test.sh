#!/usr/bin/env bash
# Sets up what the tests need, builds, runs every test. The last line is "N passed, N failed" (", N skipped" where there are some).
#   CONFIGURATION=Debug ./test.sh   runs the in-process tests against a debug build
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1
. bench/lib/debian.sh
readonly configuration=${CONFIGURATION:-Release} results=$PWD/out/test-results

if ! command -v dotnet >/dev/null; then
  echo "test.sh: the .NET 10 SDK is needed and 'dotnet' was not found on the PATH" >&2
  echo "0 passed, 1 failed"
  exit 1
fi

# Peers of the end-to-end tests. Where one cannot be had, the tests that need it skip and say so.
for peer in "curl curl" "python3 python3" "nginx nginx-light" "haproxy haproxy" "promtool prometheus" "wrk wrk" "ab apache2-utils" "unshare util-linux" \
            "openssl openssl" "nghttp nghttp2-client" "h2load nghttp2-client" \
            "ip iproute2" "nft nftables" "iptables-restore iptables" "tcpdump tcpdump"; do
  need $peer || true
done
# A module is no command: looked for where Debian's own interpreter would find it.
/usr/bin/python3 -c 'import websockets' 2>/dev/null || need python3-websockets python3-websockets || true

# Peers on node are no packages of the system: into out/, where npm is and as their lock files say.
if command -v npm >/dev/null && command -v node >/dev/null; then
  for peer in "grpc-js Grpc" "otlp-js Telemetry"; do
    read -r folder tests <<<"$peer"
    from=tests/Pillion.EndToEnd/$tests/js
    mkdir -p "out/$folder"
    if ! cmp -s "$from/package-lock.json" "out/$folder/node_modules/.lock"; then
      cp "$from/package.json" "$from/package-lock.json" "out/$folder/"
      if (cd "out/$folder" && npm ci --ignore-scripts --no-audit --no-fund >install.log 2>&1 </dev/null); then
        cp "$from/package-lock.json" "out/$folder/node_modules/.lock"
      else
        echo "missing: the packages of $from. npm could not install them: $(grep -m1 'npm error' "out/$folder/install.log")" >&2
      fi
    fi
  done
else
  echo "missing: npm and node. Install them to have gRPC tested with @grpc/grpc-js and OTLP with OpenTelemetry's own package." >&2
fi

restore=()
[[ -n ${CI:-} ]] && restore=(--locked-mode)
rm -rf "$results"
mkdir -p "$results"
failed_steps=0

./build.sh --no-budgets || failed_steps=1
export PILLION_BINARY=$PWD/out/pillion

for project in tests/Pillion.Tests tests/Pillion.EndToEnd; do
  name=$(basename $project)
  echo "== $name"
  if ! dotnet restore $project "${restore[@]}" -v q </dev/null || ! dotnet build $project -c "$configuration" --no-restore -v q --nologo -clp:NoSummary </dev/null; then
    failed_steps=$((failed_steps + 1))
    continue
  fi
  timeout --kill-after=30 20m "$project/bin/$configuration/net10.0/$name" -noColor -noAutoReporters \
    -result-xml "$results/$name.xml" </dev/null
  code=$?
  # A run that ended without a report, or without one test in it, is a failure of its own.
  ((code == 124 || code == 137)) && echo "test.sh: $name did not end within 20 minutes" >&2
  if [[ ! -s $results/$name.xml ]] || ! grep -qE '<assembly [^>]* total="[1-9]' "$results/$name.xml"; then
    echo "test.sh: $name ran no test" >&2
    failed_steps=$((failed_steps + 1))
  elif ((code != 0)) && ! grep -qE '<assembly [^>]*(failed|errors)="[1-9]' "$results/$name.xml"; then
    echo "test.sh: $name exited with $code though its report names no failure" >&2
    failed_steps=$((failed_steps + 1))
  fi
done

# sum ATTRIBUTE: over the <assembly> element of each report.
sum() {
  local total=0 count
  for count in $(grep -hoE '<assembly [^>]*>' "$results"/*.xml 2>/dev/null | grep -oE " $1=\"[0-9]+\"" | grep -oE '[0-9]+'); do
    total=$((total + count))
  done
  echo $total
}

passed=$(sum passed)
failed=$(($(sum failed) + $(sum errors) + failed_steps))
skipped=$(sum skipped)
if ((passed == 0 && failed == 0)); then
  echo "test.sh: no test ran" >&2
  failed=1
fi
line="$passed passed, $failed failed"
((skipped > 0)) && line+=", $skipped skipped"
echo "$line"
((failed == 0))
