# Functions that the scripts share. Source this file; do not run it. It changes to the project's root. With --help as its first
# option, a script prints the comment at its top.
set -euo pipefail
case ${1:-} in
  --help | -h)
    awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
    exit
    ;;
esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# say TEXT: prints a heading, with the seconds since the script began.
say() { printf '\n== %4ss  %s\n' "$SECONDS" "$*"; }

# die TEXT: prints an error and exits.
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# phase NUMBER TOTAL TEXT: prints a heading, with the duration of this phase in the last run.
phase() {
  local times=.build/phase-times key
  end_phase
  key="$(basename "$0") $3"
  local before
  before=$([ ! -f "$times" ] || sed -n "s|^$key: ||p" "$times" | tail -1)
  say "phase $1 of $2: $3${before:+ (last time: $before s)}"
  phase_key=$key phase_began=$SECONDS
}

# end_phase: stores the duration of the current phase.
end_phase() {
  [ -n "${phase_key:-}" ] || return 0
  mkdir -p .build
  { [ ! -f .build/phase-times ] || grep -vF "$phase_key: " .build/phase-times || true; } >.build/phase-times.new
  echo "$phase_key: $((SECONDS - phase_began))" >>.build/phase-times.new
  mv .build/phase-times.new .build/phase-times
  phase_key=
}

# quietly LOG COMMAND…: runs the command, writes its output to the file LOG, and prints the last line every 15 s. If the command fails,
# it prints the end of the file.
quietly() {
  local log=$1 job status=0 began=$SECONDS shown=$SECONDS
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 &
  job=$!
  printf '   this may take some minutes; the output is in %s\n' "${log#"$PWD/"}"
  while kill -0 "$job" 2>/dev/null; do
    sleep 0.5
    [ $((SECONDS - shown)) -ge 15 ] || continue
    shown=$SECONDS
    printf '   %4ss  %s\n' "$SECONDS" "$(tail -n 1 "$log" | cut -c1-90)"
  done
  wait "$job" || status=$?
  [ "$status" = 0 ] || { tail -n 40 "$log" >&2; die "$1 ended with status $status; the whole output is in $log"; }
}

# run_tests LOG TOTAL COMMAND…: runs the tests, shows their progress, and writes their output to the file LOG. TOTAL is the number of
# tests, or 0 if it is unknown. Returns 1 if a test fails, or if there is no output for STANDSTILL seconds (1800).
run_tests() {
  local log=$1 total=$2 job status=0
  shift 2
  : >"$log"
  # A separate process group, which includes the programs that the tests run.
  set -m
  "$@" >"$log" 2>&1 &
  job=$!
  set +m
  trap 'kill -KILL -- -$job; exit 130' INT TERM
  follow "$log" "$total" "$job" || status=$?
  wait "$job" || status=1
  trap - INT TERM
  [ "$status" = 0 ] || failed_tests "$log"
  return "$status"
}

# follow LOG TOTAL JOB: shows the relevant lines of the tests' output while the process JOB writes it, and the progress every 15 s.
follow() {
  local log=$1 total=$2 job=$3 done=0 failed=0 skipped=0 line rest='' began=$SECONDS shown=$SECONDS heard=$SECONDS of='' left
  local isRunning=yes isShown=yes
  local times=.build/test-times now=.build/test-times.new
  [ "$total" = 0 ] || of=" of $total"
  mkdir -p .build
  : >"$now"
  exec 8<"$log"
  while :; do
    kill -0 "$job" 2>/dev/null || isRunning=
    while IFS= read -r line <&8 || { [ -z "$isRunning" ] && [ -n "$rest$line" ]; }; do
      line=$rest$line rest='' heard=$SECONDS
      # A line without one of these signs continues the line before, because the text of an argument can have many lines.
      case $line in
        *' Test run with '*) isShown=yes ;;
        '✔ Test '*' passed after '*) isShown='' done=$((done + 1)) ;;
        '✘ Test '*' failed after '*) isShown='' done=$((done + 1)) failed=$((failed + 1)) ;;
        '➜ '*' skipped'*) isShown=yes done=$((done + 1)) skipped=$((skipped + 1)) ;;
        '✘ Suite '* | '◇ '* | '✔ '* | '↳ Testing Library'* | '↳ Target Platform'*) isShown= ;;
        '✘ '* | 'error: '* | 'warning: '* | *' Fatal error: '* | '*** '*) isShown=yes ;;
      esac
      [ -z "$isShown" ] || printf '%s\n' "$line"
    done
    rest+=$line
    [ -n "$isRunning" ] || break
    if [ $((SECONDS - heard)) -ge "${STANDSTILL:-1800}" ]; then
      printf 'the tests have printed nothing for %s s: they are ended\n' "$((SECONDS - heard))"
      kill -KILL -- "-$job"
    elif [ $((SECONDS - shown)) -ge 15 ]; then
      shown=$SECONDS left=
      echo "$done $((SECONDS - began))" >>"$now"
      left=$(seconds_left "$times" "$done" $((SECONDS - began)))
      printf '   %4ss  %s%s tests done, %s failed%s\n' "$SECONDS" "$done" "$of" "$failed" "${left:+, about $left s left}"
    fi
    sleep 0.5
  done
  exec 8<&-
  [ "$total" = 0 ] || [ "$done" -lt "$total" ] || { echo "$done $((SECONDS - began))" >>"$now" && mv "$now" "$times"; }
  [ "$skipped" = 0 ] || printf '%s skipped, for the reasons above\n' "$skipped"
}

# seconds_left TIMES DONE ELAPSED: estimates the remaining seconds from the last complete run. Each line of TIMES has a number of
# finished tests and a time. Prints nothing if there is no such run.
seconds_left() {
  [ ! -f "$1" ] || awk -v done="$2" -v elapsed="$3" '
    $1 <= done { then = $2 }
    { end = $2 }
    END { if (then > 0) printf "%d", (end - then) * (elapsed > then ? elapsed / then : 1) }' "$1"
}

# failed_tests LOG: prints the names of the tests that failed, and of those that were running when their process ended.
failed_tests() {
  printf '\n== failed:\n'
  sed -n 's/^✘ Test \(.*\) failed after .*/  \1/p' "$1" | grep -v '^  run with ' || true
  grep -q ' Test run with ' "$1" || {
    printf '== the process of the tests ended early; tests at work in it:\n'
    awk '
      /^◇ Test case / { next }
      /^◇ Test .* started\.$/ { sub(/^◇ Test /, ""); sub(/ started\.$/, ""); begun[$0] = 1 }
      /^(✔|✘) Test / { sub(/^(✔|✘) Test /, ""); sub(/ (with [0-9]+ test cases? )?(passed|failed) after .*/, ""); delete begun[$0] }
      END { for (name in begun) print "  " name }' "$1" | sort | head -n 100
  }
}

# install PACKAGE…: installs packages with apt-get if this user may; otherwise prints what to install. It starts and enables no daemon,
# because the scripts need only the programs. INSTALL_ROOT is for the tests of this function.
install() {
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null && sudo=(sudo -n) \
      || die "this needs $*, and this user may not install it; run: sudo apt-get install $*"
  fi
  command -v apt-get >/dev/null || die "this needs $* (their names in Debian); install them and run this again"
  say "installing $*"
  "${sudo[@]}" bash -s -- "${INSTALL_ROOT:-}" "$@" <<'END'
    set -euo pipefail
    root=$1 policy=$1/usr/sbin/policy-rc.d
    shift
    # The units and rc.d scripts that start when the machine boots.
    enabled() {
      find "$root/etc/systemd/system" -path '*.wants/*' -type l -printf 'unit %f\n' 2>/dev/null || true
      find "$root"/etc/rc[2-5].d -name 'S[0-9][0-9]*' -printf 'script %f\n' 2>/dev/null | sed 's/ S[0-9][0-9]/ /' || true
    }
    before=$(enabled | sort -u)
    # invoke-rc.d asks this script before it starts anything (Debian's policy-rc.d(8)); 101 forbids it.
    if [ ! -e "$policy" ]; then
      trap 'rm -f "$policy"' EXIT
      trap 'exit 1' HUP INT TERM
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod 755 "$policy"
    fi
    status=0
    apt-get update -qq </dev/null || status=$?
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null || status=$?
    comm -13 <(echo "$before") <(enabled | sort -u) | while read -r kind name; do
      case $kind in
        unit)
          # Without systemctl, only the links exist.
          systemctl disable --quiet "$name" </dev/null ||
            find "$root/etc/systemd/system" -path "*.wants/$name" -type l -delete
          ;;
        script) update-rc.d "$name" disable </dev/null >/dev/null || true ;;
      esac
    done
    exit "$status"
END
}

# need_build_tools: checks for Swift, and installs pkg-config, zlib and git if they are missing.
need_build_tools() {
  command -v swift >/dev/null || die "this needs Swift 6.2 or later; see https://www.swift.org/install/linux/"
  local missing=()
  command -v pkg-config >/dev/null || missing+=(pkg-config)
  echo '#include <zlib.h>' | cc -E -x c - >/dev/null 2>&1 || missing+=(zlib1g-dev)
  command -v git >/dev/null || missing+=(git)
  [ ${#missing[@]} = 0 ] || install "${missing[@]}"
}

# release_build PRODUCT [OPTION…]: makes a release build, beside the ordinary build, and sets `built` to the program's path. The
# options are always the same, so the benchmark and the release share the build. The program contains no path of this machine.
release_build() {
  say "release build of $1" >&2
  swift build -c release --static-swift-stdlib --scratch-path .build-release -Xcc "-fmacro-prefix-map=$PWD/=" \
    --product "$@" >&2
  built=$PWD/.build-release/release/$1
}
