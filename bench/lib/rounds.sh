# Sourced, not run: medians of rounds in rotation, each proxy measured alone, so that a slow minute of the machine hits them all.

readonly rounds=${ROUNDS:-3} each=${SECONDS_EACH:-4}
declare -A pid_of=()

sample() { printf '%s\t%s\t%s\t%s\n' "$@" >>"$samples"; }

# start_all NAME...: sets `pid_of`; one that does not start stays without rows, and has said why.
start_all() {
  local proxy
  for proxy in "$@"; do
    start_proxy "$proxy" && pid_of[$proxy]=$proxy_pid
  done
  ((${#pid_of[@]} > 0))
}

# in_rotation FUNCTION VARIANT...: FUNCTION PROXY VARIANT for each that runs, first once as a warm-up whose samples are thrown away.
in_rotation() {
  local function=$1 round what i proxy kept
  shift
  kept=$samples
  for ((round = 0; round <= rounds; round++)); do
    samples=$kept
    ((round == 0)) && samples=/dev/null && echo "warm-up"
    ((round > 0)) && echo "round $round of $rounds"
    for what in "$@"; do
      for ((i = 0; i < ${#proxies[@]}; i++)); do
        proxy=${proxies[(i + round) % ${#proxies[@]}]}
        [[ -n ${pid_of[$proxy]:-} ]] && $function "$proxy" "$what"
      done
    done
  done
  samples=$kept
}

# per_request PROXY WHAT NOUN COMMAND...: the command prints how many there were; the proxy's processor time is divided by them.
per_request() {
  local proxy=$1 what=$2 noun=$3 before after count began
  shift 3
  before=$(cpu_us "${pid_of[$proxy]}")
  began=$EPOCHREALTIME
  count=$("$@") || { echo "bench: $proxy, $what: not measured" >&2; return 0; }
  after=$(cpu_us "${pid_of[$proxy]}")
  ((${count:-0} > 0)) || { echo "bench: $proxy, $what: nothing was answered" >&2; return 0; }
  sample "processor time per $noun, $what" "µs" "$proxy" "$(awk -v a="$before" -v b="$after" -v n="$count" 'BEGIN { printf "%.2f", (b - a) / n }')"
  sample "${noun}s per second, $what" "/s" "$proxy" "$(awk -v a="$began" -v b="$EPOCHREALTIME" -v n="$count" 'BEGIN { printf "%.0f", n / (b - a) }')"
}

# load_requests ARGUMENTS...: Pillion.Load on the other cores; prints its count, fails when there were errors.
load_requests() {
  local output
  output=$(on_other_cores "$load" "$@" 2>&1)
  grep -q ' errors 0 ' <<<"$output" || { echo "bench: $output" >&2; return 1; }
  sed -nE 's/^(requests|bytes) ([0-9]+) .*/\2/p' <<<"$output"
}

# h2load_requests ARGUMENTS...: the same with h2load.
h2load_requests() {
  local output done failed
  output=$(on_other_cores h2load "$@" 2>&1)
  read -r done failed < <(sed -nE 's/^requests: .* ([0-9]+) succeeded, ([0-9]+) failed.*/\1 \2/p' <<<"$output")
  # Those under way when the time is over are counted as failed by none, and a status outside 2xx is not a success.
  if ((${failed:-1} > 0)) || ! grep -qE '^status codes: .* 0 3xx, 0 4xx, 0 5xx' <<<"$output"; then
    echo "bench: h2load: $(grep -E '^(requests|status codes):' <<<"$output" | tr '\n' ' ')$(tail -n 1 <<<"$output")" >&2
    return 1
  fi
  echo "$done"
}

# idle_memory PROXY MEASURE COUNT ARGUMENTS...: what each connection adds that `load ARGUMENTS... idle` holds after one request.
idle_memory() {
  local proxy=$1 measure=$2 count=$3 before after hold holder
  shift 3
  before=$(rss_kb "${pid_of[$proxy]}")
  hold=$work/hold.$$
  mkfifo -m 600 "$hold" || return 1
  on_other_cores "$load" "$@" "$count" <"$hold" >"$work/idle.out" 2>&1 & holder=$!
  exec 9>"$hold"
  rm -f "$hold"
  for _ in $(seq 600); do grep -q holding "$work/idle.out" && break; kill -0 $holder 2>/dev/null || break; sleep 0.1; done
  sleep 2
  after=$(rss_kb "${pid_of[$proxy]}")
  exec 9>&-
  if wait $holder; then
    sample "$measure" bytes "$proxy" $(((after - before) * 1024 / count))
  else
    echo "bench: $proxy did not hold $count connections: $(tail -n 1 "$work/idle.out")" >&2
  fi
}

peer_versions() {
  echo "nginx $(nginx -v 2>&1 | sed 's|.*/||'), HAProxy $(haproxy -v | awk 'NR == 1 { print $3 }' | cut -d- -f1)"
}

# with_pillion NAME...: sets `proxies`, Pillion first where it can be run.
with_pillion() {
  proxies=("$@")
  if can_run_pillion; then
    proxies=(Pillion "${proxies[@]}")
  else
    echo "bench: out/pillion is missing or has no run command yet; its rows stay empty (./build.sh publishes it)" >&2
  fi
}
