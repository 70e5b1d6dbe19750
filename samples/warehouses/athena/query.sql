-- Athena reads the archive as it lies in S3: an export with --format csv,parquet (Athena's CSV cannot read a newline in a value),
-- then `aws s3 sync`. There is nothing to load, and no commit to keep. Not run by this project's tests.
--
-- organization has to be given, by = or in; event_date keeps the price down.
select event, count(*) as events
from cloudsmith_audit_log
where organization = 'my-org' and event_date between date '2026-02-01' and date '2026-02-28'
group by event
order by events desc;
