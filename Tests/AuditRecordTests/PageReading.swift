import AuditRecord

/// One row as a test looks at it: every cell by its column's name, NULL as nil, numbers and times as text.
typealias Cells = [String: String]

extension ParsedPage {
  /// The cells of a row that are not NULL.
  func cells(_ row: Int = 0) -> Cells {
    var cells: Cells = ["event_at": rows.time(row).description]
    for (column, text) in zip(Column.allCases.filter { $0.kind == .string }, TextColumn.allCases) {
      cells[column.name] = rows.string(text, row)
    }
    if !rows.latitude[row].isNaN { cells["actor_location_latitude"] = "\(rows.latitude[row])" }
    if !rows.longitude[row].isNaN { cells["actor_location_longitude"] = "\(rows.longitude[row])" }
    return cells
  }
}

func parsePage(_ json: String, limits: JSONLimits = JSONLimits()) throws(PageError) -> ParsedPage {
  var parser = EventParser(limits: limits)
  return try parser.parse(Array(json.utf8))
}

/// A page of one record with these members beside a `uuid` and an `event_at`.
func parseRecord(_ members: String) throws(PageError) -> ParsedPage {
  try parsePage(
    "[{\"uuid\":\"u\",\"event_at\":\"2024-02-12T10:30:45Z\"\(members.isEmpty ? "" : ",")\(members)}]")
}

/// The cells of that record but for `uuid` and `event_at`.
func cells(_ members: String) throws(PageError) -> Cells {
  var cells = try parseRecord(members).cells()
  cells["uuid"] = nil
  cells["event_at"] = nil
  return cells
}

/// What is wrong with a body; nil when it is a page.
func pageError(_ body: [UInt8], limits: JSONLimits = JSONLimits()) -> PageError? {
  var parser = EventParser(limits: limits)
  do throws(PageError) {
    _ = try parser.parse(body)
    return nil
  } catch {
    return error
  }
}

func pageError(_ json: String, limits: JSONLimits = JSONLimits()) -> PageError? {
  pageError(Array(json.utf8), limits: limits)
}
