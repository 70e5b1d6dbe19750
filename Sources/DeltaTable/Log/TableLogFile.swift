/// A file of a table's log, by its name in the folder `_delta_log`.
package enum TableLogFile: Hashable, Sendable {
  /// `00000000000000000042.json`
  case version(Int)
  /// `00000000000000000042.checkpoint.parquet`: a classic checkpoint.
  case checkpoint(Int)
  /// `_last_checkpoint`: a hint which checkpoint is the newest.
  case lastCheckpoint

  /// The folder of the log, in the root of the table.
  package static let folder = "_delta_log"

  /// The file with this name; nil unless it is exactly one that `name` makes. Other producers' checksums, compacted versions
  /// and checkpoints in parts are nil.
  package init?(name: String) {
    let digits = name.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    let number = Int(Substring(digits))
    let candidates = [number.map(TableLogFile.version), number.map(TableLogFile.checkpoint), .lastCheckpoint]
    guard let file = candidates.compactMap({ $0 }).first(where: { $0.name == name }) else { return nil }
    self = file
  }

  package var name: String {
    switch self {
    case .version(let number): "\(TableLogFile.padded(number)).json"
    case .checkpoint(let number): "\(TableLogFile.padded(number)).checkpoint.parquet"
    case .lastCheckpoint: "_last_checkpoint"
    }
  }

  /// The path from the root of the table.
  package var path: String { "\(TableLogFile.folder)/\(name)" }

  private static func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
  }
}
