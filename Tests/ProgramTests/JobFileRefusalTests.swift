import Foundation
import TestSupport
import Testing

/// Job files that are wrong or hostile.
@Suite(.fewAtOnce, .serialized) struct JobFileRefusalTests {
  private static let log = "logs: [{organization: acme}]"

  private static let wrong: [(String, String)] = [
    ("page_sise: 5\n\(log)", "1:1: unknown key 'page_sise': did you mean 'page_size'?"),
    ("logs:\n  - organization: acme\n    qeury: x", "3:5: unknown key 'qeury': did you mean 'query'?"),
    ("logs:\n  - organisation: acme", "2:5: the log has no organization"),
    ("zebra: 5\n\(log)", "1:1: unknown key 'zebra'."),
    ("page_size: '5'\n\(log)", "1:12: page_size is text: expected a whole number from 1 to 500"),
    ("page_size: 501\n\(log)", "1:12: page_size '501': expected a whole number from 1 to 500"),
    ("page_size: 0x5\n\(log)", "1:12: page_size '0x5': expected a whole number"),
    ("lookback: 24\n\(log)", "1:11: lookback is a whole number: expected a duration such as 24h"),
    ("whole_days: yes\n\(log)", "1:13: whole_days is text: expected true or false"),
    ("archive:\n\(log)", "1:9: archive is nothing: expected a folder"),
    ("archive: [a]\n\(log)", "1:10: archive is a list: expected a folder"),
    (
      "format: [csv, csv]\n\(log)",
      "1:15: format: expected csv, parquet, delta, or several, such as csv,delta, each once"
    ),
    ("format: []\n\(log)", "1:9: format '': expected csv, parquet"),
    ("max_requests_per_second: .nan\n\(log)", "1:26: max_requests_per_second '.nan': expected a number"),
    ("backfill_start_time: 2999-01-01\n\(log)", "1:22: backfill_start_time '2999-01-01' is in the future"),
    ("archive: a\narchive: b\n\(log)", "2:1: duplicate key 'archive'"),
    ("logs: [{organization: a}, {organization: a}]", "1:27: duplicate log 'a': it is already at"),
    ("logs: [{organization: 123}]", "1:23: organization is a whole number"),
    ("logs: [{organization: ../a}]", "1:23: organization '../a': expected the organization's slug"),
    ("logs: [acme]", "1:8: expected a log, such as '- organization: my-org', not text"),
    ("logs: []", "1:7: logs: expected a list"),
    ("logs: acme", "1:7: logs: expected a list"),
    ("archive: a", "1:1: 'logs' is missing"), ("- a", "1:1: expected settings"), ("", "the file is empty"),
    ("# nothing", "the file is empty"),
    ("from: 2024-01-01\n\(log)", "1:1: 'from' is allowed only on the command line"),
    ("config: other.yaml\n\(log)", "1:1: unknown key 'config'"),
    ("api_key: sesame\n\(log)", "1:1: 'api_key': a job file cannot contain secrets"),
    (
      "api_key_variable: sesame\n\(log)",
      "1:19: api_key_variable: expected the name of an environment variable"
    ),
    ("api_key_variable: A\napi_key_file: x\n\(log)", "2:1: use api_key_file or api_key_variable, not both"),
    (
      "proxy: http://u:sesame@h:1\n\(log)", "1:8: proxy: a job file cannot contain a user name or password"
    ),
    (
      "api_host: https://u:sesame@h\n\(log)",
      "1:11: api_host: a job file cannot contain a user name or password"
    ),
    ("api_host: http://h.example\n\(log)", "1:11: api_host: http would send the API key in the clear"),
    ("a: &x 1\n\(log)", "1:4: anchors (&) are not supported"),
    ("archive: !!str a\nlogs: !!set {organization: a}", "1:10: tags (!) are not supported"),
    ("archive: a\n\tlogs: 1", "2:1: tabs are not allowed: indent with spaces"),
    ("logs: [{organization: a", "1:8: this bracket is not closed"),
    ("\(log)\n---\n\(log)", "2:1: found a document marker"),
    ("? [a]\n: b\n\(log)", "1:1: keys with a ? are not supported: a key must be a word"),
    ("<<: {archive: a}\n\(log)", "1:1: merge keys (<<) are not supported"),
  ]

  @Test(arguments: wrong)
  func `an invalid job file is refused with line and column before any other work`(
    text: String, sentence: String
  ) throws {
    try Folder.with { folder in
      let file = try folder.write(text, to: "job.yaml")
      let result = try Program.exporter.run(
        ["export", "--archive", folder.path + "/a", "--config", file],
        environment: ["CLOUDSMITH_API_KEY": "k-123456"])
      #expect(result.status == 64, "\(text)")
      #expect(
        result.log.hasPrefix("error: \(file):") && result.log.contains(sentence), "\(text): \(result.log)")
      #expect(result.log.split(separator: "\n").count == 1)
      #expect(!result.log.contains("sesame"))
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/a"))
    }
  }

  @Test func `words with a special meaning in YAML 1.1 are plain words`() throws {
    try Folder.with { folder in
      let file = try folder.write(
        "backfill_start_time: 2024-01-01\nquery: on\nlogs: [{organization: no}]\n", to: "job.yaml")
      let settings = try folder.settings(["--config", file])
      #expect(settings["organization"]?.value == "no")
      #expect(settings["query"]?.value == "on")
      #expect(settings["backfill_start_time"]?.value == "2024-01-01")
    }
  }

  private static let bomb: String = {
    var lines = ["a: &b0 [x, x, x, x, x, x, x, x, x]"]
    for level in 1...20 {
      let aliases = Array(repeating: "*b\(level - 1)", count: 9).joined(separator: ",")
      lines.append("b\(level): &b\(level) [\(aliases)]")
    }
    return lines.joined(separator: "\n")
  }()

  /// The same as keys, which are compared with one another.
  private static let keyBomb: String = {
    var lines = ["a: &b0 [x, x]"]
    for level in 1...60 { lines.append("? &b\(level) [*b\(level - 1),*b\(level - 1)]\n: 1") }
    return lines.joined(separator: "\n")
  }()

  private static func bytes(_ text: String, _ more: [UInt8] = []) -> Data { Data(text.utf8) + Data(more) }

  private static let hostile: [(Data, String)] = [
    (bytes(String(repeating: "[", count: 100_000)), "nested too deeply for a job file"),
    (bytes(String(repeating: "- ", count: 100_000)), "nested too deeply for a job file"),
    (bytes(String(repeating: "{a: ", count: 900)), "nested too deeply for a job file"),
    (bytes(bomb), "1:4: anchors (&) are not supported"),
    (bytes(keyBomb), "1:4: anchors (&) are not supported"),
    (bytes("a: [*a]\nlogs: *a\n"), "1:5: aliases (*) are not supported"),
    (bytes("#" + String(repeating: "x", count: 10_000_000)), "larger than 256 KiB"),
    (bytes("logs:\n  - organization: a", [0xff]), "is not UTF-8"),
    (
      bytes("logs:\n  - organization: a", [0]),
      ":2:20: control characters are not allowed: found U+0000"
    ),
    (
      bytes("", [0xff, 0xfe, 0x61, 0x00]), "it is UTF-16 text, as saved by some Windows programs, not UTF-8"
    ),
    (bytes(#"logs: [{organization: "a\ud800"}]"#), "1:25: the escape is not valid Unicode"),
    (bytes("archive: \"a\\0b\"\nlogs: [{organization: a}]"), ":1:10: archive"),
    (bytes(String(repeating: "a: 1\n", count: 40_000)), "duplicate key 'a'"),
  ]

  @Test(arguments: hostile)
  func `a hostile job file is refused at once with one sentence`(text: Data, sentence: String) throws {
    try Folder.with { folder in
      let file = try folder.write(text, to: "job.yaml")
      let result = try Program.exporter.run(["status", "--config", file])
      #expect(result.status == 64 && !result.wasKilled)
      #expect(result.log.contains(sentence), "\(result.log.prefix(500))")
      #expect(result.log.utf8.count < 1_000 && result.log.split(separator: "\n").count == 1)
    }
  }

  @Test(arguments: [("/dev/zero", "larger than"), ("/", "Is a directory"), ("/nowhere", "No such file")])
  func `a path that is not a regular file is refused`(path: String, sentence: String) throws {
    let result = try Program.exporter.run(["status", "--config", path])
    #expect(result.status == 64)
    #expect(result.log.contains(sentence), "\(result.log)")
  }

  @Test func `a world-writable job file causes a warning`() throws {
    try Folder.with { folder in
      let file = try folder.write("archive: a\n\(Self.log)", to: "job.yaml")
      for (mode, warns) in [(0o666, true), (0o644, false)] {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        let log = try Program.exporter.run(["status", "--config", file]).log
        #expect(log.contains("Every user of this machine can change the job file") == warns, "\(log)")
      }
    }
  }
}
