# Sourced, not run: the sections of bench/RESULTS.md, one per benchmark, each replaced by its own run only.

readonly results=$PWD/bench/RESULTS.md

machine() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemTotal:/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)
  echo "$cores cores, $memory GB, $(uname -m), Linux $(uname -r | cut -d. -f1-2)"
}

today() { echo "${DATE:-$(date -u +%F)}"; }

# Pillion as it was measured: version and, where this is a clone, the commit.
pillion_version() {
  local commit
  commit=$(git rev-parse --short HEAD 2>/dev/null)
  echo "$(sed -n 's/.*<VersionPrefix>\(.*\)<.*/\1/p' Directory.Build.props)${commit:+ ($commit)}"
}

# replace_section NAME < text
replace_section() {
  local name=$1 text
  text=$(mktemp)
  cat >"$text"
  [[ -e $results ]] || printf '# Results\n\nWritten by `bench/run.sh`. Figures of one run on one machine compare with each other, not with another machine.\n' >"$results"
  if grep -q "^<!-- $name -->$" "$results"; then
    awk -v name="$name" -v text="$text" '
      $0 == "<!-- " name " -->" { print; while ((getline line < text) > 0) print line; skip = 1; next }
      $0 == "<!-- /" name " -->" { skip = 0 }
      !skip' "$results" >"$results.new" && mv "$results.new" "$results"
  else
    { echo; echo "<!-- $name -->"; cat "$text"; echo "<!-- /$name -->"; } >>"$results"
  fi
  rm -f "$text"
  echo "wrote the section '$name' of bench/RESULTS.md"
}
