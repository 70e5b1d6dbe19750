#!/usr/bin/env bash
# Loads an archive into Snowflake. It asks which days changed since the last loaded commit, and replaces those days and the number of
# the commit in one transaction. The first run loads everything.
# Not tested: written from the documentation of Snowflake.
#
#   snow sql --filename schema.sql          once
#   ./load.sh my-org /srv/audit             SNOWFLAKE_… or a default connection names the account, as for snow
#   ./load.sh my-org s3://my-bucket/audit   from a bucket
#
# Needs snow (Snowflake CLI) and jq. A failure leaves the tables unchanged.
set -euo pipefail
organization=${1:?the organization} archive=${2:?the archive: a folder or a bucket}
# A folder, or a bucket such as s3://my-bucket/audit, whose files are downloaded for the load.
[[ $archive == s3://* ]] || archive=$(cd "$archive" && pwd)

held=$(snow sql --format json --query "select coalesce(max(commit_number), 0) as n from cloudsmith_audit_loaded
  where organization = '$organization'" | jq -r '.[0] | .N // .n')
# During the load, the files are hard links in a folder beside the archive, so that no export deletes them. If this user cannot
# write there, they are copies in TMPDIR.
work=$(mktemp -d "$archive.load-XXXXXX" 2>/dev/null || mktemp -d)
trap 'rm -rf "$work"' EXIT
changes=$(cloudsmith-audit-export changes -o "$organization" --archive "$archive" --since "$held" --format csv \
  --link-to "$work/files" --as json)
commit=$(jq .commit <<<"$changes") rows=$(jq '[.days[].rows] | add // 0' <<<"$changes")
if [ "$commit" = "$held" ]; then
  echo "commit $commit: nothing to load"
  exit
fi

statements() {
  cat <<SQL
create or replace temporary table cloudsmith_audit_part as
  select * exclude (organization, event_date) from cloudsmith_audit_log where false;
create or replace temporary stage cloudsmith_audit_files;
SQL
  jq -r --arg files "$work/files" '.days[] | .event_date as $day | .files[] |
    "put '\''file://\($files)/\(.path)'\'' @cloudsmith_audit_files/\($day)/ auto_compress = false source_compression = gzip;"' \
    <<<"$changes"
  cat <<SQL
copy into cloudsmith_audit_part from @cloudsmith_audit_files
  file_format = (type = csv compression = gzip record_delimiter = '\\n' field_optionally_enclosed_by = '"' escape = none
    escape_unenclosed_field = none empty_field_as_null = true null_if = () trim_space = false
    error_on_column_count_mismatch = true encoding = 'UTF8' parse_header = true)
  match_by_column_name = case_insensitive on_error = abort_statement;
-- Divides by zero, and so stops here, unless exactly $rows rows were read.
select 1 / iff(count(*) = $rows, 1, 0) from cloudsmith_audit_part;
begin;
SQL
  jq -r --arg o "$organization" '.days[] |
    "delete from cloudsmith_audit_log where organization = '\''\($o)'\'' and event_date = '\''\(.event_date)'\'';"' <<<"$changes"
  cat <<SQL
insert into cloudsmith_audit_log select part.*, '$organization', to_date(part.event_at) from cloudsmith_audit_part as part;
delete from cloudsmith_audit_loaded where organization = '$organization';
insert into cloudsmith_audit_loaded values ('$organization', $commit, current_timestamp());
commit;
SQL
}
statements | snow sql --stdin
echo "commit $commit: $(jq '.days | length' <<<"$changes") days, $rows rows"
