# Sourced, not run: starts the application and each proxy on its own core. Everything stays on 127.0.0.1.

readonly work=$PWD/bench/work
readonly upstream_port=18080 admin=127.0.0.1:18090
declare -A port=([direct]=$upstream_port [Pillion]=18084 [nginx]=18081 [HAProxy]=18082 [YARP]=18083)
# One core for the proxy under test, the rest for the client and the application.
readonly proxy_core=0
other_cores=1
(($(nproc) < 2)) && { echo "bench: two cores are needed, one for the proxy and one for everything else" >&2; exit 1; }
(($(nproc) > 2)) && other_cores=1-$(($(nproc) - 1))

readonly load=$PWD/bench/Pillion.Load/bin/Release/net10.0/load pillion=$PWD/out/pillion
running=()
trap 'for pid in "${running[@]}"; do stop "$pid"; done' EXIT

on_proxy_core() { exec taskset -c $proxy_core "$@"; }
on_other_cores() { taskset -c $other_cores "$@"; }

# What a proxy is prepared for; a proxy that allocates for its limit must not be charged for a needless one.
prepared_for=2048

fill() {
  local maxconn=$(((20000 - 500) / 2)) limit
  limit=$(ulimit -Hn)
  [[ $limit == unlimited ]] || maxconn=$(((limit - 500) / 2))
  ((maxconn > prepared_for)) && maxconn=$prepared_for
  sed -e "s|@MAXCONN@|$maxconn|g" -e "s|@CONNECTIONS@|$((2 * prepared_for))|g" -e "s|@WORK@|$work|g" -e "s|@PORT@|$2|g" -e "s|@UPSTREAM@|$upstream_port|g" \
    -e "s|@BODY100@|$(printf 'x%.0s' $(seq 99))\\\\n|g" "$1" >"$3"
}

prepare() {
  mkdir -p "$work/files"
  rm -f "$work"/*.log "$work"/*.out
  head -c 16384 /dev/zero | tr '\0' 'f' >"$work/files/16k"
  # Templates hold a pinch of text in capitals between at signs; the files that run are in bench/work.
  fill bench/http1/upstream.conf 0 "$work/upstream.conf"
  fill bench/http1/nginx.conf "${port[nginx]}" "$work/nginx.conf"
  fill bench/http1/haproxy.cfg "${port[HAProxy]}" "$work/haproxy.cfg"
  fill bench/http1/pillion.yaml "${port[Pillion]}" "$work/pillion.yaml"
  fill bench/http1/pillion.envoy.yaml "${port[Pillion]}" "$work/pillion.envoy.yaml"
  # nginx leaves root for another user in its worker; the files are its.
  chmod a+rX "$work" "$work/files" "$work/files/16k"
  ulimit -Sn "$(ulimit -Hn)"
  dotnet build bench/Pillion.Load -c Release -v q --nologo -clp:NoSummary </dev/null || return 1
}

# command_of NAME: sets the array `command` to what starts that proxy in the foreground.
command_of() {
  case "$1" in
    nginx) command=(nginx -c "$work/nginx.conf") ;;
    HAProxy) command=(haproxy -db -f "$work/haproxy.cfg") ;;
    YARP) command=(dotnet "$work/yarp/yarp.dll" "${port[YARP]}" $upstream_port "$work") ;;
    Pillion) command=("$pillion" run -c "$work/pillion.yaml" --admin "$admin" --concurrency 1) ;;
  esac
}

can_run_pillion() { [[ -x $pillion ]] && "$pillion" --help 2>/dev/null </dev/null | grep -qE '^ +run\b'; }

# start_upstream: the application, on the other cores.
start_upstream() {
  taskset -c $other_cores nginx -c "$work/upstream.conf" >"$work/upstream.out" 2>&1 &
  running+=($!)
  until_answers $upstream_port
}

# start_proxy NAME: sets proxy_pid.
start_proxy() {
  local command
  command_of "$1"
  (on_proxy_core "${command[@]}") >"$work/$1.out" 2>&1 &
  proxy_pid=$!
  running+=("$proxy_pid")
  until_answers "${port[$1]}" || { echo "bench: $1 did not start: $(tail -n 2 "$work/$1.out")" >&2; return 1; }
}

until_answers() {
  for _ in $(seq 200); do
    [[ $(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$1/100" 2>/dev/null) == 200 ]] && return 0
    sleep 0.05
  done
  echo "bench: nothing answers on 127.0.0.1:$1" >&2
  return 1
}

# wrk_requests ARGUMENTS...: prints the number of requests; fails when there were errors.
wrk_requests() {
  local output
  output=$(on_other_cores wrk "$@" 2>&1)
  if grep -qE 'Socket errors|Non-2xx' <<<"$output"; then
    echo "bench: $(grep -E 'Socket errors|Non-2xx' <<<"$output" | tr -s ' ')" >&2
    return 1
  fi
  sed -nE 's/^ *([0-9]+) requests in .*/\1/p' <<<"$output"
}
