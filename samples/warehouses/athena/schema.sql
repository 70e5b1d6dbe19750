-- The audit log of Cloudsmith in Athena, schema audit-log-1.
-- Made by: cloudsmith-audit-export schema --as athena
-- Run it:  in the query editor, with the name of your bucket
create external table if not exists cloudsmith_audit_log (
  uuid                         string,
  event_at                     timestamp,
  event                        string,
  context                      string,
  actor                        string,
  actor_kind                   string,
  actor_slug_perm              string,
  actor_url                    string,
  actor_ip_address             string,
  actor_location_continent     string,
  actor_location_country       string,
  actor_location_country_code  string,
  actor_location_city          string,
  actor_location_postal_code   string,
  actor_location_latitude      double,
  actor_location_longitude     double,
  object                       string,
  object_kind                  string,
  object_slug_perm             string,
  target                       string,
  target_kind                  string,
  target_slug_perm             string,
  additional_fields            string)
partitioned by (organization string, event_date date)
stored as parquet
location 's3://MY-BUCKET/audit/parquet/'
tblproperties (
  'projection.enabled' = 'true',
  'projection.organization.type' = 'injected',
  'projection.event_date.type' = 'date',
  'projection.event_date.format' = 'yyyy-MM-dd',
  'projection.event_date.range' = '2020-01-01,NOW');
