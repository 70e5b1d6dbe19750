import AuditRecord
import CloudsmithAPI
import HTTP
import Synchronization
import TestSupport
import Testing

/// Pages whose answers are larger than the limit.
@Suite struct PagePartsTests {
  /// A list of records, some of them large, that grows while it is read.
  private final class ListTransport: APITransport {
    struct State {
      /// Numbers of records, newest first.
      var list: [Int]
      var arrivals: [Int]
      var requests = 0
      /// The list at each count that an answer told.
      var lists: [Int: [Int]] = [:]
    }

    let state: Mutex<State>
    let size: @Sendable (Int) -> Int
    let limit: Int
    let telling: Bool
    /// What is changed of the list of one request, by its number.
    let arrange: @Sendable (inout [Int], Int) -> Void

    /// - Parameters:
    ///   - arrivals: records that arrive before each request, over and over.
    ///   - telling: whether the answers have fields about pages.
    init(
      count: Int, arrivals: [Int] = [0], limit: Int = 1_000, telling: Bool = true,
      size: @escaping @Sendable (Int) -> Int,
      arrange: @escaping @Sendable (inout [Int], Int) -> Void = { _, _ in }
    ) {
      state = Mutex(State(list: (0..<count).reversed(), arrivals: arrivals))
      self.size = size
      self.limit = limit
      self.telling = telling
      self.arrange = arrange
    }

    func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
      let fields = request.target.split(separator: "?").last?.split(separator: "&").map {
        $0.split(separator: "=")
      }
      func field(_ name: String) -> Int {
        fields?.first { $0.first.map(String.init) == name }?.last.flatMap { Int($0) } ?? 1
      }
      let (page, pageSize) = (field("page"), field("page_size"))
      let list = state.withLock { state in
        let fresh = state.arrivals[state.requests % state.arrivals.count]
        state.requests += 1
        for _ in 0..<fresh { state.list.insert((state.list.first ?? -1) + 1, at: 0) }
        var list = state.list
        arrange(&list, state.requests)
        state.lists[list.count] = list
        return list
      }
      let start = (page - 1) * pageSize
      guard start < list.count else {
        return APIResponse(status: 404, headers: HeaderFields([("X", "y")]), body: Array("{}".utf8))
      }
      let body =
        "[" + list[start..<min(list.count, start + pageSize)].map(record).joined(separator: ",") + "]"
      var headers: [(String, String)] = []
      if telling {
        headers = [
          ("X-Pagination-Count", "\(list.count)"), ("X-Pagination-Page", "\(page)"),
          ("X-Pagination-PageSize", "\(pageSize)"),
          ("X-Pagination-PageTotal", "\((list.count + pageSize - 1) / pageSize)"),
        ]
      }
      guard body.utf8.count <= limit else {
        throw .bodyTooLarge(
          limit: limit,
          OversizedAnswer(headers: HeaderFields(headers), start: Array(body.utf8.prefix(40))))
      }
      return APIResponse(status: 200, headers: HeaderFields(headers), body: Array(body.utf8))
    }

    private func record(_ number: Int) -> String {
      let time = Timestamp(microseconds: 1_700_000_000_000_000 + Int64(number) * 1_000_000)
      let head = #"{"event_at":"\#(number % 5 == 3 ? "soon" : "\(time)")","uuid":"\#(number)","x":""#
      return head + String(repeating: "x", count: max(0, size(number) - head.utf8.count - 2)) + "\"}"
    }
  }

  /// The records of a page in their order: their numbers, nil for one that was too large by itself.
  private func numbers(_ page: Page) throws -> [Int?] {
    var row = 0
    return try (0..<page.parsed.recordCount).map { place in
      if let index = page.parsed.quarantinedPlaces.firstIndex(of: place) {
        let record = page.parsed.quarantined[index]
        if record.reason == .answerTooLarge {
          #expect(record.place == (page.number - 1) * page.requestedSize + place + 1)
          return nil
        }
        let text = String(decoding: record.json, as: UTF8.self)
        return Int(try #require(text.split(separator: "\"uuid\":\"").last?.prefix { $0 != "\"" }))
      }
      defer { row += 1 }
      return page.parsed.rows.string(.uuid, row).flatMap { Int($0) }
    }
  }

  @Test func `a page read in parts equals the page in one response, for every size and large record`()
    async throws
  {
    for size in [1, 2, 3, 4, 5, 6, 7, 9, 12, 25, 30] {
      for large in stride(from: 0, to: 64, by: size > 7 ? 5 : 1) {
        let transport = ListTransport(count: 64, size: { $0 == 63 - large ? 2_000 : 100 })
        for number in 1...(64 + size - 1) / size {
          guard case .page(let page) = try await Sample.client(transport).page(number, size: size) else {
            Issue.record("page \(number) of \(size) is past the end")
            continue
          }
          let first = (number - 1) * size
          let expected = (first..<min(64, first + size)).map { $0 == large ? nil : 63 - $0 }
          #expect(try numbers(page) == expected, "page \(number) of \(size), \(large) is large")
          #expect(
            page.pagination
              == Pagination(count: 64, page: number, pageTotal: (64 + size - 1) / size, pageSize: size))
        }
      }
    }
  }

  @Test func `records that are too large only in sum are all received`() async throws {
    let transport = ListTransport(count: 1_003, size: { $0 % 7 * 130 + 80 })
    for (number, places) in [(1, 0..<500), (2, 500..<1_000), (3, 1_000..<1_003)] {
      guard case .page(let page) = try await Sample.client(transport).page(number) else {
        throw APIError.cancelled
      }
      #expect(try numbers(page) == places.map { 1_002 - $0 })
    }
    guard case .pastTheEnd = try await Sample.client(transport).page(4) else {
      Issue.record("page 4 is there")
      return
    }
  }

  @Test func `growth between the parts of a page causes no gap and no repetition`() async throws {
    for seed in 0..<300 {
      var random = SeededRandom(seed: seed)
      let size = random.pick([4, 12, 25, 30, 50])
      let arrivals = (0..<5).map { _ in random.pick([0, 0, 0, 1, 1, 2]) }
      let large = Set((0..<random.pick([1, 1, 2, 5])).map { _ in Int.random(in: 0..<120, using: &random) })
      let transport = ListTransport(
        count: 120, arrivals: arrivals, size: { large.contains($0) ? 3_000 : 60 })
      let number = Int.random(in: 1...max(1, 100 / size), using: &random)
      guard case .page(let page) = try await Sample.client(transport).page(number, size: size) else {
        Issue.record("seed \(seed): past the end")
        continue
      }
      let list = try #require(transport.state.withLock { $0.lists[page.pagination.count ?? 0] })
      let first = (number - 1) * size
      let expected = list[first..<min(list.count, first + size)].map { large.contains($0) ? nil : $0 }
      #expect(try numbers(page) == expected, "seed \(seed): page \(number) of \(size), \(arrivals) arrive")
    }
  }

  @Test func `a lagging replica hides nothing`() async throws {
    for lag in 1...4 {
      let transport = ListTransport(
        count: 90, size: { $0 == 50 ? 3_000 : 60 },
        arrange: { list, request in if request % 2 == 0 { list.removeFirst(lag) } })
      guard case .page(let page) = try await Sample.client(transport).page(2, size: 30) else {
        throw APIError.cancelled
      }
      #expect(try numbers(page) == (30..<60).map { $0 == 39 ? nil : 89 - $0 }, "lag \(lag)")
    }
  }

  @Test func `a record at two positions causes a second read of the page`() async throws {
    // At the fifth request two records have changed places: one of them would be there twice, and the other not at all.
    let transport = ListTransport(
      count: 64, size: { $0 == 40 ? 3_000 : 60 },
      arrange: { list, request in if request == 5 { list.swapAt(0, 31) } })
    guard case .page(let page) = try await Sample.client(transport).page(1, size: 32) else {
      throw APIError.cancelled
    }
    #expect(try numbers(page) == (0..<32).map { $0 == 23 ? nil : 63 - $0 })
  }

  @Test func `reading ends even if responses keep contradicting each other, and invents nothing`()
    async throws
  {
    for seed in 0..<40 {
      let transport = ListTransport(
        count: 64, size: { $0 == 40 ? 3_000 : 60 },
        arrange: { list, request in
          var random = SeededRandom(seed: seed * 1_000 + request)
          list.shuffle(using: &random)
        })
      guard case .page(let page) = try await Sample.client(transport).page(1, size: 32) else { continue }
      #expect(try numbers(page).count <= 32)
      #expect(transport.state.withLock(\.requests) < 400)
    }
  }

  @Test func `a page of a list without pagination fields is assembled from its parts`() async throws {
    let transport = ListTransport(count: 70, telling: false, size: { $0 == 5 ? 3_000 : 60 })
    for (number, places) in [(1, 0..<30), (2, 30..<60), (3, 60..<70)] {
      guard case .page(let page) = try await Sample.client(transport).page(number, size: 30) else {
        throw APIError.cancelled
      }
      #expect(try numbers(page) == places.map { $0 == 64 ? nil : 69 - $0 })
      #expect(page.pagination == Pagination())
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 50, 500])
  func `a page whose parts are all too large is abandoned if no response has a count`(
    size: Int
  ) async throws {
    let transport = ListTransport(count: 70, telling: false, size: { _ in 3_000 })
    await #expect(throws: APIError.unsafe(.bodyTooLarge(limit: 1_000))) {
      try await Sample.client(transport).page(1, size: size)
    }
    #expect(transport.state.withLock(\.requests) <= 11)
    // One that says how long it is comes to its end.
    let telling = ListTransport(count: 7, size: { _ in 3_000 })
    guard case .page(let page) = try await Sample.client(telling).page(1, size: size) else {
      throw APIError.cancelled
    }
    #expect(page.parsed.quarantined.count == min(size, 7))
  }

  @Test func `parts follow the page size that the API reduces to`() async throws {
    // It has pages of ten at most, whatever is asked for.
    let capped = ListTransport(count: 35, size: { $0 == 20 ? 3_000 : 60 })
    let transport = Capped(size: 10, transport: capped)
    let client = AuditLogClient(
      log: Sample.log, host: .cloudsmith, key: Sample.key, transport: transport, clock: ManualClock(),
      pace: .unlimited, random: { 0.5 })
    guard case .page(let page) = try await client.page(2, size: 500) else { throw APIError.cancelled }
    #expect(page.pagination.pageSize == 10 && page.parsed.recordCount == 10)
    #expect(page.parsed.quarantined.filter { $0.reason == .answerTooLarge }.map(\.place) == [15])
  }

  private struct Capped: APITransport {
    let size: Int
    let transport: ListTransport

    func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
      var request = request
      request.target = request.target.replacing("page_size=500", with: "page_size=\(size)")
      return try await transport.get(request)
    }
  }
}
