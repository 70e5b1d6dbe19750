import Foundation
import HTTP
import ObjectStore
import ObjectStoreFakes
import TestSupport
import Testing

/// A running SeaweedFS with an S3 interface and an empty bucket. `Scripts/test` installs it beside the interpreter of the tests.
struct SeaweedFS {
  static let bucket = "audit"
  static let key = "AKIATESTKEY"
  static let secret = "test/secret+3f9a77"

  let url: String

  var port: Int { URL(string: url)?.port ?? 0 }

  /// The address of an archive in the bucket.
  func archive(_ prefix: String = "log") -> String { "s3://\(SeaweedFS.bucket)/\(prefix)" }

  /// Endpoint and credentials, as a user would set them.
  var environment: [String: String] {
    [
      "AWS_ENDPOINT_URL_S3": url, "AWS_ACCESS_KEY_ID": SeaweedFS.key,
      "AWS_SECRET_ACCESS_KEY": SeaweedFS.secret, "AWS_EC2_METADATA_DISABLED": "true",
    ]
  }

  static var program: String? {
    Python.interpreter.map { URL(filePath: $0).deletingLastPathComponent().appending(path: "weed").path }
      .flatMap { FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil }
  }

  /// Starts a server for `body`, in a folder of its own, and ends it.
  static func with(_ body: (SeaweedFS) async throws -> Void) async throws {
    try await Folder.with { folder in
      let ports = try freePorts(9)
      let names = [
        "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
        "s3.port", "s3.port.grpc", "admin.port",
      ]
      let options = [
        "-logtostderr=true", "mini", "-dir=\(folder.path)", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-master.telemetry=false", "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=false", "-bucket=\(bucket)",
      ]
      let server = try Command(
        try #require(program), options + zip(names, ports).map { "-\($0)=\($1)" },
        environment: [
          "PATH": "/usr/bin:/bin", "HOME": folder.path, "WEED_S3_SSE_KEY": "only-for-tests",
          "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
        ], in: folder.path
      ).start()
      defer { server.end() }
      let store = SeaweedFS(url: "http://127.0.0.1:\(ports[6])")
      try server.wait { store.isReady }
      try await body(store)
    }
  }

  /// Whether the bucket is there. It is made a moment after the server answers.
  private var isReady: Bool {
    Shell.works(
      """
      curl -sf -o /dev/null --aws-sigv4 aws:amz:us-east-1:s3 --user '\(SeaweedFS.key):\(SeaweedFS.secret)' \
      '\(url)/\(SeaweedFS.bucket)?list-type=2'
      """)
  }

  /// Ports that nobody listens on now. They are bound at the same time, so they differ.
  private static func freePorts(_ count: Int) throws -> [Int] {
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    return try (0..<count).map { _ in
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      sockets.append(descriptor)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
      }
      try #require(isBound)
      return Int(UInt16(bigEndian: address.sin_port))
    }
  }
}

// MARK: Objects

extension SeaweedFS {
  /// Gives a client to `body`, to read and write objects past the program.
  func withObjects<Result>(_ body: (StoreClient) async throws -> Result) async throws -> Result {
    let endpoint = try Endpoint(bucket: Self.bucket, region: "us-east-1", url: url)
    let connection = try ConnectionSettings(
      origin: endpoint.origin, userAgent: "tests/1", role: ServerRole(name: "store", secret: "the data"))
    return try await AsyncHTTPClientTransport.withTransport(connection) { transport in
      let clock = SystemClock()
      let credentials = CredentialProvider.fixed(clock, id: Self.key, secret: Self.secret)
      return try await body(
        StoreClient(
          endpoint: endpoint, credentials: credentials, transport: transport, clock: clock, retry: .test))
    }
  }
}

extension StoreClient {
  /// Makes the lease of `acme` in an archive look as if its holder had been silent for years, so that the next run takes over at once.
  /// Does nothing if there is no lease.
  func expireLease(in prefix: String) async throws {
    let key = "\(prefix)/_manifest/acme/lock"
    guard let lock = try await get(key, limit: 1 << 16) else { return }
    let text = String(decoding: lock.bytes, as: UTF8.self)
      .replacing(/"expires_at":"[^"]*"/, with: #""expires_at":"2000-01-01T00:00:00.000000Z""#)
    _ = try await put(key, Array(text.utf8), .init(), .etag(lock.info.etag))
  }

  /// Copies an archive.
  ///
  /// - Parameter isWanted: is given the path of each file in the archive.
  func copyArchive(_ source: String, to target: String, isWanted: (String) -> Bool = { _ in true })
    async throws
  {
    for object in try await listAll(prefix: source + "/") {
      let path = object.key.dropFirst(source.count)
      guard isWanted(String(path.dropFirst())) else { continue }
      let content = try #require(try await get(object.key, limit: object.size))
      _ = try await put(target + path, content.bytes, .init(), .absent)
    }
  }
}

extension Bench {
  /// Runs a command on `acme` in a bucket.
  func run(
    _ command: String, _ archive: String, in store: SeaweedFS, _ options: [String] = [],
    environment more: [String: String] = [:]
  ) throws -> CommandOutcome {
    try start(command, archive, in: store, options, environment: more).wait()
  }

  /// Starts it.
  func start(
    _ command: String, _ archive: String, in store: SeaweedFS, _ options: [String] = [],
    environment more: [String: String] = [:]
  ) throws -> RunningCommand {
    let pace = command == "export" ? ["--max-requests-per-second", "unlimited"] : []
    return try Program.exporter.start(
      [command, "-o", "acme", "--archive", archive] + pace + options,
      environment: environment.merging(store.environment) { $1 }.merging(more) { $1 })
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips the test where SeaweedFS is missing.
  static var needsSeaweedFS: Self {
    .enabled(
      if: SeaweedFS.program != nil, "needs SeaweedFS; Scripts/test installs it with CLOUDSMITH_TEST_PYTHON")
  }
}
