package import AuditRecord

extension TimeSpan {
  /// To two units, for people: `41s`, `12m 5s`, `3h 20m`, `2d 4h`, `1,011d`.
  package var words: String {
    let seconds = Int((self.seconds).rounded())
    guard seconds >= 0 else { return "-" + TimeSpan(microseconds: -microseconds).words }
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400)
    func two(_ large: Int, _ largeUnit: String, _ small: Int, _ smallUnit: String) -> String {
      "\(large)\(largeUnit)" + (small == 0 ? "" : " \(small)\(smallUnit)")
    }
    if minutes == 0 { return "\(seconds)s" }
    if hours == 0 { return two(minutes, "m", seconds % 60, "s") }
    if days == 0 { return two(hours, "h", minutes % 60, "m") }
    return days < 100 ? two(days, "d", hours % 24, "h") : "\(days.grouped)d"
  }
}
