-- The audit log of Cloudsmith in ClickHouse, schema audit-log-1.
-- Made by: cloudsmith-audit-export schema --as clickhouse
-- Run it:  clickhouse-client --multiquery < schema.sql
create table if not exists cloudsmith_audit_log (
  uuid                         String,
  event_at                     DateTime64(6, 'UTC'),
  event                        Nullable(String),
  context                      Nullable(String),
  actor                        Nullable(String),
  actor_kind                   Nullable(String),
  actor_slug_perm              Nullable(String),
  actor_url                    Nullable(String),
  actor_ip_address             Nullable(String),
  actor_location_continent     Nullable(String),
  actor_location_country       Nullable(String),
  actor_location_country_code  Nullable(String),
  actor_location_city          Nullable(String),
  actor_location_postal_code   Nullable(String),
  actor_location_latitude      Nullable(Float64),
  actor_location_longitude     Nullable(Float64),
  object                       Nullable(String),
  object_kind                  Nullable(String),
  object_slug_perm             Nullable(String),
  target                       Nullable(String),
  target_kind                  Nullable(String),
  target_slug_perm             Nullable(String),
  additional_fields            Nullable(String),
  organization                 String,
  event_date                   Date)
engine = MergeTree partition by (organization, event_date) order by (event_at, uuid);
create table if not exists cloudsmith_audit_loaded (
  organization   String,
  commit_number  UInt64,
  loaded_at      DateTime64(6, 'UTC'))
engine = ReplacingMergeTree(loaded_at) order by organization;
