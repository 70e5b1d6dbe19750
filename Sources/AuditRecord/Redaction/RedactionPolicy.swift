/// What a redacted archive stores in place of a value. The raw value is stored in the archive and must not change.
package enum RedactionMethod: String, Sendable, CaseIterable {
  /// NULL.
  case drop
  /// 32 lower-case hexadecimal digits: the first half of the value's HMAC-SHA-256. Equal values have equal hashes, in every column
  /// and every archive with the same key.
  case hash
  /// The network of an address, `NetworkAddress`; NULL for a text that is no address.
  case truncate
}

/// Which columns of an archive are redacted, how, and under which key. Has no secret: the archive records it.
package struct RedactionPolicy: Hashable, Sendable {
  /// Never empty. Has neither `uuid` nor `event_at`.
  package let methods: [Column: RedactionMethod]
  /// The fingerprint of the key; nil without a key.
  package var keyFingerprint: String?

  /// The name that stands for the columns of an actor's location.
  package static let location = "actor_location"

  /// The columns of an actor's location, in file order.
  package static let locationColumns = Column.allCases.filter { $0.name.hasPrefix("\(location)_") }

  /// Reads `actor=hash,actor_ip_address=truncate`. `actor_location=drop` stands for the columns of the location.
  package init(_ text: String) throws(RedactionError) {
    var methods: [Column: RedactionMethod] = [:]
    for entry in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
      let words = entry.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard words.count == 2, !words[0].isEmpty else { throw .noPair(entry) }
      guard let method = RedactionMethod(rawValue: words[1]) else {
        throw .unknownMethod(words[1], of: words[0])
      }
      for column in try RedactionPolicy.columns(words[0], method) {
        try RedactionPolicy.check(column, method)
        guard methods.updateValue(method, forKey: column) == nil else { throw .twice(column) }
      }
    }
    self.methods = methods
  }

  /// - Parameter keyFingerprint: nil without a key.
  package init(methods: [Column: RedactionMethod], keyFingerprint: String?) throws(RedactionError) {
    guard !methods.isEmpty else { throw .noPair("") }
    for column in Column.allCases {
      if let method = methods[column] { try RedactionPolicy.check(column, method) }
    }
    self.methods = methods
    self.keyFingerprint = keyFingerprint
  }

  /// Whether a column is hashed, which needs a key.
  package var needsKey: Bool { methods.values.contains(.hash) }

  /// The methods that each column, or `actor_location`, may have.
  package static let words: [String: [String]] = {
    var words = [location: [RedactionMethod.drop.rawValue]]
    for column in Column.allCases where !column.isRequired {
      words[column.name] = RedactionMethod.allCases.filter { method in
        do {
          try check(column, method)
          return true
        } catch {
          return false
        }
      }.map(\.rawValue)
    }
    return words
  }()

  private static func columns(
    _ name: String, _ method: RedactionMethod
  ) throws(RedactionError) -> [Column] {
    if let column = Column(name: name) { return [column] }
    guard name == location else { throw .unknownColumn(name) }
    guard method == .drop else { throw .locationIsDropped }
    return locationColumns
  }

  private static func check(_ column: Column, _ method: RedactionMethod) throws(RedactionError) {
    guard !column.isRequired else { throw .required(column) }
    switch method {
    case .drop: break
    case .hash where column.kind != .string || column == .additionalFields: throw .cannotHoldHash(column)
    case .hash: break
    case .truncate where column != .actorIPAddress: throw .noAddress(column)
    case .truncate: break
    }
  }
}

extension RedactionPolicy: CustomStringConvertible {
  /// The text of `init(_:)`, in the order of the columns. Without the key.
  package var text: String {
    var rest = methods
    var entries: [(Column, String)] = []
    if RedactionPolicy.locationColumns.allSatisfy({ methods[$0] == .drop }) {
      for column in RedactionPolicy.locationColumns { rest[column] = nil }
      entries.append((RedactionPolicy.locationColumns[0], "\(RedactionPolicy.location)=drop"))
    }
    entries += rest.map { ($0, "\($0.name)=\($1.rawValue)") }
    return entries.sorted { $0.0.rawValue < $1.0.rawValue }.map(\.1).joined(separator: ",")
  }

  /// `actor=hash,object=drop (key 5f0c9d2ab1e43c77)`
  package var description: String { text + (keyFingerprint.map { " (key \($0))" } ?? "") }
}

/// Why a text is no redaction.
package enum RedactionError: Error, Hashable, Sendable {
  /// Not of the form `COLUMN=METHOD`.
  case noPair(String)
  case unknownColumn(String)
  case unknownMethod(String, of: String)
  case twice(Column)
  /// The column identifies and orders the events.
  case required(Column)
  /// The column holds numbers or JSON.
  case cannotHoldHash(Column)
  /// Only an address can be truncated.
  case noAddress(Column)
  /// `actor_location` can only be dropped as a whole.
  case locationIsDropped
}

extension RedactionError: CustomStringConvertible {
  /// Follows the setting and a colon, without a full stop.
  package var description: String {
    switch self {
    case .noPair(let text): "'\(text)' is not of the form COLUMN=drop, COLUMN=hash or COLUMN=truncate"
    case .unknownColumn(let name):
      "there is no column '\(name)'; cloudsmith-audit-export schema prints all columns"
    case .unknownMethod(let word, let column): "\(column): '\(word)' is not drop, hash or truncate"
    case .twice(let column): "\(column.name) occurs twice"
    case .required(let column):
      "\(column.name) cannot be redacted, because it identifies and orders the events"
    case .cannotHoldHash(.additionalFields): "additional_fields holds JSON, so it can only be dropped"
    case .cannotHoldHash(let column): "\(column.name) holds numbers, so it can only be dropped"
    case .noAddress(let column):
      "\(column.name) can be dropped or hashed; truncate is only for actor_ip_address"
    case .locationIsDropped: "actor_location can only be dropped as a whole; name its columns to hash them"
    }
  }
}
