import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

/// Pages that are refused, short, or shifted.
@Suite(.fewAtOnce) struct `Faults of pages` {
  @Test(arguments: [(PageRefusal.status(404), 404), (.status(400), 400), (.empty, 200)])
  func `the count is capped, and pages past the cap are refused`(refusal: PageRefusal, status: Int) throws {
    var (emulation, all) = try Emulation.withNames(100, CountCap(50, refusal: refusal))
    #expect(emulation.get(size: 20).pagination == ["50", "3", "1", "20"])
    #expect(try emulation.get(page: 3, size: 20).uuids == Array(all[40..<50]))
    let past = emulation.get(page: 4, size: 20)
    #expect(past.status == status)
    #expect(past.pagination == [nil, nil, nil, nil])
    #expect(status != 200 || past.text == "[]")
    let narrow = emulation.get(size: 20, query: #"event_at:<"2024-02-05""#)
    #expect(narrow.pagination != ["50", "3", "1", "20"])
  }

  @Test func `the count is capped, and the list continues past it`() throws {
    var (emulation, all) = try Emulation.withNames(100, CountCap(50, refusal: nil))
    let past = emulation.get(page: 4, size: 20)
    #expect(try past.uuids == Array(all[60..<80]))
    #expect(past.pagination == ["50", "3", "4", "20"])
  }

  @Test func `a list shorter than the cap is unchanged`() throws {
    var (emulation, _) = try Emulation.withNames(50, CountCap(50, refusal: .status(400)))
    #expect(emulation.get(size: 20).pagination == ["50", "3", "1", "20"])
    #expect(emulation.get(page: 4, size: 20).status == 404)
  }

  @Test(arguments: [
    PageRefusal.status(400), .status(404), .status(422), .status(500), .empty,
  ]) func `deep pages are refused, and the count stays correct`(refusal: PageRefusal) throws {
    for limit in [DeepPageLimit.Limit.pages(2), .places(45)] {
      var (emulation, _) = try Emulation.withNames(100, DeepPageLimit(limit, refusal: refusal))
      #expect(emulation.get(page: 2, size: 20).pagination == ["100", "5", "2", "20"])
      let refused = emulation.get(page: 3, size: 20)
      #expect(refused == refusal.response)
      #expect(emulation.get(page: 1, size: 60).status == 200)
    }
  }

  @Test func `a page is refused once`() throws {
    var (emulation, all) = try Emulation.withNames(100, RefusedPage(2, refusal: .empty))
    #expect(emulation.get(page: 1, size: 20).status == 200)
    #expect(emulation.get(page: 2, size: 20).text == "[]")
    #expect(try emulation.get(page: 2, size: 20).uuids == Array(all[20..<40]))
  }

  @Test func `a page lacks its last events, and the next page starts at its usual position`() throws {
    var (emulation, all) = try Emulation.withNames(100, ShortPage(2, missing: 3, times: 2))
    for _ in 0..<2 {
      let short = emulation.get(page: 2, size: 20)
      #expect(try short.uuids == Array(all[20..<37]))
      #expect(short.pagination == ["100", "5", "2", "20"])
      #expect(try emulation.get(page: 3, size: 20).uuids == Array(all[40..<60]))
    }
    #expect(try emulation.get(page: 2, size: 20).uuids == Array(all[20..<40]))
  }

  @Test(arguments: [1, 3, 30, -4]) func `events at one page border are listed twice or not at all`(
    count: Int
  ) throws {
    for isCounted in [true, false] {
      var (emulation, all) = try Emulation.withNames(
        120, ShiftedPages(after: 2, count: count, isCounted: isCounted))
      let first = emulation.get(page: 2, size: 30)
      let next = emulation.get(page: 3, size: 30)
      #expect(try first.uuids == Array(all[30..<60]))
      #expect(try next.uuids == Array(all[(60 - count)...].prefix(30)))
      #expect(next.headers["X-Pagination-Count"] == "\(isCounted ? 120 + count : 120)")
      #expect(emulation.get(page: 3, size: 30).body == next.body)
    }
  }

  @Test func `a page past the end can be an empty list without pagination fields`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.behaviours = [EmptyPastEnd()] }
    let response = emulation.get(page: 2)
    #expect(response.status == 200)
    #expect(response.text == "[]")
    #expect(response.headers["X-Pagination-Count"] == nil)
    #expect(try emulation.get(page: 1).uuids.count == 3)
  }
}
