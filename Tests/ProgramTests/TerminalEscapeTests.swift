import Foundation
import TestSupport
import Testing

/// Text from outside never reaches a terminal as an escape sequence.
@Suite(.fewAtOnce, .serialized) struct TerminalEscapeTests {
  /// Escape sequences, direction marks and a forged line of the log.
  private static let nasty = "\u{1B}[2J\u{9B}31m\u{202E}\u{7F}\u{2028}\nerror: forged"

  private static func isClean(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      scalar == "\n"
        || ![.control, .lineSeparator, .paragraphSeparator, .format].contains(
          scalar.properties.generalCategory)
    } && !text.split(separator: "\n").contains { $0.hasPrefix("error: forged") }
  }

  @Test(arguments: [
    "schema", "api_host", "query", "tool_version", "path", "csv_dialect", "commit_sha256", "format_version",
  ])
  func `no text of a manifest reaches a terminal as an escape`(member: String) throws {
    try Folder.with { folder in
      let archive = folder.path + "/archive"
      try FileManager.default.copyItem(atPath: Repository.path("samples/archive"), toPath: archive)
      let file = archive + "/_manifest/acme/manifest.json"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      let escaped = try String(decoding: JSONEncoder().encode(Self.nasty), as: UTF8.self)
      let pattern = try Regex("(\"\(member)\"\\s*:\\s*)(\"[^\"]*\"|[0-9]+|null)")
      var changed = text.replacing(pattern, maxReplacements: 1) { match in
        String(match.output[1].substring ?? "") + escaped
      }
      if changed == text {
        changed = text.replacing("{", with: "{ \"\(member)\": \(escaped),", maxReplacements: 1)
      }
      try changed.write(toFile: file, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
      let about = ["-o", "acme", "--archive", archive]
      for command in [
        ["verify"], ["verify", "--quick"], ["status"], ["status", "--days"], ["changes", "--since", "0"],
        ["changes", "--since", "0", "--as", "paths"], ["report", "--html", folder.path + "/page.html"],
        ["export", "--api-key-file", file, "--from", "2024-02-12", "--to", "2024-02-13"], ["check"],
      ] {
        for format in [[], ["--log-format", "json"], ["--output-format", "json"]] {
          if command[0] == "changes", format.first == "--output-format" { continue }
          let result = try Program.exporter.run(
            command + about + format,
            environment: [
              "CLOUDSMITH_API_KEY": "k-123456", "CLOUDSMITH_API_HOST": "https://127.0.0.1:1",
              "CLOUDSMITH_COLOR": "never",
              "CLOUDSMITH_AUDIT_EXPORT_MAX_ATTEMPTS": command[0] == "export" ? "1" : "",
            ])
          #expect(
            Self.isClean(result.output), "\(command) \(format): \(result.output.debugDescription)")
          #expect(Self.isClean(result.log), "\(command) \(format): \(result.log.debugDescription)")
        }
      }
    }
  }

  @Test func `no text of a server reaches a terminal as an escape`() throws {
    let detail = try String(decoding: JSONEncoder().encode(Self.nasty), as: UTF8.self)
    let oneLine = Self.nasty.replacing("\n", with: "")
    for (status, head, body) in [
      (200, "", "{\"authenticated\":true,\"slug\":\(detail),\"detail\":\(detail)}"),
      (400, "", "{\"detail\":\(detail)}"),
      (400, "X-Request-Id: \(oneLine)\r\n", "{\"detail\":\(detail)}"), (401, "", "{\"detail\":\(detail)}"),
      (402, "", "{\"detail\":\(detail)}"), (403, "", "{\"detail\":\(detail)}"),
      (404, "", "{\"detail\":\(detail)}"),
      (429, "Retry-After: 1\r\n", "{\"detail\":\(detail)}"), (503, "", "{\"detail\":\(detail)}"),
      (302, "Location: https://\(oneLine).example/\r\n", ""), (302, "Location: \(oneLine)\r\n", ""),
      (200, "Content-Encoding: \(oneLine)\r\n", "[]"),
      (200, "Content-Type: \(oneLine)\r\n", Self.nasty),
    ] {
      let server = try HeartbeatReceiver(status: status, head: head, body: body)
      defer { server.stop() }
      try Folder.with { folder in
        for command in [["check"], ["export", "--archive", folder.path + "/a", "--max-attempts", "1"]] {
          for format in [[], ["--log-format", "json"], ["--output-format", "json"]] {
            let result = try Program.exporter.run(
              command + ["-o", "acme"] + format,
              environment: ["CLOUDSMITH_API_KEY": "k-123456", "CLOUDSMITH_API_HOST": server.url])
            #expect(result.status != 0, "\(status) \(command)")
            #expect(
              Self.isClean(result.output), "\(status) \(command): \(result.output.debugDescription)")
            #expect(Self.isClean(result.log), "\(status) \(command): \(result.log.debugDescription)")
          }
        }
      }
    }
  }

  @Test func `no text or name of a settings file reaches a terminal as an escape`() throws {
    let nasty = Self.nasty
    let escaped = try String(decoding: JSONEncoder().encode(nasty), as: UTF8.self)
    try Folder.with { folder in
      let named = try folder.write("k-123456", to: nasty.replacing("/", with: "") + ".key")
      let key = try folder.write("\(nasty)\n", to: "key")
      let jobs = try [
        "organization: \(escaped)", "\(escaped): 1", "organization: acme\narchive: \(escaped)",
        "organization: acme\nno_such: \(escaped)", nasty, "logs: [\(escaped)]",
      ].enumerated().map { try folder.write($1, to: "job-\($0).yaml") }
      try folder.write("[default]\napi_host = https://\(nasty)\nworkspace = \(nasty)\n", to: "config.ini")
      try folder.write("[default]\napi_key = \(nasty)\n", to: "credentials.ini")
      let archive = ["-o", "acme", "--archive", folder.path + "/a"]
      for arguments in [
        ["export", "--api-key-file", key] + archive, ["export", "--api-key-file", named] + archive,
        ["export", "--api-key-file", named, "--ca-file", named] + archive,
        ["export", "--signing-key-file", named] + archive,
        ["verify", "--public-key-file", named] + archive,
        ["verify", "--archive", folder.path + "/" + nasty, "-o", "acme"],
        ["status", "--settings"], ["status", "--settings"] + archive, ["check"], ["export"] + archive,
        ["report", "--html", folder.path + "/\(nasty)/x"] + archive,
      ]
        + jobs.flatMap({
          [
            ["status", "--config", $0], ["check", "--config", $0], ["status", "--settings", "--config", $0],
          ]
        })
      {
        for format in [[], ["--log-format", "json"], ["--output-format", "json"]] {
          let result = try Program.exporter.run(
            arguments + format,
            environment: [
              "CLOUDSMITH_CONFIG_FILE": folder.path + "/config.ini", "CLOUDSMITH_COLOR": "never",
              "CLOUDSMITH_CREDENTIALS_FILE": folder.path + "/credentials.ini",
              "CLOUDSMITH_AUDIT_EXPORT_MAX_ATTEMPTS": "1",
            ])
          #expect(Self.isClean(result.output), "\(arguments): \(result.output.debugDescription)")
          #expect(Self.isClean(result.log), "\(arguments): \(result.log.debugDescription)")
        }
      }
    }
  }

  @Test func `no text of a lock file or name of an unlisted file reaches a terminal as an escape`()
    throws
  {
    try Bench.with(["--generate", "50"], isDamaged: true) { bench in
      #expect(try bench.export(Bench.start).status == 0)
      let note = try String(
        decoding: JSONSerialization.data(withJSONObject: [
          "pid": 1, "host": Self.nasty, "since": "2024-01-01T00:00:00.000000Z",
        ]), as: UTF8.self)
      try Data(note.utf8).write(to: URL(filePath: bench.archive + "/_manifest/acme/lock"))
      try Data().write(to: URL(filePath: bench.archive + "/csv/organization=acme/\(Self.nasty)"))
      let holder = try Shell.run(
        #"exec 9<>"$2/_manifest/acme/lock"; flock 9; "$1" export -o acme --archive "$2" 9>&-; exit $?"#,
        [bench.archive], environment: bench.environment)
      #expect(holder.status == 11 && Self.isClean(holder.log), "\(holder.log.debugDescription)")
      let verified = try bench.verify()
      #expect(verified.status == 2 && Self.isClean(verified.output + verified.log))
    }
  }
}
