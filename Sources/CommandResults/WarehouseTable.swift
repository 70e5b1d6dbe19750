package import AuditRecord
import ExportConfiguration

/// The statements that make a warehouse ready for the archive: a table of events, which has the columns of the files, then
/// the two keys of the folders; and one that holds which commit of each log is loaded.
package struct TableDefinition {
  package static let events = "cloudsmith_audit_log"
  package static let loaded = "cloudsmith_audit_loaded"

  package let warehouse: Warehouse

  package init(warehouse: Warehouse) {
    self.warehouse = warehouse
  }

  package var text: String {
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

/// A warehouse, with what its SQL has of its own. `samples/warehouses` holds a loader for each.
package enum Warehouse: String, CaseIterable {
  case postgresql, duckdb, clickhouse, spark, bigquery, snowflake, redshift, athena

  package var title: String {
    switch self {
    case .postgresql: "PostgreSQL"
    case .duckdb: "DuckDB"
    case .clickhouse: "ClickHouse"
    case .spark: "Spark"
    case .bigquery: "BigQuery"
    case .snowflake: "Snowflake"
    case .redshift: "Redshift"
    case .athena: "Athena"
    }
  }

  /// What runs a file of statements there.
  package var command: String {
    switch self {
    case .postgresql, .redshift: "psql --file schema.sql (PGHOST, PGDATABASE, … say where)"
    case .duckdb: "duckdb audit.duckdb < schema.sql (load.py does it by itself)"
    case .clickhouse: "clickhouse-client --multiquery < schema.sql"
    case .spark: "spark-sql -f schema.sql"
    case .bigquery: "bq query --use_legacy_sql=false < schema.sql (into the dataset audit)"
    case .snowflake: "snow sql --filename schema.sql"
    case .athena: "in the query editor, with the name of your bucket"
    }
  }

  package func type(_ kind: Column.Kind) -> String {
    switch (self, kind) {
    case (.postgresql, .string): "text"
    // As long as it can be; its length counts bytes. A longer value makes COPY fail; nothing is cut.
    case (.redshift, .string): "varchar(65535)"
    case (.duckdb, .string), (.snowflake, .string): "varchar"
    case (.clickhouse, .string): "String"
    case (.spark, .string), (.bigquery, .string), (.athena, .string): "string"

    case (.postgresql, .timestamp), (.duckdb, .timestamp), (.redshift, .timestamp): "timestamptz"
    case (.clickhouse, .timestamp): "DateTime64(6, 'UTC')"
    case (.snowflake, .timestamp): "timestamp_tz(6)"
    case (.spark, .timestamp), (.bigquery, .timestamp), (.athena, .timestamp): "timestamp"

    case (.postgresql, .float64), (.redshift, .float64): "double precision"
    case (.clickhouse, .float64): "Float64"
    case (.bigquery, .float64): "float64"
    case (.duckdb, .float64), (.snowflake, .float64), (.spark, .float64), (.athena, .float64): "double"
    }
  }

  package var dateType: String { self == .clickhouse ? "Date" : "date" }

  package var integerType: String {
    switch self {
    case .clickhouse: "UInt64"
    case .bigquery: "int64"
    default: "bigint"
    }
  }

  /// A column of a table, in three parts: name, type, and whether it may be NULL.
  package func column(_ name: String, _ type: String, isRequired: Bool) -> [String] {
    switch self {
    case .clickhouse: [name, isRequired ? type : "Nullable(\(type))"]
    // The tables of Hive know no NOT NULL.
    case .athena: [name, type]
    default: isRequired ? [name, type, "not null"] : [name, type]
    }
  }
}
