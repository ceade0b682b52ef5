# Sourced by bench/run.sh policies: what each policy adds to a request, in one thread over the memory network, compiled as the program is.

case "$(uname -m)" in x86_64) rid=linux-x64 ;; aarch64) rid=linux-arm64 ;; *) echo "bench: no native build for '$(uname -m)'" >&2; exit 1 ;; esac
linker=gcc
command -v clang >/dev/null && linker=clang
command -v "$linker" >/dev/null || need gcc gcc || exit 1
dotnet restore bench/Pillion.Policies -v q </dev/null || exit 1
dotnet publish bench/Pillion.Policies -c Release -r "$rid" --no-restore -v q --nologo -p:CppCompilerAndLinker="$linker" -o "$work/policies" </dev/null || exit 1
table=$("$work/policies/policies" bench/policies "${ROUNDS:-25}")
code=$?
echo "$table"
[[ -n $table ]] || exit 1
{
  echo "## Policies"
  echo
  echo "$table"
  cat <<TEXT

$(today); $(machine); Pillion $(pillion_version).
The fastest of ${ROUNDS:-25} rounds of 20,000 requests each, in turn. Clients, proxy and application are in one thread and one process, over a network in memory: the whole of a request costs what the first row says, client and
application included, and what a policy adds stands out of the noise of the system calls that a real network would add to all rows alike. Compiled as the program itself is. The access log is off. The
configurations are in \`bench/policies/\`; the budget is 3,000 ns for all of them together, and nothing allocated. What is allocated with tracing are the messages that batches of spans are sent in
(to a collector that is not there): some for each batch, none for a request.
TEXT
} | replace_section policies
exit $code
