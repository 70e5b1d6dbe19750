internal import AuditRecord
internal import Crypto
internal import FoundationEssentials
internal import HTTP

/// Signs requests with AWS Signature Version 4, in headers.
///
/// Sources: AWS General Reference, "Create a signed AWS API request"; Amazon S3 API Reference, "Authenticating Requests: Using the
/// Authorization Header". S3 differs from other services in three points: its path is encoded once, it is not normalised, and
/// `x-amz-content-sha256` is always sent and signed.
struct Signer: Hashable, Sendable {
  enum PathRule: Hashable, Sendable {
    /// The path is signed as it is sent.
    case asSent
    /// `.`, `..` and empty segments are removed, and the result is encoded once more.
    case normalized
  }

  var service: String
  var region: String
  var pathRule: PathRule
  var sendsPayloadHash: Bool

  static func s3(region: String) -> Signer {
    Signer(service: "s3", region: region, pathRule: .asSent, sendsPayloadHash: true)
  }

  /// Any service but S3.
  static func service(_ name: String, region: String) -> Signer {
    Signer(service: name, region: region, pathRule: .normalized, sendsPayloadHash: false)
  }

  /// What is signed. All of `headers` are signed, so it must not hold those that a proxy or front end changes.
  struct Input: Sendable {
    var method: String
    /// As it is sent: percent-encoded, or empty for `/`.
    var path: String
    /// Not encoded, in any order.
    var query: [(name: String, value: String)]
    /// With `Host`. Without the fields that the signer adds.
    var headers: [HeaderField]
    /// SHA-256 of the body, in lower-case hex.
    var payloadHash: String
  }

  /// A signature with its intermediate texts, which a store shows when it refuses one.
  struct Signature {
    var canonicalRequest: String
    var stringToSign: String
    var hex: String
    /// The fields to add to the request, `Authorization` last.
    var fields: [HeaderField]
  }

  /// Makes a signature, in some microseconds beside the hash of the body, which the caller made.
  ///
  /// - Parameter time: the wall clock. A store refuses a signature more than 15 minutes from its own clock.
  func sign(_ input: Input, with credentials: StoreCredentials, at time: Timestamp) -> Signature {
    let (date, day) = HTTPDate.amz(time)
    var fields = [HeaderField("x-amz-date", date)]
    if sendsPayloadHash { fields.append(HeaderField("x-amz-content-sha256", input.payloadHash)) }
    if let token = credentials.sessionToken { fields.append(HeaderField("x-amz-security-token", token)) }

    let (names, lines) = Signer.canonical(input.headers + fields)
    let request = [
      input.method, path(of: input), Signer.canonical(input.query), lines, names, input.payloadHash,
    ].joined(separator: "\n")

    let scope = "\(day)/\(region)/\(service)/aws4_request"
    let hash = SHA256.hash(data: Data(request.utf8)).hex
    let text = ["AWS4-HMAC-SHA256", date, scope, hash].joined(separator: "\n")
    var key = SymmetricKey(data: Data("AWS4\(credentials.secretAccessKey)".utf8))
    for part in [day, region, service, "aws4_request"] {
      key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Data(part.utf8), using: key))
    }
    let hex = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key).hex

    let authorization =
      "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), SignedHeaders=\(names), Signature=\(hex)"
    fields.append(HeaderField("Authorization", authorization))
    return Signature(canonicalRequest: request, stringToSign: text, hex: hex, fields: fields)
  }

  private func path(of input: Input) -> String {
    guard !input.path.isEmpty else { return "/" }
    switch pathRule {
    case .asSent: return input.path
    case .normalized: return PercentEncoding.encode(Signer.normalized(input.path), keepsSlash: true)
    }
  }

  /// Without `.`, `..` and empty segments (RFC 3986, section 5.2.4), and with a slash at the end if `path` has one.
  private static func normalized(_ path: String) -> String {
    var segments: [Substring] = []
    for segment in path.split(separator: "/") where segment != "." {
      if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
    }
    guard !segments.isEmpty else { return "/" }
    return "/" + segments.joined(separator: "/") + (path.hasSuffix("/") ? "/" : "")
  }

  /// Sorted by encoded name, then by encoded value, byte by byte.
  private static func canonical(_ query: [(name: String, value: String)]) -> String {
    let items = query.map { item in
      (name: PercentEncoding.encode(item.name), value: PercentEncoding.encode(item.value))
    }
    let sorted = items.sorted { one, other in (one.name, one.value) < (other.name, other.value) }
    return sorted.map { item in "\(item.name)=\(item.value)" }.joined(separator: "&")
  }

  /// Names in lower case and sorted; values without white space at their ends, and with one space for each run of it inside.
  private static func canonical(_ headers: [HeaderField]) -> (names: String, lines: String) {
    var values: [String: [String]] = [:]
    for field in headers {
      let words = field.value.split { $0 == " " || $0 == "\t" || $0.isNewline }
      values[field.name.lowercased(), default: []].append(words.joined(separator: " "))
    }
    let names = values.keys.sorted()
    let lines = names.map { name -> String in
      let value = (values[name] ?? []).joined(separator: ",")
      return "\(name):\(value)\n"
    }
    return (names.joined(separator: ";"), lines.joined())
  }
}

extension Sequence<UInt8> {
  /// Lower-case hexadecimal digits.
  var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

/// The form in which AWS writes times in headers.
extension HTTPDate {
  /// Reads `20150830T123600Z`, the form of `x-amz-date`.
  static func read(amz text: String) -> Timestamp? {
    let digits = Array(text)
    guard digits.count == 16, digits[8] == "T", digits[15] == "Z" else { return nil }
    return time([0..<4, 4..<6, 6..<8, 9..<11, 11..<13, 13..<15].map { String(digits[$0]) })
  }

  /// `20150830T123600Z` and its day, `20150830` (AWS General Reference, "Elements of an AWS API request signature").
  static func amz(_ time: Timestamp) -> (time: String, day: String) {
    let printed = time.description.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
    let text = String(decoding: printed.prefix(15), as: UTF8.self)
    return (text + "Z", String(text.prefix(8)))
  }
}
