import AuditRecord
import Foundation
import TestSupport
import Testing

/// The sources of the key and of the bearer token.
@Suite(.fewAtOnce, .serialized) struct CredentialTests {
  @Test func `the API key is in no output, no log, no file and no argument`() throws {
    try Bench.with(Bench.generate(1_000, ["--fail-every", "3", "--fail-status", "503"])) { bench in
      let running = try Program.exporter.start(
        bench.arguments([
          "--backfill-start-time", Bench.month.from, "--log-level", "debug", "--page-size", "100",
        ]),
        environment: bench.environment)
      let result = running.wait()
      #expect(result.status == 0, "\(result.log)")
      #expect(result.log.contains("503"))
      #expect(!result.output.contains(bench.key))
      #expect(!result.log.contains(bench.key))
      for file in try ArchiveOnDisk(bench.archive).files() {
        #expect(try Data(contentsOf: URL(filePath: file)).range(of: Data(bench.key.utf8)) == nil, "\(file)")
      }
      let refused = try bench.export(environment: ["CLOUDSMITH_API_KEY": "wrong-key-77"])
      #expect(refused.status == 20)
      #expect(!refused.log.contains("wrong-key-77"))
    }
  }

  @Test(arguments: ["-", "/dev/stdin"])
  func `one piped key serves all logs of a job`(name: String) throws {
    try Bench.with(["--organization", "globex", "--generate", "30"]) { bench in
      let folder = Folder(path: bench.folder)
      let file = try folder.write("logs: [{organization: acme}, {organization: globex}]\n", to: "job.yaml")
      let result = try Shell.run(
        #"exporter=$1; shift; printf '%s\n' "$KEY" | "$exporter" "$@""#,
        ["export", "--config", file, "--archive", bench.archive, "--api-key-file", name],
        environment: ["KEY": bench.key, "CLOUDSMITH_API_HOST": bench.url])
      #expect(result.status == 0, "\(result.log)")
    }
    let empty = try Program.exporter.run([
      "export", "-o", "acme", "--archive", "/tmp/never-made", "--api-key-file", name,
    ])
    #expect(empty.status == 64)
    #expect(
      empty.log.contains("The API key from --api-key-file '\(name)' is invalid: it is empty"), "\(empty.log)")
  }

  @Test func `a systemd credential ranks after the environment and before cloudsmith-cli's file`() throws {
    try Folder.with { folder in
      try folder.write("k-systemd\n", to: "credentials/cloudsmith-api-key")
      let ini = try folder.write("[default]\napi_key = k-cli\n", to: "home/.cloudsmith/credentials.ini")
      var environment = [
        "CREDENTIALS_DIRECTORY": folder.path + "/credentials", "HOME": folder.path + "/home",
        "CLOUDSMITH_OIDC_TOKEN": "token", "CLOUDSMITH_SERVICE_SLUG": "svc",
        "CLOUDSMITH_API_KEY": "k-variable",
      ]
      func source() throws -> String? { try folder.settings(environment: environment)["api_key"]?.source }
      #expect(try source() == "CLOUDSMITH_API_KEY")
      environment["CLOUDSMITH_API_KEY"] = " "
      #expect(try source() == "the systemd credential cloudsmith-api-key")
      environment["CREDENTIALS_DIRECTORY"] = folder.path
      #expect(try source() == ini + ":2")
      environment["HOME"] = "/nonexistent"
      #expect(try source() == "CLOUDSMITH_OIDC_TOKEN")
      environment["CLOUDSMITH_AUDIT_EXPORT_API_KEY_FILE"] = "credentials/cloudsmith-api-key"
      #expect(try source() == "'credentials/cloudsmith-api-key'")
    }
  }

  @Test func `the sample service names the key as the program expects`() throws {
    let unit = try String(
      contentsOfFile: Repository.path("samples/scheduling/cloudsmith-audit-export@.service"), encoding: .utf8)
    #expect(unit.contains("\nLoadCredential=cloudsmith-api-key:"))
  }

  @Test func `each log of a job can have a key of its own, in a file or a variable`() throws {
    try Folder.with { folder in
      let file = try folder.write(
        """
        api_key_file: common.key
        logs:
          - organization: one
          - organization: two
            api_key_variable: TWO_KEY
          - organization: three
            api_key_file: three.key
        """, to: "job.yaml")
      try folder.write("k-common", to: "common.key")
      for (log, source) in [("one", "'\(folder.path)/common.key'"), ("two", "TWO_KEY")] {
        let settings = try folder.settings(["--config", file, "-o", log], environment: ["TWO_KEY": "k-two"])
        #expect(settings["api_key"]?.source == source)
      }
      let unset = try Program.exporter.run(["export", "--archive", "a", "--config", file, "-o", "two"])
      #expect(unset.status == 64)
      #expect(
        unset.log.contains(
          "\(file):5:23: api_key_variable: the API key should be in the environment variable TWO_KEY, which is not set"
        ))
      let missing = try Program.exporter.run(["export", "--archive", "a", "--config", file, "-o", "three"])
      #expect(missing.status == 64)
      #expect(missing.log.contains("three.key' with the API key cannot be read (No such file or directory)"))
    }
  }

  @Test(arguments: [("/dev/zero", "larger than 256 KiB"), ("/", "Is a directory")])
  func `a key path that is not a regular file is refused without hanging`(path: String, sentence: String)
    throws
  {
    let result = try Program.exporter.run([
      "export", "-o", "acme", "--archive", "/tmp/never-made", "--api-key-file", path,
    ])
    #expect(result.status == 64)
    #expect(result.log.contains(sentence), "\(result.log)")
  }

  private static let identity = ["--oidc-token", "identity-token", "--oidc-service", "audit-x1"]
  private static let environment = [
    "CLOUDSMITH_API_KEY": "", "CLOUDSMITH_OIDC_TOKEN": "identity-token\n",
    "CLOUDSMITH_SERVICE_SLUG": "audit-x1",
  ]

  @Test(arguments: ["1", "8"])
  func `an identity token is exchanged, and the bearer token is renewed whenever it is refused`(
    inFlight: String
  ) throws {
    let events = ["--generate", "3000", "--oidc-lifetime", "10", "--rate-limit", "0"]
    try Bench.with(CredentialTests.identity + events) { bench in
      let result = try bench.export(
        [
          "--backfill-start-time", "2020-01-01", "--page-size", "100", "--time-filter", "walk",
          "--max-concurrent-requests", inFlight, "--output-format", "json", "--log-level", "debug",
        ], environment: CredentialTests.environment)
      #expect(result.status == 0, "\(result.log)")
      #expect(try (result.json["run"] as? [String: Any])?["rows_added"] as? Int == 3000)
      // Neither token is in any file.
      let found = try Shell.run(#"grep -rE "identity-token|emulated\.bearer" "$2""#, [bench.folder])
      #expect(found.status == 1, "\(found.output)")
      #expect(!(result.output + result.log).contains("identity-token"))
      #expect(!(result.output + result.log).contains("emulated.bearer"))
    }
  }

  @Test func `a rejected identity token ends the run, which keeps its complete days`() throws {
    let events = ["--generate", "3000", "--oidc-lifetime", "10", "--oidc-tokens", "1", "--rate-limit", "0"]
    try Bench.with(CredentialTests.identity + events) { bench in
      let result = try bench.export(
        ["--backfill-start-time", "2020-01-01", "--page-size", "100", "--output-format", "json"],
        environment: CredentialTests.environment)
      #expect(result.status == 20, "\(result.log)")
      #expect(result.log.contains("service account 'audit-x1'") && result.log.contains("has expired"))
      #expect(try (result.json["days_written"] as? [String])?.isEmpty == false)
    }
  }

  @Test func `a wrong or missing service and a wrong token are distinguished from a wrong key`() throws {
    try Bench.with(CredentialTests.identity + ["--generate", "30"]) { bench in
      for change in [["CLOUDSMITH_SERVICE_SLUG": "other"], ["CLOUDSMITH_OIDC_TOKEN": "stolen"]] {
        let result = try bench.export(environment: CredentialTests.environment.merging(change) { $1 })
        #expect(result.status == 20, "\(result.log)")
        #expect(result.log.contains("OIDC token cannot be authenticated"), "\(result.log)")
        #expect(result.log.contains("CLOUDSMITH_OIDC_TOKEN") && !result.log.contains("stolen"))
      }
      let none = try bench.export(
        environment: CredentialTests.environment.merging(["CLOUDSMITH_SERVICE_SLUG": ""]) { $1 })
      #expect(none.status == 64)
      #expect(none.log.contains("Set CLOUDSMITH_SERVICE_SLUG"), "\(none.log)")
    }
  }
}
