import AuditRecord
import Platform

/// The JSON of the archive's own files: sorted keys, one member on a line, a newline at the end. Equal values have equal bytes.
package enum ArchiveJSON {
  /// The member `format` of every file that this version writes.
  package static let format = "\(name)/\(major)"

  static let name = "cloudsmith-audit-export"
  static let major = 1

  /// The bytes of a file, with a newline at the end.
  ///
  /// - Parameters:
  ///   - value: a value whose encoding never throws. Anything else is a programming error and traps.
  ///   - onOneLine: without line breaks, for lines of JSON.
  package static func encode(_ value: some Encodable, onOneLine: Bool = false) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if !onOneLine { encoder.outputFormatting.insert(.prettyPrinted) }
    do {
      return try Array(encoder.encode(value)) + [UInt8(ascii: "\n")]
    } catch {
      // Only a number that is not finite cannot be encoded.
      fatalError("a record of the archive has no JSON form: \(error)")
    }
  }
}

// MARK: Members written as text

/// A value that a record writes as a string: a time, a day, a slug.
///
/// The container methods below decode and encode the string directly; synthesised conformances use them.
protocol TextValue: Codable {
  init?(recordText: String)
  var recordText: String { get }
  /// Ends the sentence `"x" is not …`.
  static var kindOfText: String { get }
}

extension TextValue {
  package init(from decoder: any Decoder) throws {
    let text = try String(from: decoder)
    guard let value = Self(recordText: text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: Self.refusal(of: text)))
    }
    self = value
  }

  package func encode(to encoder: any Encoder) throws { try recordText.encode(to: encoder) }

  fileprivate static func refusal(of text: String) -> String {
    "\(text.debugDescription) is not \(kindOfText)"
  }
}

extension Timestamp: TextValue {
  init?(recordText text: String) {
    guard let time = Timestamp(rfc3339: text), time.description == text else { return nil }
    self = time
  }
  var recordText: String { description }
  static var kindOfText: String { "a time such as 2024-02-12T10:30:45.123456Z" }
}

extension Day: TextValue {
  init?(recordText text: String) { self.init(text) }
  var recordText: String { description }
  static var kindOfText: String { "a day" }
}

extension Slug: TextValue {
  init?(recordText text: String) { self.init(text) }
  var recordText: String { description }
  static var kindOfText: String { "a slug" }
}

/// A SHA-256 in lower-case hex.
struct SHA256Text: TextValue {
  let recordText: String

  init?(recordText text: String) {
    guard text.utf8.count == 64, text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else { return nil }
    recordText = text
  }
  static var kindOfText: String { "a SHA-256" }
}

extension KeyedEncodingContainer {
  mutating func encode(_ value: some TextValue, forKey key: Key) throws {
    try encode(value.recordText, forKey: key)
  }
}

extension KeyedDecodingContainer {
  func decode<Value: TextValue>(_ type: Value.Type, forKey key: Key) throws -> Value {
    let text = try decode(String.self, forKey: key)
    guard let value = Value(recordText: text) else { throw corrupted(key, Value.refusal(of: text)) }
    return value
  }

  func corrupted(_ key: Key, _ why: String) -> DecodingError {
    .dataCorruptedError(forKey: key, in: self, debugDescription: why)
  }
}

// MARK: Windows and coverage

extension Window: Codable {
  private enum CodingKeys: CodingKey { case from, to }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      from: record.decode(Timestamp.self, forKey: .from), to: record.decode(Timestamp.self, forKey: .to))
  }

  package func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(from, forKey: .from)
    try record.encode(to, forKey: .to)
  }
}

extension Coverage: Codable {
  package init(from decoder: any Decoder) throws { self.init(try [Window](from: decoder)) }
  package func encode(to encoder: any Encoder) throws { try intervals.encode(to: encoder) }
}

// MARK: Wrappers

/// A number of things: from 0 to 2⁴⁴, so that sums do not overflow.
@propertyWrapper package struct Count: Hashable, Sendable, Codable {
  static let most = 1 << 44
  /// The number. Only decoding checks its limits.
  package var wrappedValue: Int

  package init(wrappedValue: Int) { self.wrappedValue = wrappedValue }
}

/// A SHA-256 in lower-case hex; checked when it is read.
@propertyWrapper package struct Digest: Hashable, Sendable, Codable {
  package var wrappedValue: String

  package init(wrappedValue: String) { self.wrappedValue = wrappedValue }
}

/// An optional that is always written: nil as null. A record without the member is refused.
@propertyWrapper package struct Nullable<Value: Codable & Hashable & Sendable>: Hashable, Sendable, Codable {
  package var wrappedValue: Value?

  package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }
}

extension KeyedEncodingContainer {
  mutating func encode(_ value: Count, forKey key: Key) throws { try encode(value.wrappedValue, forKey: key) }
  mutating func encode(_ value: Digest, forKey key: Key) throws {
    try encode(value.wrappedValue, forKey: key)
  }
  mutating func encode<Value>(_ value: Nullable<Value>, forKey key: Key) throws {
    try encode(value.wrappedValue, forKey: key)
  }
}

extension KeyedDecodingContainer {
  func decode(_ type: Count.Type, forKey key: Key) throws -> Count {
    let number = try decode(Int.self, forKey: key)
    guard number >= 0 else { throw corrupted(key, "\(number) is negative") }
    guard number <= Count.most else { throw corrupted(key, "\(number) is impossibly large") }
    return Count(wrappedValue: number)
  }

  func decode(_ type: Digest.Type, forKey key: Key) throws -> Digest {
    Digest(wrappedValue: try decode(SHA256Text.self, forKey: key).recordText)
  }

  func decode<Value>(_ type: Nullable<Value>.Type, forKey key: Key) throws -> Nullable<Value> {
    Nullable(wrappedValue: try decode(Value?.self, forKey: key))
  }
}
