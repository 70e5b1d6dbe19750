internal import AuditRecord
internal import Crypto
internal import FoundationEssentials
internal import HTTP

extension ResponseLimits {
  /// Of answers with credentials.
  static let credentials = ResponseLimits(bodySize: 1 << 20)
}

/// What role to assume, and for how long.
struct RoleSettings: Hashable, Sendable {
  var arn: String
  var sessionName: String
  var externalID: String?
  /// Seconds; nil leaves it to the service (an hour).
  var duration: Int?
  /// The endpoint of the security token service.
  var endpoint: EndpointURL
  var region: String

  /// The endpoint is AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, or that of the region. Plain http is allowed to this machine only.
  init(
    arn: String, sessionName: String?, profile: Profiles.Profile?, settings: CredentialSettings
  ) throws(CredentialError) {
    self.arn = arn
    self.sessionName = sessionName ?? settings.sessionName
    externalID = profile?["external_id"]
    if let text = profile?["duration_seconds"] {
      guard let seconds = wholeNumber(text), (900...43_200).contains(seconds) else {
        throw .settings(
          source: "profile '\(profile?.name ?? "")'", problem: "duration_seconds is not from 900 to 43200",
          cure: "Correct it.")
      }
      duration = seconds
    }
    let region = profile?["region"] ?? settings.region ?? "us-east-1"
    self.region = region == "auto" || region == "aws-global" ? "us-east-1" : region
    let suffix = self.region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    let variables = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]
    let named = variables.first { settings.variable($0) != nil }
    let text = named.flatMap(settings.variable) ?? "https://sts.\(self.region).\(suffix)"
    guard let endpoint = EndpointURL(text), endpoint.isPrivate else {
      throw .settings(
        source: named ?? "the region", problem: "it is not the https endpoint of a security token service",
        cure: "Correct it.")
    }
    self.endpoint = endpoint
  }

  /// Shown to people.
  var source: String { "role \(arn)" }
}

/// The AWS Security Token Service: AssumeRole and AssumeRoleWithWebIdentity (AWS STS API Reference, version 2011-06-15).
enum SecurityTokenService {
  private static let timeout = TimeSpan.seconds(20)

  static func assumeRole(_ role: RoleSettings, with credentials: StoreCredentials, at time: Timestamp)
    -> HTTPRequest
  {
    var items = items("AssumeRole", role)
    if let id = role.externalID { items.append(("ExternalId", id)) }
    var request = request(role, items)
    let input = Signer.Input(
      method: request.method, path: role.path, query: [], headers: request.headers,
      payloadHash: SHA256.hash(data: request.body).hex)
    request.headers +=
      Signer.service("sts", region: role.region)
      .sign(input, with: credentials, at: time).fields
    return request
  }

  /// Not signed: the token is the proof.
  static func assumeRole(_ role: RoleSettings, withWebIdentity token: String) -> HTTPRequest {
    request(role, items("AssumeRoleWithWebIdentity", role) + [("WebIdentityToken", token)])
  }

  /// - Parameter secrets: of the request; they are removed from the service's words.
  static func credentials(
    _ response: HTTPResponse, action: String, role: RoleSettings, hiding secrets: [String]
  ) throws(CredentialError) -> StoreCredentials {
    guard response.status == 200 else { throw .refused(by: role.source, response, hiding: secrets) }
    do {
      return try XMLReply.assumedRole(response.body, action: action, source: role.source)
    } catch {
      throw .unreadable(source: role.source, why: error.description)
    }
  }

  private static func items(_ action: String, _ role: RoleSettings) -> [(name: String, value: String)] {
    var items = [
      (name: "Action", value: action), ("Version", "2011-06-15"), ("RoleArn", role.arn),
      ("RoleSessionName", role.sessionName),
    ]
    if let duration = role.duration { items.append(("DurationSeconds", "\(duration)")) }
    return items
  }

  private static func request(_ role: RoleSettings, _ items: [(name: String, value: String)])
    -> HTTPRequest
  {
    HTTPRequest(
      "POST", role.endpoint.origin, role.path,
      headers: [
        HeaderField("Host", role.endpoint.origin.authority),
        HeaderField("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
      ], body: Array(PercentEncoding.query(items).utf8), timeout: timeout, limits: .credentials)
  }
}

extension RoleSettings {
  fileprivate var path: String { endpoint.path.isEmpty ? "/" : endpoint.path }
}

extension CredentialError {
  /// An answer that is no success. Only an error's code and message are used, without `secrets`.
  static func refused(by source: String, _ response: HTTPResponse, hiding secrets: [String])
    -> CredentialError
  {
    func redacted(_ text: String) -> String {
      secrets.reduce(text) { $1.isEmpty ? $0 : $0.replacing($1, with: "[redacted]") }
    }
    let error = ErrorReply(response.body)
    return .refused(
      source: source, status: response.status, code: (error?.code).map(redacted),
      message: redacted(error?.message ?? ""))
  }
}
