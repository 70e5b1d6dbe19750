import ArgumentParser
import AuditRecord
import CommandResults
import ExportConfiguration
import Platform

/// Prints the schema of the files, of a warehouse's tables, or of job files.
struct SchemaCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the columns, or the SQL that creates the tables of a warehouse.",
    usage: "cloudsmith-audit-export schema <options>",
    discussion: """
      With the name of a warehouse it prints the statements that create its tables: one for the events, and one for the number of \
      the loaded commit. samples/warehouses has loaders that fill them (Debian package: \
      /usr/share/doc/cloudsmith-audit-export/examples/warehouses). With job-file it prints the JSON Schema of job files.

      Examples:
        cloudsmith-audit-export schema
        cloudsmith-audit-export schema --as json
        cloudsmith-audit-export schema --as postgresql | psql audit
        cloudsmith-audit-export schema --as job-file > job.schema.json
      """)

  @Option(
    name: .customLong("as"), help: ArgumentHelp("\(Self.forms).", valueName: "form"),
    completion: .list(Self.choices))
  var form: String?

  private static let choices = ["table", "json"] + Warehouse.allCases.map(\.rawValue) + ["job-file"]
  private static let forms =
    "table (default), json, " + Warehouse.allCases.map(\.rawValue).joined(separator: ", ")
    + " or job-file"

  func run() async throws {
    let console = Console.beforeOptions
    switch form ?? "table" {
    case "table": console.answer(SchemaResult().text)
    case "json": console.answer(SchemaResult().json)
    case "job-file": console.answer(JobSchema.text)
    case let name:
      guard let warehouse = Warehouse(rawValue: name) else {
        let hint = Nearest.hint(for: name, among: Self.choices)
        console.tell(.usage("--as \(quoted(name)): expected \(Self.forms).\(hint)"))
        throw ExitStatus.usage.code
      }
      console.answer(TableDefinition(warehouse: warehouse).text)
    }
    if let failure = console.answerFailure {
      console.tell(failure)
      throw failure.status.code
    }
  }
}

/// The result of `schema`.
struct SchemaResult: CommandResult {
  var text: String {
    let width = Column.allCases.map(\.name.count).max() ?? 0
    let rows = Column.allCases.map { column in
      let number = String(column.rawValue + 1)
      return String(repeating: " ", count: 2 - number.count) + number + "  "
        + column.name + String(repeating: " ", count: width - column.name.count) + "  "
        + column.typeName + (column.isRequired ? "  required" : "")
    }
    return (["schema \(Column.schemaName)"] + rows).joined(separator: "\n")
  }

  var document: any Encodable {
    Document(
      schema: Column.schemaName,
      columns: Column.allCases.map {
        Document.Entry(name: $0.name, type: $0.typeName, nullable: !$0.isRequired)
      })
  }

  private struct Document: Encodable {
    struct Entry: Encodable {
      var name: String
      var type: String
      var nullable: Bool
    }

    var schema: String
    var columns: [Entry]
  }
}

extension Column {
  fileprivate var typeName: String {
    switch (self, kind) {
    case (.additionalFields, _): "string (JSON)"
    case (_, .string): "string"
    case (_, .timestamp): "timestamp, UTC, microseconds"
    case (_, .float64): "float64"
    }
  }
}
