package import AuditRecord

/// The header fields of a response; names match in any case, as they arrive (HTTP/2 in lower case).
///
/// Numbers and times are bounded here, and nowhere else: arithmetic on what is read here cannot overflow. A value outside
/// its bounds (`HeaderBounds`) counts as absent.
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

  /// A whole number; nil when the field is absent, anything else, or out of bounds.
  func count(_ name: String, in bounds: ClosedRange<Int>) -> Int? {
    self[name].flatMap { Int($0) }.flatMap { bounds.contains($0) ? $0 : nil }
  }

  /// Seconds, whole or with a fraction; nil when the field is absent, no number, or out of bounds.
  func seconds(_ name: String) -> TimeSpan? {
    self[name].flatMap { Double($0) }.flatMap(HeaderFields.span(seconds:))
  }

  /// An instant in seconds since 1970; nil when the field is absent, no number, or out of bounds.
  func instant(_ name: String) -> Timestamp? {
    self[name].flatMap { Double($0) }.flatMap { seconds in
      HeaderBounds.instant.contains(seconds)
        ? Timestamp(microseconds: TimeSpan.seconds(seconds).microseconds) : nil
    }
  }

  /// When the answer was made, by the clock of the server that made it: to the second, in the years 1970 to 9999.
  package var date: Timestamp? { self["Date"].flatMap(HTTPDate.init)?.time }

  /// How long the answer has been in caches since (RFC 9111, section 5.1); nil when none tells, at most ten years.
  package var age: TimeSpan? {
    count("Age", in: HeaderBounds.age).map { .seconds(Double($0)) }
  }

  /// The time of the other side's clock when the answer arrived; nil without a `Date`.
  var time: Timestamp? { date.map { $0 + (age ?? .zero) } }

  /// nil out of bounds, and for NaN.
  static func span(seconds: Double) -> TimeSpan? {
    HeaderBounds.span.contains(seconds) ? .seconds(seconds) : nil
  }
}

/// The numbers that are believed in a header field.
///
/// They are far above what any log has, and so far below the largest `Int` that sums and products of two of them fit.
enum HeaderBounds {
  /// Records of a list, its pages, and the number of a page.
  static let count = 0...1_000_000_000_000
  /// Records a page.
  static let pageSize = 1...1_000_000
  /// Requests that a window has left.
  static let remaining = 0...1_000_000_000
  /// Requests a window.
  static let limit = 1...1_000_000_000
  /// Seconds of a pause: up to ten years.
  static let span = 0.0...315_360_000
  static let age = 0...315_360_000
  /// Seconds since 1970, up to the end of the year 9999.
  static let instant = 0.0...253_402_300_799
  static let year: ClosedRange<Int64> = 1_970...9_999
}
