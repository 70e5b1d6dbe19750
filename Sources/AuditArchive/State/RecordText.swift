import AuditRecord

/// Where the bytes of a file of the state differ from those that this program writes for what they should say.
///
/// Same value, same bytes (`ArchiveJSON`): a file that another program wrote, or edited, shows here, however it is read.
struct RecordText {
  struct Difference {
    /// Of the outermost object.
    var member: String
    var expected: JSONTree?
    var found: JSONTree?
  }

  /// In the order of the names. A member that is not there is as good as one that says nothing, such as a counter at 0: records of an
  /// earlier build have fewer.
  let differences: [Difference]

  /// nil where the bytes are those expected.
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
  /// What is wrong, in a record that is of no other part of the state.
  func flaw(_ other: (_ member: String, _ expected: String, _ found: String) -> Flaw) -> Flaw {
    let (expected, found) = (expected.summary, found.summary)
    if let claim = Flaw.Claim(rawValue: member),
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
  /// On one line, cut where it is long.
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
