package import AuditRecord

/// Where a text is not csv-1 with the columns of this schema, and why.
package struct CSVError: Error, Hashable, Sendable {
  package enum Reason: Hashable, Sendable {
    /// The first row is not the names of the columns.
    case header
    case tooFewFields
    case tooManyFields
    /// NULL in a column that is never NULL.
    case missing
    /// Not quoted, but holds something for which csv-1 quotes a field.
    case unquoted
    /// Quoted, but holds nothing for which csv-1 quotes a field.
    case needlesslyQuoted
    /// Something stands between the closing quote and the end of the field.
    case textAfterQuote
    case notUTF8
    /// Not a time of the form `2024-02-12T10:30:45.123456Z`.
    case time
    /// Not a number as csv-1 writes it.
    case number
    /// The file ends before the row does.
    case unfinished
    /// The row is longer than so many bytes.
    case longerThan(Int)
  }

  package var reason: Reason
  /// Counted from 1, without the header, which is row 0.
  package var row: Int
  /// The column where it was noticed; nil when it is about the row as a whole.
  package var column: Column?

  package init(_ reason: Reason, row: Int, column: Column? = nil) {
    self.reason = reason
    self.row = row
    self.column = column
  }
}

extension CSVError: CustomStringConvertible {
  /// One sentence without the full stop and without anything from the file.
  package var description: String {
    let place = column.map { "row \(row), column \($0.name)" } ?? (row == 0 ? "the header" : "row \(row)")
    return "\(place): \(why)"
  }

  private var why: String {
    switch reason {
    case .header: "not the column names of schema \(Column.schemaName)"
    case .tooFewFields: "the row ends here, and has fewer than \(Column.allCases.count) fields"
    case .tooManyFields: "the row goes on after the last of \(Column.allCases.count) fields"
    case .missing: "empty, but this column is never NULL"
    case .unquoted: "holds something that dialect \(CSVEncoder.dialect) writes only inside quotes"
    case .needlesslyQuoted: "quoted, although dialect \(CSVEncoder.dialect) writes this without quotes"
    case .textAfterQuote: "text after the closing quote"
    case .notUTF8: "not UTF-8"
    case .time: "not a time such as 2024-02-12T10:30:45.123456Z"
    case .number: "not a number as dialect \(CSVEncoder.dialect) writes it, such as -122.4194"
    case .unfinished: "the file ends in the middle of it"
    case .longerThan(let limit): "longer than \(limit) bytes"
    }
  }
}
