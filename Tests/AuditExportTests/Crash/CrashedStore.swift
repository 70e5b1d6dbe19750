import AuditArchive
import AuditExport
import AuditRecord
import TestSupport

/// Checks the promise of an archive on a store after a crash. Each violation is one line.
struct CrashedStore {
  let store: SimulatedStore
  let baseline: CrashScenario.Baseline
  /// How many commits of the run had returned.
  var committed = 0
  /// Whether the run went on after the fault, and may have committed the days that it had staged by then.
  var isStopped = false

  /// How long the runs keep the Parquet parts that they replace.
  private let keeping: TimeSpan?
  private var problems: [String] = []

  init(
    _ store: SimulatedStore, _ baseline: CrashScenario.Baseline, committed: Int, isStopped: Bool,
    keeping: TimeSpan?
  ) {
    self.keeping = keeping
    self.store = store
    self.baseline = baseline
    self.committed = committed
    self.isStopped = isStopped
  }

  /// Reads the archive, recovers it, and makes the next run. Changes the store.
  ///
  /// - Parameter runsOn: whether to make the next run after the recovery.
  static func problems(
    _ store: SimulatedStore, _ baseline: CrashScenario.Baseline, committed: Int = 0, isStopped: Bool = false,
    next scenario: CrashScenario, runsOn: Bool = true
  ) async -> [String] {
    var crashed = CrashedStore(
      store, baseline, committed: committed, isStopped: isStopped, keeping: scenario.keepSuperseded)
    do {
      let state = try await crashed.read()
      try await crashed.recover(scenario, to: state)
      if runsOn { try await crashed.complete(scenario) }
      if crashed.keeping != nil { try await crashed.stopKeeping(scenario) }
    } catch {
      crashed.problems.append("\(error)")
    }
    return crashed.problems
  }

  private mutating func require(_ holds: Bool, _ problem: @autoclosure () -> String) {
    if !holds { problems.append(problem()) }
  }

  /// A reader needs no recovery: it finds one of the states with all its files.
  private mutating func read() async throws -> Manifest? {
    let state = try await CrashScenario.state(of: store)
    let isState = baseline.states.contains(state) || (isStopped && baseline.isMadeOfDays(state))
    require(isState, "between two commits: \(state.map { "commit \($0.commit)" } ?? "none")")
    let (committed, place) = (committed, (state?.commit ?? 0) - (baseline.states[0]?.commit ?? 0))
    require(place >= committed, "\(committed) commits had returned, and \(place) are there")
    for file in state?.partitions.flatMap(\.files) ?? [] {
      require(hash(file.path) == file.sha256, "\(file.path) is not intact")
    }
    for file in state?.quarantine ?? [] {
      require(hash(file.path) == file.sha256, "\(file.path) is not intact")
    }
    // A reader without the manifest may find an extra revision, but never a torn file.
    for path in store.dataFiles {
      let short = ArchivePaths.shortHash(hash(path) ?? "")
      require(path.contains("-\(short)."), "\(path) is torn")
    }
    // So does a foreign reader of the table.
    problems += try store.tableProblems(of: CrashScenario.log, isCurrent: false)
    if let keeping { try checkKept(keeping) }
    return state
  }

  private mutating func recover(_ scenario: CrashScenario, to state: Manifest?) async throws {
    let (recovered, damaged) = try await scenario.open(store) { ($0.manifest, $0.recovery.damaged) }
    // A run that takes over a lease makes a commit without changes.
    let isSame =
      recovered == state || CrashScenario.content(of: recovered) == CrashScenario.content(of: state)
    require(store.isBucket ? isSame : recovered == state, "recovery made another state")
    require(damaged.isEmpty, "damaged: \(damaged)")
    try checkLeftovers(state)
  }

  private mutating func complete(_ scenario: CrashScenario) async throws {
    let summary = try await scenario.run(on: store)
    if case .complete = summary.outcome {} else { problems.append("the next run: \(summary.outcome)") }
    let state = try await CrashScenario.state(of: store)
    require(
      CrashScenario.content(of: state) == baseline.ending,
      "the next run ends with \(CrashScenario.content(of: state))")
    try checkLeftovers(state)
  }

  /// A run without the setting deletes all kept parts.
  private mutating func stopKeeping(_ scenario: CrashScenario) async throws {
    let state = try await scenario.withoutKeeping.open(store) { $0.manifest }
    try checkLeftovers(state, isKeeping: false)
    let findings = try await store.archive(of: CrashScenario.log).verify()?.findings ?? []
    require(findings.isEmpty, "after the kept parts were deleted: \(findings)")
  }

  /// Checks that each replaced part exists until its time is over.
  private mutating func checkKept(_ span: TimeSpan) throws {
    let removed = try store.supersededParts(of: CrashScenario.log)
    let newest = try store.newestCommitTime(of: CrashScenario.log)
    for (path, since) in removed where newest.map({ since + span > $0 }) ?? false {
      require(store.contents(of: path) != nil, "\(path) is not kept")
    }
  }

  /// Checks that every file is named by the state or kept by a run, and that the table has the whole state.
  private mutating func checkLeftovers(_ state: Manifest?, isKeeping: Bool = true) throws {
    problems += try store.tableProblems(of: CrashScenario.log, isCurrent: store.isTable)
    let named = (state?.partitions.flatMap(\.files).map(\.path) ?? []) + (state?.quarantine.map(\.path) ?? [])
    var kept: Set<String> = []
    if let keeping, isKeeping {
      try checkKept(keeping)
      kept = Set(try store.supersededParts(of: CrashScenario.log).map(\.path))
    }
    let found = store.dataFiles.filter { !kept.contains($0) }
    require(found == named.sorted(), "left over: \(Set(found).subtracting(named).sorted())")
    let state = store.paths(below: "_staging") + store.paths(below: "_manifest")
    let strange = state.filter {
      !$0.hasSuffix("/lock") && !$0.hasSuffix("/manifest.json") && !$0.contains("/commits/")
        && !$0.hasSuffix("/archive.json") && !$0.hasSuffix("/table.json")
        && !(keeping != nil && isKeeping && $0.hasSuffix("/intent.json"))
    }
    require(strange.isEmpty, "left over: \(strange)")
  }

  private func hash(_ path: String) -> String? {
    store.contents(of: path).map { sha256($0) }
  }
}
