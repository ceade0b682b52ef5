# Sourced by bench/run.sh tls.

. bench/lib/rounds.sh
. bench/lib/certificates.sh
samples=$work/tls.tsv
connections=64
idle=${CONNECTIONS:-4000}
prepared_for=$((idle + 500))
until_listens=1

need nginx nginx-light haproxy haproxy wrk wrk curl curl taskset util-linux || exit 1
prepare tls || exit 1
make_certificates || exit 1
start_upstream || exit 1
with_pillion nginx HAProxy
: >"$samples"
readonly own=$certificates/ca.pem,$certificates/client.pem,$certificates/client.key

# Termination and origination are wrk's; it cannot show a certificate, so that the two with one are asked by bench/Pillion.Load.
readonly keep_alive=("TLS in, plain out" "mTLS in, plain out" "plain in, TLS out" "mTLS in, mTLS out")
requests_of() {
  local base=${port[$1]} path=$3
  case "$2" in
    "TLS in, plain out") wrk_requests -t1 -c$connections -d"${each}s" "https://127.0.0.1:$base$path" ;;
    "mTLS in, plain out") load_requests --tls "$own" closed "127.0.0.1:$((base + 1))" "$path" $connections "$each" ;;
    "plain in, TLS out") wrk_requests -t1 -c$connections -d"${each}s" "http://127.0.0.1:$((base + 2))$path" ;;
    "mTLS in, mTLS out") load_requests --tls "$own" closed "127.0.0.1:$((base + 3))" "$path" $connections "$each" ;;
  esac
}
measure_requests() { per_request "$1" "${2%%, GET*}, GET${2##*, GET}" request requests_of "$1" "${2%%, GET*}" "$([[ $2 == *16* ]] && echo /16k || echo /100)"; }

measure_handshakes() {
  local base=${port[$1]}
  case "$2" in
    "full") per_request "$1" "full" "TLS handshake" load_requests --tls "$certificates/ca.pem" connects "127.0.0.1:$base" /100 16 "$each" ;;
    "resumed") per_request "$1" "resumed" "TLS handshake" load_requests --tls "$certificates/ca.pem" connects --resume "127.0.0.1:$base" /100 16 "$each" ;;
    "full, with a client certificate") per_request "$1" "full, with a client certificate" "TLS handshake" load_requests --tls "$own" connects "127.0.0.1:$((base + 1))" /100 16 "$each" ;;
  esac
}

# Nobody may be measured without what the others are asked for.
refuses_strangers() {
  local stranger
  for stranger in 1 3; do
    if [[ $(curl -s -o /dev/null -w '%{http_code}' --cacert "$certificates/ca.pem" "https://127.0.0.1:$((${port[$1]} + stranger))/100") == 200 ]]; then
      echo "bench: $1 answers a client without a certificate" >&2
      return 1
    fi
  done
}

echo "memory per idle connection"
for proxy in "${proxies[@]}"; do
  start_proxy "$proxy" || continue
  pid_of[$proxy]=$proxy_pid
  if refuses_strangers "$proxy"; then
    # Touches the code and the buffers that every further connection shares.
    wrk_requests -t1 -c$connections -d3s "https://127.0.0.1:${port[$proxy]}/100" >/dev/null
    idle_memory "$proxy" "memory per idle TLS connection" "$idle" --tls "$certificates/ca.pem" idle "127.0.0.1:${port[$proxy]}" /100
  fi
  stop "$proxy_pid"
  unset "pid_of[$proxy]"
done

start_all "${proxies[@]}" || exit 1
variants=()
for what in "${keep_alive[@]}"; do variants+=("$what, GET, 100 bytes" "$what, GET, 16 KB"); done
in_rotation measure_requests "${variants[@]}"
in_rotation measure_handshakes "full" "resumed" "full, with a client certificate"

for measure in "processor time per request" "processor time per TLS" "requests" "TLS" "memory"; do grep "^$measure" "$samples" | sort -s -t$'\t' -k1,1; done >"$samples.sorted"
{
  "$load" report "$samples.sorted" "## TLS and mutual TLS, beside nginx and HAProxy" Pillion nginx HAProxy
  cat <<TEXT

$(today); $(machine); Pillion $(pillion_version), $(peer_versions), $(openssl version | cut -d' ' -f1-2).
Medians of $rounds rounds of $each seconds in rotation, after a warm-up. Each proxy alone on one core with one worker; client and application (nginx) on the other, which is the narrower one
with mTLS and with handshakes: the rate there is the client's, the processor time is the proxy's. TLS 1.3, P-256 certificates, $connections keep-alive connections, keep-alive to the application. The client is
wrk where none has a certificate, else bench/Pillion.Load, which blocks in libssl. A handshake is a new connection with one request; memory is the growth of the resident size from a warm
proxy to one that holds $idle connections after one request each. Access logs and forwarding fields as for HTTP/1.1. The settings are in \`bench/tls/\`.
TEXT
} | replace_section tls
