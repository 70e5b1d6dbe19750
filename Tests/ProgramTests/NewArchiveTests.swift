import Foundation
import TestSupport
import Testing

/// Runs without an existing archive: first runs, and runs with a wrong path.
@Suite(.fewAtOnce, .serialized) struct NewArchiveTests {
  private func exists(_ archive: String) -> Bool { FileManager.default.fileExists(atPath: archive) }

  // MARK: The warning

  @Test func `a new archive that starts now causes one warning, also with --quiet`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      let first = try bench.export(["-q"])
      #expect(first.status == 0 && first.output.isEmpty, "\(first.log)")
      let lines = first.log.split(separator: "\n")
      #expect(lines.count == 1, "\(first.log)")
      for words in [
        " warning There was no archive of 'acme' in '\(bench.archive)', so a new one begins now",
        "is mounted",
        "--existing", "To include past events, pass --backfill-start-time",
      ] {
        #expect(first.log.contains(words), "\(first.log)")
      }
      let second = try bench.export(["-q"])
      #expect(second.status == 0 && second.log.isEmpty, "\(second.log)")
    }
  }

  @Test func `an archive with a given start is reported without a warning`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      let window = ["--from", Bench.startTime, "--to", Past.time(daysAgo: 1)]
      let inEnvironment = ["CLOUDSMITH_AUDIT_EXPORT_BACKFILL_START_TIME": Bench.startTime]
      for (number, (options, environment)) in [(Bench.start, [:]), ([], inEnvironment), (window, [:])]
        .enumerated()
      {
        let archive = ["--archive", "\(bench.folder)/quiet-\(number)"]
        let quiet = try bench.export(options + archive + ["-q"], environment: environment)
        #expect(quiet.status == 0 && quiet.log.isEmpty, "\(quiet.log)")
        let told = try bench.export(
          options + ["--archive", "\(bench.folder)/told-\(number)"], environment: environment)
        #expect(
          told.log.contains(
            " notice creating a new archive of 'acme' in '\(bench.folder)/told-\(number)': there was none"))
        let again = try bench.export(options + archive, environment: environment)
        #expect(!again.log.contains("a new archive"), "\(again.log)")
      }
      let replacing = try bench.export(window + ["--replace", "-q", "--archive", "\(bench.folder)/typo"])
      #expect(replacing.status == 0, "\(replacing.log)")
      #expect(
        replacing.log.contains(": there was none; --replace has nothing to replace"), "\(replacing.log)")
    }
  }

  // MARK: --existing

  @Test func `--existing refuses to create an archive with status 10, before any request or write`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      for (options, environment, source) in [
        (["--existing"], [:], "--existing"),
        ([], ["CLOUDSMITH_AUDIT_EXPORT_EXISTING": "true"], "CLOUDSMITH_AUDIT_EXPORT_EXISTING"),
      ] as [([String], [String: String], String)] {
        for more in [[], ["--dry-run"], ["--from", "2026-01-01", "--to", "2026-01-02"]] {
          let result = try bench.export(
            options + more + (more.isEmpty ? Bench.start : []),
            environment: environment.merging(["CLOUDSMITH_API_HOST": "http://127.0.0.1:1"]) { $1 })
          #expect(result.status == 10, "\(result.log)")
          #expect(
            result.log.contains(
              "No archive of 'acme' in '\(bench.archive)', and \(source) forbids creating one. Check --archive"
            ),
            "\(result.log)")
          #expect(
            result.log.contains(
              "run once without --existing (or with --no-existing, if it is set elsewhere), and with --backfill-start-time if"
            ), "\(result.log)")
          #expect(!exists(bench.archive))
        }
      }
      // The command line overrides the environment. Once the archive exists, --existing has no effect.
      let environment = ["CLOUDSMITH_AUDIT_EXPORT_EXISTING": "true"]
      let first = try bench.export(Bench.start + ["--no-existing", "-q"], environment: environment)
      #expect(first.status == 0 && first.log.isEmpty, "\(first.log)")
      let second = try bench.export(["--existing", "-q"])
      #expect(second.status == 0 && second.log.isEmpty, "\(second.log)")
      // An archive of another log does not count.
      let other = try bench.export(["--organization", "acme-2", "--existing"])
      #expect(other.status == 10, "\(other.log)")
      #expect(other.log.contains("forbids creating one. It has: acme. Check"), "\(other.log)")
    }
  }

  /// With `flock` of util-linux, an essential package of Debian and Ubuntu.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/flock")))
  func `--existing names the first run that is at work, and leaves nothing where there is none`() throws {
    try Bench.with(["--generate", "40"]) { bench in
      // What a first run leaves before its first commit.
      let lock = try Folder(path: bench.archive).write("", to: "_manifest/acme/lock")
      for command in [bench.arguments(["--existing"]), bench.arguments(["--existing", "--dry-run"])] {
        let held = try Shell.run(
          "exec /usr/bin/flock \(lock) \"$@\"", command, environment: bench.environment)
        #expect(held.status == 11, "\(held.log)")
        #expect(held.log.contains("error: Another run holds the lock of the archive"), "\(held.log)")
        let free = try Program.exporter.run(command, environment: bench.environment)
        #expect(free.status == 10, "\(free.log)")
      }
      #expect(try ArchiveOnDisk(bench.archive).files() == [lock])
    }
  }

  @Test func `a mistyped organization is answered with at most five logs of the archive`() throws {
    try Bench.with(["--generate", "40"]) { bench in
      #expect(try bench.export(Bench.start).status == 0)
      func told(_ command: [String], _ archive: String) throws -> String {
        let result = try Program.exporter.run(
          command + ["-o", "acne", "--archive", archive], environment: bench.environment)
        #expect(result.status == 10, "\(result.log)")
        return result.log
      }
      let html = ["report", "--html", bench.folder + "/x.html"]
      for command in [["status"], ["verify"], ["changes", "--since", "0"], html] {
        let log = try told(command, bench.archive)
        #expect(
          log.contains("error: No archive of 'acne' in '\(bench.archive)'. It has: acme. Check"), "\(log)")
        #expect(try !told(command, bench.folder + "/none").contains("It has"))
      }
      let commits = bench.archive + "/_manifest/acme/commits"
      for number in 1...6 {
        let folder = "\(bench.folder)/many/_manifest/log-\(number)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: commits, toPath: folder + "/commits")
      }
      let many = try told(["status"], bench.folder + "/many")
      #expect(many.contains("It has: log-1, log-2, log-3, log-4, log-5, … Check"), "\(many)")
      try FileManager.default.removeItem(atPath: bench.folder + "/many")
    }
  }

  @Test func `a job file sets existing for all logs or one, and check and the report agree`()
    throws
  {
    try Bench.with(["--organization", "globex", "--generate", "50"]) { bench in
      let file = try Folder(path: bench.folder).write(
        """
        archive: archive
        max_requests_per_second: unlimited
        backfill_start_time: \(Bench.startTime)
        existing: true
        logs:
          - organization: acme
          - organization: globex
            existing: false
        """, to: "job.yaml")
      let prom = bench.folder + "/figures.prom"
      func statuses(_ command: [String]) throws -> [Int?] {
        let result = try Program.exporter.run(
          command + ["--config", file, "--output-format", "json"], environment: bench.environment)
        let logs = try #require(try result.json["logs"] as? [[String: Any]], "\(result.log)")
        let text = logs.map { "\($0)" }.joined()
        #expect(text.contains("job.yaml:4 forbids creating one") == (result.status == 10), "\(text)")
        return logs.map { $0["exit_status"] as? Int }
      }
      #expect(try statuses(["check"]) == [10, 0])
      #expect(try statuses(["export", "--metrics-file", prom]) == [10, 0])
      #expect(
        try String(contentsOfFile: prom, encoding: .utf8).contains(
          "last_run_exit_status{organization=\"acme\"} 10\n"))
      #expect(try statuses(["export", "--no-existing"]) == [0, 0])
      #expect(try statuses(["export"]) == [0, 0])
      #expect(try statuses(["check"]) == [0, 0])
    }
  }

  // MARK: A first run that does not come to a commit

  @Test func `a first run interrupted before its first commit prints the full command to repeat`()
    throws
  {
    try Bench.with(["--generate", "50", "--delay", "600s"]) { bench in
      let archive = bench.folder + "/it's here"
      let options = Bench.start + ["--archive", archive, "--no-existing", "--whole-days"]
      let running = try Program.exporter.start(bench.arguments(options), environment: bench.environment)
      let port = try #require(bench.url.split(separator: ":").last)
      let ask = #"GET /emulator/requests/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"#
      let isAsked = "exec 3<>/dev/tcp/127.0.0.1/\(port); printf '\(ask)' >&3; grep -q audit-log <&3"
      try running.wait { Shell.works("bash <<'END'\n\(isAsked)\nEND") }
      running.signal(SIGTERM)
      let result = running.wait()
      #expect(result.status == 130, "\(result.log)")
      let command = """
        cloudsmith-audit-export export -o acme --archive '\(bench.folder)/it'\\''s here' --no-existing \
        --backfill-start-time \(Bench.startTime) --whole-days --max-requests-per-second unlimited
        """
      #expect(
        result.log.contains(
          "Interrupted. Nothing was committed yet, so run the whole command again: \(command)\n"),
        "\(result.log)")
    }
  }

  @Test func `a first run that loses the API prints the full command too`()
    throws
  {
    try Bench.with(["--generate", "50"]) { bench in
      let gone = ["CLOUDSMITH_API_HOST": "https://127.0.0.1:1"]
      let file = try Folder(path: bench.folder).write(
        "archive: archive\nlogs: [{organization: acme, backfill_start_time: 2026-01-01}]", to: "job.yaml")
      for (arguments, environment, command) in [
        (
          ["-o", "acme", "--archive", bench.archive],
          ["CLOUDSMITH_AUDIT_EXPORT_BACKFILL_START_TIME": "2026-01-01"],
          "-o acme --archive \(bench.archive) --backfill-start-time 2026-01-01 --max-attempts 1"
        ),
        (["--config", file], [:], "--config \(file) -o acme --max-attempts 1"),
        (
          ["-o", "acme", "--archive", bench.archive, "--proxy", "http://user:secret@127.0.0.1:1"], [:],
          "-o acme --archive \(bench.archive) --max-attempts 1 --proxy 'http://[redacted]@127.0.0.1:1'"
        ),
      ] as [([String], [String: String], String)] {
        let result = try Program.exporter.run(
          ["export"] + arguments + ["--max-attempts", "1"],
          environment: bench.environment.merging(gone) { $1 }.merging(environment) { $1 })
        #expect(result.status == 75, "\(result.log)")
        #expect(
          result.log.contains(
            "Nothing was committed yet, so run the whole command again: cloudsmith-audit-export export \(command)\n"
          ),
          "\(result.log)")
        #expect(!result.log.contains("are kept"), "\(result.log)")
        #expect(!result.log.contains("secret"))
      }
    }
  }

  // MARK: Two at once

  @Test func `of two concurrent first runs for an organization and a repository, one is refused`() throws {
    try Bench.with(["--repository", "my-repo", "--generate", "50"]) { bench in
      // The slow run holds its lock and waits for its second request while the other run starts and ends.
      var arguments = bench.arguments(Bench.start)
      arguments.replace(["unlimited"], with: ["0.5"])
      let slower = try Program.exporter.start(arguments, environment: bench.environment)
      try slower.wait { exists(bench.archive + "/_manifest/acme/lock") }
      slower.signal(SIGSTOP)
      let faster = try bench.export(Bench.start + ["--organization", "acme/my-repo"])
      slower.signal(SIGCONT)
      #expect(faster.status == 0, "\(faster.log)")
      let refused = slower.wait()
      let sentence = """
        Cannot use '\(bench.archive)': the archive has logs of repositories, and cannot also have logs of organizations. Pass \
        another folder with --archive.
        """
      #expect(refused.status == 64 && refused.log.contains(sentence), "\(refused.log)")
      #expect(refused.output.contains("0 added"), "\(refused.output)")
      // A later run is refused in the same way.
      let later = try bench.export(Bench.start)
      #expect(later.status == 64 && later.log.contains(sentence), "\(later.log)")
      let verify = try Program.exporter.run(["verify", "-o", "acme/my-repo", "--archive", bench.archive])
      #expect(verify.status == 0, "\(verify.log)")
    }
  }
}
