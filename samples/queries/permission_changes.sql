-- Changes of members, invitations, teams, roles and service accounts in the last 30 days: who gave access to whom?
-- Newest first. Single sign-on, SCIM and policies are in security_settings.sql.
SELECT
  organization,
  event_at,
  actor,
  actor_ip_address,
  event,
  object_kind,
  object,
  target_kind,
  target,
  uuid
FROM cloudsmith_audit_log
WHERE event_date >= (SELECT max(event_date) FROM cloudsmith_audit_log) - INTERVAL '30' DAY
  AND (lower(event) LIKE '%member%' OR lower(event) LIKE '%invit%' OR lower(event) LIKE '%team%'
    OR lower(event) LIKE '%role%' OR lower(event) LIKE '%privilege%' OR lower(event) LIKE '%permission%'
    OR lower(event) LIKE '%service%' OR lower(event) LIKE '%collaborator%' OR lower(event) LIKE '%user%')
ORDER BY event_at DESC, organization, uuid
