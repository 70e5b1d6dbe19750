import AuditRecord

/// The statements that make a warehouse ready for the archive: a table of events, which has the columns of the files, then
/// the two keys of the folders; and one that holds which commit of each log is loaded.
struct TableDefinition {
  static let events = "cloudsmith_audit_log"
  static let loaded = "cloudsmith_audit_loaded"

  let warehouse: Warehouse

  var text: String {
    let heading = [
      "-- The audit log of Cloudsmith in \(warehouse.title), schema \(Column.schemaName).",
      "-- Made by: cloudsmith-audit-export schema --as \(warehouse.rawValue)",
      "-- Run it:  \(warehouse.command)",
    ]
    return (heading + statements).joined(separator: "\n")
  }

  private var statements: [String] {
    switch warehouse {
    case .postgresql:
      [
        table(Self.events, columns + keys), "create index if not exists \(Self.events)_day",
        "  on \(Self.events) (organization, event_date);", progress(),
      ]
    case .duckdb: [table(Self.events, columns + keys), progress()]
    case .clickhouse:
      [
        table(
          Self.events, columns + keys,
          "engine = MergeTree partition by (organization, event_date) order by (event_at, uuid)"),
        progress("engine = ReplacingMergeTree(loaded_at) order by organization"),
      ]
    case .spark:
      [
        table(Self.events, columns + keys, "using parquet partitioned by (organization, event_date)"),
        progress("using parquet"),
      ]
    case .bigquery:
      [
        table("audit." + Self.events, columns + keys, "partition by event_date cluster by organization"),
        progress(in: "audit."),
      ]
    case .snowflake: [table(Self.events, columns + keys, "cluster by (event_date)"), progress()]
    case .redshift: [table(Self.events, columns + keys, "sortkey (event_date, event_at)"), progress()]
    case .athena: [athena]
    }
  }

  /// The archive's Parquet as it stands in S3: nothing is loaded, and so nothing is kept of it.
  private var athena: String {
    """
    create external table if not exists \(Self.events) (
    \(list(columns)))
    partitioned by (organization string, event_date date)
    stored as parquet
    location 's3://MY-BUCKET/audit/parquet/'
    tblproperties (
      'projection.enabled' = 'true',
      'projection.organization.type' = 'injected',
      'projection.event_date.type' = 'date',
      'projection.event_date.format' = 'yyyy-MM-dd',
      'projection.event_date.range' = '2020-01-01,NOW');
    """
  }

  private var columns: [[String]] {
    Column.allCases.map { warehouse.column($0.name, warehouse.type($0.kind), isRequired: $0.isRequired) }
  }

  private var keys: [[String]] {
    [
      warehouse.column("organization", warehouse.type(.string), isRequired: true),
      warehouse.column("event_date", warehouse.dateType, isRequired: true),
    ]
  }

  private func progress(_ rest: String? = nil, in dataset: String = "") -> String {
    var key = warehouse.column("organization", warehouse.type(.string), isRequired: true)
    if warehouse == .postgresql || warehouse == .duckdb { key[2] = "primary key" }
    return table(
      dataset + Self.loaded,
      [
        key,
        warehouse.column("commit_number", warehouse.integerType, isRequired: true),
        warehouse.column("loaded_at", warehouse.type(.timestamp), isRequired: true),
      ], rest)
  }

  private func table(_ name: String, _ columns: [[String]], _ rest: String? = nil) -> String {
    "create table if not exists \(name) (\n\(list(columns)))" + (rest.map { "\n" + $0 } ?? "") + ";"
  }

  private func list(_ columns: [[String]]) -> String {
    let width = columns.map { $0[0].count }.max() ?? 0
    return columns.map { parts in
      "  " + parts[0] + String(repeating: " ", count: width - parts[0].count) + "  "
        + parts.dropFirst().joined(separator: " ")
    }.joined(separator: ",\n")
  }
}
