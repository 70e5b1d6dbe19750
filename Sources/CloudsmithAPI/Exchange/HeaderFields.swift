internal import AuditRecord

/// The header fields of a response; names match in any case, as they arrive (HTTP/2 in lower case).
package struct HeaderFields: Sendable {
  private var values: [String: String] = [:]

  /// Of several fields of one name the first counts.
  package init(_ fields: some Sequence<(String, String)>) {
    for (name, value) in fields {
      let name = name.lowercased()
      if values[name] == nil { values[name] = value.trimming { $0 == " " || $0 == "\t" }.description }
    }
  }

  package subscript(_ name: String) -> String? { values[name.lowercased()] }

  /// A whole number that is not negative; nil when the field is absent or anything else.
  func count(_ name: String) -> Int? {
    self[name].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  /// Seconds, whole or with a fraction, zero to ten years; nil when the field is absent or not a number.
  func seconds(_ name: String) -> TimeSpan? {
    self[name].flatMap { Double($0) }.flatMap(HeaderFields.span(seconds:))
  }

  /// The time of the other side's clock.
  var date: Timestamp? { self["Date"].flatMap(HTTPDate.init)?.time }

  /// How long ago the answer was made, where it comes from a cache (RFC 9111, section 5.1).
  var age: TimeSpan? { seconds("Age") }

  /// A span bounded to zero to ten years, so that no header overflows anything; nil for NaN and infinities.
  static func span(seconds: Double) -> TimeSpan? {
    seconds.isFinite ? .seconds(min(max(seconds, 0), 315_360_000)) : nil
  }
}
