import Foundation
import TestSupport
import Testing

/// Permissions, links, locks and leftovers: how the program treats other users and programs of the machine.
@Suite(.fewAtOnce, .serialized) struct HygieneTests {
  private static let recent = Past.time(daysAgo: 3)

  @Test(arguments: [("000", 0o640, 0o750), ("027", 0o640, 0o750), ("077", 0o600, 0o700)])
  func `files have mode 0640 and folders 0750, less the umask`(mask: String, file: Int, folder: Int) throws {
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

  @Test(arguments: ["_manifest/acme/manifest.json", "_manifest/acme/lock", "_staging", "csv"])
  func `a symbolic link in an archive is named and ends a run before its first request`(link: String) throws {
    try Bench.with(["--generate", "50"], isDamaged: true) { bench in
      let options = ["--backfill-start-time", Self.recent]
      #expect(try bench.export(options).status == 0)
      let (place, elsewhere) = ("\(bench.archive)/\(link)", "\(bench.folder)/elsewhere")
      try FileManager.default.moveItem(atPath: place, toPath: elsewhere)
      try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: elsewhere)
      let before = try FileManager.default.contentsOfDirectory(atPath: bench.folder)
      let refused = try bench.export(options)
      #expect(refused.status == 74, "\(refused.log)")
      #expect(refused.log.contains("\(place): there is a symbolic link"), "\(refused.log)")
      #expect(refused.log.contains("the path of --archive itself may be a link"), "\(refused.log)")
      #expect(!refused.log.contains("fetching"), "\(refused.log)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder) == before)
    }
  }

  @Test func `every command ends with a message, whatever is in the place of a file`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      let options = ["--backfill-start-time", Self.recent]
      #expect(try bench.export(options).status == 0)
      let archive = ["-o", "acme", "--archive", bench.archive]
      let commands = [
        bench.arguments(options), ["status"] + archive, ["verify"] + archive,
        ["changes", "--since", "0"] + archive,
        ["report", "--html", "\(bench.folder)/x.html"] + archive, ["check"] + archive,
      ]
      for path in [
        "_manifest/acme/manifest.json", "_manifest/archive.json",
        "_manifest/acme/commits/\(String(repeating: "0", count: 19))1.json",
      ] {
        let place = "\(bench.archive)/\(path)"
        let bytes = try Data(contentsOf: URL(filePath: place))
        let makers: [(String, () -> Bool)] = [
          ("a named pipe", { mkfifo(place, 0o600) == 0 }),
          (
            "but such a file of an archive has at most",
            {
              FileManager.default.createFile(atPath: place, contents: bytes)
                && truncate(place, 1 << 42) == 0
            }
          ),
        ]
        for (words, make) in makers {
          try FileManager.default.removeItem(atPath: place)
          try #require(make())
          for command in commands {
            let result = try Program.exporter.run(command, environment: bench.environment)
            // Few commands read the record of a commit that the manifest contains.
            if result.status == 0, path.contains("/commits/") { continue }
            #expect(result.status == 2, "\(command) \(path) \(result.log)")
            // `report` puts its findings on the page.
            if command[0] == "report", path.contains("/commits/") { continue }
            #expect((result.log + result.output).contains(words), "\(command) \(path) \(result.log)")
          }
          try FileManager.default.removeItem(atPath: place)
          try bytes.write(to: URL(filePath: place))
        }
      }
    }
  }

  @Test func `verify names files that no run handles, and a run leaves them alone`() throws {
    try Bench.with(["--generate", "50"], isDamaged: true) { bench in
      let options = ["--backfill-start-time", Self.recent]
      #expect(try bench.export(options).status == 0)
      let (pipe, link) = ("csv/organization=acme/x.csv.gz", "csv/organization=other")
      #expect(mkfifo("\(bench.archive)/\(pipe)", 0o600) == 0)
      try FileManager.default.createSymbolicLink(
        atPath: "\(bench.archive)/\(link)", withDestinationPath: bench.folder)
      let verify = ["verify", "-o", "acme", "--archive", bench.archive]
      let text = try Program.exporter.run(verify)
      #expect(text.status == 2)
      for words in ["is a named pipe, not a file", "is a symbolic link; links inside", "2 irregular"] {
        #expect((text.output + text.log).contains(words), "\(text.output)")
      }
      let findings = try Program.exporter.run(verify + ["--output-format", "json"]).json["findings"]
      let found = (findings as? [[String: Any]] ?? []).map {
        "\($0["kind"] ?? "") \($0["path"] ?? "") \($0["found"] ?? "")"
      }
      #expect(found == ["irregular \(pipe) a named pipe", "irregular \(link) a symbolic link"])
      #expect(try bench.export(options).status == 0)
    }
  }

  @Test func `leftovers of a killed run are deleted, with one line that -q omits`() throws {
    try Bench.with(["--generate", "20"]) { bench in
      for quiet in [false, true] {
        #expect(try bench.export(["--backfill-start-time", "2024-01-01", "-q"]).status == 0)
        let folder = Folder(path: bench.archive + "/_staging/acme")
        for number in 1...3 { try folder.write("x", to: "spool-0000000\(number)") }
        let result = try bench.export(quiet ? ["-q"] : [])
        #expect(result.status == 0)
        let lines = result.log.split(separator: "\n").filter { $0.contains("an interrupted run left behind") }
        #expect(lines.count == (quiet ? 0 : 1), "\(result.log)")
        #expect(lines.allSatisfy { $0.hasSuffix("/spool-00000001 and 2 other files") }, "\(result.log)")
      }
    }
  }

  @Test func `a run whose lock file is removed ends as if another run held the lock`() throws {
    try Bench.with(["--generate", "20000"]) { bench in
      var arguments = bench.arguments(["--backfill-start-time", Bench.startTime, "--page-size", "100"])
      arguments.replace(["unlimited"], with: ["20"])
      let running = try Program.exporter.start(arguments, environment: bench.environment)
      let lock = "\(bench.archive)/_manifest/acme/lock"
      try running.wait { FileManager.default.fileExists(atPath: lock) }
      try FileManager.default.removeItem(atPath: lock)
      let result = running.wait()
      #expect(result.status == 11, "\(result.log)")
      #expect(result.log.contains("This run lost the lock of the archive"), "\(result.log)")
      #expect(try bench.export().status == 0)
      #expect(try bench.verify().status == 0)
    }
  }

  @Test(arguments: [(0o644, true), (0o640, false), (0o600, false)])
  func `a world-readable key file causes a warning`(mode: Int, isWarned: Bool) throws {
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
  func `output that cannot be written is status 74, but a closed pipe is not`(command: String)
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

  @Test func `a path that is not UTF-8 is refused, and nothing is created`() throws {
    try Bench.with(["--generate", "5"]) { bench in
      let script = "cd \(bench.folder) && exec \"$@\" --archive \"$(printf 'a\\377b')\""
      let result = try Shell.run(script, ["export", "-o", "acme"], environment: bench.environment)
      #expect(result.status == 64, "\(result.log)")
      #expect(result.log.contains("--archive: the bytes are not UTF-8"), "\(result.log)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder).isEmpty)
    }
  }
}
