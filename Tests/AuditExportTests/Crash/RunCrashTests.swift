import AuditArchive
import AuditExport
import Foundation
import Synchronization
import TestSupport
import Testing

/// Whole runs that die, or whose disk fails, at every operation in turn.
///
///     CRASH_SURVIVALS=20 swift test --filter RunCrashTests     more of the disks that a power failure may leave
@Suite struct RunCrashTests {
  enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case first = "a first run"
    case slow = "a first run of several commits"
    case incremental = "an incremental run"
    case revision = "a run that revises two days"
    case conversion = "a run that adds a format"

    var testDescription: String { rawValue }

    func chapter() async throws -> Chapter {
      switch self {
      case .first: .first
      case .slow: .slow
      case .incremental: try await .incremental()
      case .revision: try await .revision()
      case .conversion: try await .conversion()
      }
    }
  }

  private static let seeds = ProcessInfo.processInfo.environment["CRASH_SURVIVALS"].flatMap { Int($0) } ?? 1

  /// What the disk may have kept: nothing, everything, or what a seed says.
  private func survivals(_ number: Int) -> [Survival] {
    [.none, .all] + (0..<Self.seeds).map { .some(SeededRandom(seed: number * 1_000 + $0)) }
  }

  @Test(arguments: Kind.allCases)
  func `a run that dies before or after any operation leaves a state of before or after a commit`(
    _ kind: Kind
  ) async throws {
    let chapter = try await kind.chapter()
    let story = try await chapter.story()
    #expect(story.states.count >= (kind == .slow ? 3 : 2))
    var crashes = 0
    var found: [String] = []
    // The last one is a crash after the last operation.
    for number in 1...story.operations + 1 where found.isEmpty {
      let dead = FaultyFileSystem(copyOf: chapter.disk)
      dead.fail(at: number, .death)
      let committed = await committed(chapter, dead)
      #expect(dead.hasFailed == (number <= story.operations))
      for survival in survivals(number) {
        let disk = FaultyFileSystem(copyOf: dead)
        var rest = survival
        disk.restart(afterPowerFailure: &rest)
        crashes += 1
        found += await CrashedDisk.problems(disk, story, committed: committed, next: chapter)
          .map { "operation \(number), \(survival): \($0)" }
      }
    }
    try #require(found == [])
    print(
      "\(kind.rawValue): \(story.operations + 1) crash points, \(crashes) disks left by them, no violation")
  }

  @Test(arguments: Kind.allCases)
  func `a run whose disk fails at any operation leaves whole days, with what is claimed of each`(
    _ kind: Kind
  ) async throws {
    let chapter = try await kind.chapter()
    let story = try await chapter.story()
    let faults = FaultyFileSystem.Fault.allCases.filter { $0 != .death }
    var found: [String] = []
    for number in 1...story.operations where found.isEmpty {
      let disk = FaultyFileSystem(copyOf: chapter.disk)
      let fault = faults[number % faults.count]
      disk.fail(at: number, fault)
      let committed = await committed(chapter, disk)
      #expect(disk.hasFailed)
      disk.restart()
      found += await CrashedDisk.problems(disk, story, committed: committed, isStopped: true, next: chapter)
        .map { "operation \(number), \(fault): \($0)" }
    }
    try #require(found == [])
    print("\(kind.rawValue): \(story.operations) operations that fail, no violation")
  }

  @Test func `a recovery that dies before or after any operation is done by the next one`() async throws {
    var (disks, crashes) = (0, 0)
    for kind in [Kind.first, .revision] {
      let chapter = try await kind.chapter()
      let story = try await chapter.story()
      for crashed in try await differentDisks(chapter, story) {
        disks += 1
        let counted = FaultyFileSystem(copyOf: crashed)
        counted.record()
        try await chapter.open(counted) { _ in }
        for number in 1...counted.operations.count + 1 {
          let dead = FaultyFileSystem(copyOf: crashed)
          dead.fail(at: number, .death)
          do { try await chapter.open(dead) { _ in } } catch {}
          #expect(dead.hasFailed == (number <= counted.operations.count))
          // Of the same operation another disk keeps what this one loses.
          var survival = (disks + number).isMultiple(of: 2) ? Survival.none : .all
          dead.restart(afterPowerFailure: &survival)
          crashes += 1
          let found = await CrashedDisk.problems(dead, story, next: chapter, runsOn: false)
          try #require(found == [], "\(kind.rawValue), operation \(number) of recovery, \(survival)")
        }
      }
    }
    print("recovery: of \(disks) crashed disks, \(crashes) disks left by crashes within it, no violation")
  }

  /// How many commits had returned when the run ended as it did.
  private func committed(_ chapter: Chapter, _ disk: FaultyFileSystem) async -> Int {
    let count = Mutex(0)
    do {
      _ = try await chapter.play(on: disk) { event in
        if event.isCommit { count.withLock { $0 += 1 } }
      }
    } catch {
      // What ends it here ends it in the real world too; the disk is what is looked at.
    }
    return count.withLock(\.self)
  }

  /// The disks that a crash of the run can leave, each of them once.
  private func differentDisks(_ chapter: Chapter, _ story: Chapter.Story) async throws -> [FaultyFileSystem] {
    var seen: Set<[String: [UInt8]]> = []
    var disks: [FaultyFileSystem] = []
    for number in 1...story.operations {
      let dead = FaultyFileSystem(copyOf: chapter.disk)
      dead.fail(at: number, .death)
      _ = await committed(chapter, dead)
      for survival in [Survival.none, .all] {
        let disk = FaultyFileSystem(copyOf: dead)
        var rest = survival
        disk.restart(afterPowerFailure: &rest)
        let files = disk.paths(below: Chapter.root).map { ($0, disk.contents(of: $0) ?? []) }
        if seen.insert(Dictionary(uniqueKeysWithValues: files)).inserted { disks.append(disk) }
      }
    }
    return disks
  }
}
