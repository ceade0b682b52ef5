# Sourced by bench/run.sh grpc: unary calls of a ten-byte text, answered with one, status in the trailers.

. bench/lib/rounds.sh
samples=$work/grpc.tsv
until_listens=1

need nginx nginx-light haproxy haproxy h2load nghttp2-client nghttp nghttp2-client nghttpd nghttp2-server taskset util-linux || exit 1
prepare grpc || exit 1
with_pillion nginx HAProxy
: >"$samples"

# The application is nghttpd: it serves a message from a file and puts grpc-status into the trailers. The name ends as its table of types wants it.
readonly method=/bench.Echo/Unary.grpc
mkdir -p "$work/files/bench.Echo"
printf '\0\0\0\0\014\012\012hello gRPC' >"$work/files$method"
echo "application/grpc grpc" >"$work/grpc.types"
is_free $((upstream_port + 1)) || exit 1
taskset -c $other_cores nghttpd --no-tls --address=127.0.0.1 -d "$work/files" --mime-types-file="$work/grpc.types" --no-content-length \
  --trailer='grpc-status: 0' $((upstream_port + 1)) >"$work/upstream.out" 2>&1 &
running+=($!)
until_answers $((upstream_port + 1)) $! || exit 1

readonly call=(-H 'content-type: application/grpc' -H 'te: trailers' -d "$work/files$method")
requests_of() {
  local shape=(-c4 -m10)
  [[ $2 == *"64 x 1" ]] && shape=(-c64 -m1)
  h2load_requests -t1 "${shape[@]}" -D"$each" "${call[@]}" "http://127.0.0.1:${port[$1]}$method"
}
measure_calls() { per_request "$1" "$2" call requests_of "$1" "$2"; }

# h2load counts by :status alone; that the trailers come through is seen once.
carries_trailers() {
  nghttp -v -t 5 "${call[@]}" "http://127.0.0.1:${port[$1]}$method" 2>&1 | grep -aq 'recv.*grpc-status: 0' && return 0
  echo "bench: no grpc-status in the trailers through $1" >&2
  return 1
}

start_all "${proxies[@]}" || exit 1
for proxy in "${!pid_of[@]}"; do carries_trailers "$proxy" || unset "pid_of[$proxy]"; done
in_rotation measure_calls "unary, 4 x 10" "unary, 64 x 1"

for measure in "processor" "calls"; do grep "^$measure" "$samples"; done >"$samples.sorted"
{
  "$load" report "$samples.sorted" "## gRPC, beside nginx and HAProxy" Pillion nginx HAProxy
  cat <<TEXT

$(today); $(machine); Pillion $(pillion_version), $(peer_versions), $(h2load --version).
Medians of $rounds rounds of $each seconds in rotation, after a warm-up. Each proxy alone on one core with one worker; h2load and the application (nghttpd) on the other. Unary calls over h2c on
both sides, 17 bytes each way, grpc-status in the trailers. "4 x 10" is four connections of ten calls at a time each, "64 x 1" sixty-four of one. Access logs and forwarding fields as for
HTTP/1.1. The settings are in \`bench/grpc/\`.
TEXT
} | replace_section grpc
