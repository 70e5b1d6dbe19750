import AuditRecord

/// Makes settings of the common kinds.
extension Settings {
  static func boolean(_ option: String, help: String) -> Setting<Bool> {
    Setting(
      option, default: "false", job: .boolean, help: help, expected: "true or false", parse: { Bool($0) })
  }

  static func time(_ option: String, job: JobForm? = nil, help: String) -> Setting<Timestamp> {
    Setting(
      option, job: job, valueName: "time", help: help,
      expected: "a time such as 2024-01-01T00:00:00Z, or a date", parsing: TimeText.read)
  }

  static func file(_ option: String, help: String) -> Setting<String> {
    path(option, job: .path, valueName: "file", help: help, expected: "a file")
  }

  static func path(
    _ option: String, job: JobForm? = nil, valueName: String, help: String, expected: String
  ) -> Setting<String> {
    Setting(option, job: job, valueName: valueName, help: help, expected: expected) {
      text throws(ValueError) in
      try PathText.read(text, expected: expected, variables: [variable(option)])
    }
  }

  static func duration(
    _ option: String, default defaultSpan: TimeSpan, help: String
  ) -> Setting<TimeSpan> {
    Setting(
      option, default: "\(defaultSpan)", job: .text, valueName: "duration", help: help,
      expected: "a duration such as \(defaultSpan) (s, m, h or d)",
      parse: { readSpan($0) })
  }

  /// Reads a duration of at most a century, which is more than any setting can mean and can be added to any date.
  static func readSpan(_ text: String) -> TimeSpan? {
    TimeSpan(text).flatMap { $0 <= .days(36_525) ? $0 : nil }
  }

  static func number(
    _ option: String, formerly: String? = nil, _ range: ClosedRange<Int>, default defaultNumber: Int,
    example: Int? = nil, help: String
  ) -> Setting<Int> {
    Setting(
      option, formerly: formerly, default: String(defaultNumber), job: .integer(range), valueName: "n",
      help: help,
      expected:
        "a whole number from \(range.lowerBound) to \(range.upperBound), such as \(example ?? defaultNumber)",
      parse: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } })
  }
}
