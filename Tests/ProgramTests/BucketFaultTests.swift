import AuditRecord
import Foundation
import ObjectStore
import TestSupport
import Testing

/// Runs on SeaweedFS that sleep, are killed or meet a fault.
@Suite(.fewAtOnce, .needsSeaweedFS, .needs("curl")) struct BucketFaultTests {
  private static let start = ["--from", Past.midnight(daysAgo: 12)]
  /// Ends in the middle of a day.
  private static let shorter = start + ["--to", Past.midnight(daysAgo: 8.5)]
  private static let longer = start + ["--to", Past.midnight(daysAgo: 5), "--existing"]

  /// What an archive is besides its CSV files.
  enum Kind: String, CaseIterable {
    case files = "csv,parquet"
    case table = "csv,delta"

    fileprivate var formats: [String] { ["--format", rawValue] }

    /// The files of an archive at rest in `_manifest`, without commit records.
    fileprivate var stateFiles: [String] {
      ["_manifest/acme/lock", "_manifest/acme/manifest.json"]
        + (self == .table ? ["_manifest/acme/table.json"] : []) + ["_manifest/archive.json"]
    }
  }

  /// The violations of a table's guarantees; none if the archive is no table.
  private func tableProblems(
    _ kind: Kind, _ prefix: String, _ objects: StoreClient, isCurrent: Bool
  ) async throws -> [String] {
    guard kind == .table else { return [] }
    return try await SimulatedStore.copy(ofPrefix: prefix, in: objects)
      .tableProblems(of: try #require(LogName("acme")), isCurrent: isCurrent)
  }

  // MARK: A run that sleeps

  /// The request line before which the run is stopped; it arrives after another run has taken over.
  @Test(arguments: [
    (Kind.files, "PUT .*event_date"), (.files, "PUT .*/commits/"), (.files, "PUT .*/manifest.json"),
    (.table, "PUT .*/_delta_log/"), (.table, "PUT .*/table.json"),
  ])
  func `a run that sleeps until another takes its lease ends with 11 and harms nothing`(
    kind: Kind, request: String
  ) async throws {
    try await Bench.with(Bench.generate(300)) { bench in
      try await SeaweedFS.with { store in
        let archive = store.archive()
        let before = try bench.run("export", archive, in: store, Self.shorter + kind.formats)
        #expect(before.status == 0, "\(before.log)")
        try await StoreProxy.with(store, .stalled, at: request) { proxy in
          let sleeper = try bench.start("export", archive, in: proxy.store, Self.longer + kind.formats)
          try sleeper.wait { proxy.hasMetFault }
          sleeper.signal(SIGSTOP)
          try await store.withObjects { try await $0.expireLease(in: "log") }
          let second = try bench.run("export", archive, in: store, Self.longer + kind.formats)
          #expect(second.status == 0, "\(second.log)")
          let lock = try await store.withObjects {
            try await $0.get("log/_manifest/acme/lock", limit: 1 << 16)?.bytes ?? []
          }
          // It took over the lease of the sleeper, the second one of the log.
          let text = String(decoding: lock, as: UTF8.self)
          #expect(text.contains(#""generation":3,"#), "\(text)")
          let content = try Content(bench.run("status", archive, in: store, Content.options))
          proxy.goOn()
          sleeper.signal(SIGCONT)
          let first = sleeper.wait()
          #expect(first.status == 11, "\(first.log)")
          #expect(try Content(bench.run("status", archive, in: store, Content.options)) == content)
        }
        let verified = try bench.run("verify", archive, in: store)
        #expect(verified.status == 0, "\(verified.output)")
        let problems = try await store.withObjects {
          try await tableProblems(kind, "log", $0, isCurrent: true)
        }
        #expect(problems == [])
      }
    }
  }

  // MARK: A fault at any request

  /// A run whose requests are counted.
  enum Run: String, CaseIterable {
    /// The first one of a log in an archive that exists.
    case first
    /// Adds days.
    case incremental
    /// Adds days and replaces one.
    case revising
    /// Makes the archive; most of its requests test the store.
    case new

    fileprivate var windowBefore: [String] {
      self == .incremental ? start + ["--to", Past.midnight(daysAgo: 8)] : shorter
    }
    fileprivate var window: [String] { self == .first || self == .new ? shorter : longer }

    /// Whether a file is there before the run.
    fileprivate func isThere(_ path: String) -> Bool {
      switch self {
      case .first: path == "_manifest/archive.json"
      case .incremental, .revising: true
      case .new: false
      }
    }
  }

  /// nil is a death: the store does what is asked, and then the run is killed.
  private static let faults: [StoreProxy.Fault?] = [nil, .lostAnswer, .refused, .slowDown, .conflict]

  /// With `CLOUDSMITH_TEST_STORES=all`, which `Scripts/test --engines` sets: every fault at every request; at every eighth of a new archive.
  private static let isWhole = ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_STORES"] == "all"

  @Test(arguments: isWhole ? Run.allCases : [.first, .incremental, .revising], Kind.allCases)
  func `a death or a fault at any request to the store loses nothing and leaves nothing`(
    run: Run, kind: Kind
  ) async throws {
    try await Bench.with(Bench.generate(300)) { bench in
      try await SeaweedFS.with { store in
        let before = try bench.run(
          "export", store.archive("before"), in: store, run.windowBefore + kind.formats)
        #expect(before.status == 0, "\(before.log)")
        let (requests, content) = try await undisturbed(run, kind, store, bench)
        // 13 and 5 have no common divisor, so the sample has every fault.
        let step = Self.isWhole ? (run == .new ? 8 : 1) : 13
        for number in stride(from: 0, to: requests.count * Self.faults.count, by: step) {
          let fault = Self.faults[number % Self.faults.count]
          let request = number / Self.faults.count
          try await expectRecovery(
            run, kind, fault, at: request + 1,
            "\(fault.map(\.rawValue) ?? "killed") at \(requests[request])", content, store, bench)
        }
      }
    }
  }

  /// The requests of a run, and what it leaves.
  private func undisturbed(
    _ run: Run, _ kind: Kind, _ store: SeaweedFS, _ bench: Bench
  ) async throws -> ([String], Content) {
    let archive = store.archive("undisturbed")
    return try await store.withObjects { objects in
      try await objects.copyArchive("before", to: "undisturbed", isWanted: run.isThere)
      return try await StoreProxy.with(store) { proxy in
        let outcome = try bench.run("export", archive, in: proxy.store, run.window + kind.formats)
        try #require(outcome.status == 0, "\(outcome.log)")
        return (proxy.end(), try Content(bench.run("status", archive, in: store, Content.options)))
      }
    }
  }

  private func expectRecovery(
    _ run: Run, _ kind: Kind, _ fault: StoreProxy.Fault?, at request: Int, _ description: String,
    _ content: Content, _ store: SeaweedFS, _ bench: Bench
  ) async throws {
    let prefix = "\(fault.map(\.rawValue) ?? "killed")-\(request)"
    let archive = store.archive(prefix)
    let options = run.window + kind.formats
    try await store.withObjects { objects in
      try await objects.copyArchive("before", to: prefix, isWanted: run.isThere)
      try await StoreProxy.with(store, fault ?? .silence, at: "\(request)") { proxy in
        let running = try bench.start("export", archive, in: proxy.store, options)
        if fault == nil {
          // A run of fewer requests ends before.
          try running.wait { proxy.hasMetFault || running.hasEnded }
          running.end()
        } else {
          let outcome = running.wait()
          #expect(outcome.status == 0, "\(description): \(outcome.log)")
        }
      }
      #expect(try await tableProblems(kind, prefix, objects, isCurrent: false) == [], "\(description)")
      try await objects.expireLease(in: prefix)
      let next = try bench.run("export", archive, in: store, options)
      #expect(next.status == 0, "\(description): \(next.log)")
      let verified = try bench.run("verify", archive, in: store)
      #expect(verified.status == 0, "\(description): \(verified.output)\(verified.log)")
      #expect(try await tableProblems(kind, prefix, objects, isCurrent: true) == [], "\(description)")
      let left = try Content(bench.run("status", archive, in: store, Content.options))
      #expect(left.days == content.days, "\(description)")
      let files = try await objects.listAll(prefix: prefix + "/").map { $0.key.dropFirst(prefix.count + 1) }
      #expect(
        Set(
          files.filter { !$0.hasPrefix("_manifest/") && !$0.hasPrefix(SimulatedStore.tableLog) }
            .map(String.init)) == left.files, "\(description)")
      // No intent of a commit. What a killed test of the store left is kept for five minutes.
      #expect(
        files.filter { $0.hasPrefix("_manifest/") && !$0.contains("/commits/") && !$0.contains("/.probe-") }
          .map(String.init).sorted() == kind.stateFiles, "\(description)")
    }
  }
}

/// What the manifest of an archive names.
private struct Content: Equatable {
  static let options = ["--output-format", "json"]
  /// Each day with the hash of its rows.
  var days: [String] = []
  var files: Set<String> = []

  init(_ status: CommandOutcome) throws {
    let manifest = try #require(try status.json["manifest"] as? [String: Any], "\(status.log)")
    for partition in try #require(manifest["partitions"] as? [[String: Any]]) {
      days.append("\(partition["event_date"] ?? "") \(partition["content_sha256"] ?? "")")
      for file in try #require(partition["files"] as? [[String: Any]]) {
        files.insert(try #require(file["path"] as? String))
      }
    }
  }
}
