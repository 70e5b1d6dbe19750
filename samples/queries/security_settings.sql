-- Changes of policies, retention, single sign-on, SCIM and two-factor rules in the last year: which control was changed?
-- Newest first. An auditor asks for these, with the person who made each change.
SELECT
  organization,
  event_at,
  coalesce(actor, actor_kind, 'unknown') AS changed_by,
  event,
  object_kind,
  object,
  uuid
FROM cloudsmith_audit_log
WHERE event_date >= (SELECT max(event_date) FROM cloudsmith_audit_log) - INTERVAL '365' DAY
  AND (lower(event) LIKE '%policy%' OR lower(event) LIKE '%retention%' OR lower(event) LIKE '%saml%'
    OR lower(event) LIKE '%scim%' OR lower(event) LIKE '%oidc%' OR lower(event) LIKE '%2fa%'
    OR lower(event) LIKE '%enforce%' OR lower(event) LIKE '%verify_signatures%' OR lower(event) LIKE '%storage_region%')
ORDER BY event_at DESC, organization, uuid
