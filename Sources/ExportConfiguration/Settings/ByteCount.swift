/// A number of bytes as people write it: `256MiB`, `1GiB`, `500MB`, `65536`.
struct ByteCount {
  let bytes: Int

  private static let units = [
    ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1_000), ("MB", 1_000_000),
    ("GB", 1_000_000_000), ("B", 1), ("", 1),
  ]

  /// nil when the text is not one, or is zero or more than memory can be.
  init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let rest = text.dropFirst(digits.count)
    let name = rest.first == " " ? rest.dropFirst() : rest
    guard let count = Int(digits), count > 0, let unit = ByteCount.units.first(where: { $0.0 == name })
    else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.1)
    guard !overflow else { return nil }
    self.bytes = bytes
  }
}
