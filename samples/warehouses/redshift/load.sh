#!/usr/bin/env bash
# Loads an archive into Redshift from a copy in S3. It asks which days changed since the last loaded commit, and replaces those days
# and the number of the commit in one transaction. The first run loads everything.
# Not tested: written from the documentation of Redshift. Redshift turns "" into NULL (EMPTYASNULL).
#
#   psql --file schema.sql                                       once
#   aws s3 sync /srv/audit s3://my-bucket/audit                  after each export
#   ./load.sh my-org /srv/audit s3://my-bucket/audit arn:aws:iam::123456789012:role/redshift
#
# If the archive itself is in the bucket, no sync is needed:
#
#   ./load.sh my-org s3://my-bucket/audit s3://my-bucket/audit arn:aws:iam::123456789012:role/redshift
#
# PGHOST, PGDATABASE, … name the server, as for psql. Needs psql, aws and jq. A failure leaves the tables unchanged. A value of more
# than 65,535 bytes is a failure.
set -euo pipefail
organization=${1:?the organization} archive=${2:?the archive: a folder or a bucket}
bucket=${3:?where its files are} role=${4:?the role}
sql() { psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 "$@"; }

held=$(sql --command "select coalesce(max(commit_number), 0) from cloudsmith_audit_loaded where organization = '$organization'")
changes=$(cloudsmith-audit-export changes -o "$organization" --archive "$archive" --since "$held" --format csv --as json)
commit=$(jq .commit <<<"$changes") rows=$(jq '[.days[].rows] | add // 0' <<<"$changes")
if [ "$commit" = "$held" ]; then
  echo "commit $commit: nothing to load"
  exit
fi

# The manifest that changes --as redshift prints, built from the result above.
manifest=$bucket/_staging/$organization/redshift-$commit.manifest
jq --arg bucket "$bucket" '{entries: [.days[].files[] | {url: "\($bucket)/\(.path)", mandatory: true,
  meta: {content_length: .bytes}}]}' <<<"$changes" | aws s3 cp --only-show-errors - "$manifest"
columns=$(cloudsmith-audit-export schema --as json | jq -r '[.columns[].name] | join(", ")')

transaction() {
  cat <<SQL
begin;
lock table cloudsmith_audit_loaded;
create temporary table part as select $columns from cloudsmith_audit_log where false;
SQL
  if [ "$rows" != 0 ]; then
    cat <<SQL
copy part ($columns) from '$manifest' iam_role '$role' manifest
  format as csv quote '"' gzip ignoreheader 1 emptyasnull timeformat 'auto' encoding utf8 maxerror 0;
SQL
  fi
  cat <<SQL
-- Divides by zero, and so stops here, unless exactly $rows rows were read and no other loader was faster.
select 1 / (case when count(*) = $rows then 1 else 0 end) from part;
select 1 / (case when coalesce(max(commit_number), 0) = $held then 1 else 0 end)
  from cloudsmith_audit_loaded where organization = '$organization';
SQL
  jq -r --arg o "$organization" '.days[] |
    "delete from cloudsmith_audit_log where organization = '\''\($o)'\'' and event_date = '\''\(.event_date)'\'';"' <<<"$changes"
  cat <<SQL
insert into cloudsmith_audit_log select $columns, '$organization', trunc(event_at at time zone 'UTC') from part;
delete from cloudsmith_audit_loaded where organization = '$organization';
insert into cloudsmith_audit_loaded values ('$organization', $commit, sysdate);
commit;
SQL
}
transaction | sql >/dev/null
aws s3 rm --only-show-errors "$manifest"
echo "commit $commit: $(jq '.days | length' <<<"$changes") days, $rows rows"
