package import HTTP

/// Where the requests of a bucket go.
package struct Endpoint: Hashable, Sendable {
  package enum Addressing: String, Hashable, Sendable, CaseIterable {
    /// `https://host/bucket/key`
    case path
    /// `https://bucket.host/key`
    case virtual
  }

  package let bucket: String
  /// What requests are signed for.
  package let region: String
  package let addressing: Addressing
  private let address: EndpointURL

  /// Settles where a bucket is. Reads nothing and asks nobody.
  ///
  /// - Parameters:
  ///   - url: the endpoint; nil or empty for AWS in that region. Plain http is allowed to this machine only, because it shows the data.
  ///   - region: the region to sign for: `auto` for Cloudflare R2.
  ///   - addressing: nil chooses `virtual` for AWS and a bucket name without dots, which no certificate covers, and else `path`.
  package init(bucket: String, region: String, url: String? = nil, addressing: Addressing? = nil)
    throws(EndpointError)
  {
    try Endpoint.check(bucket)
    guard !region.isEmpty, region.utf8.count <= 64,
      region.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || isAlphanumeric($0) })
    else { throw .region(region) }
    self.bucket = bucket
    self.region = region
    if let url, !url.isEmpty {
      // Its path is signed as it is, so nothing in it may need an escape.
      guard let address = EndpointURL(url),
        address.path == PercentEncoding.encode(address.path, keepsSlash: true)
      else { throw .url }
      guard address.isPrivate else { throw .plainHTTP(host: address.origin.host) }
      self.address = address
    } else {
      guard region != "auto" else { throw .needsURL(region: region) }
      let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
      guard let address = EndpointURL("https://s3.\(region).\(suffix)") else { throw .region(region) }
      self.address = address
    }
    let isHostName =
      bucket.utf8.count <= 63 && !bucket.contains("_")
      && bucket.utf8.allSatisfy { !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    let host = address.origin.host
    let isAWS = host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn")
    self.addressing = addressing ?? (isAWS && isHostName && !bucket.contains(".") ? .virtual : .path)
    if self.addressing == .virtual, !isHostName || host.contains(":") {
      throw .notAHostName(bucket: bucket)
    }
  }

  /// Where the requests go.
  package var origin: Origin {
    guard addressing == .virtual else { return address.origin }
    var origin = address.origin
    origin.host = "\(bucket).\(origin.host)"
    return origin
  }

  /// Host and port, for messages.
  package var name: String { origin.authority }

  /// The path of a key as it is sent and signed; without a key, that of the bucket. `=` becomes `%3D`.
  func path(_ key: String?) -> String {
    let base = address.path.hasSuffix("/") ? String(address.path.dropLast()) : address.path
    let encoded = key.map { PercentEncoding.encode($0, keepsSlash: true) }
    switch addressing {
    case .path: return "\(base)/\(bucket)" + (encoded.map { "/\($0)" } ?? "")
    case .virtual: return "\(base)/\(encoded ?? "")"
    }
  }

  private static func check(_ bucket: String) throws(EndpointError) {
    if bucket.contains(":") { throw .unsupported(bucket: bucket, kind: "an ARN") }
    if bucket.hasSuffix("--x-s3") {
      throw .unsupported(bucket: bucket, kind: "an S3 Express directory bucket")
    }
    let bytes = Array(bucket.utf8)
    guard (3...255).contains(bytes.count), let first = bytes.first, isAlphanumeric(first),
      let last = bytes.last, isAlphanumeric(last),
      bytes.allSatisfy({ isAlphanumeric($0) || "-._".utf8.contains($0) }), !bucket.contains("..")
    else { throw .bucket(bucket) }
  }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
  (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
}

/// Why settings name no endpoint. A URL is never repeated: it may hold a password.
package enum EndpointError: Error, Hashable, Sendable {
  case bucket(String)
  case unsupported(bucket: String, kind: String)
  case region(String)
  case needsURL(region: String)
  case url
  case plainHTTP(host: String)
  case notAHostName(bucket: String)
}

extension EndpointError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .bucket(let bucket):
      "'\(bucket)' is not a valid bucket name. Use 3 to 63 lower-case letters, digits, dots and hyphens."
    case .unsupported(let bucket, let kind):
      "'\(bucket)' is \(kind), which is not supported. Use an ordinary bucket."
    case .region(let region): "'\(region)' is not a valid region. Write it like eu-central-1."
    case .needsURL(let region): "The region '\(region)' needs an endpoint. Set its URL."
    case .url:
      "The endpoint is not an http or https URL with a host. Write it like https://s3.example.com, without user, query or fragment."
    case .plainHTTP(let host):
      "Plain http to \(host) would show the data to the network. Use https; http is for this machine only."
    case .notAHostName(let bucket):
      "The bucket '\(bucket)' cannot be part of a host name. Use path addressing."
    }
  }
}
