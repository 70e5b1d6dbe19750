/// Seeded random numbers (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
struct LocalSplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Bytes that hardly compress.
  mutating func noise(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  /// Bytes that compress about as text does.
  mutating func text(_ count: Int) -> [UInt8] {
    let words = ["audit ", "repository.create ", "user ", "package.download ", "\n"].map { Array($0.utf8) }
    var text: [UInt8] = []
    while text.count < count { text += words[Int(next() % 5)] }
    return Array(text.prefix(count))
  }
}
