import AuditRecord
import HTTP
import ObjectStoreFakes
import TestSupport
import Testing

@testable import ObjectStore

/// `StoreClient` over the real transport, against a store behind a socket that checks every signature from the bytes that arrive.
@Suite(.fewAtOnce) struct StoreOverHTTPTests {
  private static let bytes = Array("ours".utf8)

  private func withClient(
    _ store: FakeStore, isolation: isolated (any Actor)? = #isolation,
    _ body: (StoreClient, SocketServer) async throws -> Void
  ) async throws {
    let answer = { @Sendable (_: Int, request: SocketServer.Request) in store.answer(request) }
    try await SocketServer.with(answer: answer) { server in
      let origin = Origin(scheme: .http, host: "127.0.0.1", port: server.port)
      var settings = try ConnectionSettings(
        origin: origin, userAgent: "tests/1", role: ServerRole(name: "store", secret: "the data"))
      settings.timeouts.connect = .seconds(ScaledTimeout.seconds(10))
      let clock = ManualClock()
      try await AsyncHTTPClientTransport.withTransport(settings) { transport in
        let client = StoreClient(
          endpoint: try Endpoint(bucket: "bucket", region: "us-east-1", url: "\(origin)"),
          credentials: .fixed(clock), transport: transport, clock: clock, retry: .test)
        try await body(client, server)
      }
    }
  }

  @Test func `objects are created, read, replaced, inspected, listed and deleted`() async throws {
    let store = FakeStore(quirks: .init(pageSize: 3))
    try await withClient(store) { client, server in
      let keys = [
        "log/organization=a b/é+%.csv", "log/%2F/x", "log/!'()*~", "log/a&b=c;d,e:f@g$h",
        "log/#?[]\\|^`{}<>\"",
        "log/日本/🎉",
      ]
      for key in keys {
        let etag = try await client.put(key, Self.bytes, .init(), .absent, isVerified: true)
        #expect(try await client.get(key, limit: 10)?.bytes == Self.bytes, "\(key)")
        #expect(try await client.get(key, 1..<3, of: etag)?.bytes == Array("ur".utf8))
        #expect(try await client.head(key)?.size == 4)
        _ = try await client.put(key, [], .init(), .etag(etag))
        #expect(store[key]?.bytes == [])
      }
      let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      #expect(try await client.listAll(prefix: "log/").map(\.key) == sorted)
      for key in keys { try await client.delete(key) }
      #expect(store.keys.isEmpty)
      #expect(try await client.get(keys[0], limit: 1) == nil)
      #expect(try await client.head(keys[0]) == nil)
      for request in server.received {
        #expect(request.fields.first?.name == "Host")
        #expect(!request.fields.contains { $0.name.lowercased() == "accept-encoding" })
      }
      #expect(server.connections == 1)
    }
  }

  @Test func `an object in parts arrives whole`() async throws {
    let store = FakeStore()
    try await withClient(store) { client, _ in
      let parts = [7, 8].map { [UInt8](repeating: $0, count: (5 << 20) + Int($0)) }
      let whole = parts[0] + parts[1]
      let hash = sha256(whole)
      let id = try await client.createUpload("k", .init(sha256: hash))
      var etags: [String] = []
      for (index, part) in parts.enumerated() {
        etags.append(try await client.uploadPart("k", upload: id, number: index + 1, part))
      }
      let info = try await client.completeUpload(
        "k", upload: id, etags: etags, size: whole.count, sha256: hash)
      #expect(info.size == whole.count && store["k"]?.bytes == whole)
      #expect(try await client.get("k", 0..<whole.count, of: info.etag)?.bytes == whole)
    }
  }

  @Test func `a write whose connection ends is looked for, and is there once`() async throws {
    let faults: [FakeStore.Fault] = [
      .loseAnswer, .drop, .cutAnswer, .failAfter, .slowDown, .delay, .badGateway,
    ]
    for fault in faults {
      for number in 1...3 {
        let store = FakeStore()
        try await withClient(store) { client, server in
          _ = try await client.put("first", Self.bytes, .init(), .absent)
          store.fail([number: fault])
          let etag = try await client.put(
            "k", Self.bytes, .init(sha256: sha256(Self.bytes)), .absent, isVerified: true)
          store.settle()
          #expect(store["k"]?.bytes == Self.bytes && store["k"]?.etag == etag, "\(fault) at \(number)")
          #expect(try await client.get("k", limit: 4)?.bytes == Self.bytes)
          // Every request that arrived was sent by the client: the transport repeats none.
          #expect(server.received.count == store.requests.count)
        }
      }
    }
  }

  @Test func `a create that loses against another is told so over a connection that ends`() async throws {
    for fault in [FakeStore.Fault.loseAnswer, .drop] {
      let store = FakeStore()
      try await withClient(store) { client, _ in
        store.place("k", Array("theirs".utf8))
        store.fail([1: fault])
        await #expect {
          _ = try await client.put("k", Self.bytes, .init(), .absent)
        } throws: { error in
          (error as? StoreError)?.kind == .exists
        }
        #expect(store["k"]?.bytes == Array("theirs".utf8))
      }
    }
  }

  @Test func `a larger object than is accepted is refused before it is read`() async throws {
    let store = FakeStore()
    try await withClient(store) { client, _ in
      store.place("k", [UInt8](repeating: 1, count: 3 << 20))
      await #expect {
        _ = try await client.get("k", limit: 1 << 20)
      } throws: { error in
        (error as? StoreError)?.kind == .tooLarge(limit: 1 << 20)
      }
      let start = try await client.get("k", 0..<10, of: nil)
      #expect(start?.bytes.count == 10)
    }
  }

  @Test func `where nothing listens, a write is known not to be done`() async throws {
    let port = try await SocketServer.with([.silence]) { $0.port }
    let origin = Origin(scheme: .http, host: "127.0.0.1", port: port)
    let settings = try ConnectionSettings(
      origin: origin, userAgent: "tests/1", role: ServerRole(name: "store", secret: "the data"))
    let clock = ManualClock()
    try await AsyncHTTPClientTransport.withTransport(settings) { transport in
      let client = StoreClient(
        endpoint: try Endpoint(bucket: "bucket", region: "us-east-1", url: "\(origin)"),
        credentials: .fixed(clock), transport: transport, clock: clock, retry: .test)
      await #expect {
        _ = try await client.put("k", Self.bytes, .init(), .absent)
      } throws: { error in
        let error = error as? StoreError
        return error?.kind == .unavailable("no connection: Connection refused") && error?.attempts == 6
          && error?.isOutcomeUnknown == false
      }
    }
  }
}
