# Sourced by bench/run.sh soak: memory must be flat at load.

need nginx nginx-light wrk wrk curl curl taskset util-linux || exit 1
prepare || exit 1
can_run_pillion || { echo "bench: out/pillion is missing or has no run command; ./build.sh publishes it" >&2; exit 1; }
minutes=${MINUTES:-10}
start_upstream || exit 1
start_proxy Pillion || exit 1
seconds=$((minutes * 60))
samples=$work/soak.tsv
: >"$samples"
wrk_requests -t1 -c64 -d"${seconds}s" "http://127.0.0.1:${port[Pillion]}/100" >"$work/soak.out" & generator=$!
began=$SECONDS
while ((SECONDS - began < seconds - 2)); do
  sleep 10
  kill -0 "$proxy_pid" 2>/dev/null || { echo "bench: pillion ended under load: $(tail -n 2 "$work/Pillion.out")" >&2; exit 1; }
  printf '%s\t%s\n' $((SECONDS - began)) "$(rss_kb "$proxy_pid")" >>"$samples"
done
wait $generator || { echo "bench: the run had errors" >&2; exit 1; }
# The first tenth is warm-up; least squares over the rest.
awk -v skip=$((seconds / 10)) '
  $1 >= skip { n++; x += $1; y += $2; xx += $1 * $1; xy += $1 * $2; if (n == 1) first = $2; last = $2; if ($2 > most) most = $2 }
  END { if (n < 2) exit 1; printf "%d %d %d %.1f\n", first, last, most, (n * xy - x * y) / (n * xx - x * x) * 60 }' "$samples" >"$work/soak.sum" ||
  { echo "bench: too short for a slope; give MINUTES=1 or more" >&2; exit 1; }
read -r first last most slope <"$work/soak.sum"
{
  echo "## Soak"
  echo
  echo "$(today); $(machine); Pillion $(pillion_version). $minutes minutes, 64 connections, $(cat "$work/soak.out") requests, none failed."
  echo
  echo "| resident memory after the first tenth | at the end | most | slope |"
  echo "|---|---|---|---|"
  echo "| $first KiB | $last KiB | $most KiB | $slope KiB per minute |"
} | replace_section soak
