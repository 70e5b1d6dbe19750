import AuditRecord
import ObjectStoreFakes
import TestSupport
import Testing

@testable import ObjectStore

/// Every call, with every fault at every request and every pair of faults one after the other: the outcome is right, or an error that
/// says that it is not known.
@Suite struct FaultSweepTests {
  /// What a call left, by the store's own state after all requests on their way have arrived.
  private enum Expectation {
    /// Success means that `state` holds; an error that is certain means that `before` still does.
    case write(_ state: (FakeStore) -> Bool, before: (FakeStore) -> Bool)
    /// It must never succeed, and never change anything.
    case refusal(StoreError.Kind, _ intact: (FakeStore) -> Bool)
    /// It changes nothing; a success was checked by the call itself.
    case read
  }

  private struct Call {
    var name: String
    var prepare: (FakeStore) -> Void = { _ in }
    var run: (StoreClient) async throws -> Void
    var expectation: Expectation
  }

  private struct WrongValue: Error {}

  private static let bytes = Array("ours".utf8)
  private static let other = Array("theirs".utf8)
  private static let settings = StoreRequest.ObjectSettings(sha256: sha256(bytes))

  private static func holds(_ bytes: [UInt8]?) -> (FakeStore) -> Bool { { $0["k"]?.bytes == bytes } }

  private static func require(_ condition: Bool) throws {
    if !condition { throw WrongValue() }
  }

  private static func calls() -> [Call] {
    [
      Call(
        name: "create", run: { _ = try await $0.put("k", bytes, .init(), .absent) },
        expectation: .write(holds(bytes), before: holds(nil))),
      Call(
        name: "create the same again", prepare: { $0.place("k", bytes) },
        run: { _ = try await $0.put("k", bytes, .init(), .absent) },
        expectation: .write(holds(bytes), before: holds(bytes))),
      Call(
        name: "create over another", prepare: { $0.place("k", other) },
        run: { _ = try await $0.put("k", bytes, .init(), .absent) },
        expectation: .refusal(.exists, holds(other))),
      Call(
        name: "replace", prepare: { $0.place("k", other) },
        run: { _ = try await $0.put("k", bytes, .init(), .etag("\"v1\"")) },
        expectation: .write(holds(bytes), before: holds(other))),
      Call(
        name: "replace a newer one",
        prepare: {
          $0.place("k", bytes)
          $0.place("k", other)
        },
        run: { _ = try await $0.put("k", bytes, .init(), .etag("\"v1\"")) },
        expectation: .refusal(.changed, holds(other))),
      Call(
        name: "replace a missing one",
        run: { _ = try await $0.put("k", bytes, .init(), .etag("\"v1\"")) },
        expectation: .refusal(.changed, holds(nil))),
      Call(
        name: "put a part", run: { _ = try await $0.put("k", bytes, settings, .absent, isVerified: true) },
        expectation: .write(holds(bytes), before: holds(nil))),
      Call(
        name: "put a part over another", prepare: { $0.place("k", other, sha256: sha256(other)) },
        run: { _ = try await $0.put("k", bytes, settings, .absent, isVerified: true) },
        expectation: .refusal(.exists, holds(other))),
      Call(
        name: "delete", prepare: { $0.place("k", other) }, run: { try await $0.delete("k") },
        expectation: .write(holds(nil), before: holds(other))),
      Call(
        name: "upload",
        run: { client in
          let id = try await client.createUpload("k", settings)
          let etag = try await client.uploadPart("k", upload: id, number: 1, bytes)
          _ = try await client.completeUpload(
            "k", upload: id, etags: [etag], size: bytes.count, sha256: sha256(bytes))
        }, expectation: .write(holds(bytes), before: holds(nil))),
      Call(
        name: "upload over another", prepare: { $0.place("k", other, sha256: sha256(other)) },
        run: { client in
          let id = try await client.createUpload("k", settings)
          let etag = try await client.uploadPart("k", upload: id, number: 1, bytes)
          _ = try await client.completeUpload(
            "k", upload: id, etags: [etag], size: bytes.count, sha256: sha256(bytes))
        }, expectation: .refusal(.exists, holds(other))),
      Call(
        name: "abort",
        run: { client in
          let id = try await client.createUpload("k", settings)
          try await client.abortUpload("k", upload: id)
        }, expectation: .read),
      Call(
        name: "find uploads",
        run: { client in
          let id = try await client.createUpload("k", settings)
          _ = try await client.createUpload("k", settings)
          let found = try await client.uploads(prefix: "k").map(\.id)
          try require(found.count >= 2 && found.contains(id))
        }, expectation: .read),
      Call(
        name: "get", prepare: { $0.place("k", other) },
        run: { try require(try await $0.get("k", limit: 99)?.bytes == other) }, expectation: .read),
      Call(
        name: "get a range", prepare: { $0.place("k", other) },
        run: { try require(try await $0.get("k", 2..<99, of: "\"v1\"")?.bytes == Array(other[2...])) },
        expectation: .read),
      Call(
        name: "get a missing one", run: { try require(try await $0.get("k", limit: 99) == nil) },
        expectation: .read),
      Call(
        name: "head", prepare: { $0.place("k", other) },
        run: { try require(try await $0.head("k")?.size == other.count) }, expectation: .read),
      Call(
        name: "list", prepare: { store in for name in "abcde" { store.place("\(name)", []) } },
        run: { try require(try await $0.listAll(prefix: "").map(\.key) == ["a", "b", "c", "d", "e"]) },
        expectation: .read),
    ]
  }

  private struct Result {
    /// What is wrong; nil if nothing is.
    var problem: String?
    /// Whether the call ended as without faults.
    var isDone: Bool
    /// How many requests the call sent.
    var requests: Int
  }

  private func result(_ call: Call, _ faults: [Int: FakeStore.Fault]) async throws -> Result {
    let store = FakeStore(quirks: .init(pageSize: 2))
    let client = try StoreClient(store)
    call.prepare(store)
    store.fail(faults)
    var failure: StoreError?
    do {
      try await call.run(client)
    } catch let error as StoreError {
      failure = error
    } catch {
      return Result(problem: "a wrong value", isDone: false, requests: 0)
    }
    let requests = store.requests.count
    store.settle()
    let (problem, isDone) = judge(call.expectation, store, failure)
    return Result(
      problem: requests > 24 ? "\(requests) requests" : problem, isDone: isDone, requests: requests)
  }

  private func judge(_ expectation: Expectation, _ store: FakeStore, _ failure: StoreError?) -> (
    String?, Bool
  ) {
    switch expectation {
    case .write(let after, let before):
      guard let failure else { return (after(store) ? nil : "success, and it is not done", true) }
      if failure.isOutcomeUnknown { return (after(store) || before(store) ? nil : "neither", false) }
      return (before(store) ? nil : "certain failure, and it is done: \(failure)", false)
    case .refusal(let kind, let intact):
      guard let failure else { return ("success", false) }
      guard intact(store) else { return ("changed", false) }
      return (nil, failure.kind == kind)
    case .read:
      if let failure, failure.kind == .missing { return ("\(failure)", false) }
      return (nil, failure == nil)
    }
  }

  @Test func `any single fault at any request leaves the right outcome and never fails a call`()
    async throws
  {
    for call in Self.calls() {
      for fault in FakeStore.Fault.allCases {
        for place in 1...8 {
          let result = try await result(call, [place: fault])
          #expect(result.problem == nil, "\(call.name), \(fault) at \(place): \(result.problem ?? "")")
          // New credentials are the same here, so an expired token stays one.
          if fault != .expired { #expect(result.isDone, "\(call.name) fails by \(fault) at \(place)") }
          if place >= result.requests { break }
        }
      }
    }
  }

  @Test func `each pair of faults at any two requests of a call leaves the right outcome`() async throws {
    var count = 0
    for call in Self.calls() {
      for first in FakeStore.Fault.allCases {
        for place in 1...8 {
          let requests = try await result(call, [place: first]).requests
          guard place < requests else { break }
          for second in FakeStore.Fault.allCases {
            for next in place + 1...requests {
              let faults = [place: first, next: second]
              let problem = try await result(call, faults).problem
              #expect(problem == nil, "\(call.name), \(faults): \(problem ?? "")")
              count += 1
            }
          }
        }
      }
    }
    #expect(count > 5_000)
  }

  @Test func `long series of random faults leave the right outcome`() async throws {
    let calls = Self.calls()
    for seed in 1...2_000 {
      var random = SeededRandom(seed: seed)
      let call = random.pick(calls)
      var faults: [Int: FakeStore.Fault] = [:]
      for place in 1...24 where !random.once(in: 4) { faults[place] = random.pick(FakeStore.Fault.allCases) }
      let problem = try await result(call, faults).problem
      #expect(problem == nil, "seed \(seed): \(call.name), \(faults): \(problem ?? "")")
    }
  }

  @Test
  func `of eight concurrent creates of a key with faults, at most one succeeds, and its bytes remain`()
    async throws
  {
    for seed in 1...100 {
      var random = SeededRandom(seed: seed)
      let store = FakeStore()
      var faults: [Int: FakeStore.Fault] = [:]
      for place in 1...60 where random.once(in: 2) { faults[place] = random.pick(FakeStore.Fault.allCases) }
      store.fail(faults)
      let winners = try await withThrowingTaskGroup(of: Int?.self) { group in
        for writer in 0..<8 {
          let client = try StoreClient(store)
          group.addTask {
            do throws(StoreError) {
              _ = try await client.put("k", [UInt8(writer)], .init(), .absent)
              return writer
            } catch {
              return nil
            }
          }
        }
        var winners: [Int] = []
        for try await winner in group { if let winner { winners.append(winner) } }
        return winners
      }
      store.settle()
      #expect(winners.count <= 1, "seed \(seed)")
      if let winner = winners.first { #expect(store["k"]?.bytes == [UInt8(winner)], "seed \(seed)") }
    }
  }
}

/// The decisions of one write, event by event.
@Suite struct ConditionalWriteTests {
  private func write(_ condition: StoreRequest.Condition) throws -> ConditionalWrite {
    ConditionalWrite(
      .put("k", [], .init(), condition), at: try Endpoint(bucket: "bucket", region: "us-east-1"), .test)
  }

  private func lost() throws -> StoreVerdict {
    let request = StoreRequest.put("k", [], .init(), .absent)
    let error = StoreError(
      request, at: try Endpoint(bucket: "bucket", region: "us-east-1"), .unavailable("lost"))
    return .retry(.init(error: error, mayBeDone: true))
  }

  @Test func `after a lost response, the key is inspected before it is written again`() throws {
    var write = try write(.absent)
    #expect(write.next(after: try lost(), etag: nil) == .look(after: .seconds(0.25)))
    #expect(write.next(after: .nothing) == .send)
    #expect(write.next(after: .exists, etag: nil) == .look(after: .zero))
    #expect(write.next(after: .ours(etag: "e")) == .done(etag: "e"))
  }

  @Test func `an outrun replacement is reported as changed, or unknown after a lost response`() throws {
    for isLost in [false, true] {
      var write = try write(.etag("\"1\""))
      if isLost {
        _ = write.next(after: try lost(), etag: nil)
        #expect(write.next(after: .other(etag: "\"1\"")) == .send)
      }
      _ = write.next(after: .changed, etag: nil)
      guard case .fail(let error) = write.next(after: .other(etag: "\"2\"")) else {
        return #expect(Bool(false))
      }
      #expect(error.kind == .changed && error.isOutcomeUnknown == isLost)
    }
  }

  @Test func `a store that refuses its own ETag twice does not support conditions`() throws {
    var write = try write(.etag("\"1\""))
    _ = write.next(after: .changed, etag: nil)
    #expect(write.next(after: .other(etag: "\"1\"")) == .sendUnquoted)
    _ = write.next(after: .changed, etag: nil)
    guard case .fail(let error) = write.next(after: .other(etag: "\"1\"")) else {
      return #expect(Bool(false))
    }
    #expect(error.kind == .unsupported)
  }

  @Test func `an object that exists at first but not on the next check is created again`() throws {
    var write = try write(.absent)
    for _ in 1...5 {
      _ = write.next(after: .exists, etag: nil)
      guard case .pause = write.next(after: .nothing) else { return #expect(Bool(false)) }
    }
    _ = write.next(after: .exists, etag: nil)
    guard case .fail(let error) = write.next(after: .nothing) else { return #expect(Bool(false)) }
    #expect(error.kind == .exists && !error.isOutcomeUnknown)
  }

  @Test func `an object that cannot be compared leaves the outcome unknown`() throws {
    var write = try write(.absent)
    _ = write.next(after: .exists, etag: nil)
    guard case .fail(let error) = write.next(after: .unclear("x")) else { return #expect(Bool(false)) }
    #expect(error.isOutcomeUnknown)
  }
}
