import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

@Suite(.fewAtOnce) struct SigningTests {
  // Made with openssl genpkey -algorithm ed25519, and openssl pkey -pubout; used for nothing else.
  static let privatePEM = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEIEchrr5k+Er/tz1Bu3HoE6a+UxJr+hDOGOHY9evQW3pR
    -----END PRIVATE KEY-----

    """
  static let publicPEM = """
    -----BEGIN PUBLIC KEY-----
    MCowBQYDK2VwAyEAB/44Vribz//Bcthu63uiE6F35FeoXRet7CUHy26g9WY=
    -----END PUBLIC KEY-----

    """

  private var settings: WriterSettings {
    get throws {
      var settings = WriterSettings(toolVersion: "1.0.0")
      settings.signingKey = try SigningKey(pem: SigningTests.privatePEM)
      return settings
    }
  }

  private func commits(_ folder: String) throws -> [String] {
    try tree("\(folder)/_manifest/acme/commits").keys.sorted()
  }

  /// What becomes of every record of an archive.
  private func verdicts(_ folder: String) throws -> [Verdict] {
    let key = try VerificationKey(pem: SigningTests.publicPEM)
    let files = try tree("\(folder)/_manifest/acme/commits")
    return files.keys.sorted().filter { $0.hasSuffix(".json") }.map { name in
      guard let signature = files["\(name).sig"] else { return .unsigned }
      return key.accepts(Array(signature), of: Array(files[name] ?? Data())) ? .good : .bad
    }
  }

  private enum Verdict { case good, unsigned, bad }

  @Test func `every commit's record is signed, and an altered record is detected`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await withWriter(folder, settings: try settings) { (writer) async throws in
        try await writer.commit(["2024-02-12": events("2024-02-12", 5)])
        try await writer.commit([:])
      }
      #expect(
        try commits(folder) == [
          "00000000000000000001.json", "00000000000000000001.json.sig", "00000000000000000002.json",
          "00000000000000000002.json.sig",
        ])
      #expect(try verdicts(folder) == [.good, .good])
      let record = "\(folder)/_manifest/acme/commits/00000000000000000001.json"
      let text = try String(contentsOfFile: record, encoding: .utf8)
      #expect(!text.contains("sign") && !text.contains("key"))
      try text.replacing("1.0.0", with: "1.0.1").write(toFile: record, atomically: true, encoding: .utf8)
      #expect(try verdicts(folder) == [.bad, .good])
      try Data(count: 63).write(to: URL(filePath: "\(record).sig"))
      #expect(try verdicts(folder) == [.bad, .good])
      try FileManager.default.removeItem(atPath: "\(record).sig")
      #expect(try verdicts(folder) == [.unsigned, .good])
    }
  }

  @Test func `signing can begin and end at any commit, and signatures of another key are bad`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([:]) }
      try await withWriter(folder, settings: try settings) { try await $0.commit([:]) }
      try await withWriter(folder) { try await $0.commit([:]) }
      #expect(try verdicts(folder) == [.unsigned, .good, .unsigned])
      var other = try settings
      other.signingKey = try SigningKey(
        pem: SigningTests.privatePEM.replacing("MC4CAQAwBQYDK2VwBCIEIE", with: "MC4CAQAwBQYDK2VwBCIEIF"))
      try await withWriter(folder, settings: other) { try await $0.commit([:]) }
      #expect(try verdicts(folder) == [.unsigned, .good, .unsigned, .bad])
    }
  }

  @Test
  func `a signature without its commit is deleted on opening, and an unsigned commit has none`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder, settings: try settings) { try await $0.commit([:]) }
      let left = "\(folder)/_manifest/acme/commits/00000000000000000002.json.sig"
      try Data(count: 64).write(to: URL(filePath: left))
      try await withWriter(folder) { (writer) async throws in
        #expect(
          writer.recovery.deleted == [
            Orphan(
              path: "_manifest/acme/commits/00000000000000000002.json.sig", reason: .neverCommitted)
          ])
        try await writer.commit([:])
      }
      #expect(try verdicts(folder) == [.good, .unsigned])
      #expect(!FileManager.default.fileExists(atPath: left))
    }
  }

  @Test(arguments: FaultyFileSystem.Fault.allCases)
  func `after a failure at any operation, a signed commit exists with its signature or not at all`(
    _ fault: FaultyFileSystem.Fault
  ) async throws {
    let root = "/archive"
    func run(_ disk: FaultyFileSystem) async throws {
      try await withWriter(root, settings: try settings, fileSystem: disk) {
        try await $0.commit(["2024-02-12": events("2024-02-12", 5)])
      }
    }
    let whole = FaultyFileSystem(folder: root)
    whole.record()
    try await run(whole)
    var seen: Set<Int> = []
    for number in 1...whole.operations.count {
      let crashed = FaultyFileSystem(folder: root)
      crashed.fail(at: number, fault)
      _ = try await archiveError { try await run(crashed) }
      // The power fails: nothing is left but what was made durable.
      var none = Survival.none
      crashed.restart(afterPowerFailure: &none)
      try await withWriter(root, fileSystem: crashed) { writer in
        let commits = writer.manifest?.commit ?? 0
        seen.insert(commits)
        let found = crashed.paths(below: root).filter { $0.hasSuffix(".sig") }
        #expect(found.count == commits, "operation \(number)")
        guard let signature = found.first else { return }
        let record = try #require(crashed.contents(of: String(signature.dropLast(4))))
        let bytes = try #require(crashed.contents(of: signature))
        let key = try VerificationKey(pem: SigningTests.publicPEM)
        #expect(key.accepts(bytes, of: record), "operation \(number)")
      }
    }
    #expect(seen == [0, 1])
  }

  @Test func `the signature is durable before the record gets its name`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    disk.record()
    try await withWriter("/archive", settings: try settings, fileSystem: disk) { try await $0.commit([:]) }
    let commits = "/archive/_manifest/acme/commits"
    let operations = disk.operations
    let named = try #require(operations.firstIndex(of: "rename \(commits)/00000000000000000001.json.sig"))
    let durable = try #require(operations[named...].firstIndex(of: "syncFolder \(commits)"))
    let committed = try #require(operations.firstIndex(of: "link \(commits)/00000000000000000001.json"))
    #expect(named < durable && durable < committed)
  }

  // MARK: verify

  private func findings(_ folder: String, signedSince first: Int = 1) async throws -> [String] {
    var settings = VerificationSettings()
    settings.publicKey = try VerificationKey(pem: SigningTests.publicPEM)
    settings.signedSince = first
    let report = try #require(try await Archive(at: folder, log: log("acme")).verify(settings))
    let signed = "\(report.signatures.sound) of \(report.signatures.total)"
    return [signed] + report.findings.map { "\($0.problem.kind.rawValue) \($0.commit ?? 0)" }
  }

  @Test func `verify reports exactly the commits that are unsigned or badly signed`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([:]) }
      for count in 1...3 {
        try await withWriter(folder, settings: try settings) {
          try await $0.commit(["2024-02-12": events("2024-02-12", count)])
        }
      }
      await #expect(try findings(folder) == ["3 of 4", "unsigned 1"])
      await #expect(try findings(folder, signedSince: 2) == ["3 of 3"])

      let commits = "\(folder)/_manifest/acme/commits"
      let (first, second) = (
        "\(commits)/00000000000000000002.json.sig", "\(commits)/00000000000000000003.json.sig"
      )
      let signature = try Data(contentsOf: URL(filePath: first))
      try Data(contentsOf: URL(filePath: second)).write(to: URL(filePath: first))
      await #expect(try findings(folder, signedSince: 2) == ["2 of 3", "bad-signature 2"])
      try (signature + Data([0])).write(to: URL(filePath: first))
      await #expect(try findings(folder, signedSince: 2) == ["2 of 3", "bad-signature 2"])
      try FileManager.default.removeItem(atPath: first)
      await #expect(try findings(folder, signedSince: 2) == ["2 of 3", "unsigned 2"])
      #expect(try await Archive(at: folder, log: log("acme")).verify()?.findings == [])
    }
  }

  @Test func `a consistently rewritten history is detected by its signatures`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      for name in ["real", "forged"] {
        var settings = try settings
        if name == "forged" { settings.signingKey = nil }
        try await withWriter("\(folder)/\(name)", settings: settings) { (writer) async throws in
          try await writer.commit(["2024-02-12": events("2024-02-12", name == "real" ? 5 : 4)])
          try await writer.commit(["2024-02-13": []])
        }
      }
      for number in 1...2 {
        let name = "_manifest/acme/commits/0000000000000000000\(number).json.sig"
        try FileManager.default.copyItem(atPath: "\(folder)/real/\(name)", toPath: "\(folder)/forged/\(name)")
      }
      #expect(try await Archive(at: "\(folder)/forged", log: log("acme")).verify()?.findings == [])
      await #expect(try findings("\(folder)/forged") == ["0 of 2", "bad-signature 1", "bad-signature 2"])
      await #expect(try findings("\(folder)/real") == ["2 of 2"])
    }
  }

  @Test(.enabled(if: OpenSSL.exists, "needs OpenSSL 3 on the PATH"))
  func `keys made by OpenSSL work, and OpenSSL alone can verify every commit`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      let (key, publicKey) = ("\(folder)/key.pem", "\(folder)/public.pem")
      #expect(try OpenSSL.run(["genpkey", "-algorithm", "ed25519", "-out", key]).status == 0)
      #expect(try OpenSSL.run(["pkey", "-in", key, "-pubout", "-out", publicKey]).status == 0)
      var settings = WriterSettings(toolVersion: "1.0.0")
      settings.signingKey = try SigningKey(pem: String(contentsOfFile: key, encoding: .utf8))
      try await withWriter("\(folder)/archive", settings: settings) { (writer) async throws in
        for count in 1...3 { try await writer.commit(["2024-02-12": events("2024-02-12", count)]) }
      }
      func check(_ number: Int) throws -> CommandOutcome {
        let record = "\(folder)/archive/_manifest/acme/commits/0000000000000000000\(number).json"
        return try OpenSSL.run([
          "pkeyutl", "-verify", "-pubin", "-inkey", publicKey, "-rawin", "-in", record, "-sigfile",
          "\(record).sig",
        ])
      }
      for number in 1...3 {
        let answer = try check(number)
        #expect(answer.status == 0 && answer.output.contains("Verified Successfully"), "\(answer)")
      }
      let record = "\(folder)/archive/_manifest/acme/commits/00000000000000000002.json"
      let text = try String(contentsOfFile: record, encoding: .utf8)
      try text.replacing("\"rows\" : 2", with: "\"rows\" : 3").write(
        toFile: record, atomically: true, encoding: .utf8)
      #expect(try check(2).status != 0)

      // What OpenSSL signs, we accept.
      let signature = "\(folder)/signature"
      #expect(
        try OpenSSL.run(["pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", record, "-out", signature])
          .status
          == 0)
      #expect(
        try VerificationKey(pem: String(contentsOfFile: publicKey, encoding: .utf8)).accepts(
          Array(Data(contentsOf: URL(filePath: signature))),
          of: Array(Data(contentsOf: URL(filePath: record)))))
    }
  }

  @Test(.enabled(if: OpenSSL.exists, "needs OpenSSL 3 on the PATH"))
  func `keys of another type are refused with the command that creates a suitable one`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      func make(_ arguments: [String]) throws -> String {
        let path = "\(folder)/\(UUID().uuidString)"
        #expect(try OpenSSL.run(arguments + ["-out", path]).status == 0)
        return try String(contentsOfFile: path, encoding: .utf8)
      }
      let texts = [
        try make(["genpkey", "-algorithm", "ed448"]), try make(["genpkey", "-algorithm", "x25519"]),
        try make(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        try make(["genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:secret"]),
        try make(["genpkey", "-algorithm", "ed25519", "-outform", "PEM", "-text"]),
      ]
      for text in texts + SigningTests.wrong(SigningTests.privatePEM) + [SigningTests.publicPEM] {
        let error = #expect(throws: KeyFileError.notAPrivateKey, "\(text)") { try SigningKey(pem: text) }
        #expect(error?.description.contains("openssl genpkey -algorithm ed25519") == true)
      }
    }
  }

  /// A PEM text, damaged.
  private static func wrong(_ pem: String) -> [String] {
    let lines = pem.split(separator: "\n").map(String.init)
    return [
      "", "\n", lines[1], lines[0], lines[0] + "\n" + lines[2], pem + pem,
      pem.replacing(lines[1], with: String(lines[1].dropLast(4))),
      pem.replacing(lines[1], with: lines[1] + "AAAA"),
      pem.replacing("MC", with: "MD"), pem.replacing("----END", with: "---END"), "text before\n" + pem,
      pem.replacing("K2V", with: "K2W"),
    ]
  }

  @Test func `only a public key is accepted as a public key`() throws {
    for text in SigningTests.wrong(SigningTests.publicPEM) + [SigningTests.privatePEM] {
      let error = #expect(throws: KeyFileError.notAPublicKey, "\(text)") { try VerificationKey(pem: text) }
      #expect(error?.description.contains("openssl pkey -in PRIVATE_KEY_FILE -pubout") == true)
    }
    #expect(throws: Never.self) { try VerificationKey(pem: SigningTests.publicPEM) }
  }

  @Test func `PEM files may have other line endings, line lengths and surrounding blanks`() throws {
    let lines = SigningTests.privatePEM.split(separator: "\n")
    let (one, other) = (lines[1].prefix(20), lines[1].dropFirst(20))
    for text in [
      SigningTests.privatePEM.replacing("\n", with: "\r\n"), "\n \n" + SigningTests.privatePEM + "\n\n",
      lines.joined(separator: "\n"), "\(lines[0])\n\(one)\n\(other)\n\(lines[2])\n",
    ] {
      #expect(throws: Never.self, "\(text)") { try SigningKey(pem: text) }
    }
  }

  @Test func `a signing key is never printed`() throws {
    let key = try SigningKey(pem: SigningTests.privatePEM)
    var dumped = ""
    dump(key, to: &dumped)
    for text in ["\(key)", String(reflecting: key), dumped, "\(try settings)"] {
      #expect(text.contains("[redacted]"), "\(text)")
    }
  }
}
