import AuditArchive
import AuditRecord
import Synchronization
import TestSupport
import Testing

/// What becomes of a run that lost its lease, and of the one that took it over.
@Suite(.fewAtOnce) struct LeaseTests {
  private let bucket = MemoryBucket()
  private var archive: Archive { Archive(in: MemoryStorage(bucket, ArchivePaths(log("acme")))) }

  @discardableResult
  private func withWriter<Result>(_ body: (ArchiveWriter) async throws -> Result) async throws -> Result {
    try await archive.withWriter(
      source: acme, holder: somebody, settings: WriterSettings(toolVersion: "1.0.0")
    ) { try await body($0) }
  }

  /// Another process, which finds the lease expired.
  private func takeOver(_ rows: Int) -> @Sendable () async -> Void {
    { [bucket] in
      do {
        bucket.expireLease()
        try await Archive(in: MemoryStorage(bucket, ArchivePaths(log("acme")))).withWriter(
          source: acme, holder: somebody, settings: WriterSettings(toolVersion: "1.0.0")
        ) { _ = try await $0.commit(["2024-02-12": events("2024-02-12", rows)]) }
      } catch {
        Issue.record("\(error)")
      }
    }
  }

  private func errorOfRun(takenOverBefore step: String) async throws -> ArchiveError? {
    try await archiveError {
      try await withWriter { writer in
        bucket.meanwhile(before: step, takeOver(5))
        try await writer.commit(["2024-02-12": events("2024-02-12", 4)])
      }
    }
  }

  @Test func `an archive in a store without folders verifies after every commit of a history`() async throws {
    try await withWriter { writer in
      try await writer.commit(["2024-02-12": events("2024-02-12", 7)], quarantine: [record("\"a\"")])
    }
    try await withWriter { writer in
      #expect(writer.recovery == RecoveryReport())
      try await writer.commit(["2024-02-12": events("2024-02-12", 9), "2024-02-13": []])
      #expect(try await writer.events(of: "2024-02-12") == events("2024-02-12", 9))
    }
    let report = try #require(try await archive.verify())
    #expect(report.findings == [] && report.rows.sound == 9)
    var settings = VerificationSettings()
    settings.isQuick = true
    #expect(try await archive.verify(settings)?.findings == [])
    // The store keeps the hash of a part: a quick look compares it.
    let part = try #require(bucket.paths.first { $0.hasPrefix("csv/") })
    let bytes = try #require(bucket.contents(of: part))
    bucket.setContents(of: part, bytes.dropLast() + [bytes.last.map { $0 ^ 1 } ?? 0])
    #expect(try await archive.verify()?.findings.first?.problem.kind == .altered)
  }

  @Test(arguments: ["create _manifest/acme/commits/", "create csv/", "write _manifest/acme/intent.json"])
  func `a run whose lease is taken over at any step of its commit changes nothing after that`(step: String)
    async throws
  {
    try await withWriter { try await $0.commit(["2024-02-11": events("2024-02-11", 3)]) }
    let error = try await errorOfRun(takenOverBefore: step)
    switch error {
    case .outrun(2), .leaseLost: break
    default: Issue.record("\(String(describing: error))")
    }
    let commits = try await archive.recentCommits(limit: 9)
    #expect(commits.map(\.run.tookOver) == [false, true, false])
    #expect(try await archive.read()?.partition(day("2024-02-12"))?.rows == 5)
    let left = try await archive.verify()?.findings ?? []
    // What the slow one put after that is named by nobody's intent but its own, and is told.
    #expect(left.allSatisfy { $0.problem.kind == .unlisted }, "\(left)")
    if step.hasSuffix("commits/") { #expect(left == []) }
  }

  @Test func `the loss of a lease cancels its run, and not the task that goes on with other logs`()
    async throws
  {
    let (run, task) = try await Task { [self] in
      let isCancelled = try await withWriter { writer in
        await takeOver(5)()
        return Task.isCancelled
      }
      return (isCancelled, Task.isCancelled)
    }.value
    #expect(run && !task)
    #expect(try await archive.verify()?.findings == [])
  }

  @Test func `a run that ends with a cancellation because its lease was lost throws that`() async throws {
    let paths = ArchivePaths(log("acme"))
    let error = try await Task { [self] in
      try await archiveError {
        try await withWriter { writer in
          bucket.loseLease()
          #expect(await writer.leaseLoss == .leaseLost(path: paths.lock))
          try Task.checkCancellation()
        }
      }
    }.value
    #expect(error == .leaseLost(path: paths.lock))
    // Without the loss, a cancellation is one.
    let task = Task { [self] in
      try await withWriter { writer in
        withUnsafeCurrentTask { $0?.cancel() }
        #expect(await writer.leaseLoss == nil)
        try Task.checkCancellation()
      }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `a first run whose lease is taken over leaves the archive to the other run`() async throws {
    let error = try await errorOfRun(takenOverBefore: "create _manifest/acme/commits/")
    #expect(error == .outrun(1))
    #expect(try await archive.read()?.partition(day("2024-02-12"))?.rows == 5)
    #expect(try await archive.verify()?.findings == [])
  }

  @Test func `a run that lost its lease does not touch the intent of its successor`() async throws {
    let paths = ArchivePaths(log("acme"))
    try await Task { [self] in
      try await withWriter { writer in
        try await writer.commit(["2024-02-12": events("2024-02-12", 4)])
        bucket.meanwhile(before: "create _manifest/acme/commits/00000000000000000003") { [bucket] in
          bucket.fail(at: 1, .deathBefore)
        }
        bucket.expireLease()
        // The other run dies before its commit.
        let error = try await archiveError {
          try await withWriter { try await $0.commit(["2024-02-13": events("2024-02-13", 2)]) }
        }
        #expect(error != nil)
        bucket.restart()
      }
    }.value
    let intent = String(decoding: bucket.contents(of: paths.intent) ?? [], as: UTF8.self)
    #expect(intent.contains("event_date=2024-02-13"), "\(intent)")
    try await withWriter { #expect($0.recovery.deleted.contains { $0.reason == .neverCommitted }) }
    #expect(try await archive.verify()?.findings == [])
  }

  @Test func `a run that loses its lease after its commit deletes nothing, and the next one does`()
    async throws
  {
    try await withWriter { try await $0.commit(["2024-02-12": events("2024-02-12", 3)]) }
    try await Task { [self] in
      try await withWriter { writer in
        // It looks for its new parts before it deletes the old ones.
        bucket.meanwhile(before: "inspect csv/") { [bucket] in
          bucket.loseLease()
          bucket.startRecording()
        }
        try await writer.commit(["2024-02-12": events("2024-02-12", 5)])
      }
    }.value
    #expect(!bucket.calls.isEmpty && bucket.calls.allSatisfy { !$0.hasPrefix("delete ") }, "\(bucket.calls)")
    try await withWriter { #expect($0.recovery.deleted.map(\.reason) == [.superseded]) }
    #expect(try await archive.verify()?.findings == [])
  }

  @Test func `a run that loses its lease while it recovers leaves another run's signature alone`()
    async throws
  {
    let signature = ArchivePaths(log("acme")).signature(2)
    try await withWriter { try await $0.commit(["2024-02-12": events("2024-02-12", 3)]) }
    bucket.setContents(of: signature, [1])
    bucket.meanwhile(before: "inspect \(signature)") { [bucket] in bucket.loseLease() }
    let error = try await Task { [self] in try await archiveError { try await withWriter { _ in } } }.value
    #expect(error == .leaseLost(path: "_manifest/acme/lock"))
    #expect(bucket.contents(of: signature) == [1])
    bucket.setContents(of: signature, nil)
    try await withWriter { _ in }
    #expect(try await archive.verify()?.findings == [])
  }

  @Test(arguments: [false, true], [false, true])
  func `a fence keeps no signature of a commit that a killed run was about to make`(
    isSigned: Bool, isKilledAgain: Bool
  ) async throws {
    let paths = ArchivePaths(log("acme"))
    var signing = WriterSettings(toolVersion: "1.0.0")
    signing.signingKey = try SigningKey(pem: SigningTests.privatePEM)
    func run(_ settings: WriterSettings, _ rows: Int) async throws {
      try await archive.withWriter(source: acme, holder: somebody, settings: settings) {
        _ = try await $0.commit(["2024-02-12": events("2024-02-12", rows)])
      }
    }
    func runKilled(before call: String, _ settings: WriterSettings) async throws {
      bucket.meanwhile(before: call) { [bucket] in bucket.fail(at: 1, .deathBefore) }
      #expect(try await archiveError { try await run(settings, 5) } != nil)
      bucket.restart()
    }
    let settings = isSigned ? signing : WriterSettings(toolVersion: "1.0.0")
    try await run(signing, 3)
    try await runKilled(before: "create \(paths.commit(2))", signing)
    #expect(bucket.contents(of: paths.signature(2)) != nil && bucket.contents(of: paths.commit(2)) == nil)
    // The next run is killed too, after its fence.
    if isKilledAgain {
      try await runKilled(before: isSigned ? "write \(paths.manifest)" : "delete ", settings)
      #expect(bucket.contents(of: paths.commit(2)) != nil)
    }
    try await run(settings, 7)
    #expect((bucket.contents(of: paths.signature(2)) != nil) == isSigned)
    var verification = VerificationSettings()
    verification.publicKey = try VerificationKey(pem: SigningTests.publicPEM)
    let problems = try await archive.verify(verification)?.findings.map(\.problem)
    #expect(problems == Array(repeating: .unsigned, count: isSigned ? 0 : isKilledAgain ? 3 : 2))
    #expect(try await archive.verify()?.findings == [])
  }

  @Test func `an older state is refused before the takeover commits a fence`() async throws {
    let paths = ArchivePaths(log("acme"))
    try await withWriter { try await $0.commit(["2024-02-12": events("2024-02-12", 3)]) }
    let manifest = bucket.contents(of: paths.manifest)
    try await withWriter { try await $0.commit(["2024-02-12": events("2024-02-12", 5)]) }
    // The state is restored from a copy, while a run that died still has the lease.
    bucket.setContents(of: paths.manifest, manifest)
    bucket.setContents(of: paths.commit(2), nil)
    _ = try await MemoryStorage(bucket, paths).takeLease(somebody, observe: { _ in })
    bucket.expireLease()
    let before = bucket.paths
    let error = try await archiveError { try await withWriter { _ in } }
    guard case .olderState(commit: 1, later: _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(bucket.paths == before)
  }

  @Test func `an archive between a fence and its recovery has leftovers but no damage`() async throws {
    let paths = ArchivePaths(log("acme"))
    try await withWriter { try await $0.commit(["2024-02-12": events("2024-02-12", 3)]) }
    // Dies between its commit and the deletion of what it replaced.
    bucket.meanwhile(before: "delete csv/") { [bucket] in bucket.fail(at: 1, .deathBefore) }
    try await Task { [self] in
      _ = try await archiveError {
        try await withWriter { try await $0.commit(["2024-02-12": events("2024-02-12", 5)]) }
      }
    }.value
    bucket.restart()
    // The next one dies after its fence.
    bucket.meanwhile(before: "write _manifest/acme/manifest.json") { [bucket] in
      bucket.fail(at: 1, .deathBefore)
    }
    _ = try await archiveError { try await withWriter { _ in } }
    bucket.restart()
    #expect(bucket.contents(of: paths.commit(3)) != nil)
    #expect(
      try await archive.verify()?.findings.map(\.problem) == [.unlisted(.leftover(.superseded))])
    try await withWriter { _ in }
    #expect(try await archive.verify()?.findings == [])
  }

  @Test(arguments: MemoryBucket.Fault.allCases)
  func `a commit that fails at any call leaves the state before or after it`(
    fault: MemoryBucket.Fault
  ) async throws {
    try await withWriter { try await $0.commit(["2024-02-12": events("2024-02-12", 3)]) }
    var made = (before: 0, after: 0)
    for number in 1... {
      let copy = MemoryBucket(copyOf: bucket)
      let archive = Archive(in: MemoryStorage(copy, ArchivePaths(log("acme"))))
      copy.fail(at: number, fault)
      let error = try await archiveError {
        try await archive.withWriter(
          source: acme, holder: somebody, settings: WriterSettings(toolVersion: "1.0.0")
        ) {
          _ = try await $0.commit(
            ["2024-02-12": events("2024-02-12", 5), "2024-02-13": events("2024-02-13", 2)],
            quarantine: [record("\"b\"")])
        }
      }
      if !copy.hasFailed, fault != .delay || number > 60 { break }
      if let error {
        guard case .storage(let failure) = error else {
          Issue.record("call \(number): \(error)")
          return
        }
        #expect([.unreachable, .throttled].contains(failure.reason))
      }
      copy.restart()
      let manifest = try #require(try await archive.read())
      let rows = manifest.partitions.map(\.rows)
      #expect(rows == [3] || rows == [5, 2], "call \(number)")
      if rows == [3] { made.before += 1 } else { made.after += 1 }
      try await archive.withWriter(
        source: acme, holder: somebody, settings: WriterSettings(toolVersion: "1.0.0")
      ) { #expect($0.recovery.damaged.isEmpty) }
      let findings = try await archive.verify()?.findings
      #expect(findings == [], "call \(number)")
    }
    #expect(made.after > 0 && (made.before > 0 || fault == .delay))
  }
}
