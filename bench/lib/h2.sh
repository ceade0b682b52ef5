# Sourced by bench/run.sh h2.

. bench/lib/rounds.sh
. bench/lib/certificates.sh
samples=$work/h2.tsv
until_listens=1

need nginx nginx-light haproxy haproxy h2load nghttp2-client curl curl taskset util-linux || exit 1
prepare h2 || exit 1
make_certificates || exit 1
start_upstream || exit 1
with_pillion nginx HAProxy
: >"$samples"

# The third port is HTTP/2 on both sides, which nginx cannot.
requests_of() {
  local base=${port[$1]} shape path=/100 url
  [[ $2 == *"16 KB"* ]] && path=/16k
  case "$2" in
    "h2c in, HTTP/1.1 out"*) url=http://127.0.0.1:$base$path ;;
    "h2 over TLS in, HTTP/1.1 out"*) url=https://127.0.0.1:$((base + 1))$path ;;
    "h2c in, h2c out"*) url=http://127.0.0.1:$((base + 2))$path ;;
  esac
  shape=(-c4 -m10)
  [[ $2 == *"64 x 1"* ]] && shape=(-c64 -m1)
  h2load_requests -t1 "${shape[@]}" -D"$each" "$url"
}
measure_requests() {
  [[ $1 == nginx && $2 == *"h2c out"* ]] && return 0
  per_request "$1" "$2" request requests_of "$1" "$2"
}

# What is measured must be what it says: HTTP/2 from the proxy, and the application's bytes.
speaks_h2() {
  local base=${port[$1]} got=() ask
  for ask in "http://127.0.0.1:$base" "https://127.0.0.1:$((base + 1))" "http://127.0.0.1:$((base + 2))"; do
    [[ $1 == nginx && $ask == *$((base + 2)) ]] && continue
    got=("$(curl -s -o /dev/null --max-time 5 --cacert "$certificates/ca.pem" --http2-prior-knowledge -w '%{http_version} %{http_code} %{size_download}' "$ask/16k")")
    [[ ${got[0]} == "2 200 16384" ]] || { echo "bench: $1 answers $ask with '${got[0]}'" >&2; return 1; }
  done
}

start_all "${proxies[@]}" || exit 1
for proxy in "${!pid_of[@]}"; do speaks_h2 "$proxy" || unset "pid_of[$proxy]"; done
variants=()
for what in "h2c in, HTTP/1.1 out" "h2 over TLS in, HTTP/1.1 out" "h2c in, h2c out"; do
  for size in "100 bytes" "16 KB"; do
    for shape in "4 x 10" "64 x 1"; do variants+=("$what, GET, $size, $shape"); done
  done
done
in_rotation measure_requests "${variants[@]}"

for measure in "processor" "requests"; do grep "^$measure" "$samples"; done >"$samples.sorted"
{
  "$load" report "$samples.sorted" "## HTTP/2, beside nginx and HAProxy" Pillion nginx HAProxy
  cat <<TEXT

$(today); $(machine); Pillion $(pillion_version), $(peer_versions), $(h2load --version).
Medians of $rounds rounds of $each seconds in rotation, after a warm-up. Each proxy alone on one core with one worker; h2load and the application (nginx) on the other. "4 x 10" is four
connections of ten streams at a time each, "64 x 1" sixty-four of one. nginx speaks no HTTP/2 to an application. TLS 1.3 with a P-256 certificate. Access logs and forwarding fields as for
HTTP/1.1. The settings are in \`bench/h2/\`.
TEXT
} | replace_section h2
