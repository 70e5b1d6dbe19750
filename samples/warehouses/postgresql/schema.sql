-- The audit log of Cloudsmith in PostgreSQL, schema audit-log-1.
-- Made by: cloudsmith-audit-export schema --as postgresql
-- Run it:  psql --file schema.sql (PGHOST, PGDATABASE, … say where)
create table if not exists cloudsmith_audit_log (
  uuid                         text not null,
  event_at                     timestamptz not null,
  event                        text,
  context                      text,
  actor                        text,
  actor_kind                   text,
  actor_slug_perm              text,
  actor_url                    text,
  actor_ip_address             text,
  actor_location_continent     text,
  actor_location_country       text,
  actor_location_country_code  text,
  actor_location_city          text,
  actor_location_postal_code   text,
  actor_location_latitude      double precision,
  actor_location_longitude     double precision,
  object                       text,
  object_kind                  text,
  object_slug_perm             text,
  target                       text,
  target_kind                  text,
  target_slug_perm             text,
  additional_fields            text,
  organization                 text not null,
  event_date                   date not null);
create index if not exists cloudsmith_audit_log_day
  on cloudsmith_audit_log (organization, event_date);
create table if not exists cloudsmith_audit_loaded (
  organization   text primary key,
  commit_number  bigint not null,
  loaded_at      timestamptz not null);
