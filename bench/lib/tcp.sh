# Sourced by bench/run.sh tcp.

. bench/lib/rounds.sh
samples=$work/tcp.tsv
idle=${CONNECTIONS:-4000}
prepared_for=$((idle + 500))
until_listens=1

need nginx nginx-light haproxy haproxy taskset util-linux || exit 1
# A module is no command: looked for where Debian's package puts it.
[[ -e /usr/lib/nginx/modules/ngx_stream_module.so ]] || need ngx_stream_module.so libnginx-mod-stream || exit 1
prepare tcp || exit 1
start_upstream || exit 1
with_pillion nginx HAProxy "HAProxy with splice"
: >"$samples"
is_free $((upstream_port + 1)) || exit 1
taskset -c $other_cores "$load" sink $((upstream_port + 1)) >"$work/sink.out" 2>&1 &
running+=($!)
until_answers $((upstream_port + 1)) $! || exit 1

# per_gigabyte PROXY WHAT CONNECTIONS
per_gigabyte() {
  local before after output bytes
  before=$(cpu_us "${pid_of[$1]}")
  output=$(on_other_cores "$load" send "127.0.0.1:${port[$1]}" "$3" "$each" 2>&1) || { echo "bench: $1: $output" >&2; return 0; }
  after=$(cpu_us "${pid_of[$1]}")
  bytes=$(sed -nE 's/^bytes ([0-9]+) .*/\1/p' <<<"$output")
  ((${bytes:-0} > 0)) || { echo "bench: nothing arrived through $1" >&2; return 0; }
  sample "processor time per GB, $2" ms "$1" "$(awk -v a="$before" -v b="$after" -v n="$bytes" 'BEGIN { printf "%.1f", (b - a) / 1e3 / (n / 1e9) }')"
  sample "bytes relayed, $2" MB/s "$1" "${output##*MB/s }"
}
measure_relay() { per_gigabyte "$1" "$2" "${2%% *}"; }
measure_connections() { per_request "$1" "$2" connection load_requests connects "127.0.0.1:$((${port[$1]} + 1))" /100 16 "$each"; }

echo "memory per idle connection"
for proxy in "${proxies[@]}"; do
  start_proxy "$proxy" || continue
  pid_of[$proxy]=$proxy_pid
  load_requests connects "127.0.0.1:$((${port[$proxy]} + 1))" /100 16 2 >/dev/null
  idle_memory "$proxy" "memory per idle relayed connection" "$idle" idle "127.0.0.1:$((${port[$proxy]} + 1))" /100
  stop "$proxy_pid"
  unset "pid_of[$proxy]"
done

start_all "${proxies[@]}" || exit 1
in_rotation measure_relay "1 connection" "8 connections"
in_rotation measure_connections "one request each"

for measure in "processor time per GB" "bytes" "processor time per connection" "connections" "memory"; do grep "^$measure" "$samples"; done >"$samples.sorted"
{
  "$load" report "$samples.sorted" "## TCP, beside nginx and HAProxy" Pillion nginx HAProxy "HAProxy with splice"
  cat <<TEXT

$(today); $(machine); Pillion $(pillion_version), $(peer_versions).
Medians of $rounds rounds of $each seconds in rotation, after a warm-up. Each proxy alone on one core with one worker; sender and sink (bench/Pillion.Load) on the other. The sender pushes blocks
of 64 KB; only what the sink counted is counted, and the count comes back through the half-closed relay. A connection is opened, asks nginx once in HTTP/1.1, and is closed. Memory is the growth of the
resident size from a warm proxy to one that holds $idle connections after one request each. Access logs are on, one line per connection. The settings are in \`bench/tcp/\`.
TEXT
} | replace_section tcp
