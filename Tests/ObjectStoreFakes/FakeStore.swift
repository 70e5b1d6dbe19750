package import AuditRecord
import Crypto
import Foundation
package import HTTP
import Synchronization

@testable import ObjectStore

/// A bucket in memory. It keeps objects, enforces conditions, checks signatures, and misbehaves where a test says so.
package final class FakeStore: HTTPTransport {
  package struct Object: Hashable, Sendable {
    package var bytes: [UInt8]
    package var etag: String
    package var sha256: String?
  }

  /// How a request goes wrong.
  package enum Fault: Hashable, CaseIterable {
    /// It is done, and the answer is lost.
    case loseAnswer
    case timeOut
    /// It is done, and answered with 500.
    case failAfter
    /// It is done, and the body of the answer is cut.
    case cutAnswer
    /// It is lost on its way.
    case drop
    /// It is done two requests later; the connection is lost now.
    case delay
    case refuse
    case internalError, badGateway, unavailable, slowDown, tooMany, conflict, requestTimeout
    /// 200 with an error in the body, where the operation can do that.
    case errorInSuccess
    case expired
  }

  /// How the store is different from S3.
  package struct Quirks {
    package var ignoresIfNoneMatch = false
    package var ignoresIfMatch = false
    /// 501 for conditions.
    package var refusesConditions = false
    package var wantsPlainETags = false
    package var dropsMetadata = false
    package var ignoresMD5 = false
    /// Concurrent creates: so many win.
    package var winners = 1
    package var pageSize = 1_000

    package init(
      ignoresIfNoneMatch: Bool = false, ignoresIfMatch: Bool = false, refusesConditions: Bool = false,
      wantsPlainETags: Bool = false, dropsMetadata: Bool = false, ignoresMD5: Bool = false, winners: Int = 1,
      pageSize: Int = 1_000
    ) {
      self.ignoresIfNoneMatch = ignoresIfNoneMatch
      self.ignoresIfMatch = ignoresIfMatch
      self.refusesConditions = refusesConditions
      self.wantsPlainETags = wantsPlainETags
      self.dropsMetadata = dropsMetadata
      self.ignoresMD5 = ignoresMD5
      self.winners = winners
      self.pageSize = pageSize
    }
  }

  fileprivate struct State {
    var objects: [String: Object] = [:]
    var uploads: [String: (key: String, sha256: String?, parts: [Int: Object])] = [:]
    var version = 0
    var requests: [String] = []
    /// By the number of the request, from 1.
    var faults: [Int: Fault] = [:]
    var delayed: [(due: Int, HTTPRequest)] = []
    var expired: Set<String> = []
    var creates: [String: Int] = [:]
    var date = Timestamp.test
    /// The process that uses the store dies at the request of this number, before or after it is done.
    var death: (number: Int, isDone: Bool)?
    var isDead = false
    /// One in so many requests goes wrong.
    var chance: (oneIn: Int, random: any RandomNumberGenerator & Sendable)?
    var hasFailed = false
    var isSilent = false
    var recordedFrom = 0
  }

  package let secrets: [String: String]
  package let quirks: Quirks
  private let state = Mutex(State())

  package init(secrets: [String: String] = ["AKID": "secret"], quirks: Quirks = Quirks()) {
    self.secrets = secrets
    self.quirks = quirks
  }

  // MARK: For tests

  package subscript(key: String) -> Object? { state.withLock { $0.objects[key] } }
  package var keys: [String] { state.withLock { $0.objects.keys.sorted() } }
  package var uploadIDs: [String] { state.withLock { $0.uploads.keys.sorted() } }
  package var requests: [String] { state.withLock { $0.requests } }

  /// Puts an object there and returns its ETag.
  @discardableResult
  package func place(_ key: String, _ bytes: [UInt8], sha256: String? = nil) -> String {
    state.withLock { FakeStore.store(&$0, key, bytes, sha256) }
  }

  /// Lets requests go wrong, counted from the next one.
  package func fail(_ faults: [Int: Fault]) {
    state.withLock { state in
      let done = state.requests.count
      state.faults = Dictionary(uniqueKeysWithValues: faults.map { ($0 + done, $1) })
    }
  }

  /// From now on one in so many requests goes wrong.
  package func failSometimes(oneIn count: Int, _ random: some RandomNumberGenerator & Sendable) {
    state.withLock { $0.chance = (count, random) }
  }

  /// Lets the process die at a request, counted from 1 for the next one: from then on nothing arrives, until `restart`.
  package func die(at number: Int, isDone: Bool) {
    state.withLock { $0.death = ($0.requests.count + number, isDone) }
  }

  /// Begins a new process, ten minutes later. What was on its way has arrived.
  package func restart() {
    state.withLock { state in
      deliver(&state, upTo: .max)
      (state.isDead, state.hasFailed, state.death, state.chance, state.faults) = (false, false, nil, nil, [:])
      state.date = state.date + .minutes(10)
    }
  }

  /// From now on no request has an answer, until its task is cancelled.
  package func goSilent() { state.withLock { $0.isSilent = true } }

  /// Lets time pass by the store's clock.
  package func advance(_ span: TimeSpan) { state.withLock { $0.date = $0.date + span } }

  /// Whether a request went wrong since the last restart.
  package var hasFailed: Bool { state.withLock(\.hasFailed) }

  /// Counts requests from now on.
  package func startRecording() { state.withLock { $0.recordedFrom = $0.requests.count } }
  package var recorded: Int { state.withLock { $0.requests.count - $0.recordedFrom } }

  /// Replaces an object or, with nil, removes it.
  package func setContents(of key: String, _ bytes: [UInt8]?) {
    state.withLock { state in
      if let bytes { _ = FakeStore.store(&state, key, bytes, nil) } else { state.objects[key] = nil }
    }
  }

  /// A store with the same objects.
  package convenience init(copyOf other: FakeStore) {
    self.init(secrets: other.secrets, quirks: other.quirks)
    let (objects, uploads, version, date) = other.state.withLock {
      ($0.objects, $0.uploads, $0.version, $0.date)
    }
    state.withLock { ($0.objects, $0.uploads, $0.version, $0.date) = (objects, uploads, version, date) }
  }

  /// Refuses an access key as expired from now on.
  package func expire(_ accessKeyID: String) { _ = state.withLock { $0.expired.insert(accessKeyID) } }

  /// Carries out the requests that are still on their way.
  package func settle() { state.withLock { deliver(&$0, upTo: .max) } }

  // MARK: Transport

  package func send(_ request: HTTPRequest) async throws(TransportFault) -> HTTPResponse {
    if Task.isCancelled { throw .cancelled }
    if state.withLock(\.isSilent) {
      state.withLock { $0.requests.append("\(request.method) \(request.url)") }
      do { try await Task.sleep(for: .seconds(1_000_000)) } catch { throw .cancelled }
    }
    return try reply(to: request).get()
  }

  /// What `send` returns or throws.
  package func reply(to request: HTTPRequest) -> Result<HTTPResponse, TransportFault> {
    let result: Result<HTTPResponse, TransportFault> = state.withLock { state in
      state.requests.append("\(request.method) \(request.url)")
      let number = state.requests.count
      if state.isDead { return .failure(.unreachable("the process is dead")) }
      deliver(&state, upTo: number)
      if let death = state.death, death.number == number {
        (state.isDead, state.hasFailed) = (true, true)
        if death.isDone { _ = answer(&state, request) }
        return .failure(.interrupted("the process is dead"))
      }
      let fault = state.faults[number] ?? state.chosenFault()
      if fault != nil { state.hasFailed = true }
      switch fault {
      case nil: return .success(answer(&state, request))
      case .loseAnswer:
        _ = answer(&state, request)
        return .failure(.interrupted("reset"))
      case .timeOut:
        _ = answer(&state, request)
        return .failure(.timedOut(.seconds(60)))
      case .failAfter:
        _ = answer(&state, request)
        return .success(error(500, "InternalError"))
      case .cutAnswer:
        var response = answer(&state, request)
        guard response.headers["Content-Type"] == "application/xml" else {
          return .failure(.interrupted("cut"))
        }
        response.body.removeLast(response.body.count / 2)
        return .success(response)
      case .drop: return .failure(.interrupted("reset"))
      case .delay:
        state.delayed.append((number + 2, request))
        return .failure(.interrupted("reset"))
      case .refuse: return .failure(.unreachable("connection refused"))
      case .internalError: return .success(error(500, "InternalError"))
      case .badGateway: return .success(HTTPResponse(status: 502, body: Array("<html>".utf8)))
      case .unavailable: return .success(error(503, "ServiceUnavailable"))
      case .slowDown: return .success(error(503, "SlowDown"))
      case .tooMany: return .success(error(429, "TooManyRequests"))
      case .conflict: return .success(error(409, "ConditionalRequestConflict"))
      case .requestTimeout: return .success(error(400, "RequestTimeout"))
      case .errorInSuccess:
        let canBe = request.method == "POST" && request.url.contains("uploadId=")
        return .success(error(canBe ? 200 : 500, "InternalError"))
      case .expired: return .success(error(400, "ExpiredToken"))
      }
    }
    let date = FakeStore.date(state.withLock(\.date))
    return result.map { response in
      var response = response
      if request.method == "HEAD" { response.body = [] }
      if response.headers["Date"] == nil {
        response.headers = HeaderFields(response.headers.fields + [HeaderField("Date", date)])
      }
      return response
    }
  }

  /// IMF-fixdate (RFC 9110, section 5.6.7).
  private static func date(_ time: Timestamp) -> String {
    let day = Day(containing: time)
    let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let parts = "\(day)".split(separator: "-")
    let month = months[(Int(parts[1]) ?? 1) - 1]
    return
      "\(weekdays[Int(day.number % 7)]), \(parts[2]) \(month) \(parts[0]) \("\(time)".dropFirst(11).prefix(8)) GMT"
  }

  private func deliver(_ state: inout State, upTo number: Int) {
    let due = state.delayed.filter { $0.due <= number }
    state.delayed.removeAll { $0.due <= number }
    for (_, request) in due { _ = answer(&state, request) }
  }

  // MARK: Answers

  private static func store(_ state: inout State, _ key: String, _ bytes: [UInt8], _ sha256: String?)
    -> String
  {
    state.version += 1
    let etag = "\"v\(state.version)\""
    state.objects[key] = Object(bytes: bytes, etag: etag, sha256: sha256)
    return etag
  }

  private func answer(_ state: inout State, _ request: HTTPRequest) -> HTTPResponse {
    let headers = HeaderFields(request.headers)
    let parts = request.target.dropFirst("/bucket".count).split(
      separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let key = PercentEncoding.decode(String(parts[0].dropFirst())) ?? ""
    var query: [String: String] = [:]
    for item in parts.count > 1 ? parts[1].split(separator: "&") : [] {
      let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      query[PercentEncoding.decode(String(pair[0])) ?? ""] = PercentEncoding.decode(String(pair[1])) ?? ""
    }
    if let refusal = refusal(state, request, headers, path: "/bucket" + parts[0], query) { return refusal }
    switch (request.method, key.isEmpty) {
    case ("GET", true):
      return query["uploads"] != nil ? listUploads(state, query) : list(state, query)
    case ("GET", _), ("HEAD", _): return read(state, key, headers)
    case ("DELETE", _):
      if let id = query["uploadId"] {
        return state.uploads.removeValue(forKey: id) == nil
          ? error(404, "NoSuchUpload") : HTTPResponse(status: 204)
      }
      state.objects[key] = nil
      return HTTPResponse(status: 204)
    case ("PUT", _):
      guard let id = query["uploadId"] else { return write(&state, key, request, headers) }
      guard let number = query["partNumber"].flatMap({ Int($0) }), state.uploads[id]?.key == key
      else { return error(404, "NoSuchUpload") }
      let part = Object(bytes: request.body, etag: "\"p\(number)-\(request.body.count)\"")
      state.uploads[id]?.parts[number] = part
      return HTTPResponse(status: 200, headers: HeaderFields([("ETag", part.etag)]))
    case ("POST", _):
      guard let id = query["uploadId"] else {
        state.version += 1
        let id = "up-\(state.version)"
        state.uploads[id] = (key, headers["x-amz-meta-sha256"], [:])
        return xml(
          "<InitiateMultipartUploadResult><UploadId>\(id)</UploadId></InitiateMultipartUploadResult>")
      }
      return complete(&state, key, id, request, headers)
    default: return error(405, "MethodNotAllowed")
    }
  }

  /// Checks the signature as a store does, from the request's own bytes.
  private func refusal(
    _ state: State, _ request: HTTPRequest, _ headers: HeaderFields, path: String, _ query: [String: String]
  ) -> HTTPResponse? {
    let authorization = headers["Authorization"] ?? ""
    let id = authorization.split(separator: "Credential=").last.map { String($0.prefix { $0 != "/" }) } ?? ""
    guard let secret = secrets[id] else { return error(403, "InvalidAccessKeyId") }
    if state.expired.contains(id) { return error(400, "ExpiredToken") }
    let signed = authorization.split(separator: "SignedHeaders=").last?.prefix { $0 != "," } ?? ""
    let own: Set = ["x-amz-date", "x-amz-content-sha256", "x-amz-security-token"]
    let input = Signer.Input(
      method: request.method, path: path, query: query.map { ($0.key, $0.value) },
      headers: signed.split(separator: ";").map(String.init).filter { !own.contains($0) }
        .map { HeaderField($0, headers[$0] ?? "") },
      payloadHash: SHA256.hash(data: request.body).hex)
    guard let time = HTTPDate.read(amz: headers["x-amz-date"] ?? ""),
      let credentials = try? StoreCredentials(
        accessKeyID: id, secretAccessKey: secret, sessionToken: headers["x-amz-security-token"], source: ""),
      Signer.s3(region: "us-east-1").sign(input, with: credentials, at: time).fields.last?.value
        == authorization
    else { return error(403, "SignatureDoesNotMatch") }
    if !quirks.ignoresMD5, let md5 = headers["Content-MD5"],
      md5 != Data(Insecure.MD5.hash(data: request.body)).base64EncodedString()
    {
      return error(400, "BadDigest")
    }
    return nil
  }

  private func condition(_ state: inout State, _ key: String, _ headers: HeaderFields) -> HTTPResponse? {
    let isConditional = headers["If-None-Match"] != nil || headers["If-Match"] != nil
    if quirks.refusesConditions, isConditional { return error(501, "NotImplemented") }
    if headers["If-None-Match"] == "*", !quirks.ignoresIfNoneMatch, state.objects[key] != nil {
      state.creates[key, default: 1] += 1
      // A store whose check and write are two steps.
      let isLate = key.contains("race") && (state.creates[key] ?? 0) <= quirks.winners
      if !isLate { return error(412, "PreconditionFailed") }
    }
    if let etag = headers["If-Match"], !quirks.ignoresIfMatch {
      guard let object = state.objects[key] else { return error(404, "NoSuchKey") }
      let right = quirks.wantsPlainETags ? String(object.etag.dropFirst().dropLast()) : object.etag
      if etag != right { return error(412, "PreconditionFailed") }
    }
    return nil
  }

  private func write(_ state: inout State, _ key: String, _ request: HTTPRequest, _ headers: HeaderFields)
    -> HTTPResponse
  {
    if let refusal = condition(&state, key, headers) { return refusal }
    let sha256 = quirks.dropsMetadata ? nil : headers["x-amz-meta-sha256"]
    let etag = FakeStore.store(&state, key, request.body, sha256)
    return HTTPResponse(status: 200, headers: HeaderFields([("ETag", etag)]))
  }

  private func complete(
    _ state: inout State, _ key: String, _ id: String, _ request: HTTPRequest, _ headers: HeaderFields
  ) -> HTTPResponse {
    guard let upload = state.uploads[id], upload.key == key else { return error(404, "NoSuchUpload") }
    if let refusal = condition(&state, key, headers) { return refusal }
    guard let root = try? XMLElement(document: request.body) else { return error(400, "MalformedXML") }
    var bytes: [UInt8] = []
    for part in root.all("Part") {
      guard let number = Int(part["PartNumber"]?.text ?? ""), let kept = upload.parts[number],
        kept.etag == part["ETag"]?.text
      else { return error(400, "InvalidPart") }
      bytes += kept.bytes
    }
    state.uploads[id] = nil
    let etag = FakeStore.store(&state, key, bytes, quirks.dropsMetadata ? nil : upload.sha256)
    return xml(
      "<CompleteMultipartUploadResult><ETag>\(etag.dropFirst().dropLast())</ETag></CompleteMultipartUploadResult>"
    )
  }

  private func read(_ state: State, _ key: String, _ headers: HeaderFields) -> HTTPResponse {
    guard let object = state.objects[key] else { return error(404, "NoSuchKey") }
    if let etag = headers["If-Match"], etag != object.etag { return error(412, "PreconditionFailed") }
    var fields = [("ETag", object.etag), ("Date", FakeStore.date(state.date))]
    if let sha256 = object.sha256 { fields.append(("X-Amz-Meta-Sha256", sha256)) }
    var (status, bytes) = (200, object.bytes)
    if let range = headers["Range"]?.dropFirst("bytes=".count).split(separator: "-").compactMap({ Int($0) }),
      range.count == 2
    {
      guard range[0] < bytes.count else { return error(416, "InvalidRange") }
      let last = min(range[1], bytes.count - 1)
      fields.append(("Content-Range", "bytes \(range[0])-\(last)/\(bytes.count)"))
      (status, bytes) = (206, Array(bytes[range[0]...last]))
    }
    fields.append(("Content-Length", "\(bytes.count)"))
    return HTTPResponse(status: status, headers: HeaderFields(fields), body: bytes)
  }

  private func list(_ state: State, _ query: [String: String]) -> HTTPResponse {
    let prefix = query["prefix"] ?? ""
    let after = query["continuation-token"] ?? query["start-after"] ?? ""
    let all = state.objects.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      .filter { $0.hasPrefix(prefix) && after.utf8.lexicographicallyPrecedes($0.utf8) }
      .filter { query["delimiter"] == nil || !$0.dropFirst(prefix.count).contains("/") }
    let page = all.prefix(quirks.pageSize)
    let entries = page.map { key in
      "<Contents><Key>\(PercentEncoding.encode(key, keepsSlash: true).replacing("%20", with: "+"))</Key>"
        + "<Size>\(state.objects[key]?.bytes.count ?? 0)</Size></Contents>"
    }
    let isTruncated = page.count < all.count
    let token = isTruncated ? "<NextContinuationToken>\(page.last ?? "")</NextContinuationToken>" : ""
    return xml(
      "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>\(isTruncated)</IsTruncated>\(token)"
        + "\(entries.joined())</ListBucketResult>")
  }

  private func listUploads(_ state: State, _ query: [String: String]) -> HTTPResponse {
    let after = query["upload-id-marker"] ?? ""
    let all = state.uploads.sorted { $0.key < $1.key }
      .filter { $0.key > after && $0.value.key.hasPrefix(query["prefix"] ?? "") }
    let page = all.prefix(quirks.pageSize)
    let entries = page.map { id, upload in
      "<Upload><Key>\(upload.key)</Key><UploadId>\(id)</UploadId></Upload>"
    }
    let isTruncated = page.count < all.count
    let next =
      isTruncated
      ? "<NextKeyMarker>\(page.last?.value.key ?? "")</NextKeyMarker>"
        + "<NextUploadIdMarker>\(page.last?.key ?? "")</NextUploadIdMarker>" : ""
    return xml(
      "<ListMultipartUploadsResult><IsTruncated>\(isTruncated)</IsTruncated>\(next)\(entries.joined())"
        + "</ListMultipartUploadsResult>")
  }

  private func xml(_ text: String, status: Int = 200) -> HTTPResponse {
    HTTPResponse(
      status: status, headers: HeaderFields([("Content-Type", "application/xml")]),
      body: Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\(text)".utf8))
  }

  private func error(_ status: Int, _ code: String) -> HTTPResponse {
    xml(
      "<Error><Code>\(code)</Code><Message>said so</Message><RequestId>R1</RequestId></Error>", status: status
    )
  }
}

extension FakeStore.State {
  /// The fault of a request, by chance; among those that a client survives.
  fileprivate mutating func chosenFault() -> FakeStore.Fault? {
    guard let (count, _) = chance, var random = chance?.random else { return nil }
    defer { chance?.random = random }
    guard Int.random(in: 0..<count, using: &random) == 0 else { return nil }
    return FakeStore.Fault.survivable.randomElement(using: &random)
  }
}

extension FakeStore.Fault {
  /// What a client that repeats requests survives, if it is not too often.
  package static let survivable: [FakeStore.Fault] = [
    .loseAnswer, .timeOut, .failAfter, .cutAnswer, .drop, .delay, .refuse, .internalError, .badGateway,
    .unavailable,
    .slowDown, .tooMany, .conflict, .requestTimeout, .errorInSuccess,
  ]
}
