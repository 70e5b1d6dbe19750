import Foundation
import TestSupport
import Testing

/// A store whose `If-None-Match` holds for one client only. Too slow to start for every run of the tests.
@Suite(.fewAtOnce, .needs("curl"), .enabled(if: OpenStackSwift.isWanted, "needs Scripts/test --engines"))
struct OpenStackSwiftTests {
  @Test func `OpenStack Swift is refused, and nothing stays in it`() throws {
    try Bench.with(Bench.generate(50)) { bench in
      try OpenStackSwift.with { swift in
        for command in ["check", "export"] {
          let outcome = try Program.exporter.run(
            [command, "-o", "acme", "--archive", "s3://audit/log"] + (command == "export" ? Bench.start : []),
            environment: bench.environment.merging(swift.environment) { $1 })
          #expect(outcome.status == 64, "\(outcome.log)\(outcome.output)")
          let text = outcome.log + outcome.output
          #expect(text.contains("'one winner of concurrent creates' failed: "), "\(text)")
          #expect(text.contains("Keep the archive in a store with conditional writes"), "\(text)")
        }
        let copy = bench.folder + "/copy"
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        try swift.download("s3://audit/log", to: copy)
        #expect(try ArchiveOnDisk(copy).files() == [])
      }
    }
  }
}

/// A running OpenStack Swift with its S3 interface, and an empty bucket.
private struct OpenStackSwift {
  /// `Scripts/test --engines` installs it.
  static let isWanted = ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_STORES"] == "all"

  private static let key = (id: "test:tester", secret: "testing")
  private let url: String
  var environment: [String: String] {
    [
      "AWS_ENDPOINT_URL_S3": url, "AWS_ACCESS_KEY_ID": Self.key.id, "AWS_SECRET_ACCESS_KEY": Self.key.secret,
    ]
  }

  static func with(_ body: (OpenStackSwift) throws -> Void) throws {
    try Folder.with { folder in
      let server = try Command(
        "bash",
        [
          Repository.path("Tests/Interoperability/swift_s3.sh"), try #require(Python.interpreter),
          folder.path,
        ]
      ).start()
      defer {
        // The script removes what it wrote elsewhere.
        server.signal(SIGTERM)
        server.wait()
      }
      let port = try #require(server.line(beginning: "listening on "), "OpenStack Swift did not start")
      try body(OpenStackSwift(url: "http://127.0.0.1:\(port)"))
    }
  }

  func download(_ source: String, to folder: String) throws {
    let outcome = try Python.run("sync_bucket.py", [url, Self.key.id, Self.key.secret, source, folder])
    try #require(outcome.status == 0, "\(outcome.log)")
  }
}
