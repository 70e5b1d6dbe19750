/// What the program reads and writes besides its options: variables and files, for the manual page.
extension ManualPage {
  static let variables: [(name: String, text: String)] = [
    ("CLOUDSMITH_API_KEY", "The API key."),
    ("CLOUDSMITH_WORKSPACE", "The organisation, for --organization; CLOUDSMITH_ORG is read after it."),
    ("CLOUDSMITH_API_HOST", "The API, for --api-host."),
    (
      "CLOUDSMITH_PROXY",
      """
      The proxy, for --proxy; CLOUDSMITH_API_PROXY is read after it, then HTTPS_PROXY, then ALL_PROXY. NO_PROXY names hosts, domains \
      and ranges of addresses that are reached without those two, as for curl.
      """
    ),
    ("CLOUDSMITH_PROFILE", "The profile in credentials.ini, for --profile."),
    (
      "CLOUDSMITH_OIDC_TOKEN",
      """
      An identity token, to be exchanged for a token of the service account that CLOUDSMITH_SERVICE_SLUG or \
      --oidc-service-slug names, where there is no API key.
      """
    ),
    (
      "CREDENTIALS_DIRECTORY",
      "Where systemd has put its credentials; the one with the name cloudsmith-api-key is the API key."
    ),
    (
      "CLOUDSMITH_CONFIG_FILE and CLOUDSMITH_CREDENTIALS_FILE",
      "The files of cloudsmith-cli to read, in place of those below."
    ),
    (
      "CLOUDSMITH_AUDIT_EXPORT_*",
      "Every other option that takes a value, by its name in capitals, such as CLOUDSMITH_AUDIT_EXPORT_ARCHIVE for --archive."
    ),
  ]

  static let files: [(name: String, text: String)] = [
    (
      "ARCHIVE/csv/organization=ORG/event_date=DATE/",
      "The rows of a day, gzip CSV. Only files that the manifest names count."
    ),
    ("ARCHIVE/parquet/organization=ORG/event_date=DATE/", "The same as Parquet, with --format."),
    ("ARCHIVE/quarantine/organization=ORG/", "Records that could not become rows, as JSON lines."),
    (
      "ARCHIVE/_manifest/ORG/manifest.json",
      "What is covered, the high-water mark, and every file with its SHA-256."
    ),
    ("ARCHIVE/_manifest/ORG/commits/", "Every change, chained by SHA-256."),
    (
      "job.yaml",
      "Many logs with their settings, by any name, for --config; schema --as job-file prints its JSON Schema."
    ),
    (
      "config.ini and credentials.ini",
      """
      Where cloudsmith-cli keeps its settings and its API key: in this folder, in cloudsmith of XDG_CONFIG_HOME or ~/.config, or \
      in ~/.cloudsmith.
      """
    ),
  ]
}
