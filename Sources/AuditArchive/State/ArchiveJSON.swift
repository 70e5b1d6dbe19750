import AuditRecord

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The JSON of the archive's own files: keys sorted, one member a line, a newline at the end. Same value, same bytes.
package enum ArchiveJSON {
  /// What `format` says in every file of this version.
  package static let format = "\(name)/\(major)"

  private static let name = "cloudsmith-audit-export"
  private static let major = 1

  package static func encode(_ value: some Encodable, onOneLine: Bool = false) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if !onOneLine { encoder.outputFormatting.insert(.prettyPrinted) }
    do {
      return try Array(encoder.encode(value)) + [UInt8(ascii: "\n")]
    } catch {
      // Only a number that is not finite has none.
      fatalError("a record of the archive has no JSON form: \(error)")
    }
  }

  /// Reads a file of the archive, as far as one can: what contradicts itself is read as well. Members that this version does not
  /// know are passed over.
  ///
  /// Throws `.newerFormat` for a file of a version that this one cannot read, else `.damaged`.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], path: String
  ) throws(ArchiveError) -> Value {
    do {
      return try JSONDecoder().decode(Versioned<Value>.self, from: Data(bytes)).value
    } catch let error as OtherFormat {
      // A higher major number means that this version cannot know what the file says.
      let fields = error.found.split(separator: "/", omittingEmptySubsequences: false)
      guard fields.count == 2, fields[0] == name, let number = Int(fields[1]), number > major else {
        throw .unreadable(path, "its format is \(error.found.debugDescription) instead of \(format)")
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
      // Foundation's sentence ends with a full stop; this is part of one.
      let why = context.debugDescription
      return text(context, why.hasSuffix(".") ? String(why.dropLast()) : why)
    default:
      return "it is not JSON: \(error)"
    }
  }
}

// Times, days and windows as the archive writes them: `2024-02-12T10:30:45.123456Z`, `2024-02-12`, `{"from": …, "to": …}`.

extension KeyedEncodingContainer {
  mutating func encode(_ time: Timestamp?, forKey key: Key) throws {
    try encode(time?.description, forKey: key)
  }

  mutating func encode(_ day: Day, forKey key: Key) throws {
    try encode(day.description, forKey: key)
  }

  mutating func encode(_ window: Window?, forKey key: Key) throws {
    try encode(window.map(WindowRecord.init), forKey: key)
  }

  mutating func encode(_ windows: [Window], forKey key: Key) throws {
    try encode(windows.map(WindowRecord.init), forKey: key)
  }
}

extension KeyedDecodingContainer {
  func time(forKey key: Key) throws -> Timestamp {
    try time(decode(String.self, forKey: key), forKey: key)
  }

  func optionalTime(forKey key: Key) throws -> Timestamp? {
    try decode(String?.self, forKey: key).map { try time($0, forKey: key) }
  }

  func day(forKey key: Key) throws -> Day {
    let text = try decode(String.self, forKey: key)
    guard let day = Day(text) else { throw corrupted(key, "\(text.debugDescription) is not a day") }
    return day
  }

  func optionalWindow(forKey key: Key) throws -> Window? {
    try decode(WindowRecord?.self, forKey: key)?.window
  }

  func windows(forKey key: Key) throws -> [Window] {
    try decode([WindowRecord].self, forKey: key).map(\.window)
  }

  func windowsIfPresent(forKey key: Key) throws -> [Window] {
    contains(key) ? try windows(forKey: key) : []
  }

  /// A SHA-256 in lower-case hex.
  func hash(forKey key: Key) throws -> String {
    let text = try decode(String.self, forKey: key)
    guard text.utf8.count == 64, text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else { throw corrupted(key, "\(text.debugDescription) is not a SHA-256") }
    return text
  }

  func optionalHash(forKey key: Key) throws -> String? {
    try decodeNil(forKey: key) ? nil : hash(forKey: key)
  }

  /// A number that counts something: at most 2⁴⁴, so that sums of them stay numbers.
  func count(forKey key: Key) throws -> Int {
    let number = try decode(Int.self, forKey: key)
    guard number >= 0 else { throw corrupted(key, "\(number) is negative") }
    guard number <= 1 << 44 else { throw corrupted(key, "\(number) is impossibly large") }
    return number
  }

  func corrupted(_ key: Key, _ why: String) -> DecodingError {
    .dataCorruptedError(forKey: key, in: self, debugDescription: why)
  }

  private func time(_ text: String, forKey key: Key) throws -> Timestamp {
    guard let time = Timestamp(rfc3339: text), time.description == text else {
      throw corrupted(key, "\(text.debugDescription) is not a time such as 2024-02-12T10:30:45.123456Z")
    }
    return time
  }
}

private struct WindowRecord: Codable {
  let window: Window

  init(_ window: Window) { self.window = window }

  enum CodingKeys: String, CodingKey { case from, to }

  func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(window.from, forKey: .from)
    try record.encode(window.to, forKey: .to)
  }

  init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    window = try Window(from: record.time(forKey: .from), to: record.time(forKey: .to))
  }
}
