import AuditRecord
import CloudsmithEmulator
import Compression
import Foundation
import TestSupport
import Testing

/// Answers that fail, and bodies that cannot be read.
@Suite(.fewAtOnce) struct `Faults of answers` {
  @Test(arguments: [nil, 8]) func `a truncated gzip body is unreadable, and its stated length matches`(
    missing: Int?
  ) throws {
    var emulation = try Emulation(generated: 30)
    let fields: HTTPFields = [("X-Api-Key", EmulatorConfiguration.demoKey), ("Accept-Encoding", "gzip")]
    let whole = emulation.get("/v1/audit-log/acme/", fields)
    emulation.api.setBehaviours([TruncatedGzip(FaultSchedule(every: 1), missing: missing)])
    let cut = emulation.get("/v1/audit-log/acme/", fields)
    #expect(cut.body.count == whole.body.count - (missing ?? whole.body.count / 2))
    #expect(cut.isWhole)
    #expect(throws: GzipError.self) { try Gzip.decompress(cut.body, limit: 1 << 20) }
    #expect(try emulation.get().records.count == 30)
  }

  @Test func `a gzip bomb is small on the wire, large when inflated, and an empty array`() throws {
    var emulation = try Emulation(`Pages`.three) {
      $0.behaviours = [GzipBomb(FaultSchedule(every: 2), size: 8 << 20)]
    }
    #expect(try emulation.get().uuids.count == 3)
    let bomb = emulation.get()
    #expect(bomb.headers["Content-Encoding"] == "gzip")
    #expect(bomb.body.count * 900 < 8 << 20)
    let inflated = try Gzip.decompress(bomb.body, limit: 8 << 20)
    #expect(inflated.count == 8 << 20)
    #expect(try records(inflated).isEmpty)
  }

  @Test func `half of a page is not valid JSON`() throws {
    var emulation = try Emulation(generated: 30)
    let whole = emulation.get().body
    emulation.api.setBehaviours([InvalidJSON(FaultSchedule(every: 2))])
    var bodies: [[UInt8]] = []
    for _ in 0..<2 { bodies.append(emulation.get().body) }
    #expect(bodies.contains(whole) && bodies.contains(Array(whole.prefix(whole.count / 2))))
  }

  @Test func `an invalid UTF-8 byte is inserted into a string`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.behaviours = [InvalidUTF8(FaultSchedule(every: 1))] }
    let body = emulation.get().body
    #expect(String(validating: body, as: UTF8.self) == nil)
    let mended = body.filter { $0 != 0xFF }
    #expect(body.count == mended.count + 1)
    #expect(try records(mended).count == 3)
  }

  @Test func `the array of a page is wrapped in an object`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.behaviours = [ObjectBody(FaultSchedule(every: 1))] }
    let object = try JSONSerialization.jsonObject(with: Data(emulation.get().body)) as? [String: Any]
    #expect((object?["results"] as? [Any])?.count == 3)
  }

  @Test func `a cut body still states its full length`() throws {
    var emulation = try Emulation(generated: 30) {
      $0.behaviours = [CutBody(FaultSchedule(every: 2), after: 100)]
    }
    #expect(
      [emulation.get().isWhole, emulation.get().isWhole, emulation.get().isWhole] == [true, false, true])
    #expect(emulation.api.requests.map(\.isWhole) == [true, false, true])
  }

  @Test(arguments: [500, 502, 503, 504]) func `every n-th request fails`(status: Int) throws {
    var emulation = try Emulation(`Pages`.three) {
      $0.behaviours = [Failures(FaultSchedule(every: 3, burst: 2), status: status)]
    }
    let statuses = (1...8).map { _ in emulation.get().status }
    #expect(statuses == [200, 200, status, status, 200, status, status, 200])
    #expect(emulation.api.requests.map(\.status) == statuses)
  }

  @Test func `a failure can have Retry-After and an HTML body`() throws {
    var emulation = try Emulation(`Pages`.three) {
      $0.behaviours = [Failures(FaultSchedule(every: 1), status: 429, retryAfter: 7, asHTML: true)]
    }
    let response = emulation.get()
    #expect(response.headers["Retry-After"] == "7")
    #expect(response.headers["Content-Type"]?.hasPrefix("text/html") == true)
    #expect(response.text.hasPrefix("<!DOCTYPE html>"))
  }

  @Test func `a redirect to another host keeps path and query`() throws {
    var emulation = try Emulation(`Pages`.three) {
      $0.behaviours = [RedirectElsewhere(FaultSchedule(every: 1), to: "http://127.0.0.2:9")]
    }
    let response = emulation.get(page: 2)
    #expect(response.status == 302)
    #expect(response.headers["Location"] == "http://127.0.0.2:9/v1/audit-log/acme/?page=2")
  }
}
