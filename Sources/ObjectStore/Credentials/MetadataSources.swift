internal import AuditRecord
internal import FoundationEssentials
internal import HTTP

/// The credentials of a container: ECS tasks, and EKS pods with Pod Identity.
///
/// Sources: Amazon ECS Developer Guide, "Task IAM role"; AWS SDKs and Tools Reference Guide, "Container credential provider"; botocore's
/// `ContainerProvider` and `ContainerMetadataFetcher`.
struct ContainerSource: Hashable, Sendable {
  static let name = "the container's credentials endpoint"

  /// Where the `Authorization` field of the request is from.
  enum Token: Hashable, Sendable {
    case none
    case text(String)
    /// Read before each request: the file changes.
    case file(String)
  }

  let origin: Origin
  /// Path and query.
  let target: String
  let token: Token

  var url: String { origin.description + target }

  /// Returns nil if the container has no role. AWS_CONTAINER_CREDENTIALS_RELATIVE_URI wins over _FULL_URI.
  init?(_ settings: CredentialSettings) throws(CredentialError) {
    if let path = settings.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
      guard path.hasPrefix("/"),
        let (address, target) = ContainerSource.parts("http://169.254.170.2" + path),
        address.origin.host == "169.254.170.2"
      else {
        throw .settings(
          source: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", problem: "it is not a path",
          cure: "It must begin with /.")
      }
      (origin, self.target) = (address.origin, target)
    } else if let text = settings.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
      let source = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
      guard let (address, target) = ContainerSource.parts(text) else {
        throw .settings(source: source, problem: "it is not an http or https URL", cure: "Correct it.")
      }
      guard address.isPrivate || ContainerSource.hosts.contains(address.origin.host) else {
        throw .settings(
          source: source,
          problem: "plain http to \(address.origin.host) would show the credentials to the network",
          cure: "Use https, this machine, or \(ContainerSource.hosts.joined(separator: ", ")).")
      }
      (origin, self.target) = (address.origin, target)
    } else {
      return nil
    }
    if let file = settings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
      token = .file(file)
    } else if let text = settings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
      token = .text(text)
    } else {
      token = .none
    }
  }

  /// - Parameter token: the value of `token`, read if it is a file.
  func request(token: String?) throws(CredentialError) -> HTTPRequest {
    var headers = [HeaderField("Accept", "application/json")]
    if let token {
      let text = token.trimming(while: \.isWhitespace)
      guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
        throw .settings(
          source: ContainerSource.name, problem: "its authorization token is empty or malformed",
          cure: "Correct AWS_CONTAINER_AUTHORIZATION_TOKEN or its file.")
      }
      headers.append(HeaderField("Authorization", String(text)))
    }
    return HTTPRequest(
      "GET", origin, target, headers: headers, timeout: .seconds(2), limits: .credentials)
  }

  /// - Parameter token: of the request.
  func credentials(_ response: HTTPResponse, token: String?) throws(CredentialError) -> StoreCredentials {
    guard response.status == 200
    else { throw .refused(by: ContainerSource.name, response, hiding: [token ?? ""]) }
    return try MetadataCredentials.read(response.body, source: ContainerSource.name)
  }

  /// The URL without its query, and its path and query. Nil if it is no URL of an endpoint.
  private static func parts(_ text: String) -> (EndpointURL, target: String)? {
    guard let parts = URLParts(text), let address = EndpointURL(String(text.prefix { $0 != "?" })) else {
      return nil
    }
    let target = String(parts.rest.prefix { $0 != "#" })
    return (address, target.hasPrefix("/") ? target : "/" + target)
  }

  private static let hosts = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]
}

/// The credentials of an EC2 instance, from its metadata service, version 2.
///
/// Sources: Amazon EC2 User Guide, "Use the Instance Metadata Service" and "Retrieve security credentials"; botocore's
/// `InstanceMetadataFetcher`. Version 1, which needs no token, is not used.
struct InstanceMetadata: Hashable, Sendable {
  static let name = "the instance metadata service"

  private let endpoint: EndpointURL
  /// Without a slash at the end.
  private let path: String

  /// `http://169.254.169.254`
  var base: String { endpoint.origin.description + path }

  /// Returns nil if AWS_EC2_METADATA_DISABLED is `true`.
  init?(_ settings: CredentialSettings) throws(CredentialError) {
    guard settings.variable("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" else { return nil }
    let isIPv6 = settings.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6"
    let standard = isIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
    let text = settings.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? standard
    guard let address = EndpointURL(text) else {
      throw .settings(
        source: "AWS_EC2_METADATA_SERVICE_ENDPOINT", problem: "it is not an http or https URL",
        cure: "Correct it.")
    }
    endpoint = address
    path = address.path.hasSuffix("/") ? String(address.path.dropLast()) : address.path
  }

  /// A session token for six hours. The time-out is one second: on a machine that is no instance nobody answers.
  func tokenRequest() -> HTTPRequest {
    HTTPRequest(
      "PUT", endpoint.origin, path + "/latest/api/token",
      headers: [HeaderField("X-aws-ec2-metadata-token-ttl-seconds", "21600")], timeout: .seconds(1),
      limits: .credentials)
  }

  /// The name of the instance's role.
  func roleRequest(token: String) -> HTTPRequest { get("", token) }

  func credentialsRequest(role: String, token: String) -> HTTPRequest {
    get(PercentEncoding.encode(role), token)
  }

  /// Reads the answer to `tokenRequest` or `roleRequest`: one line of visible ASCII. Returns nil for 404: the instance has no role.
  func line(_ response: HTTPResponse, token: String? = nil) throws(CredentialError) -> String? {
    if response.status == 404 { return nil }
    guard response.status == 200 else {
      throw .refused(by: InstanceMetadata.name, response, hiding: [token ?? ""])
    }
    let line = String(decoding: response.body, as: UTF8.self).split(whereSeparator: \.isNewline).first
    guard let line, line.utf8.count <= 4_096, line.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
    else { throw .unreadable(source: InstanceMetadata.name, why: "it is not a line of text") }
    return String(line)
  }

  func credentials(_ response: HTTPResponse, token: String?) throws(CredentialError) -> StoreCredentials {
    guard response.status == 200 else {
      throw .refused(by: InstanceMetadata.name, response, hiding: [token ?? ""])
    }
    return try MetadataCredentials.read(response.body, source: InstanceMetadata.name)
  }

  private func get(_ role: String, _ token: String) -> HTTPRequest {
    HTTPRequest(
      "GET", endpoint.origin, path + "/latest/meta-data/iam/security-credentials/" + role,
      headers: [HeaderField("X-aws-ec2-metadata-token", token)], timeout: .seconds(1), limits: .credentials)
  }
}

/// The JSON that both services answer with.
private struct MetadataCredentials: Decodable {
  var accessKeyID: String?
  var secretAccessKey: String?
  var token: String?
  var expiration: String?
  /// Of the instance: `Success`, or why not.
  var code: String?

  enum CodingKeys: String, CodingKey {
    case accessKeyID = "AccessKeyId"
    case secretAccessKey = "SecretAccessKey"
    case token = "Token"
    case expiration = "Expiration"
    case code = "Code"
  }

  static func read(_ body: [UInt8], source: String) throws(CredentialError) -> StoreCredentials {
    let values: MetadataCredentials
    do {
      values = try JSONDecoder().decode(MetadataCredentials.self, from: Data(body))
    } catch {
      // The decoder's words may repeat values.
      throw .unreadable(source: source, why: "it is not a JSON object with credentials")
    }
    if let code = values.code, code != "Success" {
      throw .refused(source: source, status: 200, code: String(code.prefix(60)), message: "")
    }
    guard let id = values.accessKeyID, let secret = values.secretAccessKey
    else { throw .unreadable(source: source, why: "it has no access key") }
    return try CredentialPlan.credentials(id, secret, values.token, expiration: values.expiration, source)
  }
}
