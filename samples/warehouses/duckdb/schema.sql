-- The audit log of Cloudsmith in DuckDB, schema audit-log-1.
-- Made by: cloudsmith-audit-export schema --as duckdb
-- Run it:  duckdb audit.duckdb < schema.sql (load.py does it by itself)
create table if not exists cloudsmith_audit_log (
  uuid                         varchar not null,
  event_at                     timestamptz not null,
  event                        varchar,
  context                      varchar,
  actor                        varchar,
  actor_kind                   varchar,
  actor_slug_perm              varchar,
  actor_url                    varchar,
  actor_ip_address             varchar,
  actor_location_continent     varchar,
  actor_location_country       varchar,
  actor_location_country_code  varchar,
  actor_location_city          varchar,
  actor_location_postal_code   varchar,
  actor_location_latitude      double,
  actor_location_longitude     double,
  object                       varchar,
  object_kind                  varchar,
  object_slug_perm             varchar,
  target                       varchar,
  target_kind                  varchar,
  target_slug_perm             varchar,
  additional_fields            varchar,
  organization                 varchar not null,
  event_date                   date not null);
create table if not exists cloudsmith_audit_loaded (
  organization   varchar primary key,
  commit_number  bigint not null,
  loaded_at      timestamptz not null);
