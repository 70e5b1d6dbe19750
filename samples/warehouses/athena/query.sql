-- Athena reads the archive in S3: export with --format csv,parquet (Athena's CSV reader cannot read a newline in a value), then
-- run `aws s3 sync`. An archive that is in the bucket itself needs no sync. There is nothing to load, and no commit number to
-- store. Not tested.
--
-- A condition on organization, with = or in, is required. A condition on event_date reduces the cost.
select event, count(*) as events
from cloudsmith_audit_log
where organization = 'my-org' and event_date between date '2026-02-01' and date '2026-02-28'
group by event
order by events desc;
