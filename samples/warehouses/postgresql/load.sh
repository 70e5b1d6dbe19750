#!/usr/bin/env bash
# Loads an archive into PostgreSQL. It asks which days changed since the last loaded commit, and replaces those days and the
# number of the commit in one transaction. The first run loads everything. Run it after every export:
#
#   psql --file schema.sql                      once
#   ./load.sh my-org /srv/audit                 loads what changed, if anything
#   ./load.sh my-org /srv/audit --full          replaces everything
#   ./load.sh my-org s3://my-bucket/audit       from a bucket
#
# PGHOST, PGDATABASE, PGUSER, … name the server, as for psql. Needs psql and a server 15 or later, jq, gzip, GNU sed and
# sha256sum, and an archive with the format csv. A failure leaves the database unchanged.
set -euo pipefail
organization=${1:?the organization} archive=${2:?the archive: a folder or a bucket} mode=${3:-}
# A folder, or a bucket such as s3://my-bucket/audit, whose files are downloaded for the load.
[[ $archive == s3://* ]] || archive=$(cd "$archive" && pwd)
sql() { psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 "$@"; }

held=$(sql --set o="$organization" <<<"select commit_number from cloudsmith_audit_loaded where organization = :'o'")
held=${held:-0} since=$held
if [ "$mode" = --full ]; then since=0; fi
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

# Check that every file is unchanged.
cd "$work/files"
sums=$(jq -r '.days[].files[] | "\(.sha256)  \(.path)"' <<<"$changes")
if [ -n "$sums" ]; then sha256sum --check --quiet --strict <<<"$sums"; fi

# rows PATH: prints a file in a form that psql accepts. For psql, the line \. ends the data, even inside quotes; \"." is the same value.
rows() { gzip -dc "$1" | LC_ALL=C sed 's/^\\\.\(\r\{0,1\}\)$/\\"."\1/'; }

transaction() {
  cat <<SQL
begin;
do \$\$ begin
  -- If two loaders run at once, the second waits here, and then finds another commit than it had read.
  insert into cloudsmith_audit_loaded values ('$organization', 0, now()) on conflict do nothing;
  update cloudsmith_audit_loaded set commit_number = $commit, loaded_at = now()
    where organization = '$organization' and commit_number = $held;
  if not found then raise exception 'another loader was faster: run this again'; end if;
end \$\$;
create temporary table part (like cloudsmith_audit_log) on commit drop;
alter table part drop organization, drop event_date;
SQL
  if [ "$mode" = --full ]; then
    echo "delete from cloudsmith_audit_log where organization = '$organization';"
  fi
  jq -r '.days[] | [.event_date, .rows, .files[].path] | join(" ")' <<<"$changes" |
    while read -r day count files; do
      echo "delete from cloudsmith_audit_log where organization = '$organization' and event_date = '$day';"
      for file in $files; do
        echo "copy part from stdin (format csv, header match, encoding 'utf8');"
        rows "$file"
        echo '\.'
      done
      cat <<SQL
do \$\$ begin
  if (select count(*) from part) <> $count then raise exception '$day: the number of rows read is not $count: run this again'; end if;
end \$\$;
insert into cloudsmith_audit_log select part.*, '$organization', '$day' from part;
truncate part;
SQL
    done
  echo 'commit;'
}
transaction | sql
jq -r '"commit \(.commit): \(.days | length) days, \(.days | map(.rows) | add // 0) rows"' <<<"$changes"
