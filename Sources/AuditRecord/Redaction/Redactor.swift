import Crypto

/// A redaction policy with its key.
package struct Redaction: Sendable {
  /// What the archive records.
  package let policy: RedactionPolicy
  let key: RedactionKey?

  /// - Parameters:
  ///   - policy: its fingerprint becomes that of the key.
  ///   - key: required if the policy hashes a column. With a key, identities of records without a `uuid` are hashed, too.
  /// - Returns: nil if the key is missing.
  package init?(_ policy: RedactionPolicy, key: RedactionKey?) {
    guard key != nil || !policy.needsKey else { return nil }
    var policy = policy
    policy.keyFingerprint = key?.fingerprint
    self.policy = policy
    self.key = key
  }
}

/// Redacts the rows and the quarantined records of pages.
///
/// The result has the bytes of a redacted value nowhere. It depends on the record alone, so rows that were received at
/// different times can be compared. Keeps the hashes and networks of up to 16,384 recent values each.
package struct Redactor: Sendable {
  private let key: RedactionKey?
  /// By the raw value of the text column.
  private let methods: [RedactionMethod?]
  private let dropsLatitude: Bool
  private let dropsLongitude: Bool
  private let extras: ExtrasFilter
  private var hashes = ResultCache()
  private var networks = ResultCache()

  package init(_ redaction: Redaction) {
    let policy = redaction.policy.methods
    key = redaction.key
    methods = Column.allCases.filter { $0.kind == .string }.map { policy[$0] }
    dropsLatitude = policy[.actorLocationLatitude] != nil
    dropsLongitude = policy[.actorLocationLongitude] != nil
    extras = ExtrasFilter(policy)
  }

  package mutating func redact(_ page: ParsedPage) -> ParsedPage {
    var page = page
    page.rows = redact(page.rows)
    page.quarantined = page.quarantined.map { $0.redacted(key) }
    return page
  }

  /// The rows in the same order. Columns that are not redacted stay as they are, except that
  /// * `additional_fields` loses the members that a redacted column could not hold, and
  /// * the `uuid` of a record that has none is no longer the hash of all that was received (see `identity`).
  package mutating func redact(_ rows: RowBatch) -> RowBatch {
    var redacted = RowBatch()
    redacted.reserveRows(rows.count)
    redacted.bytes.reserveCapacity(rows.bytes.count)
    for row in 0..<rows.count {
      let firstCell = redacted.cells.count
      redacted.cells.append(contentsOf: repeatElement(.null, count: TextColumn.count))
      for column in 0..<TextColumn.count {
        let cell = rows.cells[firstCell + column]
        guard !cell.isNull else { continue }
        let start = redacted.bytes.count
        switch methods[column] {
        case nil:
          if column == TextColumn.uuid.rawValue, Redactor.isGenerated(rows.bytes[cell.range]) { continue }
          if column == TextColumn.additionalFields.rawValue {
            guard let kept = extras.filter(rows.bytes[cell.range]) else { continue }
            redacted.bytes += kept
          } else {
            redacted.bytes.append(contentsOf: rows.bytes[cell.range])
          }
        case .drop?: continue
        case .hash?:
          // A policy with hashes has a key.
          redacted.bytes += hashes.result(of: rows.bytes, cell.range) { [key] in key?.hash($0) }
          if redacted.bytes.count == start { continue }
        case .truncate?:
          redacted.bytes += networks.result(of: rows.bytes, cell.range) { text in
            NetworkAddress.network(of: text).map { Array($0.utf8) }
          }
          if redacted.bytes.count == start { continue }
        }
        redacted.cells[firstCell + column] = RowBatch.Cell(start..<redacted.bytes.count)
      }
      redacted.eventAt.append(rows.eventAt[row])
      redacted.latitude.append(dropsLatitude ? .nan : rows.latitude[row])
      redacted.longitude.append(dropsLongitude ? .nan : rows.longitude[row])
      let uuid = firstCell + TextColumn.uuid.rawValue
      if redacted.cells[uuid].isNull {
        let start = redacted.bytes.count
        redacted.bytes += identity(of: rows.bytes[rows.cells[uuid].range], row, firstCell, redacted)
        redacted.cells[uuid] = RowBatch.Cell(start..<redacted.bytes.count)
      }
      redacted.ends.append(UInt32(truncatingIfNeeded: redacted.bytes.count))
    }
    return redacted
  }

  // MARK: Identities

  private static let generatedPrefix = Array("sha256:".utf8)

  /// Whether a `uuid` has the form of one that flattening generates: the hash of the whole record. Whoever knows the other
  /// columns of a record could use it to test guesses of the redacted ones.
  private static func isGenerated(_ uuid: ArraySlice<UInt8>) -> Bool {
    uuid.count == generatedPrefix.count + 64 && uuid.starts(with: generatedPrefix)
  }

  /// The `uuid` to store for a record that has none: `hmac-sha256:` and the keyed hash of the generated one. Without a key,
  /// `sha256:` and the SHA-256 of what is stored, so records that differ only in redacted values become one.
  private func identity(
    of uuid: ArraySlice<UInt8>, _ row: Int, _ firstCell: Int, _ rows: RowBatch
  ) -> [UInt8] {
    if let key { return Array("hmac-sha256:".utf8) + key.hash(Array(uuid)) }
    var hash = SHA256()
    func add(_ number: UInt64) {
      hash.update(data: (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) })
    }
    add(UInt64(bitPattern: rows.eventAt[row]))
    for degrees in [rows.latitude[row], rows.longitude[row]] {
      add(degrees.isNaN ? .max : degrees.bitPattern)
    }
    for cell in rows.cells[firstCell..<firstCell + TextColumn.count] {
      add(cell.isNull ? .max : UInt64(cell.length))
      hash.update(data: Array(rows.bytes[cell.range]))
    }
    return Redactor.generatedPrefix + Array(hash.finalize().hex.utf8)
  }
}

/// The results for recent values.
private struct ResultCache: Sendable {
  private struct Entry {
    var value: Range<Int>
    /// Empty for NULL.
    var result: Range<Int>
  }

  private var entries: [IdentityHash: Entry] = [:]
  /// The text of the entries.
  private var text: [UInt8] = []

  private static let most = 16_384
  /// Longer values are rare.
  private static let longest = 256

  /// The result for the value at `range` of `bytes`; empty for NULL.
  ///
  /// - Parameter make: makes a result, which is never the empty string; nil for NULL.
  mutating func result(
    of bytes: [UInt8], _ range: Range<Int>, make: ([UInt8]) -> [UInt8]?
  ) -> ArraySlice<UInt8> {
    guard range.count <= ResultCache.longest else { return (make(Array(bytes[range])) ?? [])[...] }
    let name = IdentityHash(bytes.span.extracting(range))
    if let entry = entries[name] {
      guard text[entry.value].elementsEqual(bytes[range]) else {
        return (make(Array(bytes[range])) ?? [])[...]
      }
      return text[entry.result]
    }
    if entries.count == ResultCache.most {
      text.removeAll(keepingCapacity: true)
      entries.removeAll(keepingCapacity: true)
    }
    let result = make(Array(bytes[range])) ?? []
    let start = text.count
    text += bytes[range]
    let end = text.count
    text += result
    entries[name] = Entry(value: start..<end, result: end..<text.count)
    return result[...]
  }
}

/// Removes members from `additional_fields`: values of redacted columns with a type that the column cannot hold.
private struct ExtrasFilter: Sendable {
  /// Names of members of the record.
  private var members: Set<[UInt8]> = []
  /// Names of members of its `actor_location`.
  private var locationMembers: Set<[UInt8]> = []
  /// Whether the whole location is redacted, with members that the schema does not know.
  private var dropsLocation = false

  private static let location = Array(RedactionPolicy.location.utf8)

  init(_ policy: [Column: RedactionMethod]) {
    for column in policy.keys {
      members.insert(Array(column.name.utf8))
      guard RedactionPolicy.locationColumns.contains(column) else { continue }
      locationMembers.insert(Array(column.name.utf8.dropFirst(ExtrasFilter.location.count + 1)))
    }
    dropsLocation = RedactionPolicy.locationColumns.allSatisfy { policy[$0] != nil }
  }

  /// The object without the members; nil if none is left.
  func filter(_ json: ArraySlice<UInt8>) -> [UInt8]? {
    let json = Array(json)
    // Flattening has written the text within its own limits.
    var scanner = JSONScanner(limits: JSONLimits(depth: .max, stringLength: .max, members: .max))
    do {
      return try filter(json.span, &scanner, isLocation: false)
    } catch {
      // Better to keep too little than too much.
      return nil
    }
  }

  private func filter(
    _ json: Span<UInt8>, _ scanner: inout JSONScanner, isLocation: Bool
  ) throws(PageError) -> [UInt8]? {
    guard try scanner.peek(json) == UInt8(ascii: "{") else { return nil }
    var kept: [UInt8] = []
    if try scanner.open(until: UInt8(ascii: "}"), json) {
      repeat {
        let start = scanner.position
        let token = try scanner.readString(json)
        let name = token.range.map { json[$0] }
        try scanner.expectColon(json)
        let valueStart = scanner.position
        try scanner.skipValue(json, depth: 0)
        let end = scanner.position
        var value: [UInt8]? = (valueStart..<end).map { json[$0] }
        if isLocation {
          if locationMembers.contains(name) { value = nil }
        } else if members.contains(name) {
          value = nil
        } else if name == ExtrasFilter.location, !locationMembers.isEmpty {
          scanner.position = valueStart
          // A location that is no object may hold any of its columns.
          value = dropsLocation ? nil : try filter(json, &scanner, isLocation: true)
          scanner.position = end
        }
        guard let value else { continue }
        kept.append(UInt8(ascii: kept.isEmpty ? "{" : ","))
        for position in start..<valueStart { kept.append(json[position]) }
        kept += value
      } while try scanner.continues(until: UInt8(ascii: "}"), json)
    }
    return kept.isEmpty ? nil : kept + [UInt8(ascii: "}")]
  }
}
