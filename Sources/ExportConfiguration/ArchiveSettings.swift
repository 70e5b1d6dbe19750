package import AuditArchive
import AuditRecord
package import BucketArchive
import HTTP
package import ObjectStore
import Platform
import Synchronization

/// What `--archive` says: a folder or a bucket.
package enum ArchiveAddress: Hashable, Sendable {
  /// Absolute, or relative to the working directory.
  case folder(String)
  case bucket(BucketAddress)
}

/// The text of `--s3-sse`.
package enum EncryptionText {
  /// - Returns: nil for a text that is no encryption.
  package static func read(_ text: String) -> ServerSideEncryption? {
    if text == "AES256" { return .aes256 }
    guard text.hasPrefix("aws:kms") else { return nil }
    let rest = text.dropFirst(7)
    if rest.isEmpty { return .kms(key: nil) }
    guard rest.first == ":", rest.count > 1, rest.allSatisfy({ $0.isASCII && !$0.isWhitespace }) else {
      return nil
    }
    return .kms(key: String(rest.dropFirst()))
  }
}

/// The settings of archives in buckets.
extension Settings {
  package static let s3Endpoint = Setting<String>(
    "--s3-endpoint", variables: [variable("--s3-endpoint"), "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
    job: .text, valueName: "url",
    help: "The URL of the S3-compatible store (default: AWS). Plain http is allowed only on loopback.",
    expected: "a URL such as https://s3.example.com", shown: { URLText.withoutUser($0) },
    parsing: { text throws(ValueError) in
      do {
        _ = try Endpoint(bucket: "bucket", region: "us-east-1", url: text, addressing: .path)
        return text
      } catch {
        throw ValueError(": \("\(error)".dropLast())", repeatsText: false)
      }
    })
  package static let s3Region = Setting<String>(
    "--s3-region", variables: [variable("--s3-region"), "AWS_REGION", "AWS_DEFAULT_REGION"], job: .text,
    valueName: "region",
    help:
      "The region of the bucket (default: that of the AWS profile, else us-east-1; auto for Cloudflare R2).",
    expected: "a region such as eu-central-1",
    parse: { text in
      text.wholeMatch(of: /[A-Za-z0-9_-]{1,64}/).map { _ in text }
    })
  package static let s3Addressing = Setting<Endpoint.Addressing>(
    "--s3-addressing", job: .choice(Endpoint.Addressing.allCases.map(\.rawValue)), valueName: "style",
    help: """
      Where the bucket's name is in a URL: path or virtual, which is in the host name (default: virtual on AWS, path elsewhere).
      """, expected: "path or virtual", parse: { Endpoint.Addressing(rawValue: $0) })
  package static let s3Encryption = Setting<ServerSideEncryption>(
    "--s3-sse", job: .text, valueName: "encryption",
    help:
      "How the store encrypts new objects: AES256, aws:kms or aws:kms:KEY (default: as the bucket is set up).",
    expected: "AES256, aws:kms, or aws:kms: and the ID or ARN of a key", parse: { EncryptionText.read($0) })
  package static let scratchFolder = path(
    "--scratch-dir", job: .path, valueName: "dir",
    help: """
      The folder for files that are not yet in the bucket (default: a folder of this user in the system's temporary folder). An archive \
      in a folder keeps them in the archive.
      """, expected: "a folder, such as /var/tmp")
}

extension SettingSources {
  /// The archive. nil if none is given.
  package func namedArchive() throws(Failure) -> ArchiveLocation? {
    // A mistake in these is told for a folder, too.
    _ = try (resolve(Settings.s3Addressing), resolve(Settings.s3Encryption), resolve(Settings.scratchFolder))
    return switch try resolve(Settings.archive) {
    case nil: nil
    case .folder(let path): ArchiveLocation(folder: path)
    case .bucket(let address): try location(address)
    }
  }

  /// The archive. A usage failure if none is given.
  package func archive() throws(Failure) -> ArchiveLocation {
    if let archive = try namedArchive() { return archive }
    throw .usage(
      "No archive. Pass a folder such as /srv/audit or a bucket such as s3://my-bucket/audit as --archive, or set CLOUDSMITH_AUDIT_EXPORT_ARCHIVE."
    )
  }

  /// What the credentials of the bucket's store are taken from, such as `environment variables`; nil for a folder. Sends nothing.
  package func storeCredentialSource() throws(Failure) -> String? {
    guard case .bucket? = try resolve(Settings.archive) else { return nil }
    let credentials = try credentials()
    do {
      return try credentials.source()
    } catch {
      throw .usage("\(error)")
    }
  }

  /// Reads the profiles of AWS's tools for the region; sends nothing.
  private func location(_ address: BucketAddress) throws(Failure) -> ArchiveLocation {
    let credentials = try credentials()
    let client = try client(address, credentials)
    let encryption = try resolve(Settings.s3Encryption)
    let scratch = try scratchFolder()
    return ArchiveLocation(url: "\(address)") { paths in
      BucketStorage(
        client, prefix: address.prefix, paths: paths,
        scratchFolder: "\(scratch)\(BucketStorage.scratchName(client, address, paths))",
        encryption: encryption, clock: StoreConnections.shared.clock)
    }
  }

  private func credentials() throws(Failure) -> CredentialProvider {
    try StoreConnections.shared.credentials(
      environment, caFile: try caFileOfStores(), proxy: try resolve(Settings.proxy))
  }

  private func client(
    _ address: BucketAddress, _ credentials: CredentialProvider
  ) throws(Failure) -> StoreClient {
    let endpoint: Endpoint
    do {
      var region = try resolve(Settings.s3Region)
      if region == nil { region = try credentials.region() }
      endpoint = try Endpoint(
        bucket: address.bucket, region: region ?? "us-east-1", url: try resolve(Settings.s3Endpoint),
        addressing: try resolve(Settings.s3Addressing))
    } catch let error as Failure {
      throw error
    } catch {
      throw .usage("\(address): \(error)")
    }
    do {
      let connection = try StoreConnections.settings(
        endpoint.origin, environment, caFile: try caFileOfStores(), proxy: try resolve(Settings.proxy),
        ServerRole(name: "store", secret: "the archive"))
      return StoreClient(
        endpoint: endpoint, credentials: credentials,
        transport: try StoreConnections.shared.transport(connection), clock: StoreConnections.shared.clock,
        retry: StoreConnections.retry)
    } catch let error as Failure {
      throw error
    } catch {
      throw .usage("\(error).")
    }
  }

  /// The variable of AWS's tools counts for stores only.
  private func caFileOfStores() throws(Failure) -> String? {
    if let file = try resolve(Settings.caFile) { return file }
    return environment["AWS_CA_BUNDLE"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// What the path of a folder for unfinished files begins with.
  private func scratchFolder() throws(Failure) -> String {
    if let folder = try resolve(Settings.scratchFolder) { return "\(folder)/" }
    let temporary = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    let trimmed = temporary.count > 1 && temporary.hasSuffix("/") ? String(temporary.dropLast()) : temporary
    return "\(trimmed)/cloudsmith-audit-export-\(getuid())-"
  }
}

/// The connections and credentials of this process, shared by its logs and commands. They stay open until it ends.
final class StoreConnections: Sendable {
  static let shared = StoreConnections()
  static let retry = StoreRetry { Double.random(in: 0..<1) }
  let clock = SystemClock()

  private let transports = Mutex<[ConnectionSettings: AsyncHTTPClientTransport]>([:])
  private let providers = Mutex<[ProviderKey: CredentialProvider]>([:])

  private struct ProviderKey: Hashable {
    var caFile: String?
    var proxy: String?
  }

  /// The connection to a server of the store's operator.
  ///
  /// - Parameter proxy: of `--proxy`. As with the variables, a server on this machine is asked directly.
  static func settings(
    _ origin: Origin, _ environment: [String: String], caFile: String?, proxy: String?, _ role: ServerRole
  ) throws(ConnectionSettingsError) -> ConnectionSettings {
    try ConnectionSettings(
      origin: origin, proxy: origin.isLoopback ? nil : proxy, caFile: caFile, environment: environment,
      userAgent: "cloudsmith-audit-export/\(Version.text)", role: role)
  }

  func transport(_ settings: ConnectionSettings) throws(ConnectionSettingsError) -> AsyncHTTPClientTransport {
    try transports.withLock { (open) throws(ConnectionSettingsError) in
      if let transport = open[settings] { return transport }
      let transport = try AsyncHTTPClientTransport.opened(settings)
      open[settings] = transport
      return transport
    }
  }

  /// The credentials of AWS's environment and profiles. As in AWS's tools, requests to the security token service pass a proxy, and
  /// those to the services of this machine or its network do not.
  func credentials(
    _ environment: [String: String], caFile: String?, proxy: String?
  ) throws(Failure) -> CredentialProvider {
    do {
      return try providers.withLock { (known) throws(ConnectionSettingsError) in
        let key = ProviderKey(caFile: caFile, proxy: proxy)
        if let provider = known[key] { return provider }
        let role = ServerRole(name: "credential service", secret: "credentials")
        // Of the environment only a CA file counts here.
        let direct = try StoreConnections.settings(
          Origin(scheme: .https, host: "169.254.170.2"), environment.filter { $0.key == "SSL_CERT_FILE" },
          caFile: caFile, proxy: nil, role)
        let provider = CredentialProvider(
          environment: environment, files: ProfileFiles(home: environment["HOME"]),
          transport: try transport(direct),
          tokenServiceTransport: { [self] (origin) throws(ConnectionSettingsError) in
            try transport(
              StoreConnections.settings(origin, environment, caFile: caFile, proxy: proxy, role))
          },
          clock: clock, retry: StoreConnections.retry, sessionName: "cloudsmith-audit-export")
        known[key] = provider
        return provider
      }
    } catch {
      throw .usage("\(error).")
    }
  }
}

/// The files of AWS's tools.
private struct ProfileFiles: CredentialFiles {
  let home: String?

  func contents(of path: String) throws(CredentialFileError) -> String? {
    var path = path
    if path.hasPrefix("~/") {
      guard let home, !home.isEmpty else { return nil }
      path = home + path.dropFirst(1)
    }
    do throws(Failure) {
      return try SmallFile.textIfThere(of: path, contents: "settings of AWS", limit: SmallFile.limit)
    } catch {
      throw CredentialFileError(why: error.sentence)
    }
  }
}
