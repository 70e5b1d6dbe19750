-- Queries an archive in a bucket with Snowflake, without loading it. Export with --format csv,parquet. Not tested: written from
-- the documentation of Snowflake. cloudsmith_audit_s3 is a storage integration that may read the bucket.
--
-- The queries read all files below the prefix. While an export is at work, a day can be there twice, or a file can be gone. For
-- results that are exact at any time, load the archive with load.sh: it takes a bucket too.
create stage if not exists cloudsmith_audit_bucket
  url = 's3://my-bucket/audit/parquet/' storage_integration = cloudsmith_audit_s3 file_format = (type = parquet);
select $1:event::varchar as event, count(*) as events
from @cloudsmith_audit_bucket/organization=my-org/
group by event order by events desc;
