package import AuditRecord

/// Generates events of one log that look like real ones, of about 670 bytes each. The same seed and log give the same events.
///
/// An event is assembled from a few prepared pieces of text, so a million events take a second or two.
package struct EventGenerator: Sendable {
  /// The seed of this log, made from the given seed and the name of the log.
  package let seed: UInt64
  private let vocabulary: EventVocabulary
  private var random: SplitMix64

  package init(seed: UInt64, log: LogName) {
    // FNV-1a of the name gives each log other events.
    self.seed = log.description.utf8.reduce(seed ^ 0xCBF2_9CE4_8422_2325) { hash, byte in
      (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    self.random = SplitMix64(seed: self.seed)
    self.vocabulary = EventVocabulary.shared(for: log)
  }

  /// Appends the JSON text of the next event, with this time.
  package mutating func append(at time: Timestamp, to bytes: inout [UInt8]) {
    if random.below(EventVocabulary.ordinaryPerUnusual) == 0 {
      let template = random.pick(vocabulary.unusual)
      bytes.append(contentsOf: template.beforeTime)
      EventGenerator.append(time: time, to: &bytes)
      bytes.append(contentsOf: template.beforeUUID)
      appendUUID(to: &bytes)
      bytes.append(contentsOf: template.afterUUID)
    } else {
      let action = random.pick(vocabulary.actions)
      bytes.append(contentsOf: action.isSystem ? vocabulary.system : random.pick(vocabulary.actors))
      bytes.append(contentsOf: action.beforeTime)
      EventGenerator.append(time: time, to: &bytes)
      bytes.append(contentsOf: action.beforeUUID)
      appendUUID(to: &bytes)
      bytes.append(contentsOf: EventVocabulary.end)
    }
  }

  /// Appends a time as Django REST framework writes it: `2024-02-12T10:30:45.123456Z`, without the fraction if it is zero.
  static func append(time: Timestamp, to bytes: inout [UInt8]) {
    time.append(to: &bytes)
    if time.microseconds.flooredDivision(by: 1_000_000).remainder == 0 {
      bytes.removeLast(".000000Z".utf8.count)
      bytes.append(UInt8(ascii: "Z"))
    }
  }

  /// A version 4 UUID (RFC 9562, 5.4) in lower case.
  private mutating func appendUUID(to bytes: inout [UInt8]) {
    let high = (random.next() & ~0xF000) | 0x4000
    let low = (random.next() & ~(0b11 << 62)) | (0b10 << 62)
    for digit in 0..<32 {
      switch digit {
      case 8, 12, 16, 20: bytes.append(UInt8(ascii: "-"))
      default: break
      }
      let value = UInt8(truncatingIfNeeded: (digit < 16 ? high : low) >> UInt64(60 - digit % 16 * 4)) & 0xF
      bytes.append(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value)
    }
  }
}

/// How many events to generate, and when they happen.
package struct Generation: Sendable, Hashable {
  package var count: Int
  /// The window that the events are spread over.
  package var window: Window
  /// The number of consecutive events that share one `event_at`.
  package var ties: Int

  /// A negative `count` counts as 0, and `ties` below 1 as 1.
  package init(count: Int, window: Window, ties: Int = 1) {
    self.count = max(0, count)
    self.window = window
    self.ties = max(1, ties)
  }

  /// The time of one event. Times lie inside the window and do not decrease. About one in 64 is a whole second.
  func time(of index: Int, seed: UInt64) -> Timestamp {
    let group = Int64(index / ties)
    let groups = Int64((count + ties - 1) / ties)
    let (step, rest) = max(1, window.length.microseconds).quotientAndRemainder(dividingBy: groups)
    let start = window.from.microseconds + group * step + group * rest / groups
    var random = SplitMix64(seed: seed ^ UInt64(group))
    let time = start + Int64(random.below(Int(step)))
    let second = time - time.flooredDivision(by: 1_000_000).remainder
    return Timestamp(microseconds: second >= start && random.below(64) == 0 ? second : time)
  }
}

/// A seeded random number generator. A seed gives the same numbers on every machine and in every release.
///
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014; the constants of Vigna's
/// `splitmix64.c`.
package struct SplitMix64: Sendable {
  private var state: UInt64

  package init(seed: UInt64) {
    self.state = seed
  }

  /// A random number of 64 bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number in `0..<bound`; 0 if `bound` is not positive.
  package mutating func below(_ bound: Int) -> Int {
    bound <= 0 ? 0 : Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// Returns true with this probability, 0 to 1.
  package mutating func happens(_ chance: Double) -> Bool {
    Double(next() >> 11) * 0x1p-53 < chance
  }

  /// A random element. The array must not be empty.
  package mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }
}
