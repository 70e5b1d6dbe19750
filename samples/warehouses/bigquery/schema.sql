-- The audit log of Cloudsmith in BigQuery, schema audit-log-1.
-- Made by: cloudsmith-audit-export schema --as bigquery
-- Run it:  bq query --use_legacy_sql=false < schema.sql (into the dataset audit)
create table if not exists audit.cloudsmith_audit_log (
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
  actor_location_latitude      float64,
  actor_location_longitude     float64,
  object                       string,
  object_kind                  string,
  object_slug_perm             string,
  target                       string,
  target_kind                  string,
  target_slug_perm             string,
  additional_fields            string,
  organization                 string not null,
  event_date                   date not null)
partition by event_date cluster by organization;
create table if not exists audit.cloudsmith_audit_loaded (
  organization   string not null,
  commit_number  int64 not null,
  loaded_at      timestamp not null);
