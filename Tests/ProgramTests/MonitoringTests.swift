import Foundation
import TestSupport
import Testing

/// `samples/monitoring`, held to the rules of Prometheus' own tool, and to what the program writes.
@Suite(.fewAtOnce) struct MonitoringTests {
  private static let folder = Repository.path("samples/monitoring")

  @Test(.needs("promtool"))
  func `promtool finds no fault in the alerts, and each fires when it should`() throws {
    for command in ["check rules alerts.yaml", "test rules alerts-test.yaml"] {
      let result = try Shell.run("cd \(MonitoringTests.folder) && promtool \(command)")
      #expect(result.status == 0, "\(result.output)\(result.log)")
      #expect(result.output.contains("SUCCESS"), "\(result.output)\(result.log)")
    }
  }

  @Test(
    .needs("promtool"),
    arguments: [
      ("> 26 * 3600", "> 96 * 3600"), ("> 3 * 86400", "> 9 * 86400"), ("< 7 * 86400", "< 5 * 86400"),
      ("!= 0) != 4", "!= 0)"), ("== 2", "== 3"), ("gaps > 0", "gaps > 1"), ("vanished > 0", "vanished > 9"),
      ("for: 2h", "for: 0h"),
    ])
  func `the tests of the alerts see what is changed in them`(text: String, other: String) throws {
    let folder = NSTemporaryDirectory() + "audit-alerts-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.copyItem(atPath: MonitoringTests.folder, toPath: folder)
    let alerts = try String(contentsOfFile: "\(folder)/alerts.yaml", encoding: .utf8)
    try #require(alerts.contains(text))
    try alerts.replacing(text, with: other)
      .write(toFile: "\(folder)/alerts.yaml", atomically: true, encoding: .utf8)
    let result = try Shell.run("promtool test rules \(folder)/alerts-test.yaml")
    #expect(result.status != 0, "\(result.output)")
  }

  @Test func `every alert and every test is about a metric that the program writes`() throws {
    try Bench.with(["--generate", "20"]) { bench in
      let file = bench.folder + "/cloudsmith.prom"
      let start = Date(timeIntervalSinceNow: -40 * 86_400).formatted(.iso8601)
      #expect(try bench.export(["--backfill-start-time", start, "--metrics-file", file]).status == 0)
      let written = Set(
        try String(contentsOfFile: file, encoding: .utf8).matches(of: /# TYPE (\w+) gauge/)
          .map { String($0.1) })
      #expect(written.count > 20)
      for name in ["alerts.yaml", "alerts-test.yaml"] {
        let text = try String(contentsOfFile: "\(MonitoringTests.folder)/\(name)", encoding: .utf8)
        let used = Set(text.matches(of: /cloudsmith_audit_export_\w+/).map { String($0.output) })
        #expect(used.count > 4 && used.isSubset(of: written), "\(name): \(used.subtracting(written))")
      }
    }
  }
}
