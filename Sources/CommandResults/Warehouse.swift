import AuditRecord

/// A warehouse, with what its SQL has of its own. `samples/warehouses` holds a loader for each.
enum Warehouse: String, CaseIterable {
  case postgresql, duckdb, clickhouse, spark, bigquery, snowflake, redshift, athena

  var title: String {
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
  var command: String {
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

  func type(_ kind: Column.Kind) -> String {
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

  var dateType: String { self == .clickhouse ? "Date" : "date" }

  var integerType: String {
    switch self {
    case .clickhouse: "UInt64"
    case .bigquery: "int64"
    default: "bigint"
    }
  }

  /// A column of a table, in three parts: name, type, and whether it may be NULL.
  func column(_ name: String, _ type: String, isRequired: Bool) -> [String] {
    switch self {
    case .clickhouse: [name, isRequired ? type : "Nullable(\(type))"]
    // The tables of Hive know no NOT NULL.
    case .athena: [name, type]
    default: isRequired ? [name, type, "not null"] : [name, type]
    }
  }
}
