import AuditRecord
import TestSupport
import Testing

@testable import AuditArchive

/// Files of the archive that are almost right.
@Suite(.fewAtOnce) struct MutantTests {
  @Test func `a mutated manifest that parses is written back with the same meaning`() async throws {
    let commits = try commits().map { try ArchiveJSON.decode(Commit.self, from: $0, path: "commit") }
    try await FuzzedReader.manifest.readMutants(of: manifests(), tokens: MutantTests.tokens) {
      bytes, random in
      guard let manifest = read(Manifest.self, bytes) else { return false }
      try #require(read(Manifest.self, ArchiveJSON.encode(manifest)) == manifest)
      let rules = rules(of: manifest.source.log)
      let violations = rules.violations(of: manifest)
      for violation in violations { try #require(!"\(violation)".isEmpty) }
      for partition in manifest.partitions where violations.isEmpty {
        try #require(manifest.partition(partition.eventDate) == partition)
      }
      let commit = random.pick(commits)
      for violation in rules.violations(of: commit, number: 2, after: manifest) {
        try #require(!"\(violation)".isEmpty)
      }
      var state: Manifest? = manifest
      state.apply(commit, sha256: manifest.commitSHA256)
      try #require(state?.commit == commit.commit)
      let recorded = Result { () throws(ArchiveError) in try RecordedManifest(bytes, path: "file") }
      if case .success(let recorded) = recorded {
        for finding in ManifestCheck(recorded, sum: manifest, path: "file").findings {
          try #require(!"\(finding)".isEmpty)
        }
      }
      return true
    }
  }

  @Test func `a mutated commit record that parses is written back with the same meaning`() async throws {
    try await FuzzedReader.commit.readMutants(of: commits(), tokens: MutantTests.tokens) { bytes, _ in
      guard let commit = read(Commit.self, bytes) else { return false }
      let again = ArchiveJSON.encode(commit)
      let other = try #require(read(Commit.self, again))
      try #require(ArchiveJSON.encode(other) == again)
      try #require(other.standing == commit.standing && other.partitionsChanged == commit.partitionsChanged)
      let rules = rules(of: commit.source.log)
      for violation in rules.violations(of: commit, number: 1, after: nil) {
        try #require(!"\(violation)".isEmpty)
      }
      var state: Manifest?
      state.apply(commit, sha256: String(repeating: "0", count: 64))
      _ = state?.quarantinedRecords
      return true
    }
  }

  @Test func `a mutated lock note, intent, kind or quarantine file is read correctly or refused`()
    async throws
  {
    let holder = LockHolder(pid: 42, host: "machine", since: Timestamp(microseconds: 1_707_733_845_123_456))
    var quarantine: [UInt8] = []
    for (number, json) in ["1", #"{"record":1}"#, #"{"a":"\n","event_at":"yesterday"}"#].enumerated() {
      let record = QuarantinedRecord(
        reason: number == 0 ? .notAnObject : .unreadableEventAt, json: Array(json.utf8))
      QuarantineLine.append(record, sha256: sha256Hex(record.json), to: &quarantine)
    }
    #expect(identities(in: quarantine, piece: .max).count == 3)
    let corpus = [
      LockRecord(generation: 7, holder: holder).bytes, quarantine,
      ArchiveJSON.encode(ArchiveKindRecord(logs: .repositoryLogs)),
      ArchiveJSON.encode(CommitIntent(firstCommit: 6, commit: 7, files: ["csv/organization=acme/a", "é"])),
    ]
    try await FuzzedReader.notes.readMutants(of: corpus, tokens: [Array(#""record":"#.utf8)]) {
      bytes, random in
      let identities = identities(in: bytes, piece: .max)
      try #require(identities.count <= bytes.count / 64)
      try #require(identities == self.identities(in: bytes, piece: Int.random(in: 1...100, using: &random)))
      var isRead = !identities.isEmpty
      if let note = LockRecord(bytes) {
        try #require(LockRecord(note.bytes)?.holder == note.holder)
        isRead = true
      }
      if let kind = read(ArchiveKindRecord.self, bytes) {
        try #require(read(ArchiveKindRecord.self, ArchiveJSON.encode(kind))?.logs == kind.logs)
        isRead = true
      }
      if let intent = read(CommitIntent.self, bytes) {
        try #require(
          read(CommitIntent.self, ArchiveJSON.encode(intent)).map { Set($0.files) } == Set(intent.files))
        isRead = true
      }
      return isRead
    }
  }

  /// Of the records of a quarantine file that is read in pieces of so many bytes.
  private func identities(in file: [UInt8], piece: Int) -> [Quarantine.Identity] {
    var reader = QuarantineLine.Reader()
    var rest = file[...]
    while !rest.isEmpty {
      reader.read(Array(rest.prefix(piece)))
      rest = rest.dropFirst(piece)
    }
    return reader.identities
  }

  @Test func `a mutated PEM file gives a key of 32 bytes or none`() async throws {
    let corpus = [SigningTests.privatePEM, SigningTests.publicPEM].map { Array($0.utf8) }
    try await FuzzedReader.key.readMutants(of: corpus, tokens: [Array("-----".utf8), Array("AAAA".utf8)]) {
      bytes, _ in
      let pem = String(decoding: bytes, as: UTF8.self)
      let secret = try key { () throws(KeyFileError) in try Ed25519PEM.privateKey(pem) }
      let open = try key { () throws(KeyFileError) in try Ed25519PEM.publicKey(pem) }
      if open != nil { try #require((try VerificationKey(pem: pem)) == VerificationKey(pem: pem)) }
      guard secret != nil else { return open != nil }
      let signer = try SigningKey(pem: pem)
      try #require("\(signer)" == "[redacted]")
      try #require(signer.publicKey.accepts(signer.signature(of: bytes), of: bytes))
      return true
    }
  }

  // MARK: - Corpora

  private func manifests() throws -> [[UInt8]] { try samples("archive", ending: "manifest.json") }
  private func commits() throws -> [[UInt8]] {
    try samples("archive/_manifest/acme/commits", ending: ".json")
  }

  private static let tokens = [
    "\"gaps\" : [],", "\"quarantine\" : [", "\"settled\"", "\"open\"", "\"organization\" : \"other\"",
    "cloudsmith-audit-export/2", "\"seconds_waited\" : 1e306,", "\"\(longName)\" : 9223372036854775807,",
    "\"unknown_fields\" : {\"…\" : 9223372036854775807, \"\(longName)\" : 1},",
  ].map { Array($0.utf8) }

  private static let longName = String(repeating: "a", count: 257)

  // Found while this suite was written: a record with these numbers ended the program, in reading it or in writing it again.
  @Test(arguments: [
    ("\"seconds_waited\" : 0", "\"seconds_waited\" : 1e306"),
    ("\"seconds_waited\" : 0", "\"seconds_waited\" : -1"),
    ("\"unknown_fields\" : {", "\"unknown_fields\" : {\"a\" : -1, "),
    (
      "\"unknown_fields\" : {",
      "\"unknown_fields\" : {\"\(longName)\" : 9223372036854775807, \"\(longName)b\" : 1, "
    ),
  ])
  func `a commit record with impossible counters is refused with the member's name`(
    text: String, other: String
  ) throws {
    let record = String(decoding: try commits()[0], as: UTF8.self)
    let changed = record.replacing(text, with: other)
    try #require(changed != record)
    let error = #expect(throws: ArchiveError.self) {
      try ArchiveJSON.decode(Commit.self, from: Array(changed.utf8), path: "commit")
    }
    #expect("\(try #require(error))".contains(text.prefix { $0 != " " }.dropFirst().dropLast()))
  }

  // MARK: - Reading

  private func read<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
    do throws(ArchiveError) {
      return try ArchiveJSON.decode(type, from: bytes, path: "file")
    } catch {
      return nil
    }
  }

  private func rules(of log: LogName) -> CommitRules {
    CommitRules(paths: ArchivePaths(log))
  }

  private func key(_ read: () throws(KeyFileError) -> [UInt8]) throws -> [UInt8]? {
    let bytes: [UInt8]
    do throws(KeyFileError) { bytes = try read() } catch { return nil }
    try #require(bytes.count == 32)
    return bytes
  }
}
