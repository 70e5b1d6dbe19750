-- Queries an archive in a bucket with ClickHouse, without loading it. Export with --format csv,parquet. Run by hand with chdb 4
-- against SeaweedFS. Credentials: add the key and the secret after the URL, or set use_environment_credentials in the server's
-- configuration.
--
-- The view reads all files below the prefix. While an export is at work, a day can be there twice, or a file can be gone. For
-- results that are exact at any time, load the archive with load.sh: it takes a bucket too.
create or replace view cloudsmith_audit_bucket as
select * from s3('https://my-bucket.s3.eu-central-1.amazonaws.com/audit/parquet/organization=*/event_date=*/*.parquet', 'Parquet')
settings use_hive_partitioning = 1;
