import AuditRecord
import CloudsmithEmulator
import Compression
import Foundation
import TestSupport
import Testing

/// Faults of what a page lists, and of its bytes.
@Suite(.fewAtOnce) struct `Faults of pages` {
  @Test func `ties are listed in another order on every request, and nothing else moves`() throws {
    var emulation = try Emulation(generated: 90, ties: 6) { $0.behaviours = [ShuffledTies(seed: 1)] }
    let pages = try (1...4).map { _ in try emulation.get(size: 90).records }
    let orders = pages.map { page in page.compactMap { $0["uuid"] as? String } }
    #expect(Set(orders).count == 4)
    #expect(Set(orders.map(Set.init)).count == 1)
    let times = pages.map { page in page.compactMap { $0["event_at"] as? String } }
    #expect(Set(times).count == 1)
    #expect(try times.at(0) == times.at(0).sorted(by: >))
  }

  @Test func `without ties a shuffle changes nothing, and a query is shuffled like the whole list`() throws {
    var plain = try Emulation(generated: 40)
    var shuffled = try Emulation(generated: 40) { $0.behaviours = [ShuffledTies(seed: 1)] }
    #expect(plain.get(size: 40).body == shuffled.get(size: 40).body)
    var tied = try Emulation(generated: 40, ties: 40) { $0.behaviours = [ShuffledTies(seed: 1)] }
    let query = "event_at:>=2024-02-01 AND actor:*"
    #expect(tied.get(size: 40, query: query).body != tied.get(size: 40, query: query).body)
  }

  @Test func `in ascending order the pages are those of the list turned round`() throws {
    var emulation = try Emulation(generated: 70)
    let newestFirst = try emulation.walk(size: 30)
    emulation.api.behave([AscendingOrder()])
    #expect(try emulation.walk(size: 30) == newestFirst.reversed())
    emulation.api.behave([ShuffledTies(seed: 1), AscendingOrder()])
    #expect(try emulation.walk(size: 30) == newestFirst.reversed())
  }

  @Test func `a page past the end can be an empty list that says nothing about itself`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.behaviours = [EmptyPastEnd()] }
    let response = emulation.get(page: 2)
    #expect(response.status == 200)
    #expect(response.text == "[]")
    #expect(response.headers["X-Pagination-Count"] == nil)
    #expect(try emulation.get(page: 1).uuids.count == 3)
  }

  @Test func `retention takes the oldest events from the list as time passes, not from the truth`() throws {
    var emulation = try Emulation(generated: 100)
    let all = try emulation.walk(size: 100)
    let times = try emulation.get(size: 100).records.map { try time(try #require($0["event_at"] as? String)) }
    emulation.api.behave([Retention(emulation.now - times[79])])
    #expect(try emulation.walk(size: 30) == Array(all.prefix(80)))
    emulation.now = emulation.now + (times[49] - times[79])
    #expect(try emulation.walk(size: 30) == Array(all.prefix(50)))
    emulation.now = emulation.now + .days(40)
    #expect(emulation.get().text == "[]")
    #expect(try records(emulation.api.truth(emulation.name) ?? []).count == 100)
  }

  @Test(arguments: [nil, 8]) func `a truncated gzip body cannot be read, and is promised no longer`(
    missing: Int?
  ) throws {
    var emulation = try Emulation(generated: 30)
    let fields: HTTPFields = [("X-Api-Key", EmulatorConfiguration.demoKey), ("Accept-Encoding", "gzip")]
    let whole = emulation.get("/v1/audit-log/acme/", fields)
    emulation.api.behave([TruncatedGzip(Rhythm(every: 1), missing: missing)])
    let cut = emulation.get("/v1/audit-log/acme/", fields)
    #expect(cut.body.count == whole.body.count - (missing ?? whole.body.count / 2))
    #expect(cut.isWhole)
    #expect(throws: GzipError.self) { try Gzip.decompress(cut.body, limit: 1 << 20) }
    #expect(try emulation.get().records.count == 30)
  }

  @Test func `a gzip bomb is small on the wire, large when inflated, and an empty array`() throws {
    var emulation = try Emulation(`Pages`.three) {
      $0.behaviours = [GzipBomb(Rhythm(every: 2), size: 8 << 20)]
    }
    #expect(try emulation.get().uuids.count == 3)
    let bomb = emulation.get()
    #expect(bomb.headers["Content-Encoding"] == "gzip")
    #expect(bomb.body.count * 900 < 8 << 20)
    let inflated = try Gzip.decompress(bomb.body, limit: 8 << 20)
    #expect(inflated.count == 8 << 20)
    #expect(try records(inflated).isEmpty)
  }

  @Test func `half of a page is no JSON`() throws {
    var emulation = try Emulation(generated: 30)
    let whole = emulation.get().body
    emulation.api.behave([InvalidJSON(Rhythm(every: 2))])
    var bodies: [[UInt8]] = []
    for _ in 0..<2 { bodies.append(emulation.get().body) }
    #expect(bodies.contains(whole) && bodies.contains(Array(whole.prefix(whole.count / 2))))
  }

  @Test func `a byte that is no UTF-8 stands in a string`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.behaviours = [InvalidUTF8(Rhythm(every: 1))] }
    let body = emulation.get().body
    #expect(String(validating: body, as: UTF8.self) == nil)
    let mended = body.filter { $0 != 0xFF }
    #expect(body.count == mended.count + 1)
    #expect(try records(mended).count == 3)
  }

  @Test func `an object holds the array that belongs in its place`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.behaviours = [ObjectBody(Rhythm(every: 1))] }
    let object = try JSONSerialization.jsonObject(with: Data(emulation.get().body)) as? [String: Any]
    #expect((object?["results"] as? [Any])?.count == 3)
  }

  @Test func `an error answer is left as it is by the faults of pages`() throws {
    var emulation = try Emulation {
      $0.access = .forbidden
      $0.behaviours = [
        InvalidJSON(Rhythm(every: 1)), InvalidUTF8(Rhythm(every: 1)), ObjectBody(Rhythm(every: 1)),
        EmptyPastEnd(), AscendingOrder(), Retention(.days(1)), TruncatedGzip(Rhythm(every: 1)),
      ]
    }
    let response = emulation.get()
    #expect(response.status == 403)
    #expect(try response.detail == "You do not have permission to perform this action.")
  }
}
