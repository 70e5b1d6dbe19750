#!/usr/bin/env bash
# Brings ClickHouse up to date with an archive: asks which days changed since the commit that it holds, and replaces them. The
# first time, that is everything. This project's tests run it against ClickHouse in process (chdb 4), not against a server.
#
#   clickhouse-client --multiquery < schema.sql       once
#   ./load.sh my-org /srv/audit [OPTION…]             the options go to clickhouse-client: --host, --user, …
#
# ClickHouse replaces a day (a partition) in one step, but not several days: a loader that is stopped leaves some days new and
# the number of the commit old, and the next one replaces the same days again. Run one at a time. Needs jq, gzip, sha256sum.
set -euo pipefail
organization=${1:?the organization} archive=${2:?the folder of the archive}
shift 2
cd "$archive"
ask() { clickhouse-client "${options[@]}" --query "$@"; }
options=("$@")

since=$(ask "select max(commit_number) from cloudsmith_audit_loaded where organization = '$organization'")
# The files to load stand beside the archive meanwhile, as second names, so that no export deletes them; or as copies in
# TMPDIR, where this user may not write there.
work=$(mktemp -d "$PWD.load-XXXXXX" 2>/dev/null || mktemp -d)
trap 'rm -rf "$work"' EXIT
changes=$(cloudsmith-audit-export changes -o "$organization" --archive . --since "$since" --format csv \
  --link-to "$work/files" --as json)
commit=$(jq .commit <<<"$changes")
if [ "$commit" = "$since" ]; then
  echo "commit $commit: nothing to load"
  exit
fi
cd "$work/files"
sums=$(jq -r '.days[].files[] | "\(.sha256)  \(.path)"' <<<"$changes")
if [ -n "$sums" ]; then sha256sum --check --quiet --strict <<<"$sums"; fi

columns=$(ask "select arrayStringConcat(groupArray(name || ' ' || type), ', ') from (select name, type from system.columns
  where database = currentDatabase() and table = 'cloudsmith_audit_log'
  and name not in ('organization', 'event_date') order by position) format TSVRaw")
jq -r '.days[] | [.event_date, .rows, .files[].path] | join(" ")' <<<"$changes" |
  while read -r day count files; do
    if [ "$count" = 0 ]; then
      ask "alter table cloudsmith_audit_log drop partition ('$organization', '$day')" </dev/null
      continue
    fi
    ask 'create or replace table cloudsmith_audit_part as cloudsmith_audit_log' </dev/null
    for file in $files; do
      gzip -dc "$file" | ask "insert into cloudsmith_audit_part select *, '$organization', '$day' from input('${columns//\'/\\\'}')
        settings date_time_input_format = 'best_effort', input_format_csv_trim_whitespaces = 0 format CSVWithNames"
    done
    if [ "$(ask 'select count() from cloudsmith_audit_part' </dev/null)" != "$count" ]; then
      echo "$day has not $count rows: run this again" >&2
      exit 1
    fi
    ask "alter table cloudsmith_audit_log replace partition ('$organization', '$day') from cloudsmith_audit_part" </dev/null
  done
ask "insert into cloudsmith_audit_loaded values ('$organization', $commit, now64(6))"
ask 'drop table if exists cloudsmith_audit_part'
jq -r '"commit \(.commit): \(.days | length) days, \(.days | map(.rows) | add // 0) rows"' <<<"$changes"
