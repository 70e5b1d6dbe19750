import AuditRecord

/// Two texts of 16 printable characters with the same `IdentityHash` in this process.
///
/// The difference of the first seven characters cancels that of the next seven. Finding such texts requires the key of the
/// process.
package func collidingUUIDs(_ random: inout SeededRandom) -> (String, String) {
  let prime = IdentityKey.prime
  let multiplier = IdentityKey.process.multiplier
  let printable = Array(UInt8(ascii: "!")...UInt8(ascii: "~")).filter { !#"",\"#.utf8.contains($0) }
  func word(_ text: [UInt8]) -> UInt64 { text.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
  let (first, second) = (Array("0000000".utf8), Array("0000000".utf8))
  while true {
    let other = (0..<7).map { _ in random.pick(printable) }
    let difference = (word(first) + prime - word(other)) % prime
    let undone = (word(second) + prime.dividingFullWidth(product(multiplier, difference)).remainder) % prime
    let last = (0..<7).map { UInt8(truncatingIfNeeded: undone >> (8 * UInt64($0))) }
    guard undone < 1 << 56, last.allSatisfy(printable.contains), other != first else { continue }
    return (
      String(decoding: first + second + Array("==".utf8), as: UTF8.self),
      String(decoding: other + last + Array("==".utf8), as: UTF8.self)
    )
  }
}

private func product(_ one: UInt64, _ other: UInt64) -> (high: UInt64, low: UInt64) {
  let product = one.multipliedFullWidth(by: other)
  return (product.high, product.low)
}
