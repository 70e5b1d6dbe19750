import AuditRecord
import CloudsmithAPI

/// A point in time as a person writes it: RFC 3339 with a zone, or a date, which is 00:00 UTC of that day; not far in the
/// future. Whether it has passed, the API's clock tells once it has answered: this machine's may be wrong.
enum TimeText {
  static let example =
    "write it as RFC 3339 with a zone, such as 2024-01-01T00:00:00Z or 2024-01-01T05:00:00+05:00"

  static func read(_ text: String) throws(Misread) -> Timestamp {
    guard let time = Day(text)?.start ?? Timestamp(rfc3339: text) else {
      switch Timestamp.flaw(rfc3339: text.utf8.span) {
      case .noZone: throw Misread(" has no time zone: \(example)")
      case .offsetForm: throw Misread(" has an offset that is not of the form +00:00: \(example)")
      case nil: break
      }
      if looksLikeATime(text) { throw Misread(" is a date or time that does not exist: \(example)") }
      throw Misread(" is not a time: \(example)")
    }
    let now = max(SystemClock().now, leastNow)
    guard time <= now + .days(400) else {
      throw Misread(" lies in the future (it is \(now) now): give a time that has passed")
    }
    return time
  }

  /// It is later than this, whatever the clock says.
  private static let leastNow = Day("2026-11-01")?.start ?? .earliest

  /// Digits and separators in the places of RFC 3339, whatever the numbers.
  private static func looksLikeATime(_ text: String) -> Bool {
    let shape = text.utf8.prefix(19).map { byte in
      byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? UInt8(ascii: "0") : byte
    }
    let wanted = Array("0000-00-00T00:00:00".utf8)
    return shape == Array(wanted.prefix(10)) || (text.utf8.count >= 19 && shape == wanted)
  }
}
