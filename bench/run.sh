#!/usr/bin/env bash
# bench/run.sh NAME: measures, and writes its section of bench/RESULTS.md.
#   http1   beside nginx, HAProxy and YARP, in turn and repeatedly (ROUNDS=3, SECONDS_EACH=4, YARP_WARM_UP=15, DATE=YYYY-MM-DD)
#   idle    memory per idle connection (CONNECTIONS=10000)
#   tls     TLS and mTLS in and out, handshakes, memory, beside nginx and HAProxy (ROUNDS, SECONDS_EACH, CONNECTIONS=4000)
#   h2      HTTP/2 in, HTTP/1.1 or HTTP/2 out, beside nginx and HAProxy (ROUNDS, SECONDS_EACH)
#   grpc    unary calls, beside nginx and HAProxy (ROUNDS, SECONDS_EACH)
#   tcp     bytes relayed, connections, memory, beside nginx and HAProxy (ROUNDS, SECONDS_EACH, CONNECTIONS=4000)
#   policies what each policy adds to a request, in nanoseconds and bytes (ROUNDS)
#   soak    memory at load over time (MINUTES=10)
#   micro   BenchmarkDotNet for single parts
# The ports are BASE_PORT=18080 and those after it, all on 127.0.0.1.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
. bench/lib/debian.sh
. bench/lib/process.sh
. bench/lib/proxies.sh
. bench/lib/results.sh

name=${1:-}
script=bench/lib/$name.sh
case "$name" in
  http1 | idle | tls | h2 | grpc | tcp | policies | soak | micro) shift; . "$script" ;;
  *) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
