import TestSupport
import Testing

@testable import PartitionFormats

@Suite struct `decimals without an exponent` {
  private func text(_ value: Double) -> String {
    let bytes = [UInt8](unsafeUninitializedCapacity: PlainDecimal.longestText) { buffer, count in
      if let start = buffer.baseAddress { count = PlainDecimal.write(value, at: start) - start }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func value(_ text: String) -> Double? { PlainDecimal.read(Array(text.utf8).span.bytes) }

  @Test(
    arguments: [
      (0, "0"), (-0.0, "-0"), (12, "12"), (-12.5, "-12.5"), (54.5396, "54.5396"), (-5.975, "-5.975"),
      (0.1, "0.1"),
      (0.000001, "0.000001"), (0.0000001, "0.0000001"), (1e-7, "0.0000001"), (123_456_789, "123456789"),
      (999_999_999.999_999, "999999999.999999"), (1e9, "1000000000"), (1e15, "1000000000000000"),
      (1e16, "10000000000000000"),
      (1e22, "10000000000000000000000"), (1e23, "1" + String(repeating: "0", count: 23)),
      (0.1 + 0.2, "0.30000000000000004"), (1.0 / 3, "0.3333333333333333"), (100, "100"),
      (9_007_199_254_740_992, "9007199254740992"),
      (.leastNonzeroMagnitude, "0." + String(repeating: "0", count: 323) + "5"),
      (Double.leastNormalMagnitude, "0." + String(repeating: "0", count: 307) + "22250738585072014"),
      (-Double.greatestFiniteMagnitude, "-17976931348623157" + String(repeating: "0", count: 292)),
    ] as [(Double, String)])
  func `a value has the expected text and reads back to the same bits`(number: Double, text expected: String)
  {
    #expect(text(number) == expected)
    #expect(value(expected)?.bitPattern == number.bitPattern)
    #expect(expected.utf8.count <= PlainDecimal.longestText)
  }

  @Test(arguments: [
    "", "-", "+1", "1.", ".5", "-.5", "00", "01", "-01", "1.0", "1.50", "0.0", "-0.0", "1e5", "1E5", "1_0",
    " 1", "1 ",
    "nan", "inf", "infinity", "-inf", "0x10", "1,5", "--1", "1.2.3", "0.30000000000000005",
    "9007199254740993",
    "0.1000000000000000055511151231257827", "1" + String(repeating: "0", count: 400), "4.35e0", "٣", "1\n",
  ])
  func `every other text is refused`(text: String) {
    #expect(value(text) == nil)
  }

  /// The digits of a text without the sign, the point, the exponent and the zeros around them.
  private func significant(_ text: String) -> String {
    let digits = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
    return String(digits.reversed().drop { $0 == "0" }.reversed())
  }

  private func check(_ number: Double) {
    let text = text(number)
    let isSame = Double(text)?.bitPattern == number.bitPattern && value(text)?.bitPattern == number.bitPattern
    if !isSame || significant(text) != significant(number.description) {
      Issue.record("\(number) became \(text), which reads as \(String(describing: value(text)))")
    }
  }

  @Test(arguments: 0...8) func `coordinates have the digits of Swift's description`(places: Int) {
    var random = SeededRandom(seed: places)
    let scale = Double((0..<places).reduce(1) { product, _ in product * 10 })
    for _ in 0..<10_000 { check(Double.random(in: -180...180, using: &random)) }
    for _ in 0..<10_000 { check((Double.random(in: -180...180, using: &random) * scale).rounded() / scale) }
  }

  @Test func `values of every size have the digits of Swift's description`() {
    var random = SeededRandom(seed: 9)
    for _ in 0..<20_000 {
      let number = Double.randomValue(using: &random)
      if !number.isNaN { check(number) }
    }
    for exponent in -1_074...1_023 {
      let power = Double(sign: .plus, exponent: exponent, significand: 1)
      for number in [power, power.nextUp, power.nextDown] { check(number) }
    }
  }

  @Test func `neighbouring coordinates have different texts`() {
    for number in [37.7749, -122.4194, 0.000001, 999_999_999.999_999, 1e9, 179.999999] {
      for neighbour in [number.nextUp, number.nextDown] {
        check(neighbour)
        #expect(text(neighbour) != text(number))
      }
    }
  }
}
