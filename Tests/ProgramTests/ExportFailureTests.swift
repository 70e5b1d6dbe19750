import AuditRecord
import Foundation
import TestSupport
import Testing

/// Runs that the API refuses, or that do not reach it.
@Suite(.fewAtOnce, .serialized) struct ExportFailureTests {
  @Test(arguments: [
    ([], ["CLOUDSMITH_API_KEY": "wrong"], 20, ["401", "mistyped, expired or revoked", "CLOUDSMITH_API_KEY"]),
    (["--forbidden"], [:], 20, ["403", "Manager or Owner"]),
    (["--plan-without-audit-log"], [:], 22, ["402", "plan"]),
    (
      ["--fail-every", "1", "--fail-status", "500"], [:], 75,
      ["in 2 attempts", "500", "Nothing was committed yet, so run the whole command again"]
    ),
  ])
  func `a refusal of the API is reported with causes and remedies`(
    options: [String], environment: [String: String], status: Int, words: [String]
  ) throws {
    try Bench.with(["--generate", "10"] + options) { bench in
      let result = try bench.export(
        ["--backfill-start-time", Bench.month.from, "--retries", "2"], environment: environment)
      #expect(result.status == Int32(status), "\(result.log)")
      for word in words { #expect(result.log.contains(word), "\(word): \(result.log)") }
      #expect(!FileManager.default.fileExists(atPath: bench.archive), "nothing is begun that cannot go on")
    }
  }

  @Test func `an unknown organization is reported with causes and remedies`() throws {
    try Bench.with(["--generate", "10"]) { bench in
      let result = try bench.export([
        "--organization", "amce", "--backfill-start-time", Bench.month.from,
      ])
      #expect(result.status == 21, "\(result.log)")
      for word in ["404", "'amce'", "typos", "deleted or archived", "lowercase with hyphens"] {
        #expect(result.log.contains(word), "\(word): \(result.log)")
      }
      #expect(!FileManager.default.fileExists(atPath: bench.archive))
    }
  }

  @Test
  func `a rate limit beyond --max-wait ends the run as incomplete and keeps its events`()
    throws
  {
    try Bench.with([
      "--generate", "3000", "--rate-limit", "4", "--from", Bench.month.from, "--to",
      Bench.month.to,
    ]) { bench in
      let result = try bench.export(["--backfill-start-time", Bench.month.from, "--max-wait", "1m"])
      #expect(result.status == 3, "\(result.log)")
      #expect(result.log.contains("longer than --max-wait"))
      #expect(result.log.contains("share the key"))
      #expect(try bench.status()["manifest"] != nil)
    }
  }

  @Test func `an unreachable API is status 75`() throws {
    let result = try Program.exporter.run(
      [
        "export", "-o", "acme", "--archive", NSTemporaryDirectory() + UUID().uuidString, "--retries", "1",
        "--api-host", "http://127.0.0.1:1",
      ], environment: ["CLOUDSMITH_API_KEY": "abc-123"])
    #expect(result.status == 75, "\(result.log)")
    #expect(result.log.contains("no connection"))
  }

  @Test func `a run without events succeeds and names possible causes`() throws {
    try Bench.with(["--generate", "0"]) { bench in
      let result = try bench.export(["--backfill-start-time", Bench.month.from])
      #expect(result.status == 0, "\(result.log)")
      #expect(result.output.contains("no events in the window"))
      #expect(result.output.contains("lack access to the audit log"))
    }
  }

  @Test func `after a failed first run, the archive can still become one of another log`()
    throws
  {
    try Bench.with(["--generate", "20"]) { bench in
      let wrong = try bench.export(["--organization", "acme/typo"])
      #expect(wrong.status == 21, "\(wrong.log)")
      let right = try bench.export(["--backfill-start-time", Bench.month.from])
      #expect(right.status == 0, "\(right.log)")
    }
  }
}

/// Failures of TLS: status 1 at once, with a message.
@Suite(.fewAtOnce, .serialized) struct ConnectionTests {
  private func expect(_ sentence: String, from result: CommandOutcome) {
    #expect(result.status == 1, "\(result.log)\(result.output)")
    let text = result.log + result.output
    #expect(
      text.contains("No secure connection to the API for the audit log of 'acme': \(sentence)"), "\(text)")
    #expect(!text.contains("NIO") && !text.contains("Boring"), "\(text)")
  }

  @Test func `export and check report plain HTTP on a TLS port alike`() throws {
    try Bench.with(["--generate", "5"]) { bench in
      let environment = ["CLOUDSMITH_API_HOST": bench.url.replacing("http://", with: "https://")]
      let sentence = """
        the server does not speak TLS on this port. Check the scheme and the port of --api-host, and --proxy.
        """
      expect(sentence, from: try bench.export(environment: environment))
      let check = try Program.exporter.run(
        ["check", "-o", "acme"], environment: bench.environment.merging(environment) { $1 })
      expect(sentence, from: check)
      #expect(
        check.output.contains("1 of 12 checks failed (status 1); 1 request made."), "\(check.output)")
      #expect(!FileManager.default.fileExists(atPath: bench.archive))
    }
  }

  @Test(
    .enabled(if: Shell.works("unshare -m sh -c 'mount -t tmpfs none /etc/ssl'"), "needs the right to mount"))
  func `without CA certificates, the message says what to install`() throws {
    try Bench.with(["--generate", "5"]) { bench in
      let environment = bench.environment.merging(
        ["CLOUDSMITH_API_HOST": bench.url.replacing("http://", with: "https://")]
      ) { $1 }
      let script = """
        for folder in /etc/ssl /etc/pki; do [ ! -d $folder ] || mount -t tmpfs none $folder || exit 99; done
        exec "$@"
        """
      for arguments in [bench.arguments([]), ["check", "-o", "acme"]] {
        let result = try Shell.run(
          "exec unshare -m sh -c '\(script)' sh \"$@\"", arguments, environment: environment)
        expect(
          "this machine has no CA certificates (no CA bundle), so no server can be trusted. Install the package "
            + "ca-certificates, or pass a PEM file of trusted certificates as --ca-file or SSL_CERT_FILE.",
          from: result)
      }
    }
  }
}
