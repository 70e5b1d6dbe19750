import AuditReport
import TestSupport
import Testing

@Suite(.fewAtOnce) struct TopValuesTests {
  private func counted(_ values: [String], limit: Int) -> TopValues {
    var top = TopValues(limit: limit)
    for value in values {
      // What stands around a value is not part of it.
      let bytes = Array("<\(value)>".utf8)
      top.add(bytes, 1..<bytes.count - 1)
    }
    return top
  }

  @Test func `counts are exact while there are no more different values than the limit`() {
    let values = (1...50).flatMap { number in Array(repeating: "value \(number)", count: number) }
    let top = counted(values.shuffled(), limit: 50)
    #expect(top.isExact && top.distinct == 50)
    #expect(top.top(3).map(\.count) == [50, 49, 48])
    #expect(top.top(1).first?.text == "value 50")
    #expect(top.top(100).count == 50)
  }

  @Test func `beyond the limit a count is at most what it is, and at least that less what may be missed`() {
    let often = (1...5).flatMap { number in Array(repeating: "often \(number)", count: 1_000 * number) }
    let once = (1...20_000).map { "once \($0)" }
    let top = counted((often + once).shuffled(), limit: 100)
    #expect(!top.isExact && top.distinct == 101)
    // Every purge takes its median off at least half of the values.
    #expect(top.missed * 50 <= often.count + once.count)
    let names = top.top(5).map(\.text)
    #expect(Set(names).isSuperset(of: ["often 5", "often 4", "often 3", "often 2"]))
    for value in top.top(5) where value.text.hasPrefix("often") {
      let count = 1_000 * (Int(value.text.dropFirst(6)) ?? 0)
      #expect(value.count <= count && value.count + top.missed >= count)
    }
  }

  @Test func `of equal counts the order is that of the bytes, whatever the order they came in`() {
    #expect(counted(["b", "a", "c"], limit: 9).top(3).map(\.text) == ["a", "b", "c"])
  }

  @Test func `long values that begin alike are counted apart, and only their beginning is kept`() {
    let long = String(repeating: "x", count: 1 << 20)
    let top = counted([long + "a", long + "b", long + "a", ""], limit: 9).top(9)
    #expect(top.map(\.count) == [2, 1, 1])
    #expect(top.map(\.isCut) == [true, false, true])
    #expect(top.allSatisfy { $0.text.utf8.count <= 512 })
  }
}
