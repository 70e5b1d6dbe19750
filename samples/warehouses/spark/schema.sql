-- The audit log of Cloudsmith in Spark, schema audit-log-1.
-- Made by: cloudsmith-audit-export schema --as spark
-- Run it:  spark-sql -f schema.sql
create table if not exists cloudsmith_audit_log (
  uuid                         string not null,
  event_at                     timestamp not null,
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
  additional_fields            string,
  organization                 string not null,
  event_date                   date not null)
using parquet partitioned by (organization, event_date);
create table if not exists cloudsmith_audit_loaded (
  organization   string not null,
  commit_number  bigint not null,
  loaded_at      timestamp not null)
using parquet;
