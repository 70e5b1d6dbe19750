package import AuditRecord

/// A header field of a request.
package struct HeaderField: Hashable, Sendable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// The header fields of an answer. Names match in any case.
package struct HTTPHeaders: Hashable, Sendable {
  private var values: [String: String] = [:]

  /// Of several fields with one name, the first counts.
  package init(_ fields: some Sequence<(String, String)>) {
    for (name, value) in fields {
      let name = name.lowercased()
      if values[name] == nil { values[name] = String(value.trimmingBlanks) }
    }
  }

  package subscript(_ name: String) -> String? { values[name.lowercased()] }

  /// The time of the server's clock when it made the answer, to the second (RFC 9110, section 6.6.1).
  package var date: Timestamp? { self["Date"].flatMap { HTTPDate.read($0) } }

  /// A whole number from 0 to 2⁵³; nil if the field is absent or anything else.
  func count(_ name: String) -> Int? {
    self[name].flatMap(wholeNumber)
  }

  /// The pause that `Retry-After` asks for, in seconds or as a date (RFC 9110, section 10.2.3): at most a day.
  func retryAfter(now: Timestamp) -> TimeSpan? {
    guard let text = self["Retry-After"] else { return nil }
    let day = 86_400
    if let seconds = wholeNumber(text) { return .seconds(Double(min(seconds, day))) }
    guard let time = HTTPDate.read(text) else { return nil }
    return min(max(time - (date ?? now), .zero), .seconds(Double(day)))
  }
}

/// Reads ASCII digits only, up to 2⁵³.
func wholeNumber(_ text: String) -> Int? {
  guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text),
    value <= 1 << 53
  else { return nil }
  return value
}

/// Times in the forms that HTTP and AWS write.
enum HTTPDate {
  /// Reads `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7). The two obsolete forms are not read.
  static func read(_ text: String) -> Timestamp? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[0].last == ",", words[5] == "GMT",
      let month = months.firstIndex(of: words[2])
    else { return nil }
    let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
    guard clock.count == 3 else { return nil }
    return time(
      [words[3], Substring(String(month + 1)), words[1], clock[0], clock[1], clock[2]].map(String.init))
  }

  /// Reads `20150830T123600Z`, the form of `x-amz-date`.
  static func read(amz text: String) -> Timestamp? {
    let digits = Array(text)
    guard digits.count == 16, digits[8] == "T", digits[15] == "Z" else { return nil }
    return time([0..<4, 4..<6, 6..<8, 9..<11, 11..<13, 13..<15].map { String(digits[$0]) })
  }

  /// `20150830T123600Z` and its day, `20150830` (AWS General Reference, "Elements of an AWS API request signature").
  static func amz(_ time: Timestamp) -> (time: String, day: String) {
    let printed = time.description.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
    let text = String(decoding: printed.prefix(15), as: UTF8.self)
    return (text + "Z", String(text.prefix(8)))
  }

  private static func time(_ fields: [String]) -> Timestamp? {
    let numbers = fields.compactMap(wholeNumber).map(Int64.init)
    guard numbers.count == 6 else { return nil }
    let date = CivilDate(year: numbers[0], month: numbers[1], day: numbers[2])
    guard date.isValid, numbers[3] < 24, numbers[4] < 60, numbers[5] <= 60 else { return nil }
    let seconds = date.daysSinceEpoch * 86_400 + numbers[3] * 3_600 + numbers[4] * 60 + numbers[5]
    let time = Timestamp(microseconds: seconds * 1_000_000)
    return time <= .latest ? time : nil
  }

  private static let months: [Substring] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}

extension StringProtocol {
  /// The text without white space at its ends.
  var trimmingBlanks: SubSequence {
    var text = self[...]
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }
}
