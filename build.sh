#!/usr/bin/env bash
# Publishes the native binary to out/pillion and holds it to the budgets of the design: prints what was measured, fails above them.
#   ./build.sh              publish, then measure
#   ./build.sh --no-budgets publish only
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
. bench/lib/debian.sh

budgets=1
case "${1:-}" in
  "") ;;
  --no-budgets) budgets=0 ;;
  *) echo "build.sh: unknown option '$1'; there is only --no-budgets" >&2; exit 2 ;;
esac

if ! command -v dotnet >/dev/null; then
  echo "build.sh: the .NET 10 SDK is needed and 'dotnet' was not found on the PATH" >&2
  exit 1
fi

case "$(uname -m)" in
  x86_64) rid=linux-x64 ;;
  aarch64) rid=linux-arm64 ;;
  *) echo "build.sh: no native build for '$(uname -m)'; x86_64 and aarch64 are supported" >&2; exit 1 ;;
esac

# The native linker step is a C compiler's: gcc or clang, with the C library's headers and start files.
linker=gcc
if command -v clang >/dev/null; then linker=clang; else need gcc gcc || exit 1; fi
if ! printf 'int main(void) { return 0; }' | "$linker" -x c - -o /dev/null 2>/dev/null; then
  # gcc without the C library's development files links nothing.
  need a-c-library libc6-dev || exit 1
fi

restore=()
[[ -n ${CI:-} ]] && restore=(--locked-mode)
mkdir -p out
# Restored on its own: the runtime packs of every platform are in the lock file, and publish -r alone would compare only one.
dotnet restore src/Pillion "${restore[@]}" -v q </dev/null || exit 1
dotnet publish src/Pillion -c Release -r "$rid" --no-restore -v q --nologo \
  -p:CppCompilerAndLinker="$linker" -o out/publish </dev/null || exit 1
install -m 755 out/publish/pillion out/pillion || exit 1
echo "published out/pillion ($rid, $(stat -c %s out/pillion) bytes)"

((budgets == 0)) && exit 0
exec bench/budgets.sh
