import Foundation
import ObjectStoreFakes
import TestSupport
import Testing

/// The lease of a killed run in a bucket, which another run can take only after a wait.
@Suite(.fewAtOnce) struct ExpiredLeaseTests {
  /// The store's clock is at 2015-08-30T12:36:00Z.
  private static let lock = """
    {"expires_at":"2015-08-30T12:35:59Z","generation":7,"host":"other.example","owner":"other","pid":4711,"released":false,\
    "since":"2015-08-30T12:00:00Z"}
    """
  private static let holder = "process 4711 on other.example, since 2015-08-30T12:00:00.000000Z"

  private func withStore(_ body: (Bench, _ environment: [String: String]) async throws -> Void) async throws {
    let store = FakeStore()
    store.place("audit/_manifest/acme/lock", Array(Self.lock.utf8))
    let answer = { @Sendable (_: Int, request: SocketServer.Request) in store.answer(request) }
    try await Bench.with(Bench.generate(50)) { bench in
      try await SocketServer.with(answer: answer) { server in
        let variables = [
          "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(server.port)", "AWS_ACCESS_KEY_ID": "AKID",
          "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
        ]
        try await body(bench, bench.environment.merging(variables) { $1 })
      }
    }
    #expect(store["audit/_manifest/acme/lock"]?.bytes == Array(Self.lock.utf8))
  }

  @Test
  func `a run says for whose lease it waits and until when, and a signal ends the wait with status 130`()
    async throws
  {
    try await withStore { bench, environment in
      let run = try Program.exporter.start(
        ["export", "-o", "acme", "--archive", "s3://bucket/audit"] + Bench.start, environment: environment)
      let line =
        "waiting until 2015-08-30T12:37:59.000000Z for the lease of 'acme': another run (\(Self.holder)) did not release it"
      try run.wait { run.hasLogged(line) }
      run.signal(SIGTERM)
      let result = run.wait()
      #expect(result.status == 130 && result.log.contains("Interrupted: "), "\(result.log)")
    }
  }

  @Test func `check warns of a lease that a run has to wait for`() async throws {
    try await withStore { bench, environment in
      let check = try Program.exporter.run(
        ["check", "-o", "acme", "--archive", "s3://bucket/audit"], environment: environment)
      let line =
        "no run holds it, but another run (\(Self.holder)) did not release it, so a run can take it from 2015-08-30T12:37:59.000000Z on"
      #expect(check.status != 11 && check.output.contains(line), "\(check.output)\(check.log)")
    }
  }
}
