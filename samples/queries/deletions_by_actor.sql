-- What each actor deleted or removed in the last 30 days, by kind of object: is it the usual cleanup?
-- 'system' is Cloudsmith itself, for example a retention rule.
SELECT
  organization,
  coalesce(actor, actor_kind, 'unknown') AS deleted_by,
  coalesce(object_kind, 'unknown') AS kind,
  count(*) AS deletions,
  count(DISTINCT object) AS objects,
  min(event_at) AS first_deletion,
  max(event_at) AS last_deletion
FROM cloudsmith_audit_log
WHERE event_date >= (SELECT max(event_date) FROM cloudsmith_audit_log) - INTERVAL '30' DAY
  AND (lower(event) LIKE '%delete%' OR lower(event) LIKE '%remove%')
GROUP BY organization, coalesce(actor, actor_kind, 'unknown'), coalesce(object_kind, 'unknown')
ORDER BY deletions DESC, organization, deleted_by, kind
