import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import TestSupport
import Testing

private func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

/// The faces that are made of bytes, met by the real client over a real socket.
@Suite(.fewAtOnce, .serialized) struct SocketFacesTests {
  private static let start = time("2024-02-05T00:00:00Z")
  private static let now = time("2024-02-08T01:50:00Z")
  private static let third = Rhythm(every: 3)
  /// From the fourth request on.
  private static let forGood = Rhythm(every: 4, burst: 4)

  private static let plain: [Face] = [
    Face("nothing at all"),
    Face("a reset in the middle of a body", CutBody(third, after: 3_000, ending: .reset)),
    Face("a reset before the body", CutBody(third, after: 0, ending: .reset)),
    Face("resets for good", ends: .unavailable, CutBody(forGood, after: 3_000, ending: .reset)),
    Face("a short body", CutBody(third, after: 3_000)),
    Face("short bodies for good", ends: .unavailable, CutBody(forGood, after: 3_000)),
    Face("a slow body in time", SlowBody(Rhythm(every: 1), bytesPerSecond: 300_000)),
    Face("invalid UTF-8", InvalidUTF8(third)),
    Face("bursts of 503 with HTML", Failures(Rhythm(every: 4, burst: 2), status: 503, asHTML: true)),
  ]

  private static let gzipped: [Face] = [
    Face("gzip"),
    Face("half a gzip body", TruncatedGzip(third)),
    Face("a gzip body without its trailer", TruncatedGzip(third, missing: 8)),
    Face("a gzip body without its last byte", TruncatedGzip(third, missing: 1)),
    Face("half a gzip body for good", ends: .unavailable, TruncatedGzip(forGood)),
    Face("a reset in the middle of a gzip body", CutBody(third, after: 500, ending: .reset)),
    Face("a short gzip body", CutBody(third, after: 500)),
    Face("a gzip bomb", ends: .refusedForSafety, GzipBomb(forGood, size: 16 << 20)),
  ]

  @Test(arguments: plain)
  func `over a socket, bytes that come wrong never become a page`(face: Face) async throws {
    try await check(face, acceptEncoding: "identity")
  }

  @Test(arguments: gzipped)
  func `over a socket, gzip that comes wrong never becomes a page`(face: Face) async throws {
    try await check(face, acceptEncoding: "gzip")
  }

  @Test func `a gzip bomb that was not asked for is refused as well`() async throws {
    try await check(
      Face("a bomb", ends: .refusedForSafety, GzipBomb(Self.forGood, size: 16 << 20)),
      acceptEncoding: "identity")
  }

  @Test func `a redirect to another host ends the run, and that host hears nothing`() async throws {
    try await withEmulator(EmulatorConfiguration(logs: [LogName("acme")!])) { other in
      let redirect = RedirectElsewhere(Self.forGood, to: other.baseURL)
      try await check(
        Face("a redirect", ends: .refusedForSafety, redirect), acceptEncoding: "identity")
      #expect(other.requests.isEmpty)
    }
  }

  @Test func `a body too slow for the time-out is asked for again`() async throws {
    let first = try await check(
      Face("a slow body", SlowBody(Rhythm(every: 7), bytesPerSecond: 1_000)),
      acceptEncoding: "identity", patience: .seconds(5))
    #expect(first.counters.retries >= 1)
  }

  /// The summary of the first run. On a busy machine an answer takes many seconds, and the time-out is not what is tested.
  @discardableResult
  private func check(
    _ face: Face, acceptEncoding: String, patience: TimeSpan = .seconds(120)
  ) async throws -> ExportSummary {
    var configuration = EmulatorConfiguration(logs: [LogName("acme")!])
    configuration.rateLimit = nil
    configuration.events = .generated(
      Generation(count: 200, window: Window(from: Self.start - .hours(3), to: Self.now), ties: 2))
    let quiet = configuration
    face.configure(&configuration)
    let world = try World(now: Self.now) { $0 = quiet }
    let clock = world.clock
    let time: @Sendable () -> Timestamp = { clock.now }
    return try await withEmulator(configuration, clock: time) { emulator in
      let first = try await world.export(
        from: emulator, backfillStart: Self.start, pageSize: 25, acceptEncoding: acceptEncoding,
        patience: patience)
      #expect(face.ends.fits(first.outcome), "\(String(describing: first.outcome))")
      #expect(try await world.violations() == [])
      let settled = Window(from: Self.start, to: Self.now - .minutes(10))
      let isCovered = try await world.manifest?.coverage.contains(settled) ?? false
      #expect(isCovered == Face.Ending.complete.fits(first.outcome))

      emulator.withAPI { $0.behave([]) }
      clock.advance(to: clock.now + .hours(1))
      let second = try await world.export(
        from: emulator, backfillStart: Self.start, pageSize: 25, acceptEncoding: acceptEncoding,
        patience: patience)
      #expect(Face.Ending.complete.fits(second.outcome), "\(String(describing: second.outcome))")
      let manifest = try await #require(try world.manifest)
      #expect(manifest.gaps.isEmpty)
      #expect(manifest.coverage.contains(Window(from: Self.start, to: Self.now)))
      #expect(try await world.violations() == [])
      return first
    }
  }
}
