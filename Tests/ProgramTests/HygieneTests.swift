import Foundation
import Testing

/// What the program leaves to others of the machine, and what it says where.
@Suite(.serialized) struct HygieneTests {
  private static let recent = Date(timeIntervalSinceNow: -3 * 86_400).formatted(.iso8601)

  @Test(arguments: [("000", 0o640, 0o750), ("027", 0o640, 0o750), ("077", 0o600, 0o700)])
  func `files are 0640 and folders 0750, less the mask`(mask: String, file: Int, folder: Int) throws {
    try Bench.with(["--generate", "50"]) { bench in
      let result = try Shell.run(
        "umask \(mask); exec \"$@\"", bench.arguments(["--backfill-start-time", Self.recent]),
        environment: bench.environment)
      #expect(result.status == 0, "\(result.log)")
      for path in try FileManager.default.subpathsOfDirectory(atPath: bench.archive) + [""] {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(bench.archive)/\(path)")
        let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
        #expect(attributes[.posixPermissions] as? Int == (isFolder ? folder : file), "\(path)")
      }
    }
  }

  @Test func `a symbolic link in the place of a file is replaced, and what it leads to left alone`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      let options = ["--backfill-start-time", Self.recent]
      #expect(try bench.export(options).status == 0)
      let (manifest, elsewhere) = (
        "\(bench.archive)/_manifest/acme/manifest.json", "\(bench.folder)/elsewhere"
      )
      try FileManager.default.moveItem(atPath: manifest, toPath: elsewhere)
      try FileManager.default.createSymbolicLink(atPath: manifest, withDestinationPath: elsewhere)
      let before = try Data(contentsOf: URL(filePath: elsewhere))
      #expect(try bench.export(options).status == 0)
      #expect(try Data(contentsOf: URL(filePath: elsewhere)) == before)
      #expect(
        try FileManager.default.attributesOfItem(atPath: manifest)[.type] as? FileAttributeType
          == .typeRegular)

      let lock = "\(bench.archive)/_manifest/acme/lock"
      try FileManager.default.removeItem(atPath: lock)
      try FileManager.default.createSymbolicLink(atPath: lock, withDestinationPath: elsewhere)
      let refused = try bench.export(options)
      #expect(refused.status == 74, "\(refused.log)")
      #expect(try Data(contentsOf: URL(filePath: elsewhere)) == before)
    }
  }

  @Test(arguments: [(0o644, true), (0o640, false), (0o600, false)])
  func `a key file that every user can read is warned about`(mode: Int, isWarned: Bool) throws {
    try Bench.with(["--generate", "5"]) { bench in
      let file = bench.folder + "/key"
      try Data((bench.key + "\n").utf8).write(to: URL(filePath: file))
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
      let result = try bench.export(
        ["--backfill-start-time", Self.recent, "--api-key-file", file],
        environment: ["CLOUDSMITH_API_KEY": ""])
      #expect(result.status == 0, "\(result.log)")
      #expect(result.log.contains("chmod o= '\(file)'") == isWarned, "\(result.log)")
      #expect(!result.log.contains(bench.key))
    }
  }

  @Test(arguments: ["schema", "--help", "status -o acme --archive ARCHIVE"])
  func `an answer that cannot be written is status 74, and one that nobody reads is not`(command: String)
    throws
  {
    try Bench.with(["--generate", "5"]) { bench in
      #expect(try bench.export(["--backfill-start-time", Self.recent]).status == 0)
      let arguments = command.replacing("ARCHIVE", with: bench.archive).split(separator: " ").map(String.init)
      let full = try Shell.run("exec \"$@\" > /dev/full", arguments)
      #expect(full.status == 74, "\(full.log)")
      #expect(full.log.contains("stdout") && full.log.contains("No space left on device"), "\(full.log)")
      let closed = try Shell.run("{ \"$@\"; echo \"status $?\" >&2; } | true", arguments)
      #expect(!closed.log.contains("error"), "\(closed.log)")
    }
  }

  @Test func `the password of a proxy is in no log`() throws {
    let result = try Program.exporter.run(
      [
        "export", "-o", "acme", "--archive", NSTemporaryDirectory() + UUID().uuidString, "--retries", "1",
        "--proxy", "http://somebody:secret-77@127.0.0.1:1", "--log-level", "debug",
      ], environment: ["CLOUDSMITH_API_KEY": "key-3f9a77"])
    #expect(result.status == 75, "\(result.log)")
    for secret in ["secret-77", "key-3f9a77", "c29tZWJvZHk6c2VjcmV0LTc3"] {
      #expect(!result.log.contains(secret) && !result.output.contains(secret), "\(result.log)")
    }
  }

  @Test func `a path that is not UTF-8 is refused, and nothing is made`() throws {
    try Bench.with(["--generate", "5"]) { bench in
      let script = "cd \(bench.folder) && exec \"$@\" --archive \"$(printf 'a\\377b')\""
      let result = try Shell.run(script, ["export", "-o", "acme"], environment: bench.environment)
      #expect(result.status == 64, "\(result.log)")
      #expect(result.log.contains("--archive: its bytes are not UTF-8"), "\(result.log)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder).isEmpty)
    }
  }
}
