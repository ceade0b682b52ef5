# Sourced, not run: starts the application and each proxy on its own core. Everything stays on 127.0.0.1.

readonly work=$PWD/bench/work
readonly upstream_port=${BASE_PORT:-18080}
readonly admin=127.0.0.1:$((upstream_port + 10))
# The first port of each; those that follow it are @PORT1@, @PORT2@, ... in the templates.
declare -A port=([direct]=$upstream_port [nginx]=$((upstream_port + 30)) [HAProxy]=$((upstream_port + 40)) [YARP]=$((upstream_port + 50))
  [Pillion]=$((upstream_port + 60)) ["HAProxy with splice"]=$((upstream_port + 70)))
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
    -e "s|@PORT1@|$(($2 + 1))|g" -e "s|@PORT2@|$(($2 + 2))|g" -e "s|@PORT3@|$(($2 + 3))|g" \
    -e "s|@UPSTREAM1@|$((upstream_port + 1))|g" -e "s|@UPSTREAM2@|$((upstream_port + 2))|g" \
    -e "s|@BODY100@|$(printf 'x%.0s' $(seq 99))\\\\n|g" "$1" >"$3"
}

# prepare [NAME]: fills the templates of bench/NAME, those of http1 where none is named.
prepare() {
  local name=${1:-http1} template
  mkdir -p "$work/files"
  rm -f "$work"/*.log "$work"/*.out
  head -c 16384 /dev/zero | tr '\0' 'f' >"$work/files/16k"
  # Templates hold a pinch of text in capitals between at signs; the files that run are in bench/work.
  rm -f "$work"/*.conf "$work"/*.cfg "$work"/*.yaml
  for template in bench/"$name"/*.conf bench/"$name"/*.cfg bench/"$name"/*.yaml; do
    [[ -e $template ]] || continue
    case "$template" in
      */nginx.conf) fill "$template" "${port[nginx]}" "$work/nginx.conf" ;;
      */haproxy-splice.cfg) fill "$template" "${port[HAProxy with splice]}" "$work/haproxy-splice.cfg" ;;
      */haproxy.cfg) fill "$template" "${port[HAProxy]}" "$work/haproxy.cfg" ;;
      */pillion*) fill "$template" "${port[Pillion]}" "$work/${template##*/}" ;;
      *) fill "$template" 0 "$work/${template##*/}" ;;
    esac
  done
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
    "HAProxy with splice") command=(haproxy -db -f "$work/haproxy-splice.cfg") ;;
    YARP) command=(dotnet "$work/yarp/yarp.dll" "${port[YARP]}" $upstream_port "$work") ;;
    Pillion) command=("$pillion" run -c "$work/pillion.yaml" --admin "$admin" --concurrency 1) ;;
  esac
}

can_run_pillion() { [[ -x $pillion ]] && "$pillion" --help 2>/dev/null </dev/null | grep -qE '^ +run\b'; }

# start_upstream: the application, on the other cores.
start_upstream() {
  is_free $upstream_port || return 1
  taskset -c $other_cores nginx -c "$work/upstream.conf" >"$work/upstream.out" 2>&1 &
  running+=($!)
  until_answers $upstream_port
}

# start_proxy NAME: sets proxy_pid.
start_proxy() {
  local command
  is_free "${port[$1]}" || return 1
  command_of "$1"
  (on_proxy_core "${command[@]}") >"$work/$1.out" 2>&1 &
  proxy_pid=$!
  running+=("$proxy_pid")
  until_answers "${port[$1]}" "$proxy_pid" || { echo "bench: $1 did not start: $(tail -n 2 "$work/$1.out")" >&2; return 1; }
}

# is_free PORT: somebody else's answers must not be measured as ours.
is_free() {
  if (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
    echo "bench: something listens on 127.0.0.1:$1 already; BASE_PORT=NUMBER chooses other ports than $upstream_port and those after it" >&2
    return 1
  fi
}

# until_answers PORT [PID]: until an HTTP/1.1 request on it is answered; where `until_listens=1`, until a connection is accepted.
until_answers() {
  for _ in $(seq 200); do
    [[ -n ${2:-} ]] && ! kill -0 "$2" 2>/dev/null && return 1
    [[ -n ${until_listens:-} ]] && (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
    [[ -z ${until_listens:-} && $(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$1/100" 2>/dev/null) == 200 ]] && return 0
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
