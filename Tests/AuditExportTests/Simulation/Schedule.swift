import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Foundation
import HTTP
import ObjectStoreFakes
import Synchronization
import TestSupport

/// A few random runs of one archive, with random events, requests and faults. The seed determines everything.
struct Schedule {
  /// The outcome of a schedule.
  struct Report: Sendable {
    /// Violations of the archive's promise; empty if it was kept.
    var problems: [String] = []
    /// A line for each run.
    var trace: [String] = []
    /// How often each kind of event, fault and outcome occurred. It shows that schedules exercise them.
    var tally: [String: Int] = [:]
  }

  private var random: SeededRandom
  /// For filters, memory and formats. A generator of its own, so older choices of a seed stay the same.
  private var filterRandom: SeededRandom
  /// For inconsistencies of the API; separate for the same reason.
  private var inconsistencyRandom: SeededRandom
  /// The runs before the first that makes the archive a table; nil if none does.
  private let runsBeforeTable: Int?
  private let isClustered: Bool
  private let isFilterOnClock: Bool
  private let harness: TestHarness
  private let store: SimulatedStore
  private let ledger: Ledger
  private let settings: ExportSettings
  private var checker: InvariantChecker
  private var report = Report()

  /// - Parameter store: empty.
  static func run(seed: Int, in store: SimulatedStore) async throws -> Report {
    var schedule = try Schedule(seed: seed, store)
    return try await schedule.run()
  }

  private init(seed: Int, _ store: SimulatedStore) throws {
    // Seeds are small and close together; the generator's states must not be.
    var random = SeededRandom(seed: seed &* 0x2545_F491_4F6C_DD1D)
    let now = Timestamp(
      microseconds: 1_709_251_200_000_000 + .random(in: 0..<Day.microseconds, using: &random))
    self.store = store
    let largest = random.once(in: 4) ? Int.random(in: 2...20, using: &random) : 60
    var filterRandom = SeededRandom(seed: ~seed &* 0x2545_F491_4F6C_DD1D)
    let filter = filterRandom.pick([
      TimeFilter.exact, .exact, .inclusive, .dayTruncated, .shifted(.hours(2)), .ignored, .rejected,
      .onClock(FilterClock()),
    ])
    harness = try TestHarness(now: now, store: store) {
      $0.maximumPageSize = largest
      $0.timeFilter = filter
    }
    isFilterOnClock = if case .onClock = filter { true } else { false }
    isClustered = filterRandom.once(in: 2)
    self.filterRandom = filterRandom
    // Likewise.
    var tableRandom = SeededRandom(seed: (seed &+ 2) &* 0x3C6E_F372_FE94_F82B)
    runsBeforeTable = tableRandom.once(in: 6) ? tableRandom.pick([0, 0, 1, 2]) : nil
    inconsistencyRandom = SeededRandom(seed: (seed &+ 1) &* 0x1E37_79B9_7F4A_7C15)
    var settings = ExportSettings(request: .incremental(backfillStart: nil))
    settings.lookback = random.pick([.hours(3), .hours(24), .hours(24), .hours(48)])
    settings.settle = random.pick([.zero, .minutes(10), .minutes(10), .hours(1)])
    var quietRandom = SeededRandom(seed: (seed &+ 3) &* 0x51A7_2C0B_9D4E_6F13)
    settings.quietCommitInterval = quietRandom.pick([.zero, .zero, .hours(1), .hours(24)])
    self.settings = settings
    // Events later than the lookback are outside the promise.
    let bounds: [TimeSpan] = [.zero, .hours(1), settings.lookback, settings.lookback, settings.lookback * 2]
    ledger = Ledger(lateBound: random.pick(bounds))
    checker = InvariantChecker(harness, ledger)
    self.random = random
  }

  private mutating func run() async throws -> Report {
    let days = Double.random(in: 0...5, using: &random)
    let first = harness.clock.now
    addEvents(Int.random(in: 0...40, using: &random), from: first - .days(days), to: first)
    for _ in 0..<Int.random(in: 2...4, using: &random) {
      if report.problems.isEmpty { try await night() }
      let before = harness.clock.now
      let next = before + .hours(random.pick([0, 0.3, 5, 24, 24, 24, 80]))
      addEvents(Int.random(in: 0...12, using: &random), from: before, to: next)
      harness.clock.advance(to: next)
    }
    if report.problems.isEmpty { try await finish() }
    return report
  }

  private mutating func addEvents(_ count: Int, from: Timestamp, to: Timestamp) {
    var times = (0..<count).map { _ in Int64.random(in: from.microseconds...to.microseconds, using: &random) }
    // Without events close together, no filter can be measured.
    for index in times.indices.dropFirst() where isClustered && !filterRandom.once(in: 4) {
      times[index] = min(
        to.microseconds, times[index - 1] + .random(in: 0...60_000_000, using: &filterRandom))
    }
    harness.api.withLock { api in
      api.change(harness.log) { log in
        for time in times.sorted() {
          ledger.happen(at: Timestamp(microseconds: time), in: &log, &random)
        }
      }
    }
  }

  private mutating func fork() -> SeededRandom {
    SeededRandom(seed: Int(truncatingIfNeeded: random.next()))
  }

  // MARK: A night

  private mutating func night() async throws {
    var behaviours: [any Behaviour] = []
    if !random.once(in: 3) {
      let chance = random.pick([0.1, 0.5, 0.7])
      behaviours.append(
        ConcurrentEvents(
          ledger: ledger, chance: chance, random: fork(), left: Int.random(in: 1...20, using: &random))
      )
    }
    if random.once(in: 3) { behaviours.append(ShuffledTies(seed: random.next())) }
    if random.once(in: 3) {
      behaviours.append(TransientFaults(chance: random.pick([0.1, 0.3, 0.8]), random: fork()))
    }
    if random.once(in: 8) { behaviours.append(CountField.absent) }
    let inconsistency = inconsistencyRandom.once(in: 3) ? APIInconsistency.some(&inconsistencyRandom) : nil
    // No client can detect erased rows or lagging replicas without a count, or lagging replicas while events arrive and move.
    if inconsistency?.name == "erased" { behaviours.removeAll { $0 is CountField } }
    if inconsistency?.usesReplicas == true {
      behaviours.removeAll { $0 is CountField || $0 is ConcurrentEvents || $0 is ShuffledTies }
    }
    try await run(request(), fault(), behaviours, inconsistency)
  }

  private mutating func request() -> ExportSettings.Request {
    let now = harness.clock.now
    guard random.once(in: 4) else {
      guard !random.once(in: 3) else { return .incremental(backfillStart: nil) }
      let back = TimeSpan.hours(Double.random(in: 0...144, using: &random))
      let start = random.once(in: 2) ? now - back : Day(containing: now - back).start
      return .incremental(backfillStart: start)
    }
    var ends = (0..<2).map { _ in now - .hours(Double.random(in: 0...144, using: &random)) }
    if random.once(in: 2) { ends = ends.map { Day(containing: $0).start } }
    if random.once(in: 4) { ends[1] = now }
    if ends[0] == ends[1] { ends[1] = ends[0] + .minutes(1) }
    return .window(Window(from: ends.min() ?? now, to: ends.max() ?? now), replace: random.once(in: 2))
  }

  /// A fault that can end a run early.
  private enum RunFault: Sendable {
    case none
    /// At this request and all later ones.
    case noAnswer(from: Int, TransportFault)
    case cancellation(at: Int)
    case brokenDisk(at: Int)
    case kill(at: Int)
    case powerFailure(at: Int)
  }

  private mutating func fault() -> RunFault {
    let request = Int.random(in: 1...30, using: &random)
    let operation = Int.random(in: 1...(random.once(in: 2) ? 60 : 400), using: &random)
    let fault = random.pick([
      TransportFault.interrupted("simulated"), .timedOut(.seconds(60)), .unreachable("simulated"),
      .undecodable("simulated"), .untrusted(.notTLS), .bodyTooLarge(limit: 1),
    ])
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return .noAnswer(from: request, fault)
    case 1, 2: return .cancellation(at: request)
    case 3: return .brokenDisk(at: operation)
    case 4, 5: return .kill(at: operation)
    case 6, 7: return .powerFailure(at: operation)
    default: return .none
    }
  }

  // MARK: A run

  private mutating func run(
    _ request: ExportSettings.Request, _ fault: RunFault = .none, _ others: [any Behaviour] = [],
    _ inconsistency: APIInconsistency? = nil
  ) async throws {
    let behaviours = others + (inconsistency?.behaviours ?? [])
    let observer = inconsistency?.isObserved ?? false ? AnswerObserver(thinned: inconsistency?.thinned) : nil
    let pageSize = Int.random(in: 2...random.pick([8, 20, 60]), using: &random)
    var run = InvariantChecker.Run(
      request: request, settings: settings, began: harness.clock.now, shown: ledger.count,
      hidden: inconsistency?.hidden ?? .nothing,
      hasOtherClock: inconsistency?.hasOtherClock ?? false)
    harness.api.withLock { $0.setBehaviours(behaviours + (observer.map { [$0] } ?? [])) }
    prepare(fault)
    let lastCommit = Mutex(0)
    let failure: (any Error)?
    do {
      run.summary = try await export(request, pageSize) { event in
        if case .committed(let commit) = event { lastCommit.withLock { $0 = commit.commit } }
      }
      failure = nil
    } catch {
      failure = error
    }
    run.hiddenByErasure = observer?.findings.hiddenByErasure ?? []
    run.unlisted = observer?.findings.unlistedEvents ?? []
    run.areAllThinned = inconsistency?.thinned != nil && observer?.findings.areAllThinned ?? false
    run.lastCommit = lastCommit.withLock(\.self)
    let died = store.hasFailed
    end(fault)
    record(run, fault, pageSize, behaviours, inconsistency, failure, died: died)
    if harness.isEndless.withLock(\.self) { report.problems.append("a run without end") }
    if let failure, !died { report.problems.append("the run threw \(failure)") }
    report.problems += try await checker.check(after: run, store)
  }

  /// Exports in a separate task, so it can be cancelled alone.
  private mutating func export(
    _ request: ExportSettings.Request, _ pageSize: Int, _ observe: @escaping @Sendable (ExportEvent) -> Void
  ) async throws -> ExportSummary {
    let (harness, settings) = (harness, settings)
    var timeFilter = filterRandom.pick([
      ExportSettings.TimeFilter.auto, .filter, .filter, .filter, .seek, .walk,
    ])
    // A filter by write time hides events that were written later than its margin.
    if isFilterOnClock, ledger.lateBound > FilteredWalk.margin {
      timeFilter = timeFilter == .walk ? .walk : .seek
    }
    let memory = filterRandom.pick([256 << 20, 256 << 20, 256 << 20, 20_000, 1])
    var formats: Set<PartFormat> = filterRandom.pick([[.csv], [.csv], [.csv, .parquet], [.parquet]])
    let isTable = runsBeforeTable.map { report.tally["runs", default: 0] >= $0 } ?? false
    if isTable {
      formats.insert(.parquet)
      report.tally["runs of a table", default: 0] += 1
    }
    harness.formats.withLock { $0 = formats }
    harness.isTable.withLock { $0 = isTable }
    return try await Task {
      try await harness.export(request, observe: observe) { adjusted in
        adjusted = settings
        adjusted.request = request
        adjusted.pageSize = pageSize
        adjusted.timeFilter = timeFilter
        adjusted.memoryLimit = memory
      }
    }.value
  }

  private func prepare(_ fault: RunFault) {
    harness.beforeRequest.withLock { beforeRequest in
      switch fault {
      case .noAnswer(let first, let fault):
        beforeRequest = { (number: Int) throws(TransportFault) in if number >= first { throw fault } }
      case .cancellation(let request):
        beforeRequest = { number in if number == request { withUnsafeCurrentTask { $0?.cancel() } } }
      case .none, .brokenDisk, .kill, .powerFailure: beforeRequest = { _ in }
      }
    }
    switch (store, fault) {
    case (.disk(let disk), .brokenDisk(let operation)): disk.fail(at: operation, .shortWrite)
    case (.disk(let disk), .kill(let operation)), (.disk(let disk), .powerFailure(let operation)):
      disk.fail(at: operation, .death)
    // A run makes fewer calls to a bucket than operations on a disk.
    case (.bucket(let bucket), .brokenDisk(let operation)):
      bucket.failSometimes(oneIn: max(2, operation), SeededRandom(seed: operation))
    case (.bucket(let bucket), .kill(let operation)): bucket.fail(at: 1 + operation % 120, .deathBefore)
    case (.bucket(let bucket), .powerFailure(let operation)):
      bucket.fail(at: 1 + operation % 120, .deathAfter)
    case (.objects(let bucket), .brokenDisk(let operation)):
      bucket.store.failSometimes(oneIn: max(2, operation), SeededRandom(seed: operation))
    case (.objects(let bucket), .kill(let operation)):
      bucket.store.die(at: 1 + operation % 120, isDone: false)
    case (.objects(let bucket), .powerFailure(let operation)):
      bucket.store.die(at: 1 + operation % 120, isDone: true)
    case (_, .none), (_, .noAnswer), (_, .cancellation): break
    }
  }

  private mutating func end(_ fault: RunFault) {
    switch (store, fault) {
    case (.disk(let disk), .powerFailure):
      var survival = Survival.some(fork())
      disk.restart(afterPowerFailure: &survival)
    case (.disk(let disk), .kill), (.disk(let disk), .brokenDisk): disk.restart()
    case (.bucket(let bucket), .powerFailure), (.bucket(let bucket), .kill),
      (.bucket(let bucket), .brokenDisk):
      bucket.restart()
    // The next run begins after any lease has expired.
    case (.objects(let bucket), _): bucket.store.restart()
    case (_, .none), (_, .noAnswer), (_, .cancellation): break
    }
  }

  private mutating func record(
    _ run: InvariantChecker.Run, _ fault: RunFault, _ pageSize: Int, _ behaviours: [any Behaviour],
    _ inconsistency: APIInconsistency?, _ failure: (any Error)?, died: Bool
  ) {
    let outcome = run.summary.map { "\($0.outcome)" } ?? "threw \(failure.map { "\($0)" } ?? "nothing")"
    report.trace.append(
      "\(run.began): \(run.request), pages of \(pageSize), \(behaviours.map { "\(type(of: $0))" }) \(inconsistency?.name ?? ""), "
        + "\(fault): \(outcome)")
    switch fault {
    case .none, .noAnswer, .cancellation: break
    case .brokenDisk, .kill, .powerFailure:
      if died { report.tally["\("\(fault)".prefix { $0 != "(" })", default: 0] += 1 }
    }
    for behaviour in behaviours { report.tally["\(type(of: behaviour))", default: 0] += 1 }
    if case .incomplete(let reason) = run.summary?.outcome {
      report.tally["for \("\(reason)".prefix { $0 != "(" })", default: 0] += 1
    }
    report.tally["\(outcome.prefix { $0 != "(" && $0 != " " })", default: 0] += 1
    report.tally["late events", default: 0] += run.summary?.counters.lateEvents ?? 0
    if let timeFilter = run.summary?.counters.timeFilter { report.tally["by \(timeFilter)", default: 0] += 1 }
    if let verdict = run.summary?.counters.filterVerdict {
      report.tally["filter \(verdict)", default: 0] += 1
    }
    if run.summary?.unrecordedEnd != nil { report.tally["runs put off", default: 0] += 1 }
    report.tally["runs", default: 0] += 1
  }

  // MARK: The end

  /// Runs twice without faults. Then everything must be archived without a gap.
  private mutating func finish() async throws {
    for _ in 0..<2 {
      let start = checker.manifest == nil ? harness.clock.now - .days(3) : nil
      try await run(.incremental(backfillStart: start))
      harness.clock.advance(to: harness.clock.now + .hours(2))
    }
    guard report.problems.isEmpty, let manifest = checker.manifest else { return }
    // Rows that disappeared from the log prevent coverage until a replacement accepts that.
    if !manifest.gaps.isEmpty, !checker.hasVanishedRows {
      report.problems.append("gaps in the end: \(manifest.gaps)")
    }
  }
}
