import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import HTTP
import Synchronization
import TestSupport
import Testing

/// Answers with the pages of a list, and with fields that are drawn from the largest and the smallest numbers.
private final class ExtremeAPI: APITransport {
  private struct State {
    var random: SeededRandom
    var requests = 0
  }

  private let state: Mutex<State>
  private let records: [String]
  /// Whether there is a page of any number, the last one again and again.
  private let hasEveryPage: Bool
  /// What ends a walk that such an API would keep busy for ever.
  static let limit = 1_500

  init(seed: Int, newest: Timestamp) {
    var random = SeededRandom(seed: seed)
    hasEveryPage = random.once(in: 2)
    records = (0..<200).map { #"{"uuid":"e-\#($0)","event_at":"\#(newest - .hours(6) * $0)"}"# }
    state = Mutex(State(random: random))
  }

  private static let names = [
    "X-Pagination-Count", "X-Pagination-PageTotal", "X-Pagination-PageSize", "X-RateLimit-Limit",
    "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Interval", "Retry-After", "Age",
  ]
  private static let values =
    [
      -1, 0, 1, 2, 20, 200, 999_999, 1_000_000, 1_000_001, 999_999_999, 1_000_000_000, 315_360_000,
      253_402_300_799, 999_999_999_999, 1_000_000_000_000, 1_000_000_000_001, Int.max / 2, Int.max - 1, .max,
      .min,
    ].map(String.init) + ["1e300", "-1e300", "1e-300", "nan", "inf"]
  private static let dates = [
    "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:60 GMT",
    "Mon, 01 Jan 0001 00:00:00 GMT", "Sun, 06 Nov 9223372036854775807 08:49:37 GMT",
  ]

  func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
    let parameters = Dictionary(
      request.target.split(separator: "?").last.map(String.init)?.split(separator: "&").compactMap {
        let pair = $0.split(separator: "=", maxSplits: 1).map(String.init)
        return pair.count == 2 ? (pair[0], pair[1]) : nil
      } ?? [], uniquingKeysWith: { $1 })
    guard let page = parameters["page"].flatMap({ Int($0) }),
      let size = parameters["page_size"].flatMap({ Int($0) })
    else { return APIResponse(status: 400) }
    var fields: [(String, String)] = []
    let requests = state.withLock { state in
      state.requests += 1
      for name in ExtremeAPI.names where state.random.once(in: 2) {
        fields.append((name, state.random.pick(ExtremeAPI.values)))
      }
      if state.random.once(in: 2) { fields.append(("Date", state.random.pick(ExtremeAPI.dates))) }
      return state.requests
    }
    if requests > ExtremeAPI.limit { throw .cancelled }
    let pages = (records.count + size - 1) / size
    let number = hasEveryPage ? min(page, pages) : page
    guard number <= pages else { return APIResponse(status: 404, headers: HeaderFields(fields)) }
    let shown = records[(number - 1) * size..<min(records.count, number * size)]
    return APIResponse(
      status: 200, headers: HeaderFields(fields), body: Array("[\(shown.joined(separator: ","))]".utf8))
  }
}

/// Fields with the largest numbers end a run at the worst: they crash none.
@Suite(.fewAtOnce) struct ExtremeHeadersTests {
  private let now = time("2024-12-20T01:50:00Z")

  @Test(arguments: [ExportSettings.TimeFilter.walk, .seek, .filter, .auto], [false, true])
  func `with any numbers in header fields, a run ends and its archive is sound`(
    way: ExportSettings.TimeFilter, isWindow: Bool
  ) async throws {
    for seed in 0..<6 {
      let harness = try TestHarness(now: now)
      let request: ExportSettings.Request =
        isWindow
        ? .window(Window(from: now - .days(20), to: now - .days(18)), replace: false)
        : .incremental(backfillStart: now - .days(40))
      let summary = try await harness.export(
        request, from: ExtremeAPI(seed: seed, newest: now - .hours(1)),
        adjust: {
          $0.timeFilter = way
          $0.pageSize = 20
          $0.maxConcurrentRequests = seed % 3 + 1
        })
      #expect(summary.counters.requests <= ExtremeAPI.limit + 3, "seed \(seed)")
      if try await harness.manifest != nil {
        let report = try #require(try await Archive(at: harness.folder, log: harness.log).verify())
        #expect(report.findings == [], "seed \(seed)")
      }
    }
  }

  @Test(arguments: [PaceRule.auto, .perSecond(1)])
  func `with any numbers in header fields, a dry run makes a forecast`(pace: PaceRule) async throws {
    for seed in 0..<100 {
      for way in [ExportSettings.TimeFilter.walk, .seek, .filter, .auto] {
        var settings = ExportSettings(request: .incremental(backfillStart: now - .days(40)))
        settings.timeFilter = way
        let clock = TestClock(now: now)
        let client = AuditLogClient(
          log: LogName("acme")!, host: .cloudsmith, key: try APIKey("key"),
          transport: ExtremeAPI(seed: seed, newest: now - .hours(1)), clock: clock, pace: pace,
          random: { 0.5 })
        do {
          let forecast = try await ExportForecast(
            settings, standing: nil, client: client, clock: clock, pace: pace)
          #expect(forecast.requests ?? 0 >= 0)
        } catch is APIError {
          // As when the pause that is asked for is too long.
        }
      }
    }
  }
}
