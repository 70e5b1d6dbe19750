import AuditRecord
import Platform

extension ArchiveJSON {
  /// Reads a file of the archive. Unknown members are ignored; consistency is not checked.
  ///
  /// Throws `.newerFormat` for a file of a later format version, else `.damaged`.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], path: String
  ) throws(ArchiveError) -> Value {
    do {
      return try JSONDecoder().decode(Versioned<Value>.self, from: Data(bytes)).value
    } catch let error as OtherFormat {
      // Only a higher major version is a newer format; anything else is damage.
      let fields = error.found.split(separator: "/", omittingEmptySubsequences: false)
      guard fields.count == 2, fields[0] == name, let number = Int(fields[1]), number > major else {
        throw .unreadable(path, "its format is \(error.found.debugDescription), not \(format)")
      }
      throw .newerFormat(path: path, found: error.found, supported: format)
    } catch {
      throw .unreadable(path, explanation(of: error))
    }
  }

  private struct Versioned<Value: Decodable>: Decodable {
    let value: Value

    enum CodingKeys: CodingKey { case format }

    init(from decoder: any Decoder) throws {
      let format = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .format)
      guard format == ArchiveJSON.format else { throw OtherFormat(found: format) }
      value = try Value(from: decoder)
    }
  }

  private struct OtherFormat: Error {
    let found: String
  }

  private static func explanation(of error: any Error) -> String {
    func text(_ context: DecodingError.Context, _ what: String) -> String {
      let place = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(
        separator: ".")
      return place.isEmpty ? what : "\(place): \(what)"
    }
    switch error {
    case DecodingError.keyNotFound(let key, let context):
      return text(context, "the member \(key.stringValue) is missing")
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
      DecodingError.dataCorrupted(let context):
      // Foundation's sentence ends with a full stop; here it is part of a longer one.
      let why = context.debugDescription
      return text(context, why.hasSuffix(".") ? String(why.dropLast()) : why)
    default:
      return "it is not JSON: \(error)"
    }
  }
}

/// How the bytes of a state file differ from those that this program would write for the same value.
///
/// Equal values have equal bytes (`ArchiveJSON`), so this also detects files that another program wrote or edited.
struct RecordText {
  struct Difference {
    /// A member of the outermost object.
    var member: String
    var expected: JSONTree?
    var found: JSONTree?
  }

  /// Sorted by name. A missing member equals an empty one, such as a counter of 0: records of early builds have fewer.
  let differences: [Difference]

  /// nil if the bytes are equal.
  init?(_ bytes: [UInt8], expected: [UInt8]) throws(JSONTreeError) {
    guard bytes != expected else { return nil }
    guard case .object(let found) = try JSONTree(bytes), case .object(let expected) = try JSONTree(expected)
    else {
      differences = []
      return
    }
    differences = Set(found.keys).union(expected.keys).sorted().compactMap { member in
      RecordText.agree(expected[member], found[member])
        ? nil : Difference(member: member, expected: expected[member], found: found[member])
    }
  }

  private static func agree(_ expected: JSONTree?, _ found: JSONTree?) -> Bool {
    switch (expected, found) {
    case (let one?, nil), (nil, let one?): return one.saysNothing
    case (.object(let expected), .object(let found)):
      return Set(expected.keys).union(found.keys).allSatisfy { agree(expected[$0], found[$0]) }
    case (.array(let expected), .array(let found)):
      return expected.count == found.count && zip(expected, found).allSatisfy { agree($0, $1) }
    default: return expected == found
    }
  }
}

extension RecordText.Difference {
  /// The problem that the difference is; `other` makes it for members that have no problem of their own.
  func problem(_ other: (_ member: String, _ expected: String, _ found: String) -> Finding.Problem)
    -> Finding.Problem
  {
    let (expected, found) = (expected.summary, found.summary)
    if let claim = Finding.Problem.Claim(rawValue: member),
      [.start, .coverage, .gaps, .lookbackDue, .highWaterMark].contains(claim)
    {
      return .wrongCoverage(claim, expected: expected, found: found)
    }
    switch member {
    case "schema", "csv_dialect": return .schemaMismatch(expected: expected, found: found)
    case "quarantined_records":
      guard let expected = Int(expected), let found = Int(found) else {
        return other(member, expected, found)
      }
      return .miscounted(.records, expected: found, found: expected)
    default: return other(member, expected, found)
    }
  }
}

extension JSONTree? {
  /// One line, at most 200 characters.
  fileprivate var summary: String {
    let text = self?.summary ?? "missing"
    return text.count > 200 ? text.prefix(200) + "…" : text
  }
}

extension JSONTree {
  fileprivate var summary: String {
    switch self {
    case .string(let text), .scalar(let text): text
    case .array(let elements): elements.isEmpty ? "none" : elements.map(\.summary).joined(separator: ", ")
    case .object(let members):
      if case (.string(let from)?, .string(let to)?) = (members["from"], members["to"]), members.count == 2 {
        "\(from) to \(to)"
      } else {
        "{" + members.keys.sorted().map { "\($0): \(members[$0].summary)" }.joined(separator: ", ") + "}"
      }
    }
  }
}

extension [Window] {
  /// `2024-02-11T00:00:00.000000Z to 2024-02-15T00:50:00.000000Z, …`; `none`
  var summary: String {
    isEmpty ? "none" : map { "\($0.from) to \($0.to)" }.joined(separator: ", ")
  }
}
