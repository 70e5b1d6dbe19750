import AuditRecord
import CloudsmithEmulator
import Foundation
import TestSupport
import Testing

/// Header fields that are wrong, stale or missing.
@Suite(.fewAtOnce) struct `Faults of headers` {
  @Test(arguments: [
    (CachedCount.Lifetime.forever, ["10", "10", "10", "10"]), (.answers(2), ["10", "10", "12", "12"]),
    (.answers(1), ["10", "11", "12", "13"]), (.span(.seconds(3)), ["10", "10", "10", "13"]),
  ]) func `the count comes from a cache with an entry per query`(
    lifetime: CachedCount.Lifetime, counts: [String]
  ) throws {
    var emulation = try Emulation(generated: 9) {
      $0.behaviours = [Growth(events: 1), CachedCount(lifetime)]
    }
    for count in counts {
      let response = emulation.get(size: 10)
      #expect(response.pagination == [count, count == "10" ? "1" : "2", "1", "10"])
      emulation.now = emulation.now + .seconds(1)
    }
    let own = emulation.get(size: 10, query: #"event_at:>="2024-01-01""#)
    #expect(own.headers["X-Pagination-Count"] == "14")
  }

  @Test func `the pagination fields can be absent`() throws {
    var (emulation, all) = try Emulation.withNames(100, PaginationFields.absent)
    let response = emulation.get(page: 2, size: 20)
    #expect(response.pagination == [nil, nil, nil, nil])
    #expect(response.headers["Link"] == nil)
    #expect(try response.uuids == Array(all[20..<40]))
  }

  @Test func `Date can be ahead, step, be absent, and come with Age`() throws {
    var emulation = try Emulation(`Pages`.three) {
      $0.behaviours = [
        DateField(
          ahead: .hours(2),
          steps: [.init(beforeRequest: 2, by: .hours(1)), .init(beforeRequest: 4, by: .days(-1))],
          age: .minutes(1), absent: FaultSchedule(every: 3))
      ]
    }
    let answers = (1...4).map { _ in emulation.get() }
    #expect(
      answers.map { $0.headers["Date"] } == [
        "Fri, 01 Mar 2024 13:59:00 GMT", "Fri, 01 Mar 2024 14:59:00 GMT", nil,
        "Thu, 29 Feb 2024 14:59:00 GMT",
      ])
    #expect(answers.map { $0.headers["Age"] } == ["60", "60", nil, "60"])
  }

  @Test func `the count can be absent or wrong`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.behaviours = [CountField.absent] }
    #expect(emulation.get().headers["X-Pagination-Count"] == nil)
    #expect(emulation.get().headers["X-Pagination-PageTotal"] == "1")
    emulation.api.setBehaviours([CountField.wrong(by: -2)])
    #expect(emulation.get().headers["X-Pagination-Count"] == "1")
    emulation.api.setBehaviours([])
    #expect(emulation.get().headers["X-Pagination-Count"] == "3")
  }

  @Test(arguments: [
    ("2024-03-01T12:00:00.9Z", "Fri, 01 Mar 2024 11:59:00 GMT"),
    ("2024-02-29T00:00:30Z", "Wed, 28 Feb 2024 23:59:30 GMT"),
    ("1970-01-01T00:01:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
  ]) func `Date has the HTTP form and lags by the given span`(now: String, date: String) throws {
    var emulation = try Emulation(`Pages`.three) { $0.behaviours = [DateField(behind: .minutes(1))] }
    emulation.now = try time(now)
    #expect(emulation.get().headers["Date"] == date)
  }
}
