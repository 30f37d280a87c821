# For scripts that build: `source scripts/lib/build.sh`, then `build_preset PRESET [TARGET…]`.
# A build that has nothing to do prints nothing; all that is printed goes to stderr.

caten_root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)

# Installs what is missing; asks dpkg only when scripts/setup is newer than the last time it succeeded.
ensure_setup() {
  local stamp=$caten_root/build/.setup
  if [[ ! $stamp -nt $caten_root/scripts/setup ]]; then
    "$caten_root/scripts/setup" || return
    mkdir -p "$caten_root/build" && touch "$stamp"
  fi
}

# Shows ninja's progress on one line of a terminal, as a line each 50 steps elsewhere; warnings and errors in full.
show_progress() {
  local line count total tty=no shown=no
  [[ -t 2 ]] && tty=yes
  while IFS= read -r line; do
    case $line in
      *"Re-checking globbed directories"* | "ninja: no work to do." | "ninja: Entering directory"*) ;;
      "["*"]"*)
        if [[ $tty == yes ]]; then
          printf '\r\033[K%.100s' "$line" >&2
          shown=yes
        elif [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
          count=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
          if ((count % 50 == 0 || count == total)); then printf '[%d/%d]\n' "$count" "$total" >&2; fi
        fi ;;
      *)
        [[ $shown == yes ]] && printf '\r\033[K' >&2
        shown=no
        printf '%s\n' "$line" >&2 ;;
    esac
  done
  if [[ $shown == yes ]]; then printf '\r\033[K' >&2; fi
}

# build_preset PRESET [TARGET…]: configures build/PRESET when needed and builds. One build of a tree at a time.
build_preset() {
  local preset=$1 folder=$caten_root/build/$1 targets=() target log status
  shift
  for target in "$@"; do targets+=(--target "$target"); done
  mkdir -p "$folder"
  (
    flock 9
    if [[ ! -f $folder/build.ninja ]]; then
      echo "caten: configuring build/$preset" >&2
      log=$folder/configure.log
      if ! (cd "$caten_root" && cmake --preset "$preset") >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
      fi
    fi
    cmake --build "$folder" "${targets[@]}" 2>&1 | show_progress
    status=${PIPESTATUS[0]}
    exit "$status"
  ) 9>"$folder/.lock"
}
