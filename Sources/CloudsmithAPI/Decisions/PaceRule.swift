/// How fast requests may start: `--max-requests-per-second`.
package enum PaceRule: Hashable, Sendable {
  case perSecond(Double)
  /// As the API's own rate headers allow, keeping a reserve; 1 a second as long as it tells nothing.
  case auto
  case unlimited

  /// Reads `1`, `0.5`, `auto`, `unlimited`. A number is from 0.001 to 1000; nil for anything else.
  package init?(_ text: String) {
    switch text {
    case "auto": self = .auto
    case "unlimited": self = .unlimited
    default:
      guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let rate = Double(text),
        (0.001...1_000).contains(rate)
      else { return nil }
      self = .perSecond(rate)
    }
  }
}

/// The share of the rate limit that `auto` leaves to others who use the key: `--rate-reserve`.
package struct RateReserve: Hashable, Sendable {
  /// 0 to below 1.
  package let share: Double

  package static let fifth = RateReserve(share: 0.2)

  private init(share: Double) {
    self.share = share
  }

  /// Reads `0%` to `99%`, in whole percent; nil for anything else.
  package init?(_ text: String) {
    guard text.last == "%", let percent = Int(text.dropLast()), (0...99).contains(percent), text.first != "+"
    else { return nil }
    self.share = Double(percent) / 100
  }
}
