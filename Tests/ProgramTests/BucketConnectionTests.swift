import AuditRecord
import Foundation
import TestSupport
import Testing

/// TLS, proxies and clocks between the program and SeaweedFS.
@Suite(.fewAtOnce, .needsSeaweedFS, .needs("curl", "openssl")) struct BucketConnectionTests {
  @Test func `a store with a certificate of a private authority needs a CA file`() async throws {
    try await Bench.with(Bench.generate(50)) { bench in
      try await SeaweedFS.with { store in
        try await TestAuthority.with { authority in
          let certificate = (chain: authority.path("server.pem"), key: authority.path("server.key"))
          try await StoreProxy.with(store, certificate: certificate) { proxy in
            let archive = store.archive()
            let untrusted = try bench.run("export", archive, in: proxy.store, Bench.start)
            #expect(untrusted.status == 1, "\(untrusted.log)")
            #expect(
              untrusted.log.contains(
                "no trusted authority issued the server's certificate (issued by 'Test Authority')"),
              "\(untrusted.log)")
            #expect(untrusted.log.contains("--ca-file"), "\(untrusted.log)")
            let trusted = try bench.run(
              "export", archive, in: proxy.store, Bench.start + ["--ca-file", authority.caFile])
            #expect(trusted.status == 0, "\(trusted.log)")
            for (command, options) in [
              ("verify", []), ("status", []), ("changes", ["--since", "0"]),
              ("report", ["--html", "\(bench.folder)/report.html"]),
            ] {
              let read = try bench.run(
                command, archive, in: proxy.store, options + ["--ca-file", authority.caFile])
              #expect(read.status == 0, "\(command): \(read.log)")
            }
            for variable in ["AWS_CA_BUNDLE", "CLOUDSMITH_AUDIT_EXPORT_CA_FILE"] {
              let verified = try bench.run(
                "verify", archive, in: proxy.store, environment: [variable: authority.caFile])
              #expect(verified.status == 0, "\(variable): \(verified.log)")
            }
          }
        }
      }
    }
  }

  @Test func `a store is reached through a proxy, and the name in its certificate is checked`() async throws {
    try await Bench.with(Bench.generate(50)) { bench in
      try await SeaweedFS.with { store in
        try await TestAuthority.with { authority in
          try authority.issue(
            "store", for: "DNS:store.test", from: "20200101000000Z", until: "20991231000000Z")
          let certificate = (chain: authority.path("store.pem"), key: authority.path("store.key"))
          try await StoreProxy.with(store, certificate: certificate) { secure in
            try await StoreProxy.with(secure.store) { proxy in
              func run(_ command: String, _ host: String, _ options: [String] = []) throws -> CommandOutcome {
                try bench.run(
                  command, store.archive(), in: SeaweedFS(url: "https://\(host)"), options,
                  environment: ["HTTPS_PROXY": proxy.store.url, "AWS_CA_BUNDLE": authority.caFile])
              }
              let export = try run("export", "store.test", Bench.start)
              #expect(export.status == 0, "\(export.log)")
              #expect(try run("verify", "store.test").status == 0)
              let other = try run("verify", "other.test")
              #expect(other.status == 1, "\(other.log)")
              #expect(
                other.log.contains("the server's certificate is not for other.test, but for store.test"),
                "\(other.log)")
              #expect(Set(proxy.end()) == ["CONNECT store.test:443", "CONNECT other.test:443"])
            }
          }
        }
      }
    }
  }

  @Test(.needs("faketime"), arguments: ["-1h", "+1h"])
  func `a clock that is an hour wrong is named with both times, and changes nothing`(offset: String)
    async throws
  {
    try await Bench.with(Bench.generate(50)) { bench in
      try await SeaweedFS.with { store in
        let archive = store.archive()
        #expect(try bench.run("export", archive, in: store, Bench.start).status == 0)
        for command in ["export", "verify"] {
          let outcome = try Shell.run(
            #"exec faketime -f "$OFFSET" "$@""#,
            [command, "-o", "acme", "--archive", archive] + (command == "export" ? ["--existing"] : []),
            environment: bench.environment.merging(store.environment) { $1 }
              .merging(["OFFSET": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"]) { $1 })
          #expect(outcome.status == 64, "\(outcome.log)")
          let match = try #require(
            outcome.log.firstMatch(of: /(\S+Z) here, (\S+Z) at the store/), "\(outcome.log)")
          let here = try #require(Timestamp(rfc3339: String(match.1)))
          let there = try #require(Timestamp(rfc3339: String(match.2)))
          let hour: Int64 = offset == "-1h" ? -3_600_000_000 : 3_600_000_000
          // The rest is the time that the request took.
          #expect(abs(here.microseconds - there.microseconds - hour) < 60_000_000, "\(outcome.log)")
        }
        #expect(try bench.run("verify", archive, in: store).status == 0)
      }
    }
  }
}
