#!/usr/bin/env bash
# Loads an archive into ClickHouse. It asks which days changed since the last loaded commit, and replaces them. The first run loads
# everything. The tests of this project run it with embedded ClickHouse (chdb 4), not with a server.
#
#   clickhouse-client --multiquery < schema.sql       once
#   ./load.sh my-org /srv/audit [OPTION…]             options for clickhouse-client: --host, --user, …
#   ./load.sh my-org s3://my-bucket/audit             from a bucket
#
# ClickHouse replaces one day (a partition) atomically, but not several days. If the loader is stopped, some days are new and the
# number of the commit is old; the next run replaces the same days again. Run one loader at a time. Needs jq, gzip and sha256sum.
set -euo pipefail
organization=${1:?the organization} archive=${2:?the archive: a folder or a bucket}
shift 2
# A folder, or a bucket such as s3://my-bucket/audit, whose files are downloaded for the load.
[[ $archive == s3://* ]] || archive=$(cd "$archive" && pwd)
ask() { clickhouse-client "${options[@]}" --query "$@"; }
options=("$@")

since=$(ask "select max(commit_number) from cloudsmith_audit_loaded where organization = '$organization'")
# During the load, the files are hard links in a folder beside the archive, so that no export deletes them. If this user cannot
# write there, they are copies in TMPDIR.
work=$(mktemp -d "$archive.load-XXXXXX" 2>/dev/null || mktemp -d)
trap 'rm -rf "$work"' EXIT
changes=$(cloudsmith-audit-export changes -o "$organization" --archive "$archive" --since "$since" --format csv \
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
      echo "$day: the number of rows read is not $count: run this again" >&2
      exit 1
    fi
    ask "alter table cloudsmith_audit_log replace partition ('$organization', '$day') from cloudsmith_audit_part" </dev/null
  done
ask "insert into cloudsmith_audit_loaded values ('$organization', $commit, now64(6))"
ask 'drop table if exists cloudsmith_audit_part'
jq -r '"commit \(.commit): \(.days | length) days, \(.days | map(.rows) | add // 0) rows"' <<<"$changes"
