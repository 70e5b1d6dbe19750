import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// A Python interpreter that has `jsonschema`.
private let python = ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_PYTHON"]

/// What is written, against `samples/*.schema.json`, by another implementation of JSON and of JSON Schema.
@Suite(.fewAtOnce, .enabled(if: python != nil, "CLOUDSMITH_TEST_PYTHON names no Python with jsonschema"))
struct SchemaTests {
  private static let samples = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "samples").path

  /// Prints each file that its schema refuses, and why. Arguments: schema, file, schema, file, …
  private static let script = """
    import json, sys
    from jsonschema import Draft202012Validator
    names = sys.argv[1:]
    for schema, name in zip(names[::2], names[1::2]):
        schema = json.load(open(schema))
        Draft202012Validator.check_schema(schema)
        for error in Draft202012Validator(schema).iter_errors(json.load(open(name))):
            print(name.rsplit("/", 1)[1], error.json_path, error.message)
    """

  private func refusals(_ files: [(schema: String, path: String)]) throws -> [Substring] {
    let arguments =
      ["-c", Self.script] + files.flatMap { ["\(Self.samples)/\($0.schema).schema.json", $0.path] }
    let text = String(decoding: try Command.output(python ?? "python3", arguments), as: UTF8.self)
    return text.split(separator: "\n")
  }

  private func stateFiles(_ folder: String) throws -> [(schema: String, path: String)] {
    try tree(folder).keys.sorted().compactMap { path in
      if path.hasSuffix("/manifest.json") { return ("manifest", "\(folder)/\(path)") }
      return path.contains("/commits/") ? ("commit", "\(folder)/\(path)") : nil
    }
  }

  @Test func `every manifest and commit that is written is valid`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory("\(folder)/organizations")
      let repository = ArchiveSource(
        apiHost: "http://127.0.0.1:8080", log: log("acme/my-repo"), query: "event:login")
      try await writeHistory("\(folder)/repositories", repository)
      try await withWriter("\(folder)/organizations") { writer in
        try await writer.commit(["2024-02-20": events("2024-02-20", 3)]) { change in
          change.run.window = window("2024-02-20T00:00:00Z", "2024-02-21T00:00:00Z")
          change.run.timeFilter = "filter"
          change.run.filterVerdict = "day-truncated"  // as earlier builds wrote it
          change.run.secondsWaited = 3.25
          change.run.flattening.addUnknownField("new_member", 12)
        }
        try await writer.commit([:]) { change in
          change.run.vanishedEvents = 2
          change.withdrawn = [window("2024-02-20T12:00:00Z", "2024-02-21T00:00:00Z")]
          change.oldestShown = OldestShown(eventAt: at("2024-02-01T00:00:00Z"), seenAt: change.committedAt)
        }
      }
      var policy = try RedactionPolicy("actor=hash,actor_ip_address=truncate,actor_location=drop")
      policy.keyFingerprint = "0123456789abcdef"
      let redacted = ArchiveSource(apiHost: acme.apiHost, log: acme.log, redaction: policy)
      try await writeHistory("\(folder)/redacted", redacted)
      let files = try ["organizations", "repositories", "redacted"].flatMap {
        try stateFiles("\(folder)/\($0)")
      }
      // Three manifests, and 8, 6 and 6 commits.
      #expect(files.count == 23)
      let path = "_manifest/acme/commits/00000000000000000008.json"
      let record = try String(contentsOfFile: "\(folder)/organizations/\(path)", encoding: .utf8)
      for member in ["coverage_withdrawn", "oldest_shown", "vanished_events"] {
        #expect(record.contains("\"\(member)\""), "\(member)")
      }
      #expect(try refusals(files) == [])
    }
  }

  @Test func `an extra, missing or malformed member is refused`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await writeHistory(folder)
      for file in try stateFiles(folder).suffix(2) {
        let text = try String(contentsOfFile: file.path, encoding: .utf8)
        for (part, other) in [
          ("{\n  \"commit\"", "{\n  \"new\" : 1,\n  \"commit\""), ("\"start\"", "\"begin\""),
          ("00:00.000000Z", "00:00Z"), ("/1\"", "/2\""),
          ("{\n  \"commit\"", "{\n  \"oldest_shown\" : {},\n  \"commit\""),
        ] {
          try write(text.replacing(part, with: other), to: file.path)
          #expect(try !refusals([file]).isEmpty, "\(part) → \(other)")
        }
      }
    }
  }
}
