import AuditRecord
import Crypto
import Foundation
import HTTP
import Synchronization

@testable import ObjectStore

/// A bucket in memory. It keeps objects, enforces conditions, checks signatures, and misbehaves where a test says so.
final class FakeStore: HTTPTransport {
  struct Object: Hashable, Sendable {
    var bytes: [UInt8]
    var etag: String
    var sha256: String?
  }

  /// How a request goes wrong.
  enum Fault: Hashable, CaseIterable {
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
  struct Quirks {
    var ignoresIfNoneMatch = false
    var ignoresIfMatch = false
    /// 501 for conditions.
    var refusesConditions = false
    var wantsPlainETags = false
    var dropsMetadata = false
    var ignoresMD5 = false
    /// Concurrent creates: so many win.
    var winners = 1
    var pageSize = 1_000
  }

  private struct State {
    var objects: [String: Object] = [:]
    var uploads: [String: (key: String, sha256: String?, parts: [Int: Object])] = [:]
    var version = 0
    var requests: [String] = []
    /// By the number of the request, from 1.
    var faults: [Int: Fault] = [:]
    var delayed: [(due: Int, HTTPRequest)] = []
    var expired: Set<String> = []
    var creates: [String: Int] = [:]
  }

  let secrets: [String: String]
  let quirks: Quirks
  private let state = Mutex(State())

  init(secrets: [String: String] = ["AKID": "secret"], quirks: Quirks = Quirks()) {
    self.secrets = secrets
    self.quirks = quirks
  }

  // MARK: For tests

  subscript(key: String) -> Object? { state.withLock { $0.objects[key] } }
  var keys: [String] { state.withLock { $0.objects.keys.sorted() } }
  var uploadIDs: [String] { state.withLock { $0.uploads.keys.sorted() } }
  var requests: [String] { state.withLock { $0.requests } }

  /// Puts an object there and returns its ETag.
  @discardableResult
  func place(_ key: String, _ bytes: [UInt8], sha256: String? = nil) -> String {
    state.withLock { FakeStore.store(&$0, key, bytes, sha256) }
  }

  /// Lets requests go wrong, counted from the next one.
  func fail(_ faults: [Int: Fault]) {
    state.withLock { state in
      let done = state.requests.count
      state.faults = Dictionary(uniqueKeysWithValues: faults.map { ($0 + done, $1) })
    }
  }

  /// Refuses an access key as expired from now on.
  func expire(_ accessKeyID: String) { _ = state.withLock { $0.expired.insert(accessKeyID) } }

  /// Carries out the requests that are still on their way.
  func settle() { state.withLock { deliver(&$0, upTo: .max) } }

  // MARK: Transport

  func send(_ request: HTTPRequest) async throws(TransportFault) -> HTTPResponse {
    if Task.isCancelled { throw .cancelled }
    return try reply(to: request).get()
  }

  /// What `send` returns or throws.
  func reply(to request: HTTPRequest) -> Result<HTTPResponse, TransportFault> {
    let result: Result<HTTPResponse, TransportFault> = state.withLock { state in
      state.requests.append("\(request.method) \(request.url)")
      let number = state.requests.count
      deliver(&state, upTo: number)
      switch state.faults[number] {
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
    return result.map { response in
      var response = response
      if request.method == "HEAD" { response.body = [] }
      return response
    }
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
    var fields = [("ETag", object.etag), ("Date", "Sun, 30 Aug 2015 12:36:00 GMT")]
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
