import Foundation

/// The readers of outside bytes that are put to mutants: every one of a million of them in `Scripts/fuzz`, a share in every
/// run of the tests.
package enum FuzzedReader: String, CaseIterable, Sendable {
  case page, time, csv, gzip, parquet, manifest, commit, notes, key, headers, settings, yaml

  /// How many of a hundred mutants are for this reader.
  private var share: Int {
    switch self {
    case .page: 18
    case .time: 13
    case .csv: 13
    case .gzip: 12
    case .parquet: 6
    case .manifest: 8
    case .commit: 8
    case .notes: 4
    case .key: 2
    case .headers: 6
    case .settings: 6
    case .yaml: 4
    }
  }

  /// Hands mutants of the corpus to `read`, which returns whether it accepted one, and throws when a property is broken.
  ///
  /// From the environment: `FUZZ_MUTANTS`, how many for all readers together (20,000); `FUZZ_SEED`, that of the first, each
  /// further one counting up; `FUZZ_READER`, the one reader that gets all of them; `FUZZ_LOG`, a folder where each reader
  /// leaves the seed of the mutant in hand, for when it kills the process.
  package func readMutants(
    of corpus: [[UInt8]], tokens: [[UInt8]] = [], longest: Int = 1 << 16,
    _ read: (_ mutant: [UInt8], _ random: inout SeededRandom) async throws -> Bool
  ) async throws {
    let environment = ProcessInfo.processInfo.environment
    let total = environment["FUZZ_MUTANTS"].flatMap { Int($0) } ?? 20_000
    let first = environment["FUZZ_SEED"].flatMap { Int($0) } ?? 1
    let only = environment["FUZZ_READER"]
    guard only == nil || only == rawValue else { return }
    let count = only == nil ? (total * share + 99) / 100 : total
    let log = try environment["FUZZ_LOG"].map { try SeedLog(path: "\($0)/\(rawValue)") }

    let mutator = Mutator(corpus: corpus, tokens: tokens, longest: longest)
    var accepted = 0
    let began = ContinuousClock.now
    for seed in first..<first + count {
      log?.note(seed)
      var random = SeededRandom(seed: seed)
      let mutant = mutator.mutant(&random)
      do {
        if try await read(mutant, &random) { accepted += 1 }
      } catch {
        throw BrokenByMutant(reader: self, seed: seed, mutant: mutant, underlying: error)
      }
    }
    log?.note(nil)
    guard environment["FUZZ_MUTANTS"] != nil else { return }
    let spent = (ContinuousClock.now - began) / .seconds(1)
    let rate = Int((Double(count) / max(spent, 0.000_001)).rounded())
    print("fuzz: \(rawValue): \(count) mutants, \(accepted) accepted, \(rate) a second")
  }
}

/// Which mutant broke what.
package struct BrokenByMutant: Error, CustomStringConvertible {
  package var reader: FuzzedReader
  package var seed: Int
  package var mutant: [UInt8]
  package var underlying: any Error

  package var description: String {
    let text = String(decoding: mutant.prefix(2_000), as: UTF8.self).debugDescription
    return """
      \(underlying)
      again: Scripts/fuzz --reader \(reader.rawValue) --seed \(seed) --mutants 1
      the mutant, \(mutant.count) bytes: \(text)
      """
  }
}

/// A file that holds the seed in hand, also when the process dies of it.
private struct SeedLog {
  private let file: FileHandle

  init(path: String) throws {
    try Data().write(to: URL(filePath: path))
    file = try FileHandle(forWritingTo: URL(filePath: path))
  }

  func note(_ seed: Int?) {
    let text = seed.map(String.init) ?? "done"
    let line = text + String(repeating: " ", count: max(0, 23 - text.utf8.count)) + "\n"
    _ = line.utf8.withContiguousStorageIfAvailable {
      pwrite(file.fileDescriptor, $0.baseAddress, $0.count, 0)
    }
  }
}

/// The bytes of the files below a folder of `samples` whose names end so, in the order of their paths.
package func samples(_ folder: String, ending: String, from file: String = #filePath) throws -> [[UInt8]] {
  let root = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "samples/\(folder)")
  return try FileManager.default.subpathsOfDirectory(atPath: root.path).sorted()
    .filter { $0.hasSuffix(ending) }
    .map { Array(try Data(contentsOf: root.appending(path: $0))) }
}
