import AuditRecord

/// A point in time as a person writes it: RFC 3339 with a zone, or a date, which is 00:00 UTC of that day.
struct TimeSetting {
  let option: String
  let variables: [String]

  static let backfillStart = TimeSetting(
    option: "--backfill-start-time", variables: ["CLOUDSMITH_AUDIT_EXPORT_BACKFILL_START_TIME"])
  static let from = TimeSetting(option: "--from", variables: ["CLOUDSMITH_AUDIT_EXPORT_FROM"])
  static let to = TimeSetting(option: "--to", variables: ["CLOUDSMITH_AUDIT_EXPORT_TO"])

  /// - Throws: a sentence when the text is no time, has no zone, names a date that does not exist, or lies after `now`.
  func resolve(_ given: String?, _ environment: [String: String], now: Timestamp) throws(Failure)
    -> Timestamp?
  {
    if let given { return try read(given, from: option, now: now) }
    for variable in variables {
      if let text = environment[variable], !text.isEmpty { return try read(text, from: variable, now: now) }
    }
    return nil
  }

  private static let example =
    "write it as RFC 3339 with a zone, such as 2024-01-01T00:00:00Z or 2024-01-01T05:00:00+05:00"

  private func read(_ text: String, from source: String, now: Timestamp) throws(Failure) -> Timestamp {
    let name = "\(source) \(quoted(text))"
    guard let time = Day(text)?.start ?? Timestamp(rfc3339: text) else {
      if Timestamp(rfc3339: text + "Z") != nil {
        throw .usage("\(name) has no time zone: \(TimeSetting.example).")
      }
      if looksLikeATime(text) {
        throw .usage("\(name) is a date or time that does not exist: \(TimeSetting.example).")
      }
      throw .usage("\(name) is not a time: \(TimeSetting.example).")
    }
    guard time <= now else {
      throw .usage("\(name) lies in the future (it is \(now) now): give a time that has passed.")
    }
    return time
  }

  /// Digits and separators in the places of RFC 3339, whatever the numbers.
  private func looksLikeATime(_ text: String) -> Bool {
    let shape = text.utf8.prefix(19).map { byte in
      byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? UInt8(ascii: "0") : byte
    }
    let wanted = Array("0000-00-00T00:00:00".utf8)
    return shape == Array(wanted.prefix(10)) || (text.utf8.count >= 19 && shape == wanted)
  }
}
