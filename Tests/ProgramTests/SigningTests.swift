import Foundation
import TestSupport
import Testing

/// Signing and checking signatures, with keys that OpenSSL made.
@Suite(.fewAtOnce, .enabled(if: OpenSSL.exists, "needs OpenSSL 3 on the PATH")) struct SigningTests {
  /// An emulator, a key pair, and an empty archive.
  private func withKeys(_ body: (Bench, _ key: String, _ publicKey: String) throws -> Void) throws {
    try Bench.with(["--generate", "300"]) { bench in
      let (key, publicKey) = (bench.folder + "/audit.key", bench.folder + "/audit.pub")
      #expect(try OpenSSL.run(["genpkey", "-algorithm", "ed25519", "-out", key]).status == 0)
      #expect(try OpenSSL.run(["pkey", "-in", key, "-pubout", "-out", publicKey]).status == 0)
      try body(bench, key, publicKey)
    }
  }

  private let start = [
    "--backfill-start-time", "\(Past.time(daysAgo: 20))",
  ]

  private func verify(_ bench: Bench, _ options: [String]) throws -> CommandOutcome {
    try bench.verify(options)
  }

  private func commits(_ bench: Bench) throws -> [String] {
    let folder = bench.archive + "/_manifest/acme/commits/"
    return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
      .sorted().map { folder + $0 }
  }

  @Test
  func
    `OpenSSL and verify accept every signed commit and refuse an altered one`()
    throws
  {
    try withKeys { bench, key, publicKey in
      let first = try bench.export(start + ["--signing-key-file", key])
      #expect(first.status == 0 && !first.log.contains("Every user"), "\(first.log)")
      let second = try bench.export(environment: ["CLOUDSMITH_AUDIT_EXPORT_SIGNING_KEY_FILE": key])
      #expect(second.status == 0, "\(second.log)")
      let records = try commits(bench)
      #expect(records.count >= 2)
      for record in records {
        let answer = try OpenSSL.verify(record, publicKey: publicKey)
        #expect(answer.status == 0 && answer.output.contains("Verified Successfully"), "\(answer)")
      }
      let good = try verify(bench, ["--public-key-file", publicKey])
      #expect(good.status == 0, "\(good.output)")
      #expect(
        good.output.contains(
          "signatures       \(records.count) of \(records.count) commits signed by the key"))
      #expect(try !verify(bench, []).output.contains("signatures"))

      // An attacker with write access but without the key alters the newest record and its references.
      let newest = try #require(records.last)
      try Data(contentsOf: URL(filePath: records.at(0) + ".sig")).write(to: URL(filePath: newest + ".sig"))
      let bad = try verify(bench, ["--public-key-file", publicKey, "--output-format", "json"])
      #expect(bad.status == 2)
      let findings = try #require(try bad.json["findings"] as? [[String: Any]])
      #expect(findings.map { $0["kind"] as? String } == ["bad-signature"])
      #expect(findings.first?["commit"] as? Int == records.count)
      #expect(try OpenSSL.verify(newest, publicKey: publicKey).status != 0)
    }
  }

  @Test
  func
    `unsigned commits before the first signed one are accepted, later ones are findings`()
    throws
  {
    try withKeys { bench, key, publicKey in
      #expect(try bench.export(start).status == 0)
      let before = try commits(bench).count
      #expect(try bench.export(["--signing-key-file", key]).status == 0)
      let all = try verify(bench, ["--public-key-file", publicKey])
      #expect(all.status == 0 && all.log.isEmpty, "\(all.log)")
      #expect(all.output.contains("signing began with commit \(before + 1)"), "\(all.output)")
      #expect(all.output.contains("Pass --signed-since \(before + 1)") && !all.output.contains("damage"))
      let json = try verify(bench, ["--public-key-file", publicKey, "--output-format", "json"]).json
      #expect(json["signed_from"] as? Int == before + 1 && (json["findings"] as? [Any])?.isEmpty == true)
      // The user claims an earlier first signature, which is wrong.
      if before > 1 {
        let early = try verify(bench, ["--public-key-file", publicKey, "--signed-since", "\(before)"])
        #expect(early.status == 2 && early.log.contains("1 commit of the archive"), "\(early.log)")
      }
      let since = try verify(bench, ["--public-key-file", publicKey, "--signed-since", "\(before + 1)"])
      #expect(since.status == 0, "\(since.output)")
      #expect(since.output.contains("1 of 1 commits from \(before + 1) on signed by the key"))
      let late = try verify(bench, ["--public-key-file", publicKey, "--signed-since", "\(before + 2)"])
      #expect(late.status == 64 && late.log.contains("the newest commit is \(before + 1)"), "\(late.log)")
      #expect(
        try verify(bench, ["--signed-since", "1"]).log.contains("--signed-since requires --public-key-file"))
      // An unsigned commit after signed ones, and then no signed commit at all.
      #expect(try bench.export().status == 0)
      let later = try verify(bench, ["--public-key-file", publicKey])
      let words = "\(before + 1) commits of the archive '\(bench.archive)' of 'acme' are not signed."
      #expect(later.status == 2 && later.log.hasPrefix("error: \(words)"), "\(later.log)")
      for record in try commits(bench) where FileManager.default.fileExists(atPath: record + ".sig") {
        try FileManager.default.removeItem(atPath: record + ".sig")
      }
      let none = try verify(bench, ["--public-key-file", publicKey])
      #expect(none.status == 2 && none.log.contains("\(before + 2) commits of the archive"), "\(none.log)")
    }
  }

  @Test func `the advice about unsigned commits works`() throws {
    try withKeys { bench, key, publicKey in
      let sign = ["--signing-key-file", key]
      #expect(try bench.export(start + sign).status == 0)
      let signed = try commits(bench).count
      #expect(try bench.export().status == 0)
      let options = ["--public-key-file", publicKey, "--signed-since", "\(signed)"]
      // The newest commit is unsigned, so only the next one can be the first signed one.
      let next = signed + 2
      let before = try verify(bench, options)
      #expect(before.status == 2 && before.log.contains("1 commit of the archive"), "\(before.log)")
      #expect(!before.log.contains("damage") && !before.output.contains("damage"))
      #expect(
        before.output.contains("export again with --signing-key-file, and then pass --signed-since \(next)"),
        "\(before.output)")
      #expect(try bench.export(sign).status == 0)
      let after = try verify(bench, options)
      #expect(
        after.status == 2 && after.output.contains("pass --signed-since \(next): commit \(next) is signed"))
      let advised = try verify(bench, ["--public-key-file", publicKey, "--signed-since", "\(next)"])
      #expect(advised.status == 0, "\(advised.output)")
      let json = try verify(bench, options + ["--output-format", "json"]).json
      let findings = try #require(json["findings"] as? [[String: Any]])
      #expect(json["status"] as? String == "damaged")
      #expect(findings.map { $0["kind"] as? String } == ["unsigned"])
      #expect(findings.first?["commit"] as? Int == signed + 1)
    }
  }

  @Test func `a world-readable signing key is used with a warning`() throws {
    try withKeys { bench, key, _ in
      for (mode, isWarned) in [(0o644, true), (0o640, false), (0o600, false)] {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: key)
        let result = try bench.export(start + ["--signing-key-file", key])
        #expect(result.status == 0)
        #expect(result.log.contains("Every user of this machine can read the signing key in") == isWarned)
      }
    }
  }

  @Test func `an unsuitable signing key is refused with the command that creates one`()
    throws
  {
    try withKeys { bench, key, publicKey in
      for (option, file, words) in [
        ("--signing-key-file", publicKey, "openssl genpkey -algorithm ed25519"),
        ("--signing-key-file", bench.folder + "/none", "with the signing key cannot be read"),
        ("--signing-key-file", "", "expected a file"),
      ] {
        let result = try bench.export(start + [option, file])
        #expect(result.status == 64 && result.log.contains(words), "\(result.log)")
        #expect(!result.log.contains("BEGIN"))
      }
      #expect(!FileManager.default.fileExists(atPath: bench.archive))
      for (file, words) in [
        (key, "openssl pkey -in PRIVATE_KEY_FILE -pubout"), (bench.folder + "/none", "cannot be read"),
      ] {
        let result = try verify(bench, ["--public-key-file", file])
        #expect(result.status == 64 && result.log.contains(words), "\(result.log)")
      }
    }
  }

  @Test func `the signing key is in no output, no log and no file of the archive`() throws {
    try withKeys { bench, key, _ in
      let text = try String(contentsOfFile: key, encoding: .utf8).split(separator: "\n").at(1)
      let secret = try #require(Data(base64Encoded: String(text))?.suffix(32))
      let result = try bench.export(start + ["--signing-key-file", key, "--log-level", "debug"])
      #expect(result.status == 0 && !result.log.contains(text) && !result.output.contains(text))
      for path in try FileManager.default.subpathsOfDirectory(atPath: bench.archive) {
        guard let bytes = FileManager.default.contents(atPath: bench.archive + "/" + path) else { continue }
        #expect(bytes.range(of: secret) == nil && bytes.range(of: Data(text.utf8)) == nil, "\(path)")
      }
    }
  }
}
