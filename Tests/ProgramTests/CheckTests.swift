import Foundation
import TestSupport
import Testing

/// `check` against the emulator and its faults.
@Suite(.fewAtOnce, .serialized) struct CheckTests {
  private struct Checked {
    let status: Int32
    let requests: Int
    /// `passed`, `failed` or `skipped` by subject.
    let results: [String: String]
    let messages: [String: String]

    var failed: [String] { results.filter { $0.value == "failed" }.map(\.key).sorted() }
    var skipped: [String] { results.filter { $0.value == "skipped" }.map(\.key).sorted() }
  }

  private static let ofArchive = ["archive", "archive_writable", "disk_space", "lock"]

  private func check(
    _ bench: Bench, _ options: [String] = [], environment: [String: String] = [:]
  ) throws -> Checked {
    let arguments = ["check", "--organization", "acme", "--output-format", "json"] + options
    let result = try Program.exporter.run(
      arguments,
      environment: bench.environment.merging(
        ["CLOUDSMITH_AUDIT_EXPORT_MAX_REQUESTS_PER_SECOND": "unlimited"].merging(environment) { $1 }
      ) { $1 })
    let json = try result.json
    let checks = try #require(json["checks"] as? [[String: Any]], "\(result.log)\(result.output)")
    let named = checks.compactMap { check in (check["subject"] as? String).map { ($0, check) } }
    #expect(json["exit_status"] as? Int32 == result.status)
    #expect(!result.output.contains(bench.key) && !result.log.contains(bench.key))
    return Checked(
      status: result.status, requests: json["requests"] as? Int ?? -1,
      results: Dictionary(named.map { ($0, $1["result"] as? String ?? "") }, uniquingKeysWith: { $1 }),
      messages: Dictionary(named.map { ($0, $1["message"] as? String ?? "") }, uniquingKeysWith: { $1 }))
  }

  @Test func `with everything in order, every line passes in few requests, and nothing changes`() throws {
    try Bench.with(["--generate", "1200", "--date-behind", "1s"]) { bench in
      let before = try check(bench, ["--archive", bench.archive])
      #expect(before.status == 0 && before.failed.isEmpty && before.skipped.isEmpty, "\(before)")
      #expect(before.messages["archive"]?.contains("no archive of 'acme'") == true)
      #expect(before.messages["archive_writable"]?.contains("can be created in '\(bench.folder)'") == true)
      #expect(!FileManager.default.fileExists(atPath: bench.archive))

      #expect(try bench.export(Bench.start).status == 0)
      let paths = try FileManager.default.subpathsOfDirectory(atPath: bench.archive).sorted()
      let after = try check(bench, ["--archive", bench.archive])
      #expect(after.status == 0 && after.failed.isEmpty && after.skipped.isEmpty, "\(after)")
      #expect((4...5).contains(after.requests))
      let rate = /^10,7\d\d of 10,800 requests left; the limit resets in 60 min$/
      #expect(after.messages["rate_limit"]?.contains(rate) == true, "\(after)")
      #expect(after.messages["key"]?.contains("account 'emulated-user'") == true)
      #expect(after.messages["audit_log"]?.contains("1,200 events") == true)
      #expect(after.messages["time_filter"]?.contains("counts as many events as the list") == true)
      #expect(after.messages["archive"]?.contains("no gaps") == true)
      #expect(try FileManager.default.subpathsOfDirectory(atPath: bench.archive).sorted() == paths)
      #expect(try bench.verify().status == 0)
    }
  }

  @Test func `the text has a marked line for each check and a summary`() throws {
    try Bench.with(["--generate", "40", "--plan-without-audit-log"]) { bench in
      let result = try Program.exporter.run(["check", "-o", "acme"], environment: bench.environment)
      let lines = result.output.split(separator: "\n").map(String.init)
      #expect(result.status == 22 && result.log.isEmpty, "\(result.log)")
      #expect(lines.count == 13, "\(result.output)")
      #expect(try lines.at(0) == "✓ API               \(bench.url) answers")
      #expect(try lines.at(3).hasPrefix("✗ audit log         The plan of 'acme' has no audit log (402"))
      #expect(try lines.at(7) == "– oldest event      skipped: the plan has no audit log")
      #expect(try lines.at(12) == "acme: 1 of 12 checks failed (status 22); 2 requests made.")
    }
  }

  @Test(arguments: [
    (["--drop-keys"], 20 as Int32, "key", "treated the request as anonymous"),
    (["--forbidden"], 20, "audit_log", "is valid, but may not read the audit log of 'acme' (403"),
    (["--plan-without-audit-log"], 22, "audit_log", "has no audit log (402"),
    (["--rate-limit", "1"], 3, "rate_limit", "asks to wait 60 min"),
    (["--rate-limit", "2"], 3, "rate_limit", "use a separate key for this job"),
    (["--fail-every", "1", "--fail-status", "503"], 75, "api", "gave no usable response in 2 attempts"),
    (["--invalid-json-every", "1"], 75, "api", "is not a page of events: it ends too early, at byte"),
    (["--gzip-bomb-every", "1"], 1, "api", "check --api-host and --proxy"),
    (["--redirect-to", "http://127.0.0.1:9"], 1, "api", "the key is not sent there"),
  ])
  func `check reports a refusal of the API on its own line with export's status`(
    fault: [String], status: Int32, subject: String, sentence: String
  ) throws {
    try Bench.with(["--generate", "40"] + fault) { bench in
      let checked = try check(bench, ["--archive", bench.archive])
      #expect(checked.status == status, "\(checked)")
      #expect(checked.failed == [subject], "\(checked)")
      #expect(checked.messages[subject]?.contains(sentence) == true, "\(checked)")
      // Checks that do not need the API still run.
      for line in CheckTests.ofArchive { #expect(checked.results[line] == "passed", "\(line): \(checked)") }
    }
  }

  @Test func `check has a line each for a wrong key, an unknown organization, and no network`() throws {
    try Bench.with(["--generate", "40"]) { bench in
      let wrong = try check(bench, environment: ["CLOUDSMITH_API_KEY": "wrong-key-77"])
      #expect(wrong.status == 20 && wrong.failed == ["key"] && wrong.requests == 1, "\(wrong)")
      #expect(wrong.messages["key"]?.contains("mistyped, expired or revoked") == true)

      let other = try check(bench, ["--organization", "other"])
      #expect(other.status == 21 && other.failed == ["organization"], "\(other)")
      #expect(other.results["key"] == "passed")

      let nobody = try check(bench, environment: ["CLOUDSMITH_API_HOST": "http://127.0.0.1:1"])
      #expect(nobody.status == 75 && nobody.failed == ["api"] && nobody.requests == 2, "\(nobody)")
      #expect(nobody.messages["api"]?.contains("Connection refused") == true)
      #expect(nobody.skipped.count == 11)
    }
  }

  @Test func `without a key, check still tests the archive`() throws {
    try Bench.with(["--generate", "40"]) { bench in
      let checked = try check(bench, ["--archive", bench.archive], environment: ["CLOUDSMITH_API_KEY": ""])
      #expect(checked.status == 64 && checked.failed == ["key"] && checked.requests == 0, "\(checked)")
      for line in CheckTests.ofArchive { #expect(checked.results[line] == "passed", "\(line): \(checked)") }
    }
  }

  @Test(arguments: ["--count-absent", "--ascending"])
  func `check makes no claims that the first page does not support`(fault: String) throws {
    try Bench.with(["--generate", "1200", fault]) { bench in
      let checked = try check(bench)
      #expect(checked.status == 0 && checked.failed.isEmpty, "\(checked)")
      #expect(checked.results["time_filter"] == "skipped", "\(checked)")
      let counts = checked.messages["audit_log"]?.contains("1,200 events now") == true
      #expect(counts == (fault != "--count-absent"), "\(checked)")
    }
  }

  @Test func `check accepts an empty log and explains what it may mean`() throws {
    try Bench.with([]) { bench in
      let checked = try check(bench)
      #expect(checked.status == 0 && checked.failed.isEmpty && checked.requests == 2, "\(checked)")
      #expect(checked.messages["oldest_event"]?.contains("audit logging is off") == true)
    }
  }

  @Test func `check reports a clock that differs from the API's, but does not fail`() throws {
    try Bench.with(["--generate", "40", "--date-behind", "10m"]) { bench in
      let checked = try check(bench)
      #expect(checked.status == 0 && checked.failed.isEmpty, "\(checked)")
      #expect(checked.results["clock"] == "warned", "\(checked)")
      let words = "this machine's clock is 10 min ahead of the API's"
      #expect(checked.messages["clock"]?.hasPrefix(words) == true, "\(checked)")
      for (options, isText) in [([], true), (["-q"], false)] {
        let told = try Program.exporter.run(
          ["check", "-o", "acme"] + options, environment: bench.environment)
        #expect(
          told.status == 0 && told.output.contains("! clock             \(words)") == isText, "\(told.output)"
        )
        #expect(told.output.contains("acme: no check failed, 1 of 12 needs attention;") == isText)
        #expect(told.log.contains("warning \(words)") != isText, "\(told.log)")
      }
    }
  }

  @Test(arguments: [
    ("exact", "counts as many events as the list"),
    ("day-truncated", "counts a different number of events than the list"),
    ("shifted", "counts a different number of events than the list"),
    ("ignored", "has no effect"), ("rejected", "is refused"),
  ])
  func `check measures the time filter, and an unusable filter is not a failure`(
    filter: String, words: String
  ) throws {
    try Bench.with(["--generate", "1200", "--time-filter", filter]) { bench in
      let checked = try check(bench)
      #expect(checked.status == 0 && checked.results["time_filter"] == "passed", "\(checked)")
      #expect(checked.messages["time_filter"]?.contains(words) == true, "\(checked)")
    }
  }

  @Test func `check reports an archive that is damaged or belongs to another host or log`() throws {
    try Bench.with(["--generate", "200", "--repository", "tools"], isDamaged: true) { bench in
      #expect(try bench.export(Bench.start).status == 0)
      let kind = try check(bench, ["--organization", "acme/tools", "--archive", bench.archive])
      #expect(kind.status == 64 && kind.failed == ["archive"], "\(kind)")

      let parts = try FileManager.default.subpathsOfDirectory(atPath: bench.archive)
      let part = try #require(parts.first { $0.hasSuffix(".csv.gz") })
      try FileManager.default.removeItem(atPath: "\(bench.archive)/\(part)")
      let damaged = try check(bench, ["--archive", bench.archive])
      #expect(damaged.status == 2 && damaged.failed == ["archive"], "\(damaged)")
      #expect(damaged.messages["archive"]?.contains("is missing") == true, "\(damaged)")

      let host = try check(
        bench, ["--archive", bench.archive],
        environment: ["CLOUDSMITH_API_HOST": bench.url.replacing("127.0.0.1", with: "localhost")])
      #expect(host.failed == ["archive"] && host.status == 64, "\(host)")
    }
  }

  @Test func `check --existing fails without an archive, as export does`() throws {
    try Bench.with(["--generate", "40"]) { bench in
      let options = ["--archive", bench.archive, "--existing"]
      let none = try check(bench, options)
      #expect(none.status == 10 && none.failed == ["archive"], "\(none)")
      #expect(none.messages["archive"]?.contains("--existing forbids creating one") == true, "\(none)")
      #expect(try bench.export(Bench.start).status == 0)
      #expect(try check(bench, options).status == 0)
    }
  }

  /// With `flock` of util-linux, an essential package of Debian and Ubuntu.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/flock")))
  func `check names the holder of a held lock and does not disturb the run`() throws {
    try Bench.with(["--generate", "40"]) { bench in
      #expect(try bench.export(Bench.start).status == 0)
      let lock = "\(bench.archive)/_manifest/acme/lock"
      let script = "exec /usr/bin/flock \(lock) \"$@\""
      let arguments = ["check", "-o", "acme", "--archive", bench.archive, "--output-format", "json"]
      let result = try Shell.run(script, arguments, environment: bench.environment)
      #expect(result.status == 11, "\(result.log)\(result.output)")
      #expect(
        result.output.contains(/Another run holds the lock of the archive .* \(process \d+ on \S/),
        "\(result.output)")
    }
  }

  @Test(.enabled(if: Shell.works("unshare -m sh -c 'mount -t tmpfs -o size=1m none /mnt'")))
  func `a full, read-only or nearly full disk is status 74 with a remedy`() throws {
    try Bench.with(["--generate", "40"]) { bench in
      let disk = bench.folder + "/disk"
      func check(_ prepare: String) throws -> CommandOutcome {
        let script = """
          mkdir -p \(disk) && mount -t tmpfs -o size=1m none \(disk) || exit 99
          \(prepare)
          exec "$@"
          """
        return try Shell.run(
          "exec unshare -m sh -c '\(script)' sh \"$@\"",
          ["check", "-o", "acme", "--archive", "\(disk)/archive"], environment: bench.environment)
      }
      let nearlyFull = try check("")
      #expect(nearlyFull.status == 74 && nearlyFull.output.contains("✓ archive writable"))
      #expect(nearlyFull.output.contains("✗ disk space"), "\(nearlyFull.output)")
      #expect(nearlyFull.output.contains(", and a run may need 64.0 MiB. Free up space there."))
      let full = try check("head -c 2000000 /dev/zero > \(disk)/fill 2>/dev/null")
      #expect(full.status == 74 && full.output.contains("✗ archive writable"), "\(full.output)")
      #expect(full.output.contains("No space left on device. Free up space on that disk."), "\(full.output)")
      let readOnly = try check("mount -o remount,ro \(disk)")
      #expect(
        readOnly.status == 74 && readOnly.output.contains("Read-only file system"), "\(readOnly.output)")
      #expect(readOnly.output.contains("is mounted read-only"), "\(readOnly.output)")
    }
  }

  @Test func `help of check states the number of requests and explains the marks`() throws {
    let help = try Program.exporter.run(["help", "check"])
    #expect(help.status == 0 && help.output.contains("at most 5 requests"), "\(help.output)")
    for mark in ["✓", "!", "✗", "–"] { #expect(help.output.contains(mark)) }
  }
}
