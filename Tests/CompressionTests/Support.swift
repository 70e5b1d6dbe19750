import TestSupport

extension SeededRandom {
  /// Bytes that hardly compress.
  mutating func noise(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  /// Bytes that compress about as well as text.
  mutating func text(_ count: Int) -> [UInt8] {
    let words = ["audit ", "repository.create ", "user ", "package.download ", "\n"].map { Array($0.utf8) }
    var text: [UInt8] = []
    while text.count < count { text += words[Int(next() % 5)] }
    return Array(text.prefix(count))
  }
}
