#!/usr/bin/env bash
# Loads an archive into BigQuery from a copy in a bucket. It asks which days changed since the last loaded commit, and replaces
# those days and the number of the commit in one transaction. The first run loads everything.
# Not tested: written from the documentation of BigQuery. Check yourself whether NULL and "" remain distinct.
#
#   bq mk audit && bq query --use_legacy_sql=false < schema.sql                       once
#   gcloud storage rsync --recursive /srv/audit gs://my-bucket/audit                  after each export
#   ./load.sh my-org /srv/audit gs://my-bucket/audit
#
# If the archive itself is in S3, let a transfer job of Google's Storage Transfer Service copy it after each export, then:
#
#   ./load.sh my-org s3://my-bucket/audit gs://my-bucket/audit
#
# Needs bq and jq. A failure leaves the tables unchanged.
set -euo pipefail
organization=${1:?the organization} archive=${2:?the archive: a folder or a bucket} bucket=${3:?where its files are}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
query() { bq --quiet --format=json query --use_legacy_sql=false "$@"; }

held=$(query "select max(commit_number) as n from audit.cloudsmith_audit_loaded where organization = '$organization'" |
  jq -r '.[0].n // 0')
changes=$(cloudsmith-audit-export changes -o "$organization" --archive "$archive" --since "$held" --format csv --as json)
commit=$(jq .commit <<<"$changes")
if [ "$commit" = "$held" ]; then
  echo "commit $commit: nothing to load"
  exit
fi

# The columns of the files, as bq load expects them, and an empty table with them.
cloudsmith-audit-export schema --as json | jq '[.columns[] | {name, mode: (if .nullable then "NULLABLE" else "REQUIRED" end),
  type: (if .name == "event_at" then "TIMESTAMP" elif .type == "float64" then "FLOAT64" else "STRING" end)}]' >"$folder/schema.json"
bq rm -f -t audit.cloudsmith_audit_part
bq mk -t audit.cloudsmith_audit_part "$folder/schema.json"
jq -r --arg bucket "$bucket" '.days[].files[] | "\($bucket)/\(.path)"' <<<"$changes" | xargs -r -n 100 | tr ' ' ',' |
  while read -r files; do
    bq load --source_format=CSV --skip_leading_rows=1 --quote='"' --allow_quoted_newlines --null_marker='' --encoding=UTF-8 \
      --max_bad_records=0 audit.cloudsmith_audit_part "$files" "$folder/schema.json" </dev/null
  done

days=$(jq -r '[.days[] | "date '\''\(.event_date)'\''"] | join(", ")' <<<"$changes")
rows=$(jq '[.days[].rows] | add // 0' <<<"$changes")
query >/dev/null <<SQL
assert (select count(*) from audit.cloudsmith_audit_part) = $rows as 'the number of rows read is not $rows: run this again';
begin transaction;
delete from audit.cloudsmith_audit_log where organization = '$organization' and event_date in unnest(array<date>[$days]);
insert into audit.cloudsmith_audit_log select part.*, '$organization', date(part.event_at) from audit.cloudsmith_audit_part as part;
delete from audit.cloudsmith_audit_loaded where organization = '$organization';
insert into audit.cloudsmith_audit_loaded values ('$organization', $commit, current_timestamp());
commit transaction;
SQL
bq rm -f -t audit.cloudsmith_audit_part
echo "commit $commit: $(jq '.days | length' <<<"$changes") days, $rows rows"
