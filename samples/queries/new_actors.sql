-- People and services whose first event is in the last seven days before the newest event: who is new?
-- It reads every day of the archive. An actor who was renamed is not new.
SELECT
  organization,
  max(actor) AS new_actor,
  max(actor_kind) AS kind,
  min(event_at) AS first_event,
  count(*) AS events
FROM cloudsmith_audit_log
WHERE actor IS NOT NULL
GROUP BY organization, coalesce(actor_slug_perm, actor)
HAVING min(event_at) >= (SELECT max(event_at) FROM cloudsmith_audit_log) - INTERVAL '7' DAY
ORDER BY first_event, organization, new_actor
