import Foundation
import Synchronization
import TestSupport
import Testing

/// Thousands of random schedules, each against an emulated API with a manual clock and a store in memory.
///
///     SIMULATION_SCHEDULES=500 swift test --filter Simulation       fewer of them
///     SIMULATION_FIRST=10000 swift test --filter Simulation         those after the first ten thousand
///     SIMULATION_STORE=bucket swift test --filter Simulation        on a bucket alone, on an object store, or a disk
///     SIMULATION_SEED=4711 swift test --filter Simulation           one of them, with a line per run
@Suite struct SimulationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let schedules = environment["SIMULATION_SCHEDULES"].flatMap { Int($0) }
  private static let first = environment["SIMULATION_FIRST"].flatMap { Int($0) } ?? 0
  private static let seed = environment["SIMULATION_SEED"].flatMap { Int($0) }

  enum Store: String, CaseIterable {
    case disk, bucket, objects

    /// An empty one.
    var empty: SimulatedStore {
      switch self {
      case .disk: .emptyDisk()
      case .bucket: .emptyBucket()
      case .objects: .objects(ObjectBucket())
      }
    }

    /// Fewer for a bucket: only its calls differ from a disk, not the walk.
    var schedules: Int { self == .disk ? 10_000 : self == .bucket ? 2_000 : 300 }
  }

  private static let stores = environment["SIMULATION_STORE"].flatMap { Store(rawValue: $0) }.map { [$0] }

  @Test(arguments: stores ?? Store.allCases)
  func `covered time is complete, free of duplicates and intact, whatever the list, API and store do`(
    store: Store
  ) async throws {
    let seeds =
      Self.seed.map { $0..<($0 + 1) } ?? Self.first..<(Self.first + (Self.schedules ?? store.schedules))
    let queue = ScheduleQueue(seeds, store)
    await withTaskGroup(of: Void.self) { workers in
      for _ in 0..<max(2, ProcessInfo.processInfo.activeProcessorCount) {
        workers.addTask { await queue.run() }
      }
    }
    let (failures, tally) = queue.outcome
    for (seed, report) in failures.sorted(by: { $0.key < $1.key }) {
      Issue.record(
        """
        seed \(seed), \(store.rawValue): \(report.problems.prefix(3).joined(separator: "; "))
        \(report.trace.joined(separator: "\n"))
        again: SIMULATION_SEED=\(seed) swift test --filter Simulation
        """)
    }
    if Self.seed != nil || Self.environment["SIMULATION_SCHEDULES"] != nil {
      print(tally.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))
    }
    guard failures.isEmpty, seeds.count >= 1_000 else { return }
    for name in [
      "late events", "complete", "stoppedByAPI", "threw", "kill", "powerFailure", "runs of a table",
    ] {
      #expect(tally[name, default: 0] >= seeds.count / 100, "\(name) hardly ever happens: \(tally)")
    }
  }

  /// Seeds beyond the first ten thousand that found a bug.
  @Test(arguments: [
    11_297, 14_068, 18_149, 24_087, 31_445, 55_233, 60_307, 116_244, 134_062, 234_400, 250_181,
    332_454, 336_144, 345_677, 387_518, 2_007_130,
  ])
  func `a schedule that once lost events no longer loses any`(seed: Int) async throws {
    let report = try await Schedule.run(seed: seed, in: .emptyDisk())
    #expect(report.problems.isEmpty, "\(report.problems)\n\(report.trace.joined(separator: "\n"))")
  }
}

/// The schedules that several workers run.
private final class ScheduleQueue: Sendable {
  private struct State {
    var rest: Range<Int>
    var failures: [Int: Schedule.Report] = [:]
    var tally: [String: Int] = [:]
  }

  private let state: Mutex<State>
  private let store: SimulationTests.Store

  init(_ seeds: Range<Int>, _ store: SimulationTests.Store) {
    self.store = store
    state = Mutex(State(rest: seeds))
  }

  /// The reports of failed seeds, and the tally of all.
  var outcome: (failures: [Int: Schedule.Report], tally: [String: Int]) {
    state.withLock { ($0.failures, $0.tally) }
  }

  /// Runs schedules until none is left, or until five have failed.
  func run() async {
    while let seed = state.withLock({ $0.failures.count < 5 ? $0.rest.popFirst() : nil }) {
      var report = Schedule.Report()
      do {
        report = try await Schedule.run(
          seed: seed, in: store.empty)
      } catch {
        report.problems = ["the schedule itself failed: \(error)"]
      }
      state.withLock { state in
        if !report.problems.isEmpty { state.failures[seed] = report }
        state.tally.merge(report.tally, uniquingKeysWith: +)
      }
    }
  }
}
