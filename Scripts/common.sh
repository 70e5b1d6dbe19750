# What the scripts share; sourced, not run. Leaves the shell in the project's root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# say TEXT: a heading, with the seconds since the script began.
say() { printf '\n== %4ss  %s\n' "$SECONDS" "$*"; }

# die TEXT: one sentence, and the end.
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# install PACKAGE… : with apt-get, if this user may; otherwise says exactly what to install.
install() {
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null && sudo=(sudo -n) \
      || die "this needs $*, and this user may not install it; run: sudo apt-get install $*"
  fi
  command -v apt-get >/dev/null || die "this needs $* (their names in Debian); install them and run this again"
  say "installing $*"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# need_build_tools: Swift, a linker's C library and zlib.
need_build_tools() {
  command -v swift >/dev/null || die "this needs Swift 6.2 or later; see https://www.swift.org/install/linux/"
  local missing=()
  command -v pkg-config >/dev/null || missing+=(pkg-config)
  echo '#include <zlib.h>' | cc -E -x c - >/dev/null 2>&1 || missing+=(zlib1g-dev)
  command -v git >/dev/null || missing+=(git)
  [ ${#missing[@]} = 0 ] || install "${missing[@]}"
}

# release_build PRODUCT [OPTION…]: a release build, beside the ordinary one; sets `built` to the program's path. The same options
# everywhere, so that the benchmark and the release share what they build. No path of this machine gets into a program.
release_build() {
  say "release build of $1" >&2
  swift build -c release --static-swift-stdlib --scratch-path .build-release -Xcc "-fmacro-prefix-map=$PWD/=" \
    --product "$@" >&2
  built=$PWD/.build-release/release/$1
}
