package import AuditRecord
import DeltaTable

/// Makes and parses the paths of one log's files.
///
/// All paths are relative to the archive, parts joined by `/`. The program never touches a file whose path this type cannot parse.
package struct ArchivePaths: Hashable, Sendable {
  /// The log whose files these are.
  package let log: LogName

  package init(_ log: LogName) {
    self.log = log
  }

  // MARK: State

  /// The file that fixes the kind of the archive; all its logs share it.
  package static let kind = "_manifest/archive.json"

  /// The folder of the table's log. Runs of several logs create files in it, each under the lease of its own log.
  static let tableLog = "\(PartFormat.parquet.rawValue)/\(TableLogFile.folder)"

  /// `_manifest/acme`: the folder of the state of this log.
  package var state: String { "_manifest/\(log)" }
  package var manifest: String { "\(state)/manifest.json" }
  package var lock: String { "\(state)/lock" }
  /// How far the log is in the table.
  package var table: String { "\(state)/table.json" }
  /// `_manifest/acme/commits`: the folder of the commit records and their signatures.
  package var commits: String { "\(state)/commits" }
  /// The intent of a running or killed run.
  package var intent: String { "\(state)/intent.json" }
  /// The intent of early builds, which wrote it for the first commit only.
  package var beginning: String { "\(state)/beginning.json" }

  /// The first commit record, below the folder of a log.
  static let firstCommit = "commits/\(padded(1, 20)).json"

  /// `_manifest/acme/commits/00000000000000000042.json`
  package func commit(_ number: Int) -> String { "\(commits)/\(padded(number, 20)).json" }

  /// The number of a commit record; nil if the path is not exactly one that `commit` makes.
  package func commitNumber(_ path: String) -> Int? {
    guard let name = path.between("\(commits)/", ".json"), let number = Int(name), commit(number) == path
    else { return nil }
    return number
  }

  /// `_manifest/acme/commits/00000000000000000042.json.sig`
  package func signature(_ number: Int) -> String { "\(commit(number)).sig" }

  /// The number of a signed commit; nil if the path is not exactly one that `signature` makes.
  package func signatureNumber(_ path: String) -> Int? {
    path.hasSuffix(".sig") ? commitNumber(String(path.dropLast(4))) : nil
  }

  // MARK: Staging

  /// `_staging/acme`: the folder for unfinished work of a run.
  package var staging: String { "_staging/\(log)" }
  /// `_staging/acme/spool-00000003`
  package func spool(_ number: Int) -> String { "\(staging)/\(Scratch.name(number))" }

  // MARK: Parts

  /// The Hive partition keys above `event_date`.
  private var hive: String {
    "organization=\(log.organization)" + (log.repository.map { "/repository=\($0)" } ?? "")
  }

  /// `csv/organization=acme`: the folder of this log's days, and of no other log's.
  package func days(_ format: PartFormat) -> String { "\(format.rawValue)/\(hive)" }

  /// `csv/organization=acme/event_date=2024-02-12`
  package func day(_ day: Day, _ format: PartFormat) -> String { "\(days(format))/event_date=\(day)" }

  /// `csv/organization=acme/event_date=2024-02-12/part-00000.r0003-9bb6196f.csv.gz`
  package func part(_ name: PartName) -> String {
    "\(day(name.day, name.format))/part-\(padded(name.index, 5)).r\(padded(name.revision, 4))"
      + "-\(name.hash).\(name.format.fileExtension)"
  }

  func isParquetPart(_ path: String) -> Bool { partName(path)?.format == .parquet }

  /// The parsed name of a part; nil if the path is not exactly one that `part` makes.
  package func partName(_ path: String) -> PartName? {
    for format in PartFormat.allCases {
      guard let rest = path.between("\(days(format))/event_date=", ".\(format.fileExtension)") else {
        continue
      }
      let fields = rest.split(separator: "/part-", omittingEmptySubsequences: false)
      guard fields.count == 2, let day = Day(String(fields[0])) else { return nil }
      let numbers = fields[1].split(separator: ".r", omittingEmptySubsequences: false)
      guard numbers.count == 2, let index = Int(numbers[0]) else { return nil }
      let ending = numbers[1].split(separator: "-", omittingEmptySubsequences: false)
      guard ending.count == 2, let revision = Int(ending[0]), ending[1].isShortHash else { return nil }
      let name = PartName(format: format, day: day, index: index, revision: revision, hash: String(ending[1]))
      return part(name) == path ? name : nil
    }
    return nil
  }

  // MARK: Quarantine

  /// `quarantine/organization=acme`: the folder of the quarantine files of this log.
  package var quarantine: String { "quarantine/\(hive)" }

  /// `quarantine/organization=acme/commit-00000000000000000042-9bb6196f.jsonl`
  package func quarantine(_ name: QuarantineName) -> String {
    "\(quarantine)/commit-\(padded(name.commit, 20))-\(name.hash).jsonl"
  }

  /// The parsed name of a quarantine file; nil if the path is not exactly one that `quarantine` makes.
  package func quarantineName(_ path: String) -> QuarantineName? {
    guard let rest = path.between("\(quarantine)/commit-", ".jsonl") else { return nil }
    let fields = rest.split(separator: "-", omittingEmptySubsequences: false)
    guard fields.count == 2, let commit = Int(fields[0]), fields[1].isShortHash else { return nil }
    let name = QuarantineName(commit: commit, hash: String(fields[1]))
    return quarantine(name) == path ? name : nil
  }

  // MARK: Files

  /// Whether the path is that of a file of this log.
  package func isNameOfFile(_ path: String) -> Bool {
    [manifest, lock, intent, beginning, table].contains(path) || partName(path) != nil
      || quarantineName(path) != nil
      || commitNumber(path) != nil || signatureNumber(path) != nil
  }

  /// The largest size in bytes of a state file: 1 GiB for the manifest, commit records and intents, 1 MiB for the others.
  ///
  /// Protects the memory against foreign files. A manifest of a thousand years has about 220 MB, a signature 64 bytes.
  package func sizeLimit(of path: String) -> Int {
    path == ArchivePaths.kind || path == lock || signatureNumber(path) != nil ? 1 << 20 : 1 << 30
  }

  // MARK: Folders

  /// The folder of a path of the archive; `""` is the archive itself.
  package static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  /// The folders above a path of the archive, from the top, without the archive itself.
  static func foldersAbove(_ path: String) -> [String] {
    path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) }
  }

  /// The folder of a path of the system: `/` for `/a`, `.` for `a`.
  package static func folder(ofSystemPath path: String) -> String {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
  }

  /// The part of a SHA-256 that file names contain: 8 hex digits.
  package static func shortHash(_ sha256: String) -> String { String(sha256.prefix(8)) }
}

/// The parsed name of a part file.
package struct PartName: Hashable, Sendable {
  package var format: PartFormat
  package var day: Day
  /// Counts from 0, in the order of the day's rows.
  package var index: Int
  /// The revision of the day that the part belongs to, from 1.
  package var revision: Int
  /// The first 8 hex digits of the file's SHA-256.
  package var hash: String

  package init(format: PartFormat, day: Day, index: Int, revision: Int, hash: String) {
    self.format = format
    self.day = day
    self.index = index
    self.revision = revision
    self.hash = hash
  }
}

/// The parsed name of a quarantine file.
package struct QuarantineName: Hashable, Sendable {
  /// The commit that adds the file, from 1.
  package var commit: Int
  /// The first 8 hex digits of the file's SHA-256.
  package var hash: String

  package init(commit: Int, hash: String) {
    self.commit = commit
    self.hash = hash
  }
}

private func padded(_ number: Int, _ digits: Int) -> String {
  let text = String(number)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}

extension String {
  /// The text between a prefix and a suffix; nil if it does not have both.
  fileprivate func between(_ start: String, _ end: String) -> String? {
    guard hasPrefix(start), hasSuffix(end), utf8.count >= start.utf8.count + end.utf8.count else {
      return nil
    }
    return String(dropFirst(start.count).dropLast(end.count))
  }
}

extension Substring {
  fileprivate var isShortHash: Bool {
    utf8.count == 8 && utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }
}
