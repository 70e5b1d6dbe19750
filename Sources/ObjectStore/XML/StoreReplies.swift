package import AuditRecord
internal import HTTP

/// A reply that is not of the documented form, and why. It repeats nothing of the reply.
package struct MalformedReply: Error, Hashable, Sendable, CustomStringConvertible {
  package var description: String

  init(_ description: String) { self.description = description }
}

/// The replies that a store makes in XML (Amazon S3 API Reference, "Actions" and "Error responses").
enum XMLReply {
  /// Reads a document with that root element.
  static func read(_ body: [UInt8], _ root: String) throws(MalformedReply) -> XMLElement {
    let element: XMLElement
    do {
      element = try XMLElement(document: body)
    } catch {
      throw MalformedReply("the reply is not valid XML: \(error)")
    }
    guard element.name == root
    else { throw MalformedReply("the reply is not a \(root)") }
    return element
  }
}

extension XMLElement {
  /// The text of a child that must be there.
  fileprivate func required(_ name: String) throws(MalformedReply) -> String {
    guard let child = self[name] else { throw MalformedReply("the reply has no \(name)") }
    return child.text
  }

  fileprivate func flag(_ name: String) throws(MalformedReply) -> Bool {
    switch self[name]?.text {
    case "true": return true
    case "false", nil: return false
    default: throw MalformedReply("\(name) is neither true nor false")
    }
  }

  /// Text that the store URL-encoded, if the reply says so.
  fileprivate func key(_ text: String, isEncoded: Bool) throws(MalformedReply) -> String {
    guard isEncoded else { return text }
    // S3 writes a space as `+`, and a plus sign as `%2B`, as botocore and the Java SDK read it.
    guard let key = PercentEncoding.decode(text, decodesPlus: true)
    else { throw MalformedReply("a key is not URL-encoded UTF-8") }
    return key
  }
}

/// The body of an error: what of it is used, and nothing else. Stores also send the request's headers back.
struct ErrorReply: Hashable, Sendable {
  var code: String
  var message: String
  /// The region that the bucket is in, or that the signature must name.
  var region: String?
  var requestID: String?
  /// Of RequestTimeTooSkewed: the store's clock.
  var serverTime: Timestamp?

  /// Returns nil if the body is no error in XML, as those of proxies are not.
  init?(_ body: [UInt8]) {
    guard let root = Self.element(body) else { return nil }
    func text(_ name: String) -> String? { root[name].map { String($0.text.prefix(500)) } }
    guard let code = text("Code"), !code.isEmpty else { return nil }
    self.code = code
    message = text("Message") ?? ""
    region = text("Region") ?? text("BucketRegion")
    requestID = text("RequestId")
    serverTime = text("ServerTime").flatMap { Timestamp(rfc3339: $0) ?? HTTPDate($0)?.time }
  }

  private static func element(_ body: [UInt8]) -> XMLElement? {
    guard !body.isEmpty, body.count <= 1 << 20 else { return nil }
    do throws(XMLError) {
      let root = try XMLElement(document: body)
      switch root.name {
      case "Error": return root
      // Of STS, and of some stores.
      case "ErrorResponse", "Response": return root["Error"] ?? root["Errors"]?["Error"]
      default: return nil
      }
    } catch {
      return nil  // An error page of something between: its status has to do.
    }
  }
}

/// An object as a listing shows it.
package struct ListedObject: Hashable, Sendable {
  package var key: String
  /// In bytes.
  package var size: Int
  /// As the store wrote it; nil if the listing has none.
  package var etag: String?

  package init(key: String, size: Int, etag: String? = nil) {
    self.key = key
    self.size = size
    self.etag = etag
  }
}

/// A page of a listing (ListObjectsV2).
package struct ObjectPage: Hashable, Sendable {
  /// In the byte order of their keys. Keys that end in `/` are left out: they are folders that consoles make.
  package var objects: [ListedObject] = []
  /// With a delimiter: the prefixes of keys that have one after the listed prefix. They end in `/`.
  package var prefixes: [String] = []
  /// For the request of the next page; nil on the last page.
  package var continuation: String?

  init(_ body: [UInt8]) throws(MalformedReply) {
    let root = try XMLReply.read(body, "ListBucketResult")
    let isEncoded = root["EncodingType"]?.text == "url"
    for entry in root.all("Contents") {
      let key = try root.key(try entry.required("Key"), isEncoded: isEncoded)
      guard let size = wholeNumber(try entry.required("Size"))
      else { throw MalformedReply("the Size of an object is not a number") }
      guard !key.hasSuffix("/") else { continue }
      objects.append(ListedObject(key: key, size: size, etag: entry["ETag"]?.text))
    }
    for entry in root.all("CommonPrefixes") {
      prefixes.append(try root.key(try entry.required("Prefix"), isEncoded: isEncoded))
    }
    guard try root.flag("IsTruncated") else { return }
    let token = try root.required("NextContinuationToken")
    guard !token.isEmpty else { throw MalformedReply("a truncated listing has no continuation token") }
    continuation = token
  }
}

/// An upload in parts that is neither completed nor aborted.
package struct MultipartUpload: Hashable, Sendable {
  package var key: String
  package var id: String
  /// When it was created; nil if the store does not say.
  package var initiated: Timestamp?

  package init(key: String, id: String, initiated: Timestamp? = nil) {
    self.key = key
    self.id = id
    self.initiated = initiated
  }
}

/// A page of ListMultipartUploads.
struct UploadPage: Hashable, Sendable {
  var uploads: [MultipartUpload] = []
  /// Where the next page begins; nil on the last page.
  var next: Marker?

  struct Marker: Hashable, Sendable {
    var key: String
    /// Empty if the store does not say.
    var id: String
  }

  init(_ body: [UInt8]) throws(MalformedReply) {
    let root = try XMLReply.read(body, "ListMultipartUploadsResult")
    let isEncoded = root["EncodingType"]?.text == "url"
    for entry in root.all("Upload") {
      uploads.append(
        MultipartUpload(
          key: try root.key(try entry.required("Key"), isEncoded: isEncoded),
          id: try entry.required("UploadId"),
          initiated: entry["Initiated"].flatMap { Timestamp(rfc3339: $0.text) }))
    }
    guard try root.flag("IsTruncated") else { return }
    next = Marker(
      key: try root.key(try root.required("NextKeyMarker"), isEncoded: isEncoded),
      id: root["NextUploadIdMarker"]?.text ?? "")
  }
}

extension XMLReply {
  /// The ID of a new upload (CreateMultipartUpload).
  static func uploadID(_ body: [UInt8]) throws(MalformedReply) -> String {
    let id = try read(body, "InitiateMultipartUploadResult").required("UploadId")
    guard !id.isEmpty else { throw MalformedReply("a new upload has no ID") }
    return id
  }

  /// The ETag of a completed upload. The store answers 200 before it knows whether it will succeed, so the body can be an error.
  static func completed(_ body: [UInt8]) throws(MalformedReply) -> String {
    try read(body, "CompleteMultipartUploadResult").required("ETag")
  }

  /// The temporary credentials of AssumeRole and AssumeRoleWithWebIdentity (AWS STS API Reference).
  static func assumedRole(_ body: [UInt8], action: String, source: String) throws(MalformedReply)
    -> StoreCredentials
  {
    guard let result = try read(body, "\(action)Response")["\(action)Result"]?["Credentials"]
    else { throw MalformedReply("the reply has no credentials") }
    guard let expiration = Timestamp(rfc3339: try result.required("Expiration"))
    else { throw MalformedReply("the expiration of the credentials is not a time") }
    do {
      return try StoreCredentials(
        accessKeyID: try result.required("AccessKeyId"),
        secretAccessKey: try result.required("SecretAccessKey"),
        sessionToken: try result.required("SessionToken"), expiration: expiration, source: source)
    } catch let error as MalformedReply {
      throw error
    } catch {
      throw MalformedReply("\(error)")
    }
  }
}
