import AuditRecord
import Foundation
import HTTP
import ObjectStoreFakes
import Synchronization
import Testing

@testable import ObjectStore

@Suite struct StoreClientTests {
  private static let bytes = Array("ours".utf8)
  private static let other = Array("theirs".utf8)

  private func kind(_ body: () async throws -> Void) async -> StoreError.Kind? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? StoreError)?.kind
    }
  }

  @Test func `objects are created, read, replaced, inspected, listed and deleted`() async throws {
    let store = FakeStore(quirks: .init(pageSize: 2))
    let client = try StoreClient(store)
    let key = "log/organization=a b/é+%.csv"
    let etag = try await client.put(key, Self.bytes, .init(), .absent)
    let object = try #require(try await client.get(key, limit: 100))
    #expect(object.bytes == Self.bytes && object.info.etag == etag && object.info.date == .test)
    #expect(try await client.get(key, 1..<3, of: etag)?.bytes == Array("ur".utf8))
    #expect(try await client.get(key, 2..<100, of: nil)?.bytes == Array("rs".utf8))
    #expect(try await client.get(key, 4..<9, of: nil)?.bytes == [])
    #expect(try await client.get("none", 0..<9, of: nil) == nil)
    #expect(try await client.get("none", limit: 1) == nil)
    #expect(try await client.head("none") == nil)
    let next = try await client.put(key, Self.other, .init(), .etag(etag))
    #expect(try await client.head(key)?.etag == next && next != etag)
    #expect(await kind { _ = try await client.get(key, 0..<1, of: etag) } == .changed)
    for name in ["log/a", "log/b", "log/c", "log/folder/", "other"] { store.place(name, []) }
    #expect(try await client.listAll(prefix: "log/").map(\.key) == ["log/a", "log/b", "log/c", key])
    #expect(try await client.listAll(prefix: "log/", after: "log/b").map(\.key) == ["log/c", key])
    try await client.delete(key)
    try await client.delete(key)
    #expect(store[key] == nil)
  }

  @Test func `creating an existing object succeeds if it is equal and else reports it`() async throws {
    let store = FakeStore()
    let client = try StoreClient(store)
    let etag = store.place("k", Self.bytes)
    #expect(try await client.put("k", Self.bytes, .init(), .absent) == etag)
    store.place("k", Self.other)
    #expect(await kind { _ = try await client.put("k", Self.bytes, .init(), .absent) } == .exists)
    #expect(await kind { _ = try await client.put("k", Self.bytes, .init(), .etag(etag)) } == .changed)
    #expect(await kind { _ = try await client.put("none", Self.bytes, .init(), .etag(etag)) } == .changed)
    #expect(store["k"]?.bytes == Self.other && store["none"] == nil)
    // Larger than what a look reads.
    store.place("large", [UInt8](repeating: 0, count: 2 << 20))
    #expect(await kind { _ = try await client.put("large", Self.bytes, .init(), .absent) } == .exists)
  }

  @Test func `a part is recognized by size and hash, or by its bytes if the store keeps no hash`()
    async throws
  {
    for quirks in [FakeStore.Quirks(), .init(dropsMetadata: true)] {
      let store = FakeStore(quirks: quirks)
      let client = try StoreClient(store)
      let settings = StoreRequest.ObjectSettings(sha256: sha256(Self.bytes))
      store.fail([1: .loseAnswer])
      _ = try await client.put("k", Self.bytes, settings, .absent, isVerified: true)
      _ = try await client.put("k", Self.bytes, settings, .absent, isVerified: true)
      let others = StoreRequest.ObjectSettings(sha256: sha256(Array("our5".utf8)))
      #expect(await kind { _ = try await client.put("k", Array("our5".utf8), others, .absent) } == .exists)
      #expect(store["k"]?.bytes == Self.bytes)
    }
  }

  @Test func `a multipart upload becomes an object, and abandoned uploads are found and aborted`()
    async throws
  {
    let store = FakeStore(quirks: .init(pageSize: 1))
    let client = try StoreClient(store)
    let hash = sha256(Self.bytes + Self.other)
    let settings = StoreRequest.ObjectSettings(sha256: hash)
    let id = try await client.createUpload("log/k", settings)
    let etags = [
      try await client.uploadPart("log/k", upload: id, number: 1, Self.bytes),
      try await client.uploadPart("log/k", upload: id, number: 2, Self.other),
    ]
    let info = try await client.completeUpload("log/k", upload: id, etags: etags, size: 10, sha256: hash)
    #expect(info.size == 10 && info.sha256 == hash && store["log/k"]?.bytes == Self.bytes + Self.other)
    for _ in 0..<3 { _ = try await client.createUpload("log/k", settings) }
    _ = try await client.createUpload("other", settings)
    let found = try await client.uploads(prefix: "log/")
    #expect(found.count == 3)
    for upload in found { try await client.abortUpload(upload.key, upload: upload.id) }
    #expect(store.uploadIDs.count == 1)
    try await client.abortUpload("log/k", upload: found[0].id)
    #expect(
      await kind {
        _ = try await client.completeUpload("new", upload: found[0].id, etags: [], size: 1, sha256: hash)
      } == .missing)
    #expect(await kind { _ = try await client.uploadPart("new", upload: "x", number: 1, []) } == .missing)
  }

  @Test func `a store that wants ETags without quotes is detected once and remembered`() async throws {
    let store = FakeStore(quirks: .init(wantsPlainETags: true))
    let client = try StoreClient(store)
    var etag = try await client.put("k", Self.bytes, .init(), .absent)
    etag = try await client.put("k", Self.other, .init(), .etag(etag))
    #expect(store.requests.map { $0.prefix(3) } == ["PUT", "PUT", "GET", "PUT"])
    _ = try await client.put("k", Self.bytes, .init(), .etag(etag))
    #expect(store.requests.count == 5)
    #expect(await kind { _ = try await client.put("k", Self.other, .init(), .etag(etag)) } == .changed)
    #expect(store["k"]?.bytes == Self.bytes)
  }

  @Test func `a request is tried six times with doubling pauses`() async throws {
    let (store, clock) = (FakeStore(), ManualClock())
    let client = try StoreClient(store, clock: clock)
    store.fail(Dictionary(uniqueKeysWithValues: (1...9).map { ($0, .slowDown) }))
    let error = await #expect(throws: StoreError.self) {
      try await client.put("k", Self.bytes, .init(), .absent)
    }
    #expect(error?.kind == .throttled && error?.attempts == 6 && error?.isOutcomeUnknown == false)
    #expect(store.requests.count == 6)
    #expect(clock.slept.map(\.seconds) == [0.25, 0.5, 1, 2, 4])
    store.fail([1: .unavailable, 2: .badGateway])
    #expect(try await client.get("k", limit: 1) == nil)
  }

  @Test func `an expired token is renewed once, even if only HEAD was refused`() async throws {
    let store = FakeStore(secrets: ["C1": "S", "C2": "S"])
    let clock = ManualClock()
    let answer = { (id: String) in
      ScriptedTransport.text(
        200,
        "{\"AccessKeyId\":\"\(id)\",\"SecretAccessKey\":\"S\",\"Token\":\"T\",\"Expiration\":\"2016-01-01T00:00:00Z\"}"
      )
    }
    let transport = ScriptedTransport([answer("C1"), answer("C2"), answer("C2")])
    let client = StoreClient(
      endpoint: try Endpoint(bucket: "bucket", region: "us-east-1", url: "https://store.test"),
      credentials: CredentialProvider(
        environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"], files: FakeFiles(),
        transport: transport, clock: clock, retry: .test, sessionName: "tests"),
      transport: store, clock: clock, retry: .test)
    _ = try await client.put("k", Self.bytes, .init(), .absent)
    store.expire("C1")
    #expect(try await client.head("k")?.size == 4)
    #expect(transport.requests.count == 2)
    store.expire("C2")
    #expect(await kind { _ = try await client.get("k", limit: 9) } == .expiredToken)
    #expect(transport.requests.count == 3)
  }

  @Test func `without credentials no request is sent, and wrong credentials differ from missing permissions`()
    async throws
  {
    let store = FakeStore()
    let clock = ManualClock()
    func client(_ environment: [String: String]) throws -> StoreClient {
      StoreClient(
        endpoint: try Endpoint(bucket: "bucket", region: "us-east-1", url: "https://store.test"),
        credentials: CredentialProvider(
          environment: environment, files: FakeFiles(), transport: ScriptedTransport([]), clock: clock,
          retry: .test, sessionName: "tests"), transport: store, clock: clock, retry: .test)
    }
    let none = try client(["AWS_EC2_METADATA_DISABLED": "true"])
    guard case .noCredentials(.notFound)? = await kind({ _ = try await none.get("k", limit: 1) })
    else { return #expect(Bool(false)) }
    #expect(store.requests.isEmpty)
    let wrong = try client(["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "other"])
    #expect(await kind { _ = try await wrong.get("k", limit: 1) } == .credentialsRefused)
    #expect(await kind { _ = try await wrong.head("k") } == .credentialsRefused)
  }

  @Test func `a cancelled write reports an unknown outcome`() async throws {
    let store = FakeStore()
    let client = try StoreClient(store)
    let task = Task { () async -> StoreError? in
      do throws(StoreError) {
        withUnsafeCurrentTask { $0?.cancel() }
        _ = try await client.put("k", Self.bytes, .init(), .absent)
        return nil
      } catch {
        return error
      }
    }
    let error = await task.value
    #expect(error?.kind == .cancelled && error?.isOutcomeUnknown == true)
  }

  @Test func `responses that break the protocol are errors, never shortened content`() async throws {
    let answers: [(Int, [(String, String)], String)] = [
      (200, [("ETag", "e"), ("Content-Length", "9")], "short"), (200, [], "no etag"),
      (204, [("ETag", "e")], ""),
      (206, [("ETag", "e")], "x"),
    ]
    for (status, headers, body) in answers {
      let response = HTTPResponse(status: status, headers: HeaderFields(headers), body: Array(body.utf8))
      let client = try StoreClient(FixedStore(response))
      guard case .malformed? = await kind({ _ = try await client.get("k", limit: 100) })
      else { return #expect(Bool(false), "\(status) \(body)") }
    }
    for range in ["bytes 0-4/9", "bytes 1-3/9", "bytes 1-9/9", "bytes */9", "items 1-4/9", ""] {
      let response = HTTPResponse(
        status: 206, headers: HeaderFields([("Content-Range", range)]), body: Array("1234".utf8))
      let client = try StoreClient(FixedStore(response))
      guard case .malformed? = await kind({ _ = try await client.get("k", 1..<5, of: nil) })
      else { return #expect(Bool(false), "\(range)") }
    }
    let whole = try StoreClient(FixedStore(HTTPResponse(status: 200, body: Array("12345".utf8))))
    guard case .malformed? = await kind({ _ = try await whole.get("k", 1..<5, of: nil) })
    else { return #expect(Bool(false)) }
  }
}

/// Always the same answer.
private struct FixedStore: HTTPTransport {
  var response: HTTPResponse

  init(_ response: HTTPResponse) { self.response = response }

  func send(_ request: HTTPRequest) async throws(TransportFault) -> HTTPResponse { response }
}
