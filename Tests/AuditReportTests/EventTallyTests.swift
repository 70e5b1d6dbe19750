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

  @Test func `only events in the window count, its end not included`() {
    let day = Day("2024-02-12")!
    let window = Window(from: day.start + .hours(2), to: day.start + .hours(4))
    var tally = EventTally(window: window)
    tally.add(
      ExampleArchive.rows([1.0, 2, 3, 4].map { (day.start + .hours($0), ["event": "e\(Int($0))"]) }), of: day)
    #expect(tally.rows == 2 && tally.events.top(9).map(\.text) == ["e2", "e3"])
  }

  @Test func `a country without a name counts by its code, and NULL is told from the empty text`() {
    let day = Day("2024-02-12")!
    var tally = EventTally(window: everything)
    let cells: [[String: String]] = [
      ["actor_location_country": "Estonia", "actor_location_country_code": "EE"],
      ["actor_location_country_code": "EE"], ["actor_location_country": ""], [:], [:],
    ]
    tally.add(ExampleArchive.rows(cells.map { (day.start, $0) }), of: day)
    #expect(tally.countries.top(9).map(\.text) == ["", "EE", "Estonia"])
    #expect(tally.countries.absent == 2 && tally.actors.absent == 5)
  }

  @Test func `what is added to a copy is not added to the tally`() {
    let day = Day("2024-02-12")!
    var tally = EventTally(window: everything)
    tally.add(ExampleArchive.rows([(day.start, ["actor": "ann"])]), of: day)
    var copy = tally
    copy.add(ExampleArchive.rows([(day.start, ["actor": "ben"])]), of: day)
    #expect(tally.rows == 1 && tally.actors.top(9).map(\.text) == ["ann"] && copy.rows == 2)
  }
}
