-- The audit log of Cloudsmith in Redshift, schema audit-log-1.
-- Made by: cloudsmith-audit-export schema --as redshift
-- Run it:  psql --file schema.sql (PGHOST, PGDATABASE, … say where)
create table if not exists cloudsmith_audit_log (
  uuid                         varchar(65535) not null,
  event_at                     timestamptz not null,
  event                        varchar(65535),
  context                      varchar(65535),
  actor                        varchar(65535),
  actor_kind                   varchar(65535),
  actor_slug_perm              varchar(65535),
  actor_url                    varchar(65535),
  actor_ip_address             varchar(65535),
  actor_location_continent     varchar(65535),
  actor_location_country       varchar(65535),
  actor_location_country_code  varchar(65535),
  actor_location_city          varchar(65535),
  actor_location_postal_code   varchar(65535),
  actor_location_latitude      double precision,
  actor_location_longitude     double precision,
  object                       varchar(65535),
  object_kind                  varchar(65535),
  object_slug_perm             varchar(65535),
  target                       varchar(65535),
  target_kind                  varchar(65535),
  target_slug_perm             varchar(65535),
  additional_fields            varchar(65535),
  organization                 varchar(65535) not null,
  event_date                   date not null)
sortkey (event_date, event_at);
create table if not exists cloudsmith_audit_loaded (
  organization   varchar(65535) not null,
  commit_number  bigint not null,
  loaded_at      timestamptz not null);
