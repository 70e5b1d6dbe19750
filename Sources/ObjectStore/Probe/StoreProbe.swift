internal import AuditRecord

/// Tests whether a store has the properties that exclusive writes need. It writes a few small objects and deletes them.
///
/// A race that shows nothing proves nothing: a store can pass by luck, and one that fails is certainly unfit.
package struct StoreProbe: Sendable {
  /// What is tested, in this order.
  package enum Property: String, Hashable, Sendable, CaseIterable {
    case createIfAbsent = "create if absent"
    case exclusiveCreate = "one winner of concurrent creates"
    case replaceIfMatch = "replace if unchanged"
    case readBack = "read after write"
    case listing = "list after write"
    case contentMD5 = "refuse damaged bytes"
    case delete = "delete"
  }

  package enum Result: Hashable, Sendable {
    case holds
    /// Exclusive writes are safe without it.
    case warning(String)
    case fails(String)
  }

  /// The result for one property.
  package struct Finding: Hashable, Sendable {
    package var property: Property
    package var result: Result
  }

  /// How many create one key at once.
  private static let contenders = 8

  private let client: StoreClient
  private let prefix: String
  private let settings: StoreRequest.ObjectSettings

  /// - Parameter prefix: of the probe's own keys, new for each probe, with a slash at its end.
  package init(_ client: StoreClient, prefix: String, _ settings: StoreRequest.ObjectSettings = .init()) {
    self.client = client
    self.prefix = prefix
    self.settings = settings
  }

  /// Runs all steps, in about 50 requests of which most are sent at once, and deletes its objects in any case.
  ///
  /// Throws what is no property of the store: a missing permission, no connection, a wrong region.
  package func run() async throws(StoreError) -> [Finding] {
    var findings: [Finding]
    do throws(StoreError) {
      findings = try await testAll()
    } catch {
      // The first error says why; what is left are a few bytes under a name of their own.
      do throws(StoreError) { _ = try await delete() } catch let second { throw error.after(second) }
      throw error
    }
    findings.append(Finding(property: .delete, result: try await delete()))
    return findings
  }

  private func testAll() async throws(StoreError) -> [Finding] {
    let created = Finding(property: .createIfAbsent, result: try await createIfAbsent())
    guard created.result == .holds else { return [created] }
    // Each of these has keys of its own.
    async let race = outcome(try await exclusiveCreate())
    async let replacement = outcome(try await replaceIfMatch())
    async let reading = outcome(try await readBack())
    async let digest = outcome(try await contentMD5())
    // All end before an error is thrown: their objects are to be deleted.
    let outcomes = await [race, replacement, reading, digest]
    var results: [Result] = []
    for outcome in outcomes { results.append(try outcome.get()) }
    results.insert(try await listing(), at: 3)
    return [created] + zip(Property.allCases.dropFirst(), results).map { Finding(property: $0, result: $1) }
  }

  private func outcome<Value>(
    _ step: @autoclosure () async throws(StoreError) -> Value
  ) async -> Swift.Result<Value, StoreError> {
    do throws(StoreError) { return .success(try await step()) } catch { return .failure(error) }
  }

  /// Whether the store refuses to create an object over an existing one with the same bytes. Costs one request, and changes nothing
  /// even if the store ignores the condition. For each run, on its lease.
  package static func refusesCreate(
    _ client: StoreClient, _ key: String, _ bytes: [UInt8], _ settings: StoreRequest.ObjectSettings = .init()
  ) async throws(StoreError) -> Bool {
    let request = StoreRequest.put(key, bytes, settings, .absent)
    let (verdict, _) = try await client.settled(request) { _ throws(MalformedReply) in }
    switch verdict {
    case .exists: return true
    case .done: return false
    default: throw client.unexpected(request, verdict)
    }
  }

  // MARK: Steps

  private var key: String { prefix + "a" }
  private static let first = Array("1".utf8)
  private static let second = Array("2".utf8)

  private func createIfAbsent() async throws(StoreError) -> Result {
    switch try await put(key, StoreProbe.first, .absent) {
    case .success: break
    case .failure(.unsupported): return .fails("the store does not support If-None-Match")
    case .failure: return .fails("a new random key already exists")
    }
    guard try await StoreProbe.refusesCreate(client, key, StoreProbe.second, settings)
    else { return .fails("the store ignores If-None-Match and overwrites objects") }
    guard try await client.get(key, limit: 1 << 10)?.bytes == StoreProbe.first
    else { return .fails("a create that was refused changed the object") }
    return .holds
  }

  private func exclusiveCreate() async throws(StoreError) -> Result {
    // A race without a winner decides nothing: the store asked all contenders to try again.
    for round in 1...3 {
      async let first = outcome(try await race("\(prefix)race-\(round)-1"))
      async let second = outcome(try await race("\(prefix)race-\(round)-2"))
      async let third = outcome(try await race("\(prefix)race-\(round)-3"))
      var winners: [Int] = []
      for race in await [first, second, third] { winners.append(try race.get()) }
      if let most = winners.max(), most > 1 {
        return .fails("\(most) of \(StoreProbe.contenders) concurrent creates of one key succeeded")
      }
      if winners == [1, 1, 1] { return .holds }
    }
    return .fails("none of several concurrent creates of one key succeeds")
  }

  /// The number of contenders that created the key.
  private func race(_ key: String) async throws(StoreError) -> Int {
    let results = await withTaskGroup(of: Swift.Result<Bool, StoreError>.self) { group in
      for contender in 0..<StoreProbe.contenders {
        group.addTask {
          do throws(StoreError) {
            return .success(try await creates(key, by: contender))
          } catch {
            return .failure(error)
          }
        }
      }
      var results: [Swift.Result<Bool, StoreError>] = []
      for await result in group { results.append(result) }
      return results
    }
    var winners = 0
    for result in results where try result.get() { winners += 1 }
    return winners
  }

  /// Whether one request creates the key. One that met another write has lost; it is not repeated, unless it did not reach the store.
  private func creates(_ key: String, by contender: Int) async throws(StoreError) -> Bool {
    let body = [UInt8](repeating: UInt8(ascii: "0") + UInt8(contender), count: 2_000)
    let request = StoreRequest.put(key, body, settings, .absent)
    let exchange = await client.exchange(request)
    switch exchange.verdict {
    case .done: return true
    case .exists: return false
    case .retry(let reason) where reason.error.kind == .conflict: return false
    default: return try await put(key, body, .absent) == .success
    }
  }

  private func replaceIfMatch() async throws(StoreError) -> Result {
    guard let before = try await client.head(key) else { return .fails("an object has disappeared") }
    switch try await put(key, StoreProbe.second, .etag(before.etag)) {
    case .success: break
    case .failure(.unsupported): return .fails("the store does not support If-Match")
    case .failure: return .fails("the store refuses If-Match with the object's own ETag")
    }
    switch try await put(key, Array("3".utf8), .etag(before.etag)) {
    case .failure(.changed): break
    case .success, .failure: return .fails("the store ignores If-Match and overwrites newer objects")
    }
    guard try await client.get(key, limit: 1 << 10)?.bytes == StoreProbe.second
    else { return .fails("a replacement that was refused changed the object") }
    return .holds
  }

  private func readBack() async throws(StoreError) -> Result {
    let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }
    let key = prefix + "name=value/b"
    guard try await put(key, bytes, .absent) == .success else {
      return .fails("a new random key already exists")
    }
    guard let object = try await client.get(key, limit: 1 << 10), object.bytes == bytes
    else { return .fails("an object differs from the bytes that were written") }
    guard try await client.head(key)?.size == bytes.count else {
      return .fails("HEAD reports a different size")
    }
    guard try await client.get(key, 990..<1_010, of: object.info.etag)?.bytes == Array(bytes[990...])
    else { return .fails("a range differs from the bytes that were written") }
    return .holds
  }

  private func listing() async throws(StoreError) -> Result {
    let keys = Set(try await client.listAll(prefix: prefix).map(\.key))
    let expected = [key, prefix + "name=value/b"]
    guard expected.allSatisfy(keys.contains) else {
      return .fails("the listing lacks an object that was just written")
    }
    let later = try await client.listAll(prefix: prefix, after: key).map(\.key)
    guard !later.contains(key), later.contains(expected[1])
    else { return .fails("the listing ignores start-after") }
    return .holds
  }

  private func contentMD5() async throws(StoreError) -> Result {
    // The MD5 of other bytes.
    let request = StoreRequest.put(
      prefix + "c", StoreProbe.first, settings, nil, md5: "yB5yjZ1ML2NvBn+JzBSGLA==")
    do throws(StoreError) {
      _ = try await client.settled(request) { _ throws(MalformedReply) in }
    } catch {
      // Stores have several codes for it.
      if error.kind == .badDigest || error.status == 400 { return .holds }
      throw error
    }
    return .warning("the store accepts bytes that do not match their Content-MD5")
  }

  private func delete() async throws(StoreError) -> Result {
    let keys = try await client.listAll(prefix: prefix).map(\.key)
    let results = await withTaskGroup(of: Swift.Result<Void, StoreError>.self) { group in
      for key in keys {
        group.addTask {
          do throws(StoreError) { return .success(try await client.delete(key)) } catch {
            return .failure(error)
          }
        }
      }
      var results: [Swift.Result<Void, StoreError>] = []
      for await result in group { results.append(result) }
      return results
    }
    for result in results { try result.get() }
    guard try await client.listAll(prefix: prefix).isEmpty
    else { return .fails("the listing shows objects that were deleted") }
    return .holds
  }

  private enum Outcome: Hashable, Sendable {
    case success
    case failure(StoreError.Kind)
  }

  /// Returns the failures that are a property of the store, and throws the others.
  private func put(_ key: String, _ bytes: [UInt8], _ condition: StoreRequest.Condition)
    async throws(StoreError) -> Outcome
  {
    do throws(StoreError) {
      _ = try await client.put(key, bytes, settings, condition)
      return .success
    } catch {
      switch error.kind {
      case .exists, .changed, .unsupported, .mismatch: return .failure(error.kind)
      default: throw error
      }
    }
  }
}

extension StoreError {
  /// This error, with a note that cleaning up failed too.
  fileprivate func after(_ other: StoreError) -> StoreError {
    var error = self
    error.message += (message.isEmpty ? "" : "; ") + "the probe's objects were not deleted (\(other.kind))"
    return error
  }
}
