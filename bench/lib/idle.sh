# Sourced by bench/run.sh idle: what a connection costs that has done one request and then says nothing.

need nginx nginx-light haproxy haproxy wrk wrk curl curl taskset util-linux || exit 1
connections=${CONNECTIONS:-10000}
prepared_for=$((connections + 500))
prepare || exit 1
dotnet publish bench/yarp -c Release -o "$work/yarp" -v q --nologo </dev/null || exit 1
start_upstream || exit 1
proxies=(nginx HAProxy YARP)
if can_run_pillion; then proxies=(Pillion "${proxies[@]}"); else echo "bench: out/pillion has no run command yet" >&2; fi
samples=$work/idle.tsv
: >"$samples"
wanted=$connections
for proxy in "${proxies[@]}"; do
  connections=$wanted
  # HAProxy accepts only as many as it could also connect on: half the descriptors.
  limit=$(sed -n 's/^ *maxconn //p' "$work/haproxy.cfg")
  [[ $proxy == HAProxy ]] && ((connections > limit - 100)) && connections=$((limit - 100))
  start_proxy "$proxy" || continue
  # Touches the code and the buffers that every further connection shares.
  wrk_requests -t1 -c64 -d3s "http://127.0.0.1:${port[$proxy]}/100" >/dev/null
  before=$(rss_kb "$proxy_pid")
  hold=$work/hold.$$
  mkfifo -m 600 "$hold" || exit 1
  on_other_cores "$load" idle "127.0.0.1:${port[$proxy]}" /100 "$connections" <"$hold" >"$work/idle.out" 2>&1 & holder=$!
  exec 9>"$hold"
  rm -f "$hold"
  for _ in $(seq 600); do grep -q holding "$work/idle.out" && break; kill -0 $holder 2>/dev/null || break; sleep 0.1; done
  sleep 2
  after=$(rss_kb "$proxy_pid")
  exec 9>&-
  if wait $holder; then
    printf 'memory per idle connection\tbytes\t%s\t%s\n' "$proxy" $(((after - before) * 1024 / connections)) >>"$samples"
  else
    echo "bench: $proxy did not hold $connections connections: $(tail -n 1 "$work/idle.out")" >&2
  fi
  stop "$proxy_pid"
done
{
  "$load" report "$samples" "## Idle connections"
  echo
  echo "$(today); $(machine); Pillion $(pillion_version). Growth of resident memory from a warm proxy to one that holds $wanted connections (HAProxy: as many as half the descriptor limit allows), each after one request."
} | replace_section idle
