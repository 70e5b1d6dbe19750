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

  /// How many write at once, and how often.
  private static let contenders = 8
  private static let rounds = 3

  private let client: StoreClient
  private let prefix: String
  private let settings: StoreRequest.ObjectSettings

  /// - Parameter prefix: of the probe's own keys, new for each probe, with a slash at its end.
  package init(_ client: StoreClient, prefix: String, _ settings: StoreRequest.ObjectSettings = .init()) {
    self.client = client
    self.prefix = prefix
    self.settings = settings
  }

  /// Runs all steps, in about 70 requests. Stops after a step that fails, and deletes its objects in any case.
  ///
  /// Throws what is no property of the store: a missing permission, no connection, a wrong region.
  package func run() async throws(StoreError) -> [Finding] {
    var findings: [Finding] = []
    let steps: [(Property, () async throws(StoreError) -> Result)] = [
      (.createIfAbsent, createIfAbsent), (.exclusiveCreate, exclusiveCreate),
      (.replaceIfMatch, replaceIfMatch), (.readBack, readBack), (.listing, listing),
      (.contentMD5, contentMD5),
    ]
    do throws(StoreError) {
      for (property, step) in steps {
        let result = try await step()
        findings.append(Finding(property: property, result: result))
        if case .fails = result { break }
      }
    } catch {
      // The first error says why; what is left are a few bytes under a name of their own.
      do throws(StoreError) { _ = try await delete() } catch let second { throw error.after(second) }
      throw error
    }
    findings.append(Finding(property: .delete, result: try await delete()))
    return findings
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
    switch try await put(key, StoreProbe.second, .absent) {
    case .failure(.exists): break
    case .success, .failure: return .fails("the store ignores If-None-Match and overwrites objects")
    }
    guard try await client.get(key, limit: 1 << 10)?.bytes == StoreProbe.first
    else { return .fails("a create that was refused changed the object") }
    return .holds
  }

  private func exclusiveCreate() async throws(StoreError) -> Result {
    for round in 1...StoreProbe.rounds {
      let key = "\(prefix)race-\(round)"
      let results = await withTaskGroup(of: Swift.Result<Outcome, StoreError>.self) { group in
        for contender in 0..<StoreProbe.contenders {
          group.addTask {
            do throws(StoreError) {
              let body = [UInt8](repeating: UInt8(ascii: "0") + UInt8(contender), count: 2_000)
              return .success(try await put(key, body, .absent))
            } catch {
              return .failure(error)
            }
          }
        }
        var results: [Swift.Result<Outcome, StoreError>] = []
        for await result in group { results.append(result) }
        return results
      }
      var winners = 0
      for result in results where try result.get() == .success { winners += 1 }
      guard winners == 1 else {
        return .fails("\(winners) of \(StoreProbe.contenders) concurrent creates of one key succeeded")
      }
    }
    return .holds
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
    for object in try await client.listAll(prefix: prefix) { try await client.delete(object.key) }
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
