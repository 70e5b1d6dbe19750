import AuditRecord
import PartitionFormats

/// Checks one day: its entry in the state, then every byte of its parts.
struct DayCheck {
  private(set) var findings: [Finding] = []
  private(set) var files = VerificationReport.Count()
  private(set) var rows = VerificationReport.Count()
  /// The sound parts of the first format, whose rows are compared with those of other days.
  private(set) var comparable: [PartFile] = []

  let partition: Partition
  private let storage: any ArchiveStorage
  private var paths: ArchivePaths { storage.paths }
  private let settings: VerificationSettings

  init(_ partition: Partition, storage: any ArchiveStorage, settings: VerificationSettings) {
    self.partition = partition
    self.storage = storage
    self.settings = settings
  }

  /// - Parameters:
  ///   - read: called after each file with its number of bytes.
  ///   - each: takes the rows of the first format, including those of damaged parts, and their identities.
  mutating func run(read: (Int) -> Void, each: (RowBatch, [UInt64], PartFile) -> Void) async {
    checkEntry()
    var counts: [VerificationReport.Count] = []
    for files in filesByFormat {
      let isFirst = files.first?.format == partition.files.first?.format
      var sound: Set<String> = []
      if settings.isQuick {
        for file in files where await checkSize(of: file) { sound.insert(file.path) }
      } else {
        sound = await checkRows(of: files, read: read) { if isFirst { each($0, $1, $2) } }
      }
      for file in files { self.files.add(sound.contains(file.path)) }
      let soundFiles = files.filter { sound.contains($0.path) }
      if isFirst { comparable = soundFiles }
      counts.append(
        .init(sound: soundFiles.reduce(0) { $0 + $1.rows }, total: files.reduce(0) { $0 + $1.rows }))
    }
    guard !settings.isQuick else { return }
    // Every format holds the same rows.
    rows = .init(sound: counts.map(\.sound).min() ?? 0, total: counts.map(\.total).max() ?? 0)
  }

  private var filesByFormat: [[PartFile]] {
    PartFormat.allCases.map { format in partition.files.filter { $0.format == format } }
      .filter { !$0.isEmpty }
  }

  private mutating func add(_ problem: Finding.Problem, at path: String) {
    findings.append(
      Finding(problem, at: path, day: partition.eventDate, commit: partition.changedInCommit))
  }

  // MARK: The entry

  /// Whether the entry agrees with its files.
  private mutating func checkEntry() {
    var indexes: [PartFormat: Int] = [:]
    for file in partition.files {
      let name = PartName(
        format: file.format, day: partition.eventDate, index: indexes[file.format, default: 0],
        revision: partition.revision, hash: ArchivePaths.shortHash(file.sha256))
      if file.path != paths.part(name) { add(.misnamed(expected: paths.part(name)), at: file.path) }
      indexes[file.format, default: 0] += 1
    }
    for files in filesByFormat {
      check(rows: files.reduce(0) { $0 + $1.rows })
      check(bounds: .init(min: files.first?.minEventAt, max: files.last?.maxEventAt))
    }
    guard partition.files.isEmpty else { return }
    check(rows: 0)
    check(bounds: .init())
    let (expected, found) = (partition.contentSHA256, DayContentHash().sha256)
    if expected != found { add(.wrongContent(expected: expected, found: found), at: paths.manifest) }
  }

  private mutating func check(rows: Int) {
    guard rows != partition.rows else { return }
    add(.miscounted(.rows, expected: partition.rows, found: rows), at: paths.manifest)
  }

  private mutating func check(bounds: Finding.Problem.Bounds) {
    let stated = Finding.Problem.Bounds(min: partition.minEventAt, max: partition.maxEventAt)
    guard bounds != stated else { return }
    add(.wrongBounds(expected: stated, found: bounds), at: paths.manifest)
  }

  /// A manipulated state could name any file of this machine.
  private func isOurs(_ file: PartFile) -> Bool { paths.partName(file.path) != nil }

  // MARK: The files

  /// Whether the file has the recorded size, and the recorded hash if the storage keeps hashes.
  private mutating func checkSize(of file: PartFile) async -> Bool {
    guard isOurs(file) else { return false }
    let before = findings.count
    do throws(StorageError) {
      let entry = try await storage.entry(file.path)
      if let entry, entry.kind != .file {
        throw StorageError.inPlace(of: .file, entry.kind, at: storage.name(of: file.path), .inspect)
      }
      if let problem = Finding.Problem(of: entry, bytes: file.bytes, rows: file.rows) {
        add(problem, at: file.path)
      } else if let found = entry?.sha256, found != file.sha256 {
        add(.altered(.sha256(expected: file.sha256, found: found)), at: file.path)
      }
    } catch {
      add(Finding.Problem(of: error, rows: file.rows), at: file.path)
    }
    return findings.count == before
  }

  /// Returns the paths of the sound files. Ends after the current file if the task is cancelled.
  private mutating func checkRows(
    of files: [PartFile], read: (Int) -> Void, each: (RowBatch, [UInt64], PartFile) -> Void
  ) async -> Set<String> {
    var content = DayContentHash()
    var rows = RowCheck(day: partition.eventDate)
    var duplicates = DuplicateSearch(limit: settings.identityLimit)
    var sound: Set<String> = []
    var readable: [PartFile] = []
    var altered: String?
    // Whether a finding about a file already explains a wrong hash of the content.
    var isContentExplained = false

    for file in files where !Task.isCancelled {
      guard isOurs(file) else {
        isContentExplained = true
        continue
      }
      rows.beginPart()
      let before = rows
      do {
        let scan = try await PartScan(file, in: storage, content: &content) { batch in
          let identities = batch.identities
          rows.add(batch)
          duplicates.add(batch, identities)
          each(batch, identities, file)
        }
        let problems = problems(of: file, scan, rows)
        for problem in problems { add(problem, at: file.path) }
        if problems.isEmpty {
          sound.insert(file.path)
        } else {
          rows = before  // where this part ends now says nothing about the next one
        }
        let isAltered = problems.first?.kind == .altered
        if isAltered, altered == nil { altered = file.path }
        if scan.summary == nil || (isAltered && problems.count > 1) { isContentExplained = true }
        if scan.summary != nil { readable.append(file) }
      } catch {
        add(Finding.Problem(of: error, rows: file.rows), at: file.path)
        rows = before
        isContentExplained = true
      }
      read(file.bytes)
    }

    // Intact parts first: of two equal rows, the duplicate is the one in an altered part.
    readable = readable.filter { sound.contains($0.path) } + readable.filter { !sound.contains($0.path) }
    while duplicates.nextPass() {
      if let path = await rescan(&readable, &duplicates), let problem = duplicates.problem {
        add(problem, at: path)
        sound.remove(path)
        isContentExplained = isContentExplained || altered != nil
      }
    }
    sound.formIntersection(readable.map(\.path))
    if !isContentExplained, content.sha256 != partition.contentSHA256 {
      add(
        .wrongContent(expected: partition.contentSHA256, found: content.sha256), at: altered ?? paths.manifest
      )
    }
    return sound
  }

  /// Returns the path of the part with the first duplicate, if there is one. Removes parts that can no longer be read.
  private mutating func rescan(
    _ files: inout [PartFile], _ duplicates: inout DuplicateSearch
  ) async -> String? {
    var path: String?
    for file in files {
      var unused = DayContentHash()
      do {
        _ = try await PartScan(file, in: storage, content: &unused) { duplicates.add($0, $0.identities) }
      } catch {
        add(Finding.Problem(of: error, rows: file.rows), at: file.path)
        files.removeAll { $0.path == file.path }
        continue
      }
      if path == nil, duplicates.problem != nil { path = file.path }
    }
    return path
  }

  /// The problems of the file itself, the cause first. An altered file is checked only for its rows.
  private func problems(of file: PartFile, _ scan: PartScan, _ rows: RowCheck) -> [Finding.Problem] {
    var problems: [Finding.Problem] = []
    let isAltered = scan.sha256 != file.sha256
    if isAltered {
      problems.append(.altered(file, bytes: scan.bytes, sha256: scan.sha256))
    } else if scan.bytes != file.bytes {
      problems.append(.miscounted(.bytes, expected: file.bytes, found: scan.bytes))
    }
    if let problem = scan.problem { problems.append(problem) }
    guard let summary = scan.summary else { return problems }
    problems += rows.problems
    if summary.rows != file.rows {
      problems.append(.miscounted(.rows, expected: file.rows, found: summary.rows))
    } else if !isAltered, summary.uncompressedBytes != file.uncompressedBytes {
      problems.append(
        .miscounted(.uncompressedBytes, expected: file.uncompressedBytes, found: summary.uncompressedBytes))
    }
    let stated = Finding.Problem.Bounds(min: file.minEventAt, max: file.maxEventAt)
    let found = Finding.Problem.Bounds(min: summary.minEventAt, max: summary.maxEventAt)
    if !isAltered, stated != found { problems.append(.wrongBounds(expected: stated, found: found)) }
    return problems
  }
}
