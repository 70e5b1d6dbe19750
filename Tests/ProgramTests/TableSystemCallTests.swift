import AuditRecord
import Foundation
import TestSupport
import Testing

/// The built program, killed at system calls of runs that write a table.
///
///     STRACE_STRIDE=1 swift test --filter TableSystemCallTests     at every call instead of some of them
///
/// A call is identified by its path, not by its number: strace counts the calls of each thread separately, and the threads
/// change from run to run.
/// A kill before an `fsync` leaves the same as a kill before the next call, so `fsync` is left out.
@Suite(
  .fewAtOnce,
  .enabled(if: Shell.works("strace -qq -o /dev/null true"), "needs strace, and the right to trace"))
struct TableSystemCallTests {
  enum Run: String, CaseIterable {
    case first
    /// Adds days.
    case incremental
    /// Adds days and replaces one.
    case revising

    fileprivate var endBefore: String? {
      switch self {
      case .first: nil
      case .incremental: TableSystemCallTests.midnight
      case .revising: TableSystemCallTests.noon
      }
    }
    fileprivate var end: String {
      self == .first ? TableSystemCallTests.noon : TableSystemCallTests.lateMidnight
    }
  }

  private static let start = Past.midnight(daysAgo: 8)
  private static let midnight = Past.midnight(daysAgo: 6)
  private static let noon = Past.midnight(daysAgo: 5.5)
  private static let lateMidnight = Past.midnight(daysAgo: 4)

  /// A call that changes the archive. The names of calls differ between machines.
  private struct Point: Hashable {
    var call: String
    /// The path as in the call: absolute for a write, otherwise often relative to an open folder.
    var path: String
    /// Whether it puts the commit, the version of the table, its position or the manifest in place.
    var isCommitting = false
  }

  private static let stride =
    ProcessInfo.processInfo.environment["STRACE_STRIDE"].flatMap { Int($0) } ?? 12

  private static let calls = [
    "write", "?rename", "?renameat", "?renameat2", "?link", "?linkat", "?mkdir", "?mkdirat", "?unlink",
    "?unlinkat", "?rmdir",
  ].joined(separator: ",")

  @Test(arguments: Run.allCases)
  func `a run killed at any system call leaves the table of one commit, and the next run completes it`(
    run: Run
  ) async throws {
    let events = [
      "--generate", "120", "--seed", "7", "--from", Self.start, "--to",
      Past.midnight(daysAgo: 3), "--rate-limit", "1000000",
    ]
    try await Bench.with(events) { bench in
      let before = bench.folder + "/before"
      if let end = run.endBefore {
        let outcome = try export(bench, before, to: end)
        try #require(outcome.status == 0, "\(outcome.log)")
      }
      let whole = try copy(before, to: bench.folder + "/whole")
      let trace = bench.folder + "/trace"
      let undisturbed = try export(bench, whole, to: run.end, "-y -o '\(trace)' -e trace=\(Self.calls)")
      try #require(undisturbed.status == 0, "\(undisturbed.log)")
      let points = try points(in: String(contentsOfFile: trace, encoding: .utf8), archive: whole)
      #expect(points.count { $0.isCommitting } == 4 && points.count > 20, "\(points)")
      let content = try await ArchiveOnDisk(whole).content
      var kills = 0
      for (number, point) in points.enumerated()
      where point.isCommitting || number.isMultiple(of: Self.stride) {
        let archive = try copy(before, to: "\(bench.folder)/killed-\(number)")
        let path = point.path.replacing(whole, with: archive)
        let killed = try export(
          bench, archive, to: run.end,
          "-o /dev/null -P '\(path)' -e trace=\(point.call) -e inject=\(point.call):signal=SIGKILL:when=1")
        #expect(killed.wasKilled || killed.status == 128 + SIGKILL, "\(point): \(killed.log)")
        kills += 1
        #expect(try problems(archive, isCurrent: false) == [], "\(point)")
        let next = try export(bench, archive, to: run.end)
        #expect(next.status == 0, "\(point): \(next.log)")
        #expect(try problems(archive, isCurrent: true) == [], "\(point)")
        await #expect(try ArchiveOnDisk(archive).content == content, "\(point)")
        let left = try ArchiveOnDisk(archive).leftovers().filter { !$0.hasPrefix(SimulatedStore.tableLog) }
        #expect(left == [], "\(point)")
      }
      print("kill points of a table, \(run.rawValue): \(kills) of \(points.count); no violation")
    }
  }

  /// A run that makes the archive a table and exports up to a time, under strace with these options.
  private func export(
    _ bench: Bench, _ archive: String, to end: String, _ strace: String? = nil
  ) throws -> CommandOutcome {
    try Shell.run(
      (strace.map { "exec strace -f -qq \($0)" } ?? "exec") + " \"$@\"",
      bench.arguments([
        "--from", Self.start, "--to", end, "--archive", archive, "--quiet", "--page-size",
        "40", "--format", "csv,delta",
      ]), environment: bench.environment)
  }

  /// Copies an archive if it exists.
  private func copy(_ archive: String, to copy: String) throws -> String {
    if FileManager.default.fileExists(atPath: archive) {
      try FileManager.default.copyItem(atPath: archive, toPath: copy)
    }
    return copy
  }

  private func problems(_ archive: String, isCurrent: Bool) throws -> [String] {
    guard FileManager.default.fileExists(atPath: archive) else { return [] }
    return try SimulatedStore.copy(ofFolder: archive)
      .tableProblems(of: try #require(LogName("acme")), isCurrent: isCurrent)
  }

  /// The calls in a trace that change the archive. Of several with the same path, the first.
  private func points(in trace: String, archive: String) throws -> [Point] {
    var points: [Point] = []
    for line in trace.split(separator: "\n") {
      guard let match = line.prefixMatch(of: #/\d+ +(\w+)\((.*)/#) else { continue }
      let (call, arguments) = (String(match.output.1), match.output.2)
      let path =
        call == "write"
        ? arguments.prefixMatch(of: #/\d+<([^>]*)>/#)?.output.1
        : arguments.firstMatch(of: #/"([^"]*)"/#)?.output.1
      // The rest are sockets and stderr.
      guard let path = path.map(String.init), call != "write" || path.hasPrefix(archive + "/"),
        !points.contains(where: { $0.call == call && $0.path == path })
      else { continue }
      let isCommitting =
        call.hasPrefix("link") || call.hasPrefix("rename")
        ? arguments.contains(#/commits>,|_delta_log>,|"table\.json"|"manifest\.json"/#) : false
      points.append(Point(call: call, path: path, isCommitting: isCommitting))
    }
    return points
  }
}
