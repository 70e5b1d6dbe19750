import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `The rate limit` {
  @Test func `every answer tells limit, remainder, reset and the interval advised`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.rateLimit = 3_600 }
    let headers = emulation.get().headers
    #expect(headers["X-RateLimit-Limit"] == "3600")
    #expect(headers["X-RateLimit-Remaining"] == "3599")
    #expect(headers["X-RateLimit-Reset"] == String(emulation.now.microseconds / 1_000_000 + 3_600))
    #expect(headers["X-RateLimit-Interval"] == "1.0")
    #expect(emulation.get("/audit-log/acme/", []).headers["x-ratelimit-remaining"] == "3598")
  }

  @Test func `beyond it is 429, until the window ends`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.rateLimit = 2 }
    #expect([emulation.get().status, emulation.get().status] == [200, 200])
    emulation.now = emulation.now + .seconds(296.44237399)
    let refused = emulation.get()
    #expect(refused.status == 429)
    #expect(refused.headers["Retry-After"] == "3304")
    #expect(refused.headers["X-RateLimit-Interval"] == "3303.557626")
    #expect(refused.headers["X-RateLimit-Remaining"] == "0")
    #expect(try refused.detail == "Request was throttled. Expected available in 3304.0 seconds.")
    emulation.now = emulation.now + .seconds(3_304)
    #expect(emulation.get().status == 200)
  }

  @Test func `another user of the key uses it up as well`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.rateLimit = 100 }
    emulation.api.rateLimit?.spend(99, at: emulation.now)
    #expect(emulation.get().headers["X-RateLimit-Remaining"] == "0")
    #expect(emulation.get().status == 429)
  }

  @Test func `the report of the limits counts as no request`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.rateLimit = 100 }
    _ = emulation.get()
    for _ in 0..<3 {
      #expect(emulation.get("/v1/rates/limits/").text.contains(#""limit": 100, "remaining": 99"#))
    }
  }

  @Test func `no limit: no fields about it`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.rateLimit = nil }
    let response = emulation.get()
    #expect(response.status == 200)
    #expect(!response.headers.fields.contains { $0.name.hasPrefix("X-RateLimit") })
  }
}
