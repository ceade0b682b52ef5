# Sourced, not run: installs the Debian packages a script needs, or says in one sentence why it cannot.

# need COMMAND PACKAGE [COMMAND PACKAGE]...
# Installs what is missing. Returns 1 when something is still missing afterwards.
need() {
  local missing=() commands=() command
  while (($# >= 2)); do
    if ! command -v "$1" >/dev/null 2>&1; then missing+=("$2"); commands+=("$1"); fi
    shift 2
  done
  ((${#missing[@]} == 0)) && return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "missing: ${commands[*]}. Install ${missing[*]} by this system's package manager; there is no apt-get here." >&2
    return 1
  fi
  local sudo=()
  if (($(id -u) != 0)); then
    if sudo -n true 2>/dev/null; then sudo=(sudo -n); else
      echo "missing: ${commands[*]}. Run 'apt-get install ${missing[*]}' as root; this user may not." >&2
      return 1
    fi
  fi
  # A package that starts a service on installation must not: the tests start their own peers on their own ports.
  local policy=/usr/sbin/policy-rc.d placed=
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee $policy >/dev/null && "${sudo[@]}" chmod 755 $policy && placed=1
  fi
  local log
  log=$(mktemp)
  local ok=0
  if ! DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" >"$log" 2>&1 </dev/null; then
    { "${sudo[@]}" apt-get update -q && DEBIAN_FRONTEND=noninteractive "${sudo[@]}" \
        apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null || ok=1
  fi
  [[ -n $placed ]] && "${sudo[@]}" rm -f $policy
  if ((ok != 0)); then
    echo "missing: ${commands[*]}. apt-get could not install ${missing[*]}: $(grep -m1 '^E:' "$log" || tail -n1 "$log")" >&2
  fi
  rm -f "$log"
  return $ok
}
