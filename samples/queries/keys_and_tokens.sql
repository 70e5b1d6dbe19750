-- Changes of API keys, entitlement tokens, signing keys and passwords in the last 30 days: which credentials are new?
-- Newest first. The log has no secrets: an object is named by its permanent slug.
SELECT
  organization,
  event_at,
  coalesce(actor, actor_kind, 'unknown') AS changed_by,
  actor_location_country,
  event,
  object_kind,
  object,
  uuid
FROM cloudsmith_audit_log
WHERE event_date >= (SELECT max(event_date) FROM cloudsmith_audit_log) - INTERVAL '30' DAY
  AND (lower(event) LIKE '%key%' OR lower(event) LIKE '%token%' OR lower(event) LIKE '%entitlement%'
    OR lower(event) LIKE '%secret%' OR lower(event) LIKE '%password%')
ORDER BY event_at DESC, organization, uuid
