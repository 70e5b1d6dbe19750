internal import AuditRecord
internal import Crypto
internal import FoundationEssentials
internal import HTTP

/// One request to a bucket, without its signature: a value of what is asked.
///
/// Source: Amazon S3 API Reference, "Actions". Only features that all stores have are used: no chunked signatures, no trailers, no
/// additional checksums.
package struct StoreRequest: Hashable, Sendable {
  package enum Operation: String, Hashable, Sendable, CaseIterable {
    case put = "PutObject"
    case get = "GetObject"
    case head = "HeadObject"
    case list = "ListObjectsV2"
    case delete = "DeleteObject"
    case createUpload = "CreateMultipartUpload"
    case uploadPart = "UploadPart"
    case completeUpload = "CompleteMultipartUpload"
    case abortUpload = "AbortMultipartUpload"
    case listUploads = "ListMultipartUploads"
  }

  /// What must hold for a write.
  package enum Condition: Hashable, Sendable {
    /// `If-None-Match: *`: there must be no object.
    case absent
    /// `If-Match`: the object must have this ETag, given as the store wrote it.
    case etag(String)
  }

  let operation: Operation
  let method: String
  /// nil for requests to the bucket.
  let key: String?
  let condition: Condition?
  let body: [UInt8]
  /// First and last byte of a range that is read.
  private(set) var range: ClosedRange<Int>?
  private(set) var query: [QueryItem] = []
  /// Signed: `Content-Type`, `Content-MD5` and `x-amz-*`.
  private(set) var signedHeaders: [HeaderField] = []
  /// Not signed, because front ends of stores change such fields.
  private(set) var plainHeaders: [HeaderField] = []
  private(set) var responseLimit = 1 << 20

  struct QueryItem: Hashable, Sendable {
    var name: String
    var value: String
  }

  private init(
    _ operation: Operation, _ method: String, key: String? = nil, condition: Condition? = nil,
    body: [UInt8] = [], query: [(String, String)] = []
  ) {
    self.operation = operation
    self.method = method
    self.key = key
    self.condition = condition
    self.body = body
    self.query = query.map { QueryItem(name: $0.0, value: $0.1) }
    switch condition {
    case .absent: plainHeaders.append(HeaderField("If-None-Match", "*"))
    case .etag(let etag): plainHeaders.append(HeaderField("If-Match", etag))
    case nil: break
    }
  }

  /// Objects are written with a type, a hash for the store to check, and encryption where that is set.
  package struct ObjectSettings: Hashable, Sendable {
    /// Of the bytes as they are stored: `application/gzip` and not `text/csv` for a compressed file. There is no content encoding.
    package var contentType: String
    /// SHA-256 of the whole object in lower-case hex, kept as `x-amz-meta-sha256`.
    package var sha256: String?
    /// nil leaves it to the bucket.
    package var encryption: ServerSideEncryption?

    package init(
      contentType: String = "application/octet-stream", sha256: String? = nil,
      encryption: ServerSideEncryption? = nil
    ) {
      self.contentType = contentType
      self.sha256 = sha256
      self.encryption = encryption
    }

    fileprivate var fields: [HeaderField] {
      var fields = [HeaderField("Content-Type", contentType)]
      if let sha256 { fields.append(HeaderField("x-amz-meta-sha256", sha256)) }
      switch encryption {
      case .aes256: fields.append(HeaderField("x-amz-server-side-encryption", "AES256"))
      case .kms(let key):
        fields.append(HeaderField("x-amz-server-side-encryption", "aws:kms"))
        if let key { fields.append(HeaderField("x-amz-server-side-encryption-aws-kms-key-id", key)) }
      case nil: break
      }
      return fields
    }
  }

  // MARK: Objects

  /// - Parameter md5: of the body, in base64; nil computes it. The probe sends a wrong one.
  static func put(
    _ key: String, _ body: [UInt8], _ settings: ObjectSettings, _ condition: Condition?, md5: String? = nil
  ) -> StoreRequest {
    var request = StoreRequest(.put, "PUT", key: key, condition: condition, body: body)
    request.signedHeaders = settings.fields
    request.addMD5(md5)
    return request
  }

  /// - Parameters:
  ///   - range: the bytes to read; nil for all.
  ///   - etag: the version to read; the request fails with `changed` if the object is another one now.
  ///   - limit: the largest object or range to accept, in bytes.
  static func get(
    _ key: String, range: ClosedRange<Int>? = nil, etag: String? = nil, limit: Int
  ) -> StoreRequest {
    var request = StoreRequest(.get, "GET", key: key, condition: etag.map { .etag($0) })
    if let range {
      request.range = range
      request.plainHeaders.append(HeaderField("Range", "bytes=\(range.lowerBound)-\(range.upperBound)"))
    }
    request.responseLimit = max(limit, 1 << 20)
    return request
  }

  static func head(_ key: String) -> StoreRequest { StoreRequest(.head, "HEAD", key: key) }

  static func delete(_ key: String) -> StoreRequest { StoreRequest(.delete, "DELETE", key: key) }

  /// - Parameters:
  ///   - after: only keys after this one, in byte order.
  ///   - delimiter: `/` for the keys of one level.
  static func list(
    prefix: String, after: String? = nil, delimiter: String? = nil, continuation: String? = nil,
    limit: Int? = nil
  ) -> StoreRequest {
    var query = [("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix)]
    if let after { query.append(("start-after", after)) }
    if let delimiter { query.append(("delimiter", delimiter)) }
    if let continuation { query.append(("continuation-token", continuation)) }
    if let limit { query.append(("max-keys", "\(limit)")) }
    var request = StoreRequest(.list, "GET", query: query)
    request.responseLimit = XMLLimits().size
    return request
  }

  // MARK: Uploads in parts

  static func createUpload(_ key: String, _ settings: ObjectSettings) -> StoreRequest {
    var request = StoreRequest(.createUpload, "POST", key: key, query: [("uploads", "")])
    request.signedHeaders = settings.fields
    return request
  }

  /// - Parameter number: 1 to 10,000.
  static func uploadPart(_ key: String, upload: String, number: Int, _ body: [UInt8]) -> StoreRequest {
    var request = StoreRequest(
      .uploadPart, "PUT", key: key, body: body, query: [("partNumber", "\(number)"), ("uploadId", upload)])
    request.signedHeaders = [HeaderField("Content-Type", "application/octet-stream")]
    request.addMD5(nil)
    return request
  }

  /// - Parameter etags: of the parts 1, 2, 3, …, as the store wrote them.
  static func completeUpload(
    _ key: String, upload: String, etags: [String], _ condition: Condition?
  ) -> StoreRequest {
    let parts = etags.enumerated().map { index, etag in
      "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(escaped(etag))</ETag></Part>"
    }
    let xml =
      "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(parts.joined())"
      + "</CompleteMultipartUpload>"
    var request = StoreRequest(
      .completeUpload, "POST", key: key, condition: condition, body: Array(xml.utf8),
      query: [("uploadId", upload)])
    request.signedHeaders = [HeaderField("Content-Type", "application/xml")]
    request.addMD5(nil)
    return request
  }

  static func abortUpload(_ key: String, upload: String) -> StoreRequest {
    StoreRequest(.abortUpload, "DELETE", key: key, query: [("uploadId", upload)])
  }

  static func listUploads(prefix: String, afterKey: String? = nil, afterID: String? = nil)
    -> StoreRequest
  {
    var query = [("uploads", ""), ("encoding-type", "url"), ("prefix", prefix)]
    if let afterKey { query.append(("key-marker", afterKey)) }
    if let afterID, !afterID.isEmpty { query.append(("upload-id-marker", afterID)) }
    var request = StoreRequest(.listUploads, "GET", query: query)
    request.responseLimit = XMLLimits().size
    return request
  }

  /// The same request with its ETag without quotes, as Hetzner and DigitalOcean Spaces want it; nil if it has none in quotes.
  var withUnquotedETag: StoreRequest? {
    guard case .etag(let etag) = condition, etag.count > 2, etag.hasPrefix("\""), etag.hasSuffix("\"")
    else { return nil }
    var request = self
    let plain = String(etag.dropFirst().dropLast())
    request.plainHeaders = plainHeaders.map { $0.name == "If-Match" ? HeaderField($0.name, plain) : $0 }
    return request
  }

  private mutating func addMD5(_ md5: String?) {
    let text = md5 ?? Data(Insecure.MD5.hash(data: body)).base64EncodedString()
    signedHeaders.append(HeaderField("Content-MD5", text))
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}

/// How a store encrypts the objects that are written.
package enum ServerSideEncryption: Hashable, Sendable {
  case aes256
  /// With a key of KMS; nil for the bucket's or the account's own.
  case kms(key: String?)
}

extension StoreRequest {
  /// The request as it goes over the wire. Hashes the body; the rest takes microseconds. It does not ask for compression: bodies
  /// arrive as stored.
  func signed(_ endpoint: Endpoint, _ credentials: StoreCredentials, at time: Timestamp) -> HTTPRequest {
    let path = endpoint.path(key)
    let items = query.map { (name: $0.name, value: $0.value) }
    let host = HeaderField("Host", endpoint.origin.authority)
    let input = Signer.Input(
      method: method, path: path, query: items, headers: [host] + signedHeaders,
      payloadHash: SHA256.hash(data: body).hex)
    let signature = Signer.s3(region: endpoint.region).sign(input, with: credentials, at: time)
    return HTTPRequest(
      method, endpoint.origin, path + (items.isEmpty ? "" : "?" + PercentEncoding.query(items)),
      headers: [host] + signedHeaders + plainHeaders + signature.fields, body: body, timeout: timeout,
      limits: ResponseLimits(bodySize: responseLimit))
  }

  /// A minute, and a second for each 256 KiB that travel.
  private var timeout: TimeSpan {
    let bytes = body.count + (range?.count ?? (operation == .get ? responseLimit : 0))
    return .seconds(60 + Double(bytes >> 18))
  }
}
