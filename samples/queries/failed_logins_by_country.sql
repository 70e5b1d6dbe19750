-- Logins of the last 30 days by country, most failed ones first: is somebody trying keys or passwords from an unusual place?
-- Cloudsmith documents only the successful login. Any event named after a login and a failure counts as failed.
SELECT
  organization,
  coalesce(actor_location_country, 'unknown') AS country,
  count(CASE
    WHEN lower(event) LIKE '%fail%' OR lower(event) LIKE '%denied%' OR lower(event) LIKE '%invalid%'
      OR lower(event) LIKE '%reject%' OR lower(event) LIKE '%lock%' THEN 1
  END) AS failed_logins,
  count(*) AS logins,
  count(DISTINCT actor) AS actors,
  count(DISTINCT actor_ip_address) AS addresses,
  max(event_at) AS newest_login
FROM cloudsmith_audit_log
WHERE event_date >= (SELECT max(event_date) FROM cloudsmith_audit_log) - INTERVAL '30' DAY
  AND lower(event) LIKE '%login%'
GROUP BY organization, coalesce(actor_location_country, 'unknown')
ORDER BY failed_logins DESC, logins DESC, organization, country
