import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `Behaviours` {
  @Test func `growth adds so many events before each request, newer than all and not from the future`() throws
  {
    var emulation = try Emulation(generated: 10) { $0.behaviours = [Growth(events: 3)] }
    var counts: [String?] = []
    for _ in 0..<3 {
      emulation.now = emulation.now + .seconds(1)
      counts.append(emulation.get().headers["X-Pagination-Count"])
    }
    #expect(counts == ["13", "16", "19"])
    let times = try records(emulation.api.truth(emulation.name) ?? []).prefix(9).compactMap {
      $0["event_at"] as? String
    }
    let before = emulation.now - .seconds(3)
    #expect(try times.allSatisfy { try time($0) > before && time($0) <= emulation.now })
    #expect(try times.map(time) == times.map(time).sorted(by: >))
  }

  @Test func `growth shifts events to later pages, and no walk towards older ones loses any`() throws {
    var emulation = try Emulation(generated: 300) { $0.behaviours = [Growth(events: 4)] }
    let before = try records(emulation.api.truth(emulation.name) ?? []).compactMap { $0["uuid"] as? String }
    let seen = try emulation.walk(size: 10)
    #expect(seen.count > Set(seen).count)
    #expect(Set(seen).isSuperset(of: before))
  }

  @Test func `late events appear behind the newest, by no more than the bound`() throws {
    var emulation = try Emulation(generated: 10) {
      $0.behaviours = [LateEvents(chance: 1, by: .minutes(5), seed: 1)]
    }
    let newest = try #require(emulation.api.log(emulation.name)?.newest)
    for _ in 0..<20 { _ = emulation.get() }
    let times = try records(emulation.api.truth(emulation.name) ?? []).map {
      try time(try #require($0["event_at"] as? String))
    }
    #expect(times.count == 30)
    #expect(times.max() == newest)
    #expect(times.count { $0 >= newest - .minutes(5) && $0 < newest } >= 20)
  }

  @Test func `late events come with their chance`() throws {
    var emulation = try Emulation(generated: 10) {
      $0.behaviours = [LateEvents(chance: 0.1, by: .hours(1), seed: 3)]
    }
    for _ in 0..<1_000 { _ = emulation.get(size: 1) }
    let count = try records(emulation.api.truth(emulation.name) ?? []).count
    #expect((60...160).contains(count))
  }

  @Test(arguments: [
    ("2024-03-01T12:00:00.9Z", "Fri, 01 Mar 2024 11:59:00 GMT"),
    ("2024-02-29T00:00:30Z", "Wed, 28 Feb 2024 23:59:30 GMT"),
    ("1970-01-01T00:01:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
  ]) func `the time is told as HTTP writes it, and behind by so much`(now: String, date: String) throws {
    var emulation = try Emulation(`Pages`.three) { $0.behaviours = [DateField(behind: .minutes(1))] }
    emulation.now = try time(now)
    #expect(emulation.get().headers["Date"] == date)
  }

  @Test(arguments: [500, 502, 503, 504]) func `every so-many-th request fails`(status: Int) throws {
    var emulation = try Emulation(`Pages`.three) {
      $0.behaviours = [Failures(Rhythm(every: 3, burst: 2), status: status)]
    }
    let statuses = (1...8).map { _ in emulation.get().status }
    #expect(statuses == [200, 200, status, status, 200, status, status, 200])
    #expect(emulation.api.requests.map(\.status) == statuses)
  }

  @Test func `a failure can carry Retry-After and an HTML body`() throws {
    var emulation = try Emulation(`Pages`.three) {
      $0.behaviours = [Failures(Rhythm(every: 1), status: 429, retryAfter: 7, asHTML: true)]
    }
    let response = emulation.get()
    #expect(response.headers["Retry-After"] == "7")
    #expect(response.headers["Content-Type"]?.hasPrefix("text/html") == true)
    #expect(response.text.hasPrefix("<!DOCTYPE html>"))
  }

  @Test func `a cut body keeps its promise of a length that never comes`() throws {
    var emulation = try Emulation(generated: 30) { $0.behaviours = [CutBody(Rhythm(every: 2), after: 100)] }
    #expect(
      [emulation.get().isWhole, emulation.get().isWhole, emulation.get().isWhole] == [true, false, true])
    #expect(emulation.api.requests.map(\.isWhole) == [true, false, true])
  }

  @Test func `the count can be absent or wrong`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.behaviours = [CountField.absent] }
    #expect(emulation.get().headers["X-Pagination-Count"] == nil)
    #expect(emulation.get().headers["X-Pagination-PageTotal"] == "1")
    emulation.api.behave([CountField.wrong(by: -2)])
    #expect(emulation.get().headers["X-Pagination-Count"] == "1")
    emulation.api.behave([])
    #expect(emulation.get().headers["X-Pagination-Count"] == "3")
  }

  @Test func `a redirect to another host keeps path and query`() throws {
    var emulation = try Emulation(`Pages`.three) {
      $0.behaviours = [RedirectElsewhere(Rhythm(every: 1), to: "http://127.0.0.2:9")]
    }
    let response = emulation.get(page: 2)
    #expect(response.status == 302)
    #expect(response.headers["Location"] == "http://127.0.0.2:9/v1/audit-log/acme/?page=2")
  }

  @Test func `faults strike the audit log alone`() throws {
    var emulation = try Emulation { $0.behaviours = [Failures(Rhythm(every: 1), status: 500)] }
    #expect(emulation.get("/user/self/").status == 200)
    #expect(emulation.get("/status/check/basic/").status == 200)
    #expect(emulation.get().status == 500)
  }

  @Test func `a run with a seed can be repeated, faults and all`() throws {
    let run = {
      var emulation = try Emulation(generated: 200, ties: 3) {
        $0.behaviours = [
          Growth(events: 2), LateEvents(chance: 0.5, by: .hours(2), seed: 5),
          Failures(Rhythm(every: 5), status: 503), CutBody(Rhythm(every: 4), after: 10),
        ]
      }
      return (1...20).map { page in
        emulation.now = emulation.now + .seconds(1)
        return emulation.get(page: page % 7, size: 30)
      }
    }
    #expect(try run() == run())
  }

  @Test func `a thousand nights in process take little time and no clock`() throws {
    var served = 0
    for night in 0..<1_000 {
      var emulation = try Emulation(generated: 40) {
        $0.seed = UInt64(night)
        $0.behaviours = [Growth(events: 1)]
      }
      served += try emulation.walk(size: 20).count
    }
    #expect(served > 40_000)
  }
}
