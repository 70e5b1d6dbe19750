import AuditArchive
import AuditExport
import Foundation
import ObjectStoreFakes
import Synchronization
import TestSupport
import Testing

/// Whole runs that die, or whose disk fails, at each operation.
///
///     CRASH_SURVIVALS=20 swift test --filter RunCrashTests     more random outcomes of a power failure
@Suite struct RunCrashTests {
  enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case first = "a first run"
    case slow = "a first run of several commits"
    case incremental = "an incremental run"
    case revision = "a run that revises two days"
    case conversion = "a run that adds a format"
    case tableFirst = "a first run of a table"
    case tableIncremental = "an incremental run of a table"
    case tableRevision = "a run that revises two days of a table"
    case tableConversion = "a run that makes an archive a table"
    case tableKeeping = "a run that keeps the files that it replaces in a table"

    var testDescription: String { rawValue }

    func scenario(in store: SimulatedStore) async throws -> CrashScenario {
      switch self {
      case .first: .first(in: store)
      case .slow: .slow(in: store)
      case .incremental: try await .incremental(in: store)
      case .revision: try await .revision(in: store)
      case .conversion: try await .conversion(in: store)
      case .tableFirst: .tableFirst(in: store)
      case .tableIncremental: try await .tableIncremental(in: store)
      case .tableRevision: try await .tableRevision(in: store)
      case .tableConversion: try await .tableConversion(in: store)
      case .tableKeeping: try await .tableKeeping(in: store)
      }
    }

    /// Whether the table is what differs from another kind.
    var isTable: Bool {
      switch self {
      case .first, .slow, .incremental, .revision, .conversion: false
      case .tableFirst, .tableIncremental, .tableRevision, .tableConversion, .tableKeeping: true
      }
    }

    /// Whether a call fails in the tests: all of them, or, for a table, those around its own and every ninth of the others.
    func tries(_ number: Int, _ baseline: CrashScenario.Baseline) -> Bool {
      !isTable || baseline.callsOfTable.contains(number) || number % 9 == 0 || number > baseline.calls
    }

    /// Returns the scenario with its disk in memory.
    func scenarioOnDisk() async throws -> (CrashScenario, FaultyFileSystem) {
      let disk = FaultyFileSystem(folder: SimulatedStore.root)
      return (try await scenario(in: .disk(disk)), disk)
    }

    /// Returns the scenario with its bucket in memory.
    func scenarioInBucket() async throws -> (CrashScenario, MemoryBucket) {
      let bucket = MemoryBucket()
      return (try await scenario(in: .bucket(bucket)), bucket)
    }
  }

  private static let seeds = ProcessInfo.processInfo.environment["CRASH_SURVIVALS"].flatMap { Int($0) } ?? 1

  /// What the disk keeps of unsynced data: nothing, everything, or a random part.
  private func survivals(_ number: Int) -> [Survival] {
    [.none, .all] + (0..<Self.seeds).map { .some(SeededRandom(seed: number * 1_000 + $0)) }
  }

  @Test(arguments: Kind.allCases)
  func `a run that dies before or after any operation leaves the state between two commits`(
    _ kind: Kind
  ) async throws {
    let (scenario, before) = try await kind.scenarioOnDisk()
    let baseline = try await scenario.baseline()
    #expect(baseline.states.count >= (kind == .slow ? 3 : 2))
    var crashes = 0
    var found: [String] = []
    // The last one is a crash after the last operation.
    for number in 1...baseline.calls + 1 where found.isEmpty && kind.tries(number, baseline) {
      let dead = FaultyFileSystem(copyOf: before)
      dead.fail(at: number, .death)
      let committed = await committed(scenario, .disk(dead))
      #expect(dead.hasFailed == (number <= baseline.calls))
      for survival in survivals(number) {
        let disk = FaultyFileSystem(copyOf: dead)
        var rest = survival
        disk.restart(afterPowerFailure: &rest)
        crashes += 1
        found += await CrashedStore.problems(.disk(disk), baseline, committed: committed, next: scenario)
          .map { "operation \(number), \(survival): \($0)" }
      }
    }
    try #require(found == [])
    print(
      "\(kind.rawValue): \(baseline.calls + 1) crash points, \(crashes) disks left by them, no violation")
  }

  @Test(arguments: Kind.allCases)
  func `a run whose disk fails at any operation leaves whole days with correct coverage`(
    _ kind: Kind
  ) async throws {
    let (scenario, before) = try await kind.scenarioOnDisk()
    let baseline = try await scenario.baseline()
    let faults = FaultyFileSystem.Fault.allCases.filter { $0 != .death }
    var found: [String] = []
    for number in 1...baseline.calls where found.isEmpty && kind.tries(number, baseline) {
      let disk = FaultyFileSystem(copyOf: before)
      let fault = faults[number % faults.count]
      disk.fail(at: number, fault)
      let committed = await committed(scenario, .disk(disk))
      #expect(disk.hasFailed)
      disk.restart()
      found += await CrashedStore.problems(
        .disk(disk), baseline, committed: committed, isStopped: true, next: scenario
      )
      .map { "operation \(number), \(fault): \($0)" }
    }
    try #require(found == [])
    print("\(kind.rawValue): \(baseline.calls) operations that fail, no violation")
  }

  @Test(arguments: Kind.allCases)
  func `a run in a bucket that dies or fails at any call leaves the state between two commits`(
    _ kind: Kind
  )
    async throws
  {
    let (scenario, before) = try await kind.scenarioInBucket()
    let baseline = try await scenario.baseline()
    var crashes = 0
    var found: [String] = []
    for number in 1...baseline.calls where found.isEmpty && kind.tries(number, baseline) {
      for fault in MemoryBucket.Fault.allCases where fault != .delay {
        let bucket = MemoryBucket(copyOf: before)
        bucket.fail(at: number, fault)
        let committed = await committed(scenario, .bucket(bucket))
        #expect(bucket.hasFailed)
        let isStopped = ![.deathBefore, .deathAfter].contains(fault)
        bucket.restart()
        crashes += 1
        found += await CrashedStore.problems(
          .bucket(bucket), baseline, committed: committed, isStopped: isStopped, next: scenario
        ).map { "call \(number), \(fault): \($0)" }
      }
    }
    try #require(found == [])
    print(
      "\(kind.rawValue) in a bucket: \(baseline.calls) calls, \(crashes) buckets left by them, no violation")
  }

  /// The sweep over every request: each fault, survived or not, and a death before and after it.
  @Test(arguments: Kind.allCases)
  func `a run over an object store that dies or fails at any request leaves the state between two commits`(
    _ kind: Kind
  ) async throws {
    let before = ObjectBucket()
    let scenario = try await kind.scenario(in: .objects(before))
    let baseline = try await scenario.baseline()
    var (crashes, faults) = (0, 0)
    var found: [String] = []
    // A first run tests the store with about 70 requests that are much alike; every eighth of them will do.
    let probed = [.first, .slow, .tableFirst].contains(kind) ? 70 : 0
    for number in 1...baseline.calls
    where found.isEmpty && (number > probed || number % 8 < 2) && kind.tries(number, baseline) {
      for fault in FakeStore.Fault.survivable {
        let bucket = ObjectBucket(copyOf: before)
        bucket.store.fail([number: fault])
        let committed = await committed(scenario, .objects(bucket))
        bucket.store.restart()
        faults += 1
        found += await CrashedStore.problems(
          .objects(bucket), baseline, committed: committed, isStopped: true, next: scenario
        ).map { "request \(number), \(fault): \($0)" }
      }
      for isDone in [false, true] {
        let bucket = ObjectBucket(copyOf: before)
        bucket.store.die(at: number, isDone: isDone)
        let committed = await committed(scenario, .objects(bucket))
        bucket.store.restart()
        crashes += 1
        found += await CrashedStore.problems(
          .objects(bucket), baseline, committed: committed, isStopped: false, next: scenario
        ).map { "request \(number), death \(isDone ? "after" : "before") it: \($0)" }
      }
    }
    try #require(found == [])
    print(
      "\(kind.rawValue) over an object store: \(baseline.calls) requests, \(faults) faults, \(crashes) deaths, no violation"
    )
  }

  @Test func `a recovery that dies at any operation is completed by the next one`() async throws {
    var (disks, crashes) = (0, 0)
    for kind in [Kind.first, .revision, .tableRevision, .tableKeeping] {
      let (scenario, before) = try await kind.scenarioOnDisk()
      let baseline = try await scenario.baseline()
      for crashed in try await differentDisks(kind, scenario, before, baseline) {
        disks += 1
        let counted = FaultyFileSystem(copyOf: crashed)
        counted.record()
        try await scenario.open(.disk(counted)) { _ in }
        for number in 1...counted.operations.count + 1 where !kind.isTable || number % 2 == 0 {
          let dead = FaultyFileSystem(copyOf: crashed)
          dead.fail(at: number, .death)
          do { try await scenario.open(.disk(dead)) { _ in } } catch {}
          #expect(dead.hasFailed == (number <= counted.operations.count))
          // Alternates, so that both outcomes occur for each operation.
          var survival = (disks + number).isMultiple(of: 2) ? Survival.none : .all
          dead.restart(afterPowerFailure: &survival)
          crashes += 1
          let found = await CrashedStore.problems(.disk(dead), baseline, next: scenario, runsOn: false)
          try #require(found == [], "\(kind.rawValue), operation \(number) of recovery, \(survival)")
        }
      }
    }
    print("recovery: of \(disks) crashed disks, \(crashes) disks left by crashes within it, no violation")
  }

  /// A killed run leaves names that are not durable, and recovery builds on them: the table must not have what the power failure undoes.
  @Test(arguments: [Kind.tableFirst, .tableRevision, .tableConversion, .tableKeeping])
  func `a power failure in or after the recovery of a killed run leaves no table that is ahead`(
    _ kind: Kind
  ) async throws {
    let (scenario, before) = try await kind.scenarioOnDisk()
    let baseline = try await scenario.baseline()
    var crashes = 0
    for number in 1...baseline.calls where kind.tries(number, baseline) {
      let killed = FaultyFileSystem(copyOf: before)
      killed.fail(at: number, .death)
      _ = await committed(scenario, .disk(killed))
      killed.restartAfterKill()
      let counted = FaultyFileSystem(copyOf: killed)
      counted.record()
      try await scenario.open(.disk(counted)) { _ in }
      let operations = counted.operations.count
      for last in 1...operations + 1 where (number + last).isMultiple(of: 3) || last > operations {
        let dead = FaultyFileSystem(copyOf: killed)
        dead.fail(at: last, .death)
        do { try await scenario.open(.disk(dead)) { _ in } } catch {}
        var survival = Survival.none
        dead.restart(afterPowerFailure: &survival)
        crashes += 1
        let found = await CrashedStore.problems(.disk(dead), baseline, next: scenario, runsOn: false)
        try #require(found == [], "operation \(number), operation \(last) of recovery")
      }
    }
    print("\(kind.rawValue), killed: \(crashes) power failures in and after recovery, no violation")
  }

  /// How many commits had returned when the run ended as it did.
  private func committed(_ scenario: CrashScenario, _ store: SimulatedStore) async -> Int {
    let count = Mutex(0)
    do {
      _ = try await scenario.run(on: store) { event in
        if event.isCommit { count.withLock { $0 += 1 } }
      }
    } catch {
      // The run may fail; only the store is checked.
    }
    return count.withLock(\.self)
  }

  /// The disks that a crash of the run can leave, each of them once.
  private func differentDisks(
    _ kind: Kind, _ scenario: CrashScenario, _ before: FaultyFileSystem, _ baseline: CrashScenario.Baseline
  ) async throws -> [FaultyFileSystem] {
    var seen: Set<[String: [UInt8]]> = []
    var disks: [FaultyFileSystem] = []
    for number in 1...baseline.calls where kind.tries(number, baseline) {
      let dead = FaultyFileSystem(copyOf: before)
      dead.fail(at: number, .death)
      _ = await committed(scenario, .disk(dead))
      for survival in [Survival.none, .all] {
        let disk = FaultyFileSystem(copyOf: dead)
        var rest = survival
        disk.restart(afterPowerFailure: &rest)
        let files = disk.paths(below: SimulatedStore.root).map { ($0, disk.contents(of: $0) ?? []) }
        if seen.insert(Dictionary(uniqueKeysWithValues: files)).inserted { disks.append(disk) }
      }
    }
    return disks
  }
}
