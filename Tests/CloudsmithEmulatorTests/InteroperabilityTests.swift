import AuditRecord
import CloudsmithEmulator
import Foundation
import TestSupport
import Testing

/// Cloudsmith's own clients against the emulator. `Scripts/test` installs them.
@Suite(.fewAtOnce, .needsPython)
struct `Interoperability` {
  static func script(_ name: String, _ arguments: [String]) throws -> [[String: Any]] {
    let outcome = try Python.run(name, arguments)
    #expect(outcome.status == 0, "\(outcome.log)")
    return try outcome.output.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  @Test(arguments: ["", "/v1"]) func `the official client pages through a log and gets every event once`(
    suffix: String
  ) async throws {
    var configuration = try `The server`.configuration()
    let logs = [try log(), try log("acme/tools")]
    configuration.logs = logs
    try await withEmulator(configuration) { emulator in
      for name in logs {
        let events = try Self.script(
          "official_client.py",
          [emulator.baseURL + suffix, EmulatorConfiguration.demoKey, "\(name)", "--page-size", "7"])
        let truth = try records(emulator.truth(name) ?? [])
        #expect(events.compactMap { $0["uuid"] as? String } == truth.compactMap { $0["uuid"] as? String })
        #expect(events.compactMap { $0["event"] as? String } == truth.compactMap { $0["event"] as? String })
        #expect(events.count == 100)
      }
      #expect(emulator.requests.count == 30)
      #expect(
        emulator.requests.allSatisfy {
          $0.userAgent == "Swagger-Codegen/2.0.42/python" && $0.credential == .accepted
        })
    }
  }

  @Test func `the official client's query reaches the filter`() async throws {
    try await withEmulator(try `The server`.configuration()) { emulator in
      let query = #"event_at:>="2024-02-10T00:00:00Z" AND event_at:<"2024-02-12T00:00:00Z""#
      let events = try Self.script(
        "official_client.py", [emulator.baseURL, EmulatorConfiguration.demoKey, "acme", "--query", query])
      let days = Set(events.compactMap { ($0["event_at"] as? String)?.prefix(10) })
      #expect(days == ["2024-02-10", "2024-02-11"])
    }
  }

  @Test func `the official command line reads the user, the limits and the service status`() async throws {
    try await withEmulator(try `The server`.configuration()) { emulator in
      let answers = try Self.script(
        "official_cli.py", [emulator.baseURL, EmulatorConfiguration.demoKey])
      #expect(answers.compactMap { $0["status"] as? Int } == [0, 0, 0])
      let outputs = answers.compactMap { $0["output"] as? String }
      #expect(try outputs.at(0).contains(#""is_authenticated": true"#))
      #expect(try outputs.at(1).contains("Cloudsmith API is operational."))
      #expect(try outputs.at(2).contains("core"))
    }
  }

  @Test func `the official command line exchanges an identity token as the exporter does`() async throws {
    var configuration = try `The server`.configuration()
    configuration.identity = TrustedIdentity(token: "id.en.tity", service: "svc")
    try await withEmulator(configuration) { emulator in
      let proof = ["--oidc", "\(configuration.logs[0].organization)", "svc", "id.en.tity"]
      let whoami = try Self.script("official_cli.py", [emulator.baseURL] + proof).at(0)
      #expect((whoami["output"] as? String)?.contains(#""is_authenticated": true"#) == true, "\(whoami)")
    }
  }

  @Test func `the official command line reports a wrong key as the API does`() async throws {
    try await withEmulator(try `The server`.configuration()) { emulator in
      let whoami = try Self.script("official_cli.py", [emulator.baseURL, "wrong"]).at(0)
      // 401 in the low eight bits.
      #expect(whoami["status"] as? Int == 145)
      #expect((whoami["output"] as? String)?.contains("X-Api-Key header") == true)
    }
  }
}
