#!/usr/bin/env bash
# Loads an archive into ClickHouse. It asks which days changed since the last loaded commit, and replaces them. The first run loads
# everything. The tests of this project run it with embedded ClickHouse (chdb 4), not with a server.
#
#   clickhouse-client --multiquery < schema.sql       once
#   ./load.sh my-org /srv/audit [OPTION…]             options for clickhouse-client: --host, --user, …
#   ./load.sh my-org s3://my-bucket/audit             from a bucket
#
# Every load has a number. cloudsmith_audit_rows has the rows of a load under its number, cloudsmith_audit_days has the number of each
# day's newest load, and the view cloudsmith_audit_log shows the rows of these loads. One insert into cloudsmith_audit_days therefore
# changes all days of a load at once. If the loader is stopped before it, nothing has changed, and the next run loads the same days
# again. A load begins by deleting the rows that the loads before it replaced, so a query that is running does not lose its rows. It
# runs the client at most six times, however many days have changed.
# Run one loader of an organization at a time. Needs jq, gzip and sha256sum.
set -euo pipefail
organization=${1:?the organization} archive=${2:?the archive: a folder or a bucket}
shift 2
# A folder, or a bucket such as s3://my-bucket/audit, whose files are downloaded for the load.
[[ $archive == s3://* ]] || archive=$(cd "$archive" && pwd)
ask() { clickhouse-client "${options[@]}" --query "$@"; }
options=("$@")

ours="organization = '$organization'"
replaced="$ours and (event_date, load) not in (select event_date, load from cloudsmith_audit_days final where $ours)"
read -r since stale load engine columns < <(ask "select
  (select max(commit_number) from cloudsmith_audit_loaded where $ours), (select count() from cloudsmith_audit_rows where $replaced),
  (select max(load) + 1 from cloudsmith_audit_days where $ours),
  (select engine from system.tables where database = currentDatabase() and name = 'cloudsmith_audit_log'),
  (select arrayStringConcat(groupArray(name || ' ' || type), ', ') from (select name, type from system.columns
    where database = currentDatabase() and table = 'cloudsmith_audit_rows'
    and name not in ('organization', 'event_date', 'load') order by position)) format TSVRaw" </dev/null)
if [ "$engine" != View ]; then
  echo "cloudsmith_audit_log is not the view of schema.sql. If it is the table of an earlier version, drop it and" \
    "cloudsmith_audit_loaded. Then run schema.sql, and this again." >&2
  exit 1
fi
if [ "$stale" != 0 ]; then
  ask "alter table cloudsmith_audit_rows delete where $replaced settings mutations_sync = 1" </dev/null
fi

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

# rows: all files as one CSV. The day of a row is the day of its event_at.
rows() {
  local header='' first
  jq -r '.days[].files[].path' <<<"$changes" | while read -r file; do
    first=$(head -1 < <(gzip -dc "$file"))
    [ -n "$header" ] || { header=$first && printf '%s\n' "$header"; }
    [ "$first" = "$header" ] || { echo "$file has other columns than the files before it" >&2 && exit 1; }
    gzip -dc "$file" | tail -n +2
  done
}
if [ -n "$sums" ]; then
  rows | ask "insert into cloudsmith_audit_rows select *, '$organization', toDate(event_at), $load from input('${columns//\'/\\\'}')
    settings date_time_input_format = 'best_effort', input_format_csv_trim_whitespaces = 0, max_partitions_per_insert_block = 0
    format CSVWithNames"
fi
counted=$(ask "select event_date, count() from cloudsmith_audit_rows where $ours and load = $load group by event_date
  order by event_date format TSVRaw" </dev/null)
if [ "$counted" != "$(jq -r '.days | map(select(.rows > 0)) | sort_by(.event_date)[] | "\(.event_date)\t\(.rows)"' <<<"$changes")" ]; then
  echo "the number of rows read is not that of the archive: run this again" >&2
  exit 1
fi
days=$(jq -r '.days[].event_date' <<<"$changes")
if [ -n "$days" ]; then
  ask "insert into cloudsmith_audit_days select '$organization', event_date, $load from input('event_date Date') format CSV" <<<"$days"
fi
ask "insert into cloudsmith_audit_loaded values ('$organization', $commit, now64(6))" </dev/null
jq -r '"commit \(.commit): \(.days | length) days, \(.days | map(.rows) | add // 0) rows"' <<<"$changes"
