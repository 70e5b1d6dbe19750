import Foundation
import TestSupport
import Testing

/// A running SeaweedFS with an S3 interface and an empty bucket. `Scripts/test` installs it beside the interpreter of the tests.
struct SeaweedFS {
  static let bucket = "audit"
  private static let key = "AKIATESTKEY"
  static let secret = "test/secret+3f9a77"

  let url: String

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

extension Trait where Self == ConditionTrait {
  /// Skips the test where SeaweedFS is missing.
  static var needsSeaweedFS: Self {
    .enabled(
      if: SeaweedFS.program != nil, "needs SeaweedFS; Scripts/test installs it with CLOUDSMITH_TEST_PYTHON")
  }
}
