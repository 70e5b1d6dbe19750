-- Known actors with a first event from a country in the last seven days before the newest event: travel, or a stolen key?
-- It reads every day of the archive. New actors are left out; new_actors.sql lists them.
SELECT
  here.organization,
  here.known_actor,
  here.country,
  here.first_event,
  here.events
FROM (
  SELECT
    organization,
    coalesce(actor_slug_perm, actor) AS actor_id,
    max(actor) AS known_actor,
    actor_location_country AS country,
    min(event_at) AS first_event,
    count(*) AS events
  FROM cloudsmith_audit_log
  WHERE actor IS NOT NULL AND actor_location_country IS NOT NULL
  GROUP BY organization, coalesce(actor_slug_perm, actor), actor_location_country
) AS here
JOIN (
  SELECT organization, coalesce(actor_slug_perm, actor) AS actor_id, min(event_at) AS first_event
  FROM cloudsmith_audit_log
  WHERE actor IS NOT NULL
  GROUP BY organization, coalesce(actor_slug_perm, actor)
) AS anywhere ON anywhere.organization = here.organization AND anywhere.actor_id = here.actor_id
WHERE here.first_event >= (SELECT max(event_at) FROM cloudsmith_audit_log) - INTERVAL '7' DAY
  AND anywhere.first_event < (SELECT max(event_at) FROM cloudsmith_audit_log) - INTERVAL '7' DAY
ORDER BY here.first_event, here.organization, here.known_actor, here.country
