# Sourced by bench/run.sh micro: BenchmarkDotNet; arguments go to it.

[[ -e bench/Pillion.Benchmarks/Pillion.Benchmarks.csproj ]] || { echo "bench: bench/Pillion.Benchmarks does not exist yet" >&2; exit 1; }
(($# > 0)) || set -- --filter '*'
artifacts=$work/micro
rm -rf "$artifacts"
dotnet run --project bench/Pillion.Benchmarks -c Release -- "$@" --exporters GitHub --artifacts "$artifacts" </dev/null || exit 1
# Nothing was measured, as with --list: nothing to write.
compgen -G "$artifacts/results/*-report-github.md" >/dev/null || exit 0
{
  echo "## Micro-benchmarks"
  echo
  echo "$(today); $(machine); Pillion $(pillion_version)."
  for report in "$artifacts"/results/*-report-github.md; do
    echo
    echo "### $(basename "$report" -report-github.md)"
    echo
    grep '^|' "$report"
  done
} | replace_section micro
