# Sourced, not run: what a process costs, read from /proc, its children included (nginx is a master and a worker).

process_tree() {
  local pid=$1 child
  echo "$pid"
  for child in $(cat /proc/"$pid"/task/*/children 2>/dev/null); do process_tree "$child"; done
}

# Resident memory in KiB: of the largest process, as a master and its workers share most of their pages and a sum would count them twice.
rss_kb() {
  local pid most=0 kb
  for pid in $(process_tree "$1"); do
    kb=$(awk '/^VmRSS:/ { print $2 }' /proc/"$pid"/status 2>/dev/null)
    ((${kb:-0} > most)) && most=$kb
  done
  echo $most
}

# Processor time used so far, user and system, in microseconds.
cpu_us() {
  local pid total=0 ticks hz
  hz=$(getconf CLK_TCK)
  for pid in $(process_tree "$1"); do
    # The command name may hold spaces; the fields are counted after its closing parenthesis.
    ticks=$(sed 's/^.*) //' /proc/"$pid"/stat 2>/dev/null | awk '{ print $12 + $13 }')
    total=$((total + ${ticks:-0}))
  done
  echo $((total * (1000000 / hz)))
}

median() { sort -n | awk '{ v[NR] = $1 } END { if (NR == 0) print "nan"; else if (NR % 2) print v[(NR + 1) / 2]; else print (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# stop PID: ends one process that this script started and waits for it.
stop() {
  [[ -n ${1:-} ]] || return 0
  kill -TERM "$1" 2>/dev/null || return 0
  for _ in $(seq 100); do kill -0 "$1" 2>/dev/null || break; sleep 0.05; done
  kill -KILL "$1" 2>/dev/null
  wait "$1" 2>/dev/null
  return 0
}
