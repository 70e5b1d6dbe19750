package import AuditRecord

/// A header field.
package struct HeaderField: Hashable, Sendable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// The header fields of a message, in their order. Names match in any case (RFC 9110, section 5.1).
///
/// This is the only place that checks numbers and times: a value out of bounds counts as absent, so arithmetic on these values
/// cannot overflow.
package struct HeaderFields: Hashable, Sendable {
  /// Values are without the white space around them.
  package let fields: [HeaderField]

  package init(_ fields: some Sequence<(String, String)>) {
    self.fields = fields.map { name, value in
      HeaderField(name, String(value.trimming { $0 == " " || $0 == "\t" }))
    }
  }

  package init(_ fields: [HeaderField]) { self.init(fields.map { ($0.name, $0.value) }) }

  /// The value of the first field with this name; nil if there is none.
  package subscript(_ name: String) -> String? {
    fields.first { HeaderFields.isSame($0.name.utf8, name.utf8) }?.value
  }

  /// Names are ASCII. Lower-casing both would allocate for every field that is compared.
  private static func isSame(_ one: String.UTF8View, _ other: String.UTF8View) -> Bool {
    one.count == other.count && zip(one, other).allSatisfy { lowercased($0) == lowercased($1) }
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }

  /// A whole number in ASCII digits; nil if the field is absent, anything else, or out of bounds.
  package func count(_ name: String, in bounds: ClosedRange<Int> = 0...(1 << 53)) -> Int? {
    self[name].flatMap(wholeNumber).flatMap { bounds.contains($0) ? $0 : nil }
  }

  /// A time span in seconds, with or without a fraction; nil if the field is absent, not a number, or above ten years.
  package func seconds(_ name: String) -> TimeSpan? {
    self[name].flatMap { Double($0) }.flatMap(HeaderFields.span(seconds:))
  }

  /// An instant in seconds since 1970; nil if the field is absent, not a number, or after the year 9999.
  package func instant(_ name: String) -> Timestamp? {
    self[name].flatMap { Double($0) }.flatMap { seconds in
      Bounds.instant.contains(seconds)
        ? Timestamp(microseconds: TimeSpan.seconds(seconds).microseconds) : nil
    }
  }

  /// When the server made the answer, by its own clock, in whole seconds (RFC 9110, section 6.6.1).
  package var date: Timestamp? { self["Date"].flatMap(HTTPDate.init)?.time }

  /// How long the answer has been in caches since then (RFC 9111, section 5.1), at most ten years; nil if the field is absent.
  package var age: TimeSpan? { count("Age", in: Bounds.age).map { .seconds(Double($0)) } }

  /// The time of the server's clock when the answer arrived; nil without a `Date`.
  package var time: Timestamp? { date.map { $0 + (age ?? .zero) } }

  /// The pause that `Retry-After` asks for, in seconds or as a date (RFC 9110, section 10.2.3), at most ten years; nil if it asks
  /// for none.
  ///
  /// - Parameter now: the wall clock, for answers without a `Date`.
  package func retryAfter(now: Timestamp) -> TimeSpan? {
    if let seconds = seconds("Retry-After") { return seconds }
    guard let date = self["Retry-After"].flatMap(HTTPDate.init) else { return nil }
    return HeaderFields.span(seconds: max(0, (date.time - (time ?? now)).seconds))
  }

  /// Nil if the number is negative, above ten years or NaN.
  package static func span(seconds: Double) -> TimeSpan? {
    Bounds.span.contains(seconds) ? .seconds(seconds) : nil
  }

  private enum Bounds {
    /// Seconds of a pause: up to ten years.
    static let span = 0.0...315_360_000
    /// Seconds in a cache: up to ten years.
    static let age = 0...315_360_000
    /// Seconds since 1970, up to the end of the year 9999.
    static let instant = 0.0...253_402_300_799
  }
}

/// The time of a `Date` or `Retry-After` field, in the IMF-fixdate form `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section
/// 5.6.7). The two obsolete forms are not read.
package struct HTTPDate: Hashable, Sendable {
  package var time: Timestamp

  /// Nil if `text` does not have this form, or is not a real time of the years 1970 to 9999.
  package init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count == 6, words[0].last == ",", words[5] == "GMT",
      let month = HTTPDate.months.firstIndex(of: words[2])
    else { return nil }
    let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
    let fields = [words[3], Substring(String(month + 1)), words[1]] + clock
    guard let time = HTTPDate.time(fields.map(String.init)) else { return nil }
    self.time = time
  }

  /// The time of a date and a clock in UTC; nil if it is not a real time of the years 1970 to 9999. The second 60 is read as the
  /// beginning of the next minute.
  ///
  /// - Parameter fields: year, month, day, hour, minute and second, in digits.
  package static func time(_ fields: [String]) -> Timestamp? {
    let numbers = fields.compactMap(wholeNumber).map(Int64.init)
    guard fields.count == 6, numbers.count == 6, (1_970...9_999).contains(numbers[0]) else { return nil }
    let date = CivilDate(year: numbers[0], month: numbers[1], day: numbers[2])
    guard date.isValid, numbers[3] < 24, numbers[4] < 60, numbers[5] <= 60 else { return nil }
    let seconds = date.daysSinceEpoch * 86_400 + numbers[3] * 3_600 + numbers[4] * 60 + numbers[5]
    let time = Timestamp(microseconds: seconds * 1_000_000)
    // Only a leap second at the end of the year 9999 is later.
    return time <= .latest ? time : nil
  }

  private static let months: [Substring] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
