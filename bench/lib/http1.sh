# Sourced by bench/run.sh http1.

readonly rounds=${ROUNDS:-3} each=${SECONDS_EACH:-4} connections=64
readonly samples=$work/http1.tsv

need nginx nginx-light haproxy haproxy wrk wrk curl curl taskset util-linux || exit 1
prepare || exit 1
dotnet publish bench/yarp -c Release -o "$work/yarp" -v q --nologo </dev/null || exit 1
# The peers' versions are part of the result.
versions="nginx $(nginx -v 2>&1 | sed 's|.*/||'), HAProxy $(haproxy -v | awk 'NR == 1 { print $3 }' | cut -d- -f1), YARP $(
  sed -n 's/.*"Yarp.ReverseProxy" Version="\([^"]*\)".*/\1/p' Directory.Packages.props) on .NET $(dotnet --list-runtimes | awk '/AspNetCore/ { v = $2 } END { print v }'), wrk $(
  wrk -v 2>&1 | awk 'NR == 1 { sub("debian/", "", $2); print $2 }')"

proxies=(nginx HAProxy YARP)
if can_run_pillion; then
  proxies=(Pillion "${proxies[@]}")
else
  echo "bench: out/pillion is missing or has no run command yet; its rows stay empty (./build.sh publishes it)" >&2
fi
: >"$samples"
sample() { printf '%s\t%s\t%s\t%s\n' "$@" >>"$samples"; }

start_upstream || exit 1

# variant NAME: sets the arrays `script` and `path`.
variant() {
  script=()
  case "$1" in
    "GET, 100 bytes") path=/100 ;;
    "POST, 1 KB") path=/post; script=(-s bench/http1/post.lua) ;;
    "GET, 16 KB") path=/16k ;;
  esac
}

measure_load() {
  local proxy=$1 what=$2 before after requests path script
  variant "$what"
  before=$(cpu_us "$proxy_pid")
  requests=$(wrk_requests -t1 -c$connections -d"${each}s" "${script[@]}" "http://127.0.0.1:${port[$proxy]}$path") || return 0
  after=$(cpu_us "$proxy_pid")
  ((requests > 0)) || return 0
  sample "processor time per request, $what" "µs" "$proxy" "$(awk -v a="$before" -v b="$after" -v n="$requests" 'BEGIN { printf "%.2f", (b - a) / n }')"
  sample "throughput on one core, $what" "requests/s" "$proxy" "$((requests / each))"
}

measure_latency() {
  local proxy=$1 output
  output=$(on_other_cores "$load" rate "127.0.0.1:${port[$proxy]}" /100 1000 "$each" 16) || return 0
  grep -q ' errors 0 ' <<<"$output" || { echo "bench: $proxy at 1,000 requests/s: $output" >&2; return 0; }
  read -r p50 p99 < <(awk '{ for (i = 1; i < NF; i++) { if ($i == "p50") a = $(i + 1); if ($i == "p99") b = $(i + 1) } print a, b }' <<<"$output")
  if [[ $proxy == direct ]]; then
    direct50=$p50 direct99=$p99
    sample "latency of the direct path at 1,000 requests/s, p50" "µs" direct "$p50"
    sample "latency of the direct path at 1,000 requests/s, p99" "µs" direct "$p99"
  else
    sample "added latency at 1,000 requests/s, p50" "µs" "$proxy" "$(awk -v a="$p50" -v b="$direct50" 'BEGIN { printf "%.1f", a - b }')"
    sample "added latency at 1,000 requests/s, p99" "µs" "$proxy" "$(awk -v a="$p99" -v b="$direct99" 'BEGIN { printf "%.1f", a - b }')"
  fi
}

to_megabytes() { awk -v kb="$1" 'BEGIN { printf "%.1f", kb * 1024 / 1e6 }'; }

echo "time to ready and memory"
for proxy in "${proxies[@]}"; do
  command_of "$proxy"
  for _ in 1 2 3 4 5; do
    elapsed=$(on_other_cores "$load" ready "127.0.0.1:${port[$proxy]}" /100 20 -- taskset -c $proxy_core "${command[@]}") &&
      sample "exec to the first answer" ms "$proxy" "$elapsed"
  done
  start_proxy "$proxy" || continue
  sleep 1
  sample "resident memory, idle" MB "$proxy" "$(to_megabytes "$(rss_kb "$proxy_pid")")"
  wrk_requests -t1 -c1000 -d6s "http://127.0.0.1:${port[$proxy]}/100" >"$work/thousand.out" & generator=$!
  sleep 4
  sample "resident memory, 1,000 connections under load" MB "$proxy" "$(to_megabytes "$(rss_kb "$proxy_pid")")"
  wait $generator
  stop "$proxy_pid"
done

# All stay up for the rest; each is measured alone, in rotation, so that a slow minute of the machine hits them all.
declare -A pid_of=()
for proxy in "${proxies[@]}"; do
  start_proxy "$proxy" || continue
  pid_of[$proxy]=$proxy_pid
  # Code that is compiled while it runs needs longer; its steady state is what is compared.
  warm=2
  [[ $proxy == YARP ]] && warm=${YARP_WARM_UP:-15}
  for what in "GET, 100 bytes" "POST, 1 KB" "GET, 16 KB"; do
    variant "$what"
    wrk_requests -t1 -c$connections -d${warm}s "${script[@]}" "http://127.0.0.1:${port[$proxy]}$path" >/dev/null
  done
done

for ((round = 1; round <= rounds; round++)); do
  echo "round $round of $rounds"
  for what in "GET, 100 bytes" "POST, 1 KB" "GET, 16 KB"; do
    for ((i = 0; i < ${#proxies[@]}; i++)); do
      proxy=${proxies[(i + round) % ${#proxies[@]}]}
      proxy_pid=${pid_of[$proxy]:-}
      [[ -n $proxy_pid ]] && measure_load "$proxy" "$what"
    done
  done
  measure_latency direct
  for ((i = 0; i < ${#proxies[@]}; i++)); do
    proxy=${proxies[(i + round) % ${#proxies[@]}]}
    [[ -n ${pid_of[$proxy]:-} ]] && measure_latency "$proxy"
  done
done

for measure in processor throughput latency added exec resident; do grep "^$measure" "$samples"; done >"$samples.sorted"
{
  "$load" report "$samples.sorted" "## HTTP/1.1, beside nginx, HAProxy and YARP"
  cat <<TEXT

$(today); $(machine); Pillion $(pillion_version), $versions.
Medians of $rounds rounds of $each seconds in rotation, after a warm-up (longer for YARP, whose code is compiled while it runs). Each proxy alone on one core with one worker; client and application
(nginx) on the other. $connections keep-alive connections, keep-alive to the application, everything on 127.0.0.1. Processor time is that of the
proxy's processes, user and system, by the requests the client counted; resident memory is that of its largest process. The latency is an open loop of 16 connections, the direct path of the
same round subtracted.

Access logs are on, one line per request to a file: nginx \`combined\`, 64 KiB buffer, 1 s; HAProxy \`httplog\` to standard output, a write per
line, as it knows no buffer; YARP the W3C log of ASP.NET; Pillion its JSON lines. All add \`X-Forwarded-For\` and \`-Proto\`; all but YARP make an
\`X-Request-Id\`; Pillion also has metrics and tracing context on. A ratio below 1 is in Pillion's favour, except for throughput. The settings are in
\`bench/http1/\`.
TEXT
} | replace_section http1

# The promise of the project, held by the run that measures it.
can_run_pillion || exit 0
code=0
for peer in nginx HAProxy; do
  ratio=$(awk -F' *[|] *' -v p=$peer '$2 == "processor time per request, GET, 100 bytes" && $3 == p { print $6 }' "$results")
  if [[ -z $ratio ]] || awk -v r="$ratio" 'BEGIN { exit !(r >= 1) }'; then
    echo "Pillion does not take less processor time per request than $peer: ratio ${ratio:-not measured}"
    code=1
  else
    echo "processor time per request, Pillion / $peer: $ratio"
  fi
done
exit $code
