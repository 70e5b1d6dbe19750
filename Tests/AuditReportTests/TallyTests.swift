import AuditRecord
import AuditReport
import TestSupport
import Testing

@Suite(.fewAtOnce) struct EventTallyTests {
  private let everything = Window(from: .earliest, to: .latest)

  @Test func `hours, weekdays and days are those of UTC`() {
    // 2024-02-12 was a Monday.
    let day = Day("2024-02-12")!
    var tally = EventTally(window: everything)
    let times = [0.0, 3_599.999999, 3_600, 86_399.999999]
    tally.add(ExampleArchive.rows(times.map { (day.start + .seconds($0), [:]) }), of: day)
    let sunday = day.previous
    tally.add(ExampleArchive.rows([(sunday.start, [:])]), of: sunday)
    #expect(tally.rows == 5 && tally.perDay == [day: 4, sunday: 1])
    #expect(tally.hours[0] == 2 && tally.hours[1] == 1 && tally.hours[23] == 1 && tally.hours[6 * 24] == 1)
    #expect(tally.hours.reduce(0, +) == 5)
    let longAgo = Day("1969-12-31")!  // a Wednesday
    tally.add(ExampleArchive.rows([(longAgo.start, [:])]), of: longAgo)
    #expect(tally.hours[2 * 24] == 1)
  }

  @Test func `only events in the window count, without its end`() {
    let day = Day("2024-02-12")!
    let window = Window(from: day.start + .hours(2), to: day.start + .hours(4))
    var tally = EventTally(window: window)
    tally.add(
      ExampleArchive.rows([1.0, 2, 3, 4].map { (day.start + .hours($0), [.event: "e\(Int($0))"]) }), of: day)
    #expect(tally.rows == 2 && tally.events.top(9).map(\.text) == ["e2", "e3"])
  }

  @Test func `a country without a name counts by its code, and NULL differs from the empty text`() {
    let day = Day("2024-02-12")!
    var tally = EventTally(window: everything)
    let cells: [[TextColumn: String]] = [
      [.actorLocationCountry: "Estonia", .actorLocationCountryCode: "EE"],
      [.actorLocationCountryCode: "EE"], [.actorLocationCountry: ""], [:], [:],
    ]
    tally.add(ExampleArchive.rows(cells.map { (day.start, $0) }), of: day)
    #expect(tally.countries.top(9).map(\.text) == ["", "EE", "Estonia"])
    #expect(tally.countries.absent == 2 && tally.actors.absent == 5)
  }

  @Test func `counting days separately and adding them gives the counts of all rows`() {
    let first = Day("2024-02-12")!
    let days = (0..<20).map { first.advanced(by: $0) }
    func rows(_ day: Day) -> RowBatch {
      ExampleArchive.rows(
        (0..<day.number % 7 + 3).map { number in
          (
            day.start + .hours(Double(number)),
            [.actor: "a\(number % 4)", .event: "e\(day.number % 3)", .actorLocationCountry: "c\(number)"]
          )
        })
    }
    let window = Window(from: days[2].start + .hours(3), to: days[18].start)
    var (whole, sum) = (EventTally(window: window), EventTally(window: window))
    for day in days {
      whole.add(rows(day), of: day)
      var tally = EventTally(window: window)
      tally.add(rows(day), of: day)
      sum.add(tally)
    }
    #expect(sum.rows == whole.rows && sum.perDay == whole.perDay && sum.hours == whole.hours)
    for values in [\EventTally.events, \.actors, \.countries] {
      #expect(sum[keyPath: values].top(99) == whole[keyPath: values].top(99))
      #expect(sum[keyPath: values].isExact && sum[keyPath: values].absent == whole[keyPath: values].absent)
    }
  }

  @Test func `adding to a copy does not change the original counts`() {
    let day = Day("2024-02-12")!
    var tally = EventTally(window: everything)
    tally.add(ExampleArchive.rows([(day.start, [.actor: "ann"])]), of: day)
    var copy = tally
    copy.add(ExampleArchive.rows([(day.start, [.actor: "ben"])]), of: day)
    #expect(tally.rows == 1 && tally.actors.top(9).map(\.text) == ["ann"] && copy.rows == 2)
  }
}

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

  @Test func `counts are exact up to the limit of distinct values`() {
    let values = (1...50).flatMap { number in Array(repeating: "value \(number)", count: number) }
    let top = counted(values.shuffled(), limit: 50)
    #expect(top.isExact && top.distinct == 50)
    #expect(top.top(3).map(\.count) == [50, 49, 48])
    #expect(top.top(1).first?.text == "value 50")
    #expect(top.top(100).count == 50)
  }

  @Test func `beyond the limit, a count is never too high, and too low by at most the stated error`() {
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

  @Test func `counts that were added are never too high, and too low by at most the stated error`() {
    let often = (1...5).flatMap { number in Array(repeating: "often \(number)", count: 1_000 * number) }
    let once = (1...20_000).map { "once \($0)" }
    var random = SeededRandom(seed: 5)
    let values = (often + once).shuffled(using: &random)
    var sum = TopValues(limit: 100)
    for start in stride(from: 0, to: values.count, by: 701) {
      sum.add(counted(Array(values[start..<min(start + 701, values.count)]), limit: 100))
    }
    #expect(!sum.isExact && sum.distinct == 101 && sum.top(1_000).count <= 100)
    #expect(sum.missed * 25 <= values.count)
    for value in sum.top(5) where value.text.hasPrefix("often") {
      let count = 1_000 * (Int(value.text.dropFirst(6)) ?? 0)
      #expect(value.count <= count && value.count + sum.missed >= count)
    }
    #expect(sum.top(1).first?.text == "often 5")
  }

  @Test func `equal counts are ordered by bytes, whatever the input order`() {
    #expect(counted(["b", "a", "c"], limit: 9).top(3).map(\.text) == ["a", "b", "c"])
  }

  @Test func `long values with a common prefix are counted separately, and only the prefix is kept`() {
    let long = String(repeating: "x", count: 1 << 20)
    let top = counted([long + "a", long + "b", long + "a", ""], limit: 9).top(9)
    #expect(top.map(\.count) == [2, 1, 1])
    #expect(top.map(\.isCut) == [true, false, true])
    #expect(top.allSatisfy { $0.text.utf8.count <= 512 })
  }
}
