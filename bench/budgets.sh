#!/usr/bin/env bash
# Measures out/pillion against the budgets of the design and fails above them. Called by ./build.sh.
# Times are medians of several starts, so that one interruption on a shared machine does not break the build.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
. bench/lib/process.sh

readonly pillion=$PWD/out/pillion work=$PWD/bench/work
readonly app_port=18180 proxy_port=18181 admin=127.0.0.1:18190
failed=0
pids=()
trap 'for pid in "${pids[@]}"; do stop "$pid"; done' EXIT

row() { printf '| %-48s | %12s | %12s | %s\n' "$1" "$2" "$3" "$4"; }

# at_most NAME BUDGET UNIT MEASURED
at_most() {
  local verdict=ok
  if [[ -z $4 || $4 == nan ]]; then
    verdict="NOT MEASURED"; failed=1
  elif awk -v measured="$4" -v budget="$2" 'BEGIN { exit !(measured > budget) }'; then
    verdict="ABOVE THE BUDGET"; failed=1
  fi
  row "$1" "$2 $3" "${4:-?} $3" "$verdict"
}

[[ -x $pillion ]] || { echo "budgets: out/pillion is missing; ./build.sh publishes it" >&2; exit 1; }
dotnet build bench/Pillion.Load -c Release -v q --nologo -clp:NoSummary </dev/null || exit 1
readonly load=$PWD/bench/Pillion.Load/bin/Release/net10.0/load
mkdir -p "$work"

echo
row "budget" "at most" "measured" ""
row "---" "---" "---" "---"
at_most "binary" 25 MB "$(awk -v bytes="$(stat -c %s "$pillion")" 'BEGIN { printf "%.1f", bytes / 1e6 }')"

# Until the program has its run command there is nothing to start; from then on every row below is enforced.
if ! "$pillion" --help 2>/dev/null </dev/null | grep -qE '^ +run\b'; then
  for name in "exec to ready" "resident memory, proxy idle" "resident memory, 1,000 connections under load" \
              "memory per idle plaintext connection"; do
    row "$name" "" "" "not measurable yet: this binary has no run command"
  done
  exit $failed
fi

cat >"$work/budgets.yaml" <<YAML
workload: budgets
app: { address: 127.0.0.1:$app_port }
inbound: { port: $proxy_port }
outbound: { address: 127.0.0.1:0 }
access_log: { path: $work/budgets.access.log }
YAML

"$load" serve $app_port >/dev/null & pids+=($!)

# Noise only adds: on a machine that is busy with others, the best of three medians is nearest to the truth.
started=
for _ in 1 2 3; do
  once=$(for _ in 1 2 3 4 5 6 7; do
    "$load" ready "$admin" /ready 10 -- "$pillion" run -c "$work/budgets.yaml" --admin "$admin"
  done | median)
  started=$(printf '%s\n' $started "$once" | sort -g | head -n 1)
  awk -v ms="$started" 'BEGIN { exit !(ms <= 50) }' && break
done
at_most "exec to ready (median of 7)" 50 ms "$started"

# A fresh sidecar for each state that is measured: what one leaves behind is not the next one's.
start() {
  "$pillion" run -c "$work/budgets.yaml" --admin "$admin" >"$work/budgets.out" 2>&1 & proxy=$!
  pids+=("$proxy")
  if ! "$load" wait "$admin" /ready 10 || ! kill -0 "$proxy" 2>/dev/null; then
    echo "budgets: pillion is not ready: $(tail -n 3 "$work/budgets.out")" >&2
    exit 1
  fi
}
start
sleep 1
at_most "resident memory, proxy idle" 20 MB "$(awk -v kb="$(rss_kb "$proxy")" 'BEGIN { printf "%.1f", kb * 1024 / 1e6 }')"

# A first round touches the code and the buffers that every further connection shares.
"$load" closed 127.0.0.1:$proxy_port / 64 2 >"$work/warm.out" || failed=1
before=$(rss_kb "$proxy")
connections=10000
# Both ends hold one descriptor each; leave room for everything else.
limit=$(ulimit -Hn)
if [[ $limit != unlimited ]] && ((connections > limit - 1000)); then connections=$((limit - 1000)); fi
ulimit -Sn "$(ulimit -Hn)"
mkfifo -m 600 "$work/hold.$$" || exit 1
"$load" idle 127.0.0.1:$proxy_port / $connections <"$work/hold.$$" >"$work/idle.out" 2>&1 & holder=$!
exec 9>"$work/hold.$$"
rm -f "$work/hold.$$"
for _ in $(seq 600); do grep -q holding "$work/idle.out" && break; kill -0 $holder 2>/dev/null || break; sleep 0.1; done
if grep -q holding "$work/idle.out"; then
  sleep 2
  per=$(awk -v before="$before" -v after="$(rss_kb "$proxy")" -v n=$connections 'BEGIN { printf "%.0f", (after - before) * 1024 / n }')
else
  per=
  echo "budgets: $(cat "$work/idle.out")" >&2
fi
exec 9>&-
wait $holder || { failed=1; echo "budgets: held connections were closed: $(cat "$work/idle.out")" >&2; }
at_most "memory per idle plaintext connection ($connections)" 2048 bytes "$per"

kill -9 "$proxy" 2>/dev/null
wait "$proxy" 2>/dev/null
start
"$load" closed 127.0.0.1:$proxy_port / 1000 6 >"$work/thousand.out" & loader=$!
sleep 4
at_most "resident memory, 1,000 connections under load" 50 MB "$(awk -v kb="$(rss_kb "$proxy")" 'BEGIN { printf "%.1f", kb * 1024 / 1e6 }')"
wait $loader
grep -q ' errors 0 ' "$work/thousand.out" || { failed=1; echo "budgets: errors under load: $(cat "$work/thousand.out")" >&2; }

# Measured side by side, which takes minutes and peers: the last run's figures, from its committed results. cell MEASURE PROXY COLUMN
cell() { awk -F' *[|] *' -v m="$1" -v p="$2" -v c="$3" '$2 == m && $3 == p { print $c }' bench/RESULTS.md 2>/dev/null; }
for peer in nginx HAProxy; do
  ratio=$(cell "processor time per request, GET, 100 bytes" $peer 6)
  if [[ -n $ratio ]]; then
    at_most "CPU per HTTP/1.1 request, Pillion / $peer" 0.99 "" "$ratio"
  else
    row "CPU per HTTP/1.1 request, Pillion / $peer" "below 1" "" "not in bench/RESULTS.md yet; run bench/run.sh http1"
  fi
done
# An absolute time on a shared machine is shown beside a peer's of the same run and does not break the build.
for percentile in p50 p99; do
  row "added latency at 1,000 requests/s, $percentile" "$([[ $percentile == p50 ]] && echo 100 || echo 500) µs" \
    "$(cell "added latency at 1,000 requests/s, $percentile" Pillion 4)" \
    "nginx in the same run: $(cell "added latency at 1,000 requests/s, $percentile" nginx 4)"
done
row "allocations per proxied request, steady state" "0 bytes" "" "asserted by tests/Pillion.Tests"
exit $failed
