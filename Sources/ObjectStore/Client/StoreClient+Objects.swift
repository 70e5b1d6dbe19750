package import AuditRecord
internal import HTTP

/// What a store says of an object.
package struct ObjectInfo: Hashable, Sendable {
  /// In bytes.
  package var size: Int
  /// As the store wrote it: a token for `If-Match`, never a hash.
  package var etag: String
  /// Of `x-amz-meta-sha256`, in lower-case hex; nil if it was written without, or the store keeps no metadata.
  package var sha256: String?
  /// The store's clock when it answered.
  package var date: Timestamp?

  package init(size: Int, etag: String, sha256: String? = nil, date: Timestamp? = nil) {
    self.size = size
    self.etag = etag
    self.sha256 = sha256
    self.date = date
  }
}

/// Bytes of an object.
package struct ObjectContent: Hashable, Sendable {
  package var bytes: [UInt8]
  /// Of the whole object.
  package var info: ObjectInfo

  package init(bytes: [UInt8], info: ObjectInfo) {
    self.bytes = bytes
    self.info = info
  }
}

extension StoreClient {
  /// Reads a whole object of at most `limit` bytes; nil if there is none.
  package func get(_ key: String, limit: Int) async throws(StoreError) -> ObjectContent? {
    let request = StoreRequest.get(key, limit: limit)
    let (verdict, value) = try await settled(request) { response throws(MalformedReply) in
      let size = response.headers.count("Content-Length") ?? response.body.count
      guard response.status == 200, size == response.body.count
      else { throw MalformedReply("the body has \(response.body.count) bytes and not \(size)") }
      return ObjectContent(bytes: response.body, info: try .init(response, size: size))
    }
    guard let value else { return try absent(request, verdict) }
    guard value.bytes.count <= limit else { throw StoreError(request, at: endpoint, .tooLarge(limit: limit)) }
    return value
  }

  /// Reads a range of an object; nil if there is no object. Fewer bytes than asked for mean its end, and none that the range begins
  /// at or after it; then the ETag is empty.
  ///
  /// - Parameter etag: the version to read, so that several ranges are of one object. Throws `changed` if it is another one now.
  package func get(_ key: String, _ range: Range<Int>, of etag: String? = nil) async throws(StoreError)
    -> ObjectContent?
  {
    precondition(!range.isEmpty, "a range has bytes")
    let closed = range.lowerBound...range.upperBound - 1
    let request = StoreRequest.get(key, range: closed, etag: etag, limit: range.count)
    let (verdict, value) = try await settled(request) { response throws(MalformedReply) in
      guard response.status == 206, let text = response.headers["Content-Range"],
        let (sent, size) = contentRange(text), sent.lowerBound == closed.lowerBound,
        sent.upperBound == min(closed.upperBound, size - 1), sent.count == response.body.count
      else {
        throw MalformedReply(
          "status \(response.status) and \(response.body.count) bytes for bytes \(closed.lowerBound) to \(closed.upperBound)"
        )
      }
      return ObjectContent(bytes: response.body, info: try .init(response, size: size))
    }
    if verdict == .outOfRange { return ObjectContent(bytes: [], info: ObjectInfo(size: 0, etag: "")) }
    guard let value else { return try absent(request, verdict) }
    return value
  }

  /// Inspects an object without reading it; nil if there is none. A missing bucket looks the same: HEAD has no body that says so.
  package func head(_ key: String) async throws(StoreError) -> ObjectInfo? {
    let request = StoreRequest.head(key)
    let (verdict, value) = try await settled(request) { response throws(MalformedReply) in
      guard let size = response.headers.count("Content-Length")
      else { throw MalformedReply("the answer has no Content-Length") }
      return try ObjectInfo(response, size: size)
    }
    guard let value else { return try absent(request, verdict) }
    return value
  }

  /// Writes an object if the condition holds, and returns its new ETag. A write whose answer was lost is recognised by its bytes, so
  /// an object that already has exactly these bytes counts as written.
  ///
  /// Throws `.exists` (for `.absent`) or `.changed` (for `.etag`) if the key holds another object, and changes nothing then.
  ///
  /// - Parameter isVerified: look at the object after it is written. Throws `.mismatch` if the store has another size or hash. With
  ///   `settings.sha256`, an object is recognised by its size and hash instead of its bytes.
  package func put(
    _ key: String, _ bytes: [UInt8], _ settings: StoreRequest.ObjectSettings,
    _ condition: StoreRequest.Condition, isVerified: Bool = false
  ) async throws(StoreError) -> String {
    let request = StoreRequest.put(key, bytes, settings, condition)
    let content: Content =
      settings.sha256.map { .hash($0, size: bytes.count, bytes: bytes) } ?? .bytes(bytes)
    let etag = try await written(request, key: key, content) { response throws(MalformedReply) in
      response.headers["ETag"]
    }
    if let etag, !isVerified { return etag }
    return try await verified(request, key, size: bytes.count, sha256: settings.sha256).etag
  }

  /// Looks at an object that was just written. Errors say that the outcome is unknown: the write was done, and not confirmed.
  func verified(_ request: StoreRequest, _ key: String, size: Int, sha256: String?) async throws(StoreError)
    -> ObjectInfo
  {
    var failure = StoreError(request, at: endpoint)
    do throws(StoreError) {
      guard let info = try await head(key) else { throw failure.with(.mismatch("no object")) }
      guard info.size == size
      else { throw failure.with(.mismatch("\(info.size) bytes instead of \(size)")) }
      if let sha256, let kept = info.sha256, kept != sha256 {
        throw failure.with(.mismatch("another hash in x-amz-meta-sha256"))
      }
      return info
    } catch {
      failure = error
      failure.isOutcomeUnknown = true
      throw failure
    }
  }

  /// Deletes an object. A missing one counts as deleted.
  package func delete(_ key: String) async throws(StoreError) {
    let request = StoreRequest.delete(key)
    switch try await settled(request, { _ throws(MalformedReply) in }).verdict {
    case .done, .missing: return
    case let other: throw unexpected(request, other)
    }
  }

  /// Lists one page of at most 1,000 keys. A key that ends in `/` is left out.
  ///
  /// - Parameters:
  ///   - after: only keys after this one, in byte order. For the first page.
  ///   - delimiter: `/` for the keys of one level, and the prefixes below it.
  ///   - continuation: of the page before.
  package func list(
    prefix: String, after: String? = nil, delimiter: String? = nil, continuation: String? = nil,
    limit: Int? = nil
  ) async throws(StoreError) -> ObjectPage {
    let request = StoreRequest.list(
      prefix: prefix, after: after, delimiter: delimiter, continuation: continuation, limit: limit)
    let (verdict, page) = try await settled(request) { response throws(MalformedReply) in
      let page = try ObjectPage(response.body)
      guard page.objects.allSatisfy({ $0.key.utf8.starts(with: prefix.utf8) })
      else { throw MalformedReply("a key of the listing is outside of its prefix") }
      guard page.continuation == nil || page.continuation != continuation
      else { throw MalformedReply("the listing does not advance") }
      return page
    }
    guard let page else { throw unexpected(request, verdict) }
    return page
  }

  /// Lists all keys of a prefix, one request for each 1,000.
  ///
  /// - Parameter delimiter: `/` for the keys of one level.
  package func listAll(prefix: String, after: String? = nil, delimiter: String? = nil)
    async throws(StoreError) -> [ListedObject]
  {
    var objects: [ListedObject] = []
    var continuation: String?
    var seen: Set<String> = []
    repeat {
      let page = try await list(
        prefix: prefix, after: after, delimiter: delimiter, continuation: continuation)
      objects += page.objects
      continuation = page.continuation
      if let continuation, !seen.insert(continuation).inserted {
        throw StoreError(
          .list(prefix: prefix), at: endpoint, .malformed("the listing repeats a continuation token"))
      }
    } while continuation != nil
    return objects
  }

  /// nil for a missing object; throws for any other verdict.
  private func absent<Value>(_ request: StoreRequest, _ verdict: StoreVerdict) throws(StoreError) -> Value? {
    switch verdict {
    case .missing: return nil
    default: throw unexpected(request, verdict)
    }
  }

  /// The error of a verdict that the request does not expect.
  func unexpected(_ request: StoreRequest, _ verdict: StoreVerdict) -> StoreError {
    let kind: StoreError.Kind =
      switch verdict {
      case .exists: .exists
      case .changed: .changed
      case .missing, .noSuchUpload: .missing
      case .done, .outOfRange, .expiredToken, .retry, .refused: .malformed("an answer to another request")
      }
    return StoreError(request, at: endpoint, kind)
  }
}

extension ObjectInfo {
  fileprivate init(_ response: HTTPResponse, size: Int) throws(MalformedReply) {
    guard let etag = response.headers["ETag"], !etag.isEmpty
    else { throw MalformedReply("the answer has no ETag") }
    self.init(
      size: size, etag: etag, sha256: response.headers["x-amz-meta-sha256"], date: response.headers.date)
  }
}

/// Reads `bytes 0-99/1000` (RFC 9110, section 14.4).
private func contentRange(_ text: String) -> (ClosedRange<Int>, size: Int)? {
  guard text.hasPrefix("bytes ") else { return nil }
  let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
  let bounds = parts.first?.split(separator: "-", omittingEmptySubsequences: false) ?? []
  guard parts.count == 2, bounds.count == 2, let first = wholeNumber(String(bounds[0])),
    let last = wholeNumber(String(bounds[1])), let size = wholeNumber(String(parts[1])), first <= last,
    last < size
  else { return nil }
  return (first...last, size)
}
