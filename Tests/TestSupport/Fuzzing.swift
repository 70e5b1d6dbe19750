import Foundation

/// The parsers of untrusted bytes that are fuzzed: with a million mutants in `Scripts/fuzz`, with fewer in every test run.
package enum FuzzedReader: String, CaseIterable, Sendable {
  case page, time, csv, gzip, parquet, manifest, commit, notes, key, headers, settings, yaml

  /// The share of all mutants for this reader, in percent.
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

  /// Gives mutants of the corpus to `read`, which returns whether it accepted the mutant and throws if a property is violated.
  ///
  /// Environment variables:
  /// - `FUZZ_MUTANTS`: the number of mutants for all readers together (default: 20,000).
  /// - `FUZZ_SEED`: the seed of the first mutant; each further one adds 1 (default: 1).
  /// - `FUZZ_READER`: the only reader to run; it gets all mutants.
  /// - `FUZZ_LOG`: a folder for the current seed of each reader, in case a mutant crashes the process.
  ///
  /// - Throws: `BrokenByMutant` for the first violation.
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

/// A mutant violated a property. The description has the command that repeats it.
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

/// A file with the current seed, which survives a crash of the process.
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

/// The contents of the files below a folder of `samples` whose names have this ending, ordered by path.
package func samples(_ folder: String, ending: String, from file: String = #filePath) throws -> [[UInt8]] {
  let root = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "samples/\(folder)")
  return try FileManager.default.subpathsOfDirectory(atPath: root.path).sorted()
    .filter { $0.hasSuffix(ending) }
    .map { Array(try Data(contentsOf: root.appending(path: $0))) }
}
