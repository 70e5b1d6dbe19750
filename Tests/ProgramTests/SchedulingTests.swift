import Foundation
import TestSupport
import Testing

/// `samples/scheduling`, each held to the rules of what will read it.
@Suite(.fewAtOnce) struct SchedulingTests {
  @Test(
    .needs("systemd-analyze"))
  func `systemd finds no fault in the service and the timer`() throws {
    let folder = NSTemporaryDirectory() + "audit-units-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let exporter = try Program.exporter.path
    let units = ["export", "verify"].flatMap {
      ["cloudsmith-audit-\($0)@.service", "cloudsmith-audit-\($0)@.timer"]
    }
    for unit in units {
      let text = try String(contentsOfFile: Repository.path("samples/scheduling/\(unit)"), encoding: .utf8)
      // The program has to be there for systemd to find no fault.
      try text.replacing("/usr/local/bin/cloudsmith-audit-export", with: exporter)
        .write(
          toFile: "\(folder)/\(unit.replacing("@", with: "@my-org"))", atomically: true, encoding: .utf8)
    }
    let result = try Shell.run(
      "cd \(folder) && systemd-analyze verify --man=no ./cloudsmith-audit-*@my-org.*")
    #expect(
      result.status == 0 && result.log.isEmpty && result.output.isEmpty, "\(result.log)\(result.output)")
  }

  @Test(
    .needsPython,
    arguments: ["kubernetes", "github", "airflow", "crontab"])
  func `the samples for other schedulers have no fault`(scheduler: String) throws {
    let result = try Python.run("check-samples.py", [scheduler])
    #expect(result.status == 0, "\(result.output)\(result.log)")
  }

  @Test func `every option that a sample gives to the program is one of its options`() throws {
    let help = try ["export", "changes", "verify", "status"]
      .map { try Program.exporter.run(["help", $0]).output }.joined()
    let known = Set(help.matches(of: /--[a-z][-a-z]+/).map { String($0.output) })
    let folder = Repository.path("samples/scheduling")
    var seen = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
      // An option belongs to the program when its command stands before it, on lines that are continued.
      for call in text.matches(of: /cloudsmith-audit-export"?,? (?:[^\n]*\\\n)*[^\n]*/) {
        for option in call.output.matches(of: /--[a-z][-a-z]+/) {
          #expect(known.contains(String(option.output)), "\(file): \(option.output)")
          seen += 1
        }
      }
    }
    #expect(seen > 5)
  }
}
