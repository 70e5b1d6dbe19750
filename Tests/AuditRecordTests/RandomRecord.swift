import AuditRecord
import TestSupport

/// A record made up together with the row that it must become.
struct RandomRecord {
  private(set) var members: [String: JSONValue] = [:]
  private(set) var row: Cells = [:]

  init(number: Int, _ random: inout SeededRandom) {
    var location: [String: JSONValue] = [:]
    var extras: [String: JSONValue] = [:]
    var locationExtras: [String: JSONValue] = [:]
    for column in Column.allCases where column != .additionalFields {
      let isInLocation = column.name.hasPrefix("actor_location_")
      let name = isInLocation ? String(column.name.dropFirst("actor_location_".count)) : column.name
      var value = JSONValue.null
      switch column {
      case .uuid:
        value = .string("uuid-\(number)")
        row["uuid"] = "uuid-\(number)"
      case .eventAt:
        let time = Timestamp(
          microseconds: Int64.random(in: -1_000_000_000_000_000...4_000_000_000_000_000, using: &random))
        value = .string(time.description)
        row["event_at"] = time.description
      case .actorLocationLatitude, .actorLocationLongitude:
        if random.once(in: 4) { break }
        let degrees = Double(Int.random(in: -11_520...11_520, using: &random)) / 64
        value = random.once(in: 2) ? .number(degrees) : .string("\(degrees)")
        row[column.name] = "\(degrees)"
      default:
        switch Int.random(in: 0..<12, using: &random) {
        case 0: break
        case 1: value = .boolean(random.once(in: 2))
        case 2: value = .number(Double(Int.random(in: -100...100, using: &random)) / 4)
        case 3: value = .array([.random(depth: 2, &random)])
        case 4: value = .object([JSONValue.randomString(&random): .random(depth: 2, &random)])
        default: value = .string(JSONValue.randomString(&random))
        }
        switch value {
        case .null: break
        case .string(let text): row[column.name] = text
        case .array, .object:
          if isInLocation { locationExtras[name] = value } else { extras[name] = value }
        default: row[column.name] = value.canonicalText
        }
      }
      if value == .null, random.once(in: 2) { continue }
      if isInLocation { location[name] = value } else { members[name] = value }
    }
    for _ in 0..<random.pick([0, 0, 0, 1, 3]) {
      let (name, value) = ("x" + JSONValue.randomString(&random), JSONValue.random(depth: 3, &random))
      extras[name] = value
      members[name] = value
    }
    if random.once(in: 8) {
      let (name, value) = ("x" + JSONValue.randomString(&random), JSONValue.random(depth: 3, &random))
      locationExtras[name] = value
      location[name] = value
    }
    members["actor_location"] = .object(location)
    if !locationExtras.isEmpty { extras["actor_location"] = .object(locationExtras) }
    if !extras.isEmpty { row["additional_fields"] = JSONValue.object(extras).canonicalText }
  }

  func text(_ random: inout SeededRandom) -> String { JSONValue.object(members).text(&random) }
}

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
