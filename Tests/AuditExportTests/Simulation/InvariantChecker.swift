import AuditArchive
import AuditExport
import AuditRecord
import TestSupport

/// Checks the promise of an archive after every run, independently of the exporter.
///
/// The archive must have:
/// - of newly covered time, every event that the API showed before the run began;
/// - after a complete incremental run, every event that is at most as late as the lookback;
/// - after a complete run of an explicit window, every event of the window;
/// - every event that was archived before.
///
/// If it is a table, the table has the files of one of its commits; after recovery, those of the newest.
///
/// Events that the API showed later, or not on every request of the run, are outside the promise. So are events that moved up past
/// the edge of a page in a list that kept its length.
struct InvariantChecker {
  /// A run, as observed from outside.
  struct Run {
    var request: ExportSettings.Request
    var settings: ExportSettings
    var began: Timestamp
    /// How many events the API showed when it began.
    var shown: Int
    /// The events that not every request showed.
    var hidden = APIInconsistency.Hidden.nothing
    /// The uuids of events that the list of some answer lacked; see `AnswerObserver`.
    var unlisted: Set<String> = []
    /// The uuids of events that erased ones may have hidden; see `AnswerObserver`.
    var hiddenByErasure: Set<String> = []
    /// Whether every answer came from a thinned list.
    var areAllThinned = false
    /// Whether `Date` differed from the time of the simulation.
    var hasOtherClock = false
    /// nil if the run died.
    var summary: ExportSummary?
    /// The newest commit that the run reported.
    var lastCommit = 0

    /// Whether the run may have left files behind.
    var isCut: Bool {
      guard let summary else { return true }
      if case .stoppedByArchive = summary.outcome { return true }
      return false
    }

    var isComplete: Bool {
      guard let summary, summary.damagedDays.isEmpty, !summary.isNothingVisible,
        case .complete = summary.outcome
      else { return false }
      return true
    }
  }

  private let ledger: Ledger
  private let log: LogName
  private let paths: ArchivePaths

  private(set) var manifest: Manifest?
  private var manifestBytes: [UInt8]?
  private(set) var archived: Set<Event> = []
  private(set) var promised: Set<Event> = []
  /// Sealed files that were read before.
  private var known: [String: (bytes: [UInt8], events: [Event])] = [:]
  private var problems: [String] = []
  /// Whether the run could drop what the API does not show.
  private var isReplacing = false
  /// Whether every answer came from a thinned list, so that a replacement may drop existing events.
  private var areAllThinned = false
  private var hasReplaced = false
  private let harness: TestHarness
  /// Events outside the promise: hidden while their time became covered, or gone from the log.
  private var exempt: Set<Event> = []
  /// Whether the archive has rows that the log has no longer.
  private(set) var hasVanishedRows = false

  init(_ harness: TestHarness, _ ledger: Ledger) {
    self.ledger = ledger
    self.harness = harness
    log = harness.log
    paths = ArchivePaths(harness.log)
  }

  /// Returns the violations, without changing the store.
  mutating func check(after run: Run, _ store: SimulatedStore) async throws -> [String] {
    problems = []
    isReplacing = false
    if case .window(_, replace: true) = run.request { isReplacing = true }
    areAllThinned = run.areAllThinned
    let before = manifest
    if run.isCut || store.contents(of: paths.manifest) != manifestBytes {
      try await look(at: store)
    }
    checkStanding(after: run, before)
    try checkEvents(after: run, before)
    return problems
  }

  private mutating func require(_ holds: Bool, _ problem: @autoclosure () -> String) {
    if !holds { problems.append(problem()) }
  }

  // MARK: Files

  private mutating func look(at store: SimulatedStore) async throws {
    let seen = try await store.archive(of: log).read()
    let copy = store.copy()
    // The commits since the last check, applied to the old manifest, must give the new one.
    copy.setContents(of: paths.manifest, manifestBytes)
    try await copy.archive(of: log).withWriter(
      source: ArchiveSource(apiHost: "https://api.cloudsmith.io", log: log),
      holder: LockHolder(pid: 2, host: "checker", since: Timestamp(microseconds: 0)),
      settings: WriterSettings(toolVersion: "test")
    ) { writer throws in
      require(writer.manifest == seen, "the commits do not replay to the manifest")
      require(writer.recovery.damaged.isEmpty, "damaged: \(writer.recovery.damaged)")
      manifest = writer.manifest
      try await readRows(writer, copy)
    }
    manifestBytes = copy.contents(of: paths.manifest)
    checkFiles(copy)
    problems += try store.tableProblems(of: log, isCurrent: false)
    problems += try copy.tableProblems(of: log, isCurrent: copy.isTable)
    // Verifying after every commit would take most of the time of a schedule.
    if (manifest?.commit ?? 0) % 8 == 1 { try await verify(store, copy) }
  }

  /// `verify` must report only leftovers of an interrupted run, and nothing after recovery.
  private mutating func verify(_ store: SimulatedStore, _ recovered: SimulatedStore) async throws {
    let found = try await store.archive(of: log).verify()?.findings ?? []
    require(
      found.allSatisfy { if case .unlisted(.leftover) = $0.problem { true } else { manifest == nil } },
      "verify finds \(found)")
    let left = try await recovered.archive(of: log).verify()?.findings ?? []
    require(left.isEmpty, "verify finds \(left) after recovery")
  }

  private mutating func readRows(_ writer: ArchiveWriter, _ store: SimulatedStore) async throws {
    var rows: [Event] = []
    for partition in writer.manifest?.partitions ?? [] {
      var events: [Event] = []
      for file in partition.files {
        // The other format holds the same rows, as `verify` sees by their hash.
        let isOther = file.format != partition.files[0].format
        defer { if isOther { events = Array(events.prefix(partition.rows)) } }
        let bytes = store.contents(of: file.path)
        if let (old, known) = known[file.path] {
          require(old == bytes, "\(file.path) was changed")
          events += known
        } else {
          var reader = writer.reader(of: partition.eventDate)
          while let batch = try await reader.next() {
            events += Event.all(in: batch)
            for row in 0..<batch.count {
              let text = "of \(batch.string(.uuid, row) ?? "")"
              require(batch.string(.object, row) == text, "\(batch.string(.uuid, row) ?? "") is not intact")
            }
          }
          known[file.path] = (bytes ?? [], events)
        }
      }
      require(events.count == partition.rows, "\(partition.eventDate) has \(events.count) rows")
      require(
        events.allSatisfy { partition.eventDate.window.contains($0.time) }, "not of \(partition.eventDate)")
      rows += events
    }
    require(
      zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 }, "the rows belong out of order, or there twice")
    let found = Set(rows)
    require(Set(rows.map(\.uuid)).count == rows.count, "an event is there twice")
    let there = Set(try harness.truth())
    let gone = archived.subtracting(found)
    if isReplacing, areAllThinned { exempt.formUnion(gone) }
    let lost = gone.subtracting(exempt).filter { !isReplacing || there.contains($0) }
    require(lost.isEmpty, "archived once and gone: \(lost.sorted().prefix(3))")
    archived = found
  }

  private mutating func checkFiles(_ store: SimulatedStore) {
    let named = (manifest?.partitions ?? []).flatMap(\.files).map(\.path)
    let there = store.dataFiles.filter { !$0.hasPrefix("quarantine/") }
    require(there == named.sorted(), "other files than the manifest names")
    require(store.paths(below: "_staging").isEmpty, "staged files are left")
  }

  // MARK: Coverage and mark

  private mutating func checkStanding(after run: Run, _ before: Manifest?) {
    guard let manifest else { return require(run.lastCommit == 0 && before == nil, "the state is gone") }
    require(manifest.standing.commit >= run.lastCommit, "commit \(run.lastCommit) is gone")
    let covered = manifest.coverage.intervals
    require(
      zip(covered, covered.dropFirst()).allSatisfy { $0.to < $1.from } && covered.allSatisfy { !$0.isEmpty },
      "the coverage is not in order: \(covered)")
    var mark = manifest.start
    for window in covered where window.contains(mark) { mark = window.to }
    require(manifest.highWaterMark == mark, "the mark is \(manifest.highWaterMark), not \(mark)")
    var gaps: [Window] = []
    var reached = manifest.start
    for window in covered where window.to > manifest.start {
      if window.from > reached { gaps.append(Window(from: reached, to: window.from)) }
      reached = window.to
    }
    require(manifest.gaps == gaps, "the gaps are \(manifest.gaps), not \(gaps)")
    if let before {
      require(manifest.start <= before.start, "the start moved forward")
      // A claim of what has not happened yet, by the clock of the API, is withdrawn, and with it all that is newer than the newest
      // archived event.
      let newest = before.partitions.compactMap(\.maxEventAt).max() ?? .earliest
      let past = Window(
        from: .earliest, to: run.hasOtherClock ? min(run.began - .days(4), newest) : .latest)
      require(
        run.hasOtherClock || manifest.highWaterMark >= before.highWaterMark || manifest.start < before.start,
        "the mark went back from \(before.highWaterMark)")
      require(
        before.coverage.intersection(past).intervals.allSatisfy { manifest.coverage.contains($0) },
        "coverage was lost")
    }
    let limit = max(before?.coverage.end ?? .earliest, run.began - run.settings.settle)
    require(manifest.coverage.end ?? .earliest <= limit, "covered beyond what is settled")
    if run.hasOtherClock { return checkStates(manifest, run.settings.lookback) }
    checkStates(manifest, run.settings.lookback)
    if run.isComplete, case .incremental = run.request, run.summary?.plan.beginsNow == false {
      let end = run.began - run.settings.settle
      require(manifest.gaps.isEmpty, "gaps after a complete run: \(manifest.gaps)")
      if let unrecorded = run.summary?.unrecordedEnd {
        require(unrecorded >= end, "the run did not show all")
        require(
          manifest == before || run.summary?.commits.isEmpty == false,
          "a run that was put off changed something")
        let interval = run.settings.quietCommitInterval
        require(run.began - manifest.committedAt < interval, "a commit was put off for too long")
        require(unrecorded - manifest.highWaterMark <= interval, "too much is not recorded")
      } else {
        require(manifest.highWaterMark >= end, "the mark was not moved")
      }
    }
  }

  private mutating func checkStates(_ manifest: Manifest, _ lookback: TimeSpan) {
    for partition in manifest.partitions {
      // From the start on; of a day that lies wholly before it, all.
      var wanted = partition.eventDate.window
      if wanted.from < manifest.start, manifest.start < wanted.to { wanted.from = manifest.start }
      let isSettled =
        manifest.coverage.intervals.contains { $0.contains(wanted) }
        && partition.eventDate.end <= (manifest.coverage.end ?? manifest.start) - lookback
        && manifest.lookbackDue.intersection(partition.eventDate.window).isEmpty
      require((partition.state == .settled) == isSettled, "\(partition.eventDate) is \(partition.state)")
    }
  }

  // MARK: Events

  private mutating func checkEvents(after run: Run, _ before: Manifest?) throws {
    let entries = ledger.entries
    let covered = manifest?.coverage ?? Coverage()
    let there = Set(try harness.truth())
    let hadVanishedRows = hasVanishedRows || entries.contains { !there.contains($0.event) }
    hasVanishedRows = !archived.isSubset(of: there)
    // A replica lags behind by events that the log still has: those erased meanwhile are not among the newest.
    let inLog = entries.prefix(run.shown).filter { there.contains($0.event) }.map(\.event)
    for entry in entries.prefix(run.shown) {
      let time = entry.event.time
      let isNewlyCovered = covered.contains(time) && before?.coverage.contains(time) != true
      let isHidden =
        switch run.hidden {
        case .nothing: !there.contains(entry.event) || run.hiddenByErasure.contains(entry.event.uuid)
        case .newest(let count):
          !there.contains(entry.event)
            || (inLog.suffix(count).contains(entry.event) && run.unlisted.contains(entry.event.uuid))
        case .any: true
        }
      // What this run should have found and could not see, no later one is bound to look for.
      if isHidden, isNewlyCovered || isAsked(entry, of: run, before) { exempt.insert(entry.event) }
      if isHidden || exempt.contains(entry.event) { continue }
      if isNewlyCovered || (run.isComplete && isAsked(entry, of: run, before)) {
        promised.insert(entry.event)
      }
    }
    // What has disappeared from the log goes with a replacement.
    if isReplacing { hasReplaced = true }
    let missing = promised.subtracting(archived).subtracting(exempt).filter {
      !hasReplaced || there.contains($0)
    }
    require(missing.isEmpty, "promised and missing: \(missing.sorted().prefix(3))")
    let invented = archived.subtracting(entries.map(\.event))
    require(invented.isEmpty, "there are \(invented.count) events that never were")
    require(
      run.summary?.rowsDropped ?? 0 == 0 || hasVanishedRows || hadVanishedRows || run.areAllThinned,
      "rows were dropped that the API shows")
  }

  /// Whether a complete run owes an event that the API showed when it began.
  private func isAsked(_ entry: Ledger.Entry, of run: Run, _ before: Manifest?) -> Bool {
    let time = entry.event.time
    switch run.request {
    case .incremental:
      guard run.summary?.plan.beginsNow == false, let start = manifest?.start, !run.hasOtherClock else {
        return false
      }
      guard Window(from: start, to: run.began - run.settings.settle).contains(time) else { return false }
      // Whatever runs were cut short or made by hand in between.
      return entry.lateness <= run.settings.lookback
    case .window(let window, _):
      return window.contains(time)
    }
  }
}
