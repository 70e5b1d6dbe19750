package import AuditRecord
import Crypto

/// Collects records that could not be read in a file, each record once, until a commit adds the file to the archive.
///
/// Needs 16 bytes of memory for each record in quarantine. Reads the archive's quarantine files when the first record is added. Calls
/// must not overlap.
actor Quarantine {
  private let storage: any ArchiveStorage
  private let scratch: Scratch
  /// The stored and collected records; nil until the files have been read.
  private var known: Set<Identity>?
  private(set) var open: OpenFile?
  /// An earlier failure. Records were lost, so nothing that belongs to them may be committed.
  private var failure: ArchiveError?

  /// The first half of a record's SHA-256.
  struct Identity: Hashable {
    var high: UInt64
    var low: UInt64

    init(_ digest: SHA256.Digest) {
      (high, low) = digest.withUnsafeBytes {
        (
          $0.loadUnaligned(as: UInt64.self).bigEndian,
          $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian
        )
      }
    }

    /// - Parameter digits: in lower case.
    init?(_ digits: some Collection<UInt8>) {
      guard digits.count == 64 else { return nil }
      var words: [UInt64] = [0, 0]
      for (index, digit) in digits.enumerated() {
        let value: UInt8
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
        default: return nil
        }
        if index < 32 { words[index / 16] = words[index / 16] << 4 | UInt64(value) }
      }
      (high, low) = (words[0], words[1])
    }
  }

  struct OpenFile {
    let file: ScratchFile
    var hash = SHA256()
    var records = 0
    var bytes = 0
    /// Lines that are not yet written.
    var lines: [UInt8] = []
  }

  /// Bytes written at a time.
  private static let chunk = 256 << 10

  init(storage: any ArchiveStorage, scratch: Scratch) {
    self.storage = storage
    self.scratch = scratch
  }

  /// Approximate bytes of memory.
  var footprint: Int {
    (known?.capacity ?? 0) * 4 / 3 * MemoryLayout<Identity>.stride + (open?.lines.capacity ?? 0)
  }

  /// Adds the records that are neither stored nor collected yet.
  ///
  /// - Parameter present: the quarantine files of the state.
  func add(_ records: [QuarantinedRecord], present: [QuarantineFile]) async throws(ArchiveError) {
    guard !records.isEmpty else { return }
    if let failure { throw failure }
    do throws(ArchiveError) {
      try await collect(records, present: present)
    } catch {
      failure = error
      throw error
    }
  }

  private func collect(
    _ records: [QuarantinedRecord], present: [QuarantineFile]
  ) async throws(ArchiveError) {
    var known: Set<Identity>
    if let read = self.known { known = read } else { known = try await identities(in: present) }
    self.known = nil
    defer { self.known = known }
    for record in records {
      let digest = SHA256.hash(data: record.json)
      guard known.insert(Identity(digest)).inserted else { continue }
      var file: OpenFile
      if let begun = open { file = begun } else { file = OpenFile(file: try onDisk(scratch.create())) }
      open = nil
      QuarantineLine.append(record, sha256: digest.hex, to: &file.lines)
      file.records += 1
      if file.lines.count >= Quarantine.chunk { try write(&file) }
      open = file
    }
  }

  /// Seals the collected records; nil if there are none. Also throws an earlier failure.
  func take() throws(ArchiveError) -> StagedQuarantine? {
    if let failure { throw failure }
    guard var file = open else { return nil }
    open = nil
    do throws(ArchiveError) {
      try write(&file)
      try onDisk(scratch.seal(file.file))
    } catch {
      failure = error
      throw error
    }
    return StagedQuarantine(
      file: file.file, records: file.records, bytes: file.bytes, sha256: file.hash.finalize().hex)
  }

  private func write(_ file: inout OpenFile) throws(ArchiveError) {
    try onDisk(scratch.append(file.lines, to: file.file))
    file.lines.withUnsafeBytes { file.hash.update(bufferPointer: $0) }
    file.bytes += file.lines.count
    file.lines.removeAll(keepingCapacity: true)
  }

  private func identities(in files: [QuarantineFile]) async throws(ArchiveError) -> Set<Identity> {
    var known: Set<Identity> = []
    for file in files { try await addIdentities(in: file, to: &known) }
    return known
  }

  /// Adds the records of an intact file. Those of an altered file are stored again if the API shows them again.
  private func addIdentities(in file: QuarantineFile, to known: inout Set<Identity>)
    async throws(ArchiveError)
  {
    guard try await stored(await storage.size(file.path)) == file.bytes else { return }
    var lines = QuarantineLine.Reader()
    let found = try await stored(
      await storage.digest(of: file.path, limit: file.bytes) { lines.read($0) })
    if found.sha256 == file.sha256 { known.formUnion(lines.identities) }
  }
}

/// Records for quarantine, sealed but not yet committed.
package struct StagedQuarantine: Sendable {
  let file: ScratchFile
  let records: Int
  let bytes: Int
  let sha256: String
}

extension ArchiveWriter {
  /// Collects records for the next `takeQuarantine`. Skips those that are already in quarantine.
  package func quarantine(_ records: [QuarantinedRecord]) async throws(ArchiveError) {
    guard !records.isEmpty else { return }
    try await quarantine.add(records, present: manifest?.quarantine ?? [])
  }

  /// Returns the collected records for a commit; nil if there are none.
  package func takeQuarantine() async throws(ArchiveError) -> StagedQuarantine? {
    try await quarantine.take()
  }

  /// Approximate bytes of memory for quarantine.
  package var quarantineFootprint: Int { get async { await quarantine.footprint } }
}

/// One line of a quarantine file: `{"reason":"no event_at","record":…,"sha256":"…"}`, the record as canonical JSON.
enum QuarantineLine {
  static func append(_ record: QuarantinedRecord, sha256: String, to bytes: inout [UInt8]) {
    bytes += "{".utf8
    if let place = record.place { bytes += "\"place\":\(place),".utf8 }
    bytes += "\"reason\":\"\(record.reason.rawValue)\",\"record\":".utf8
    bytes += record.json
    bytes += ",\"sha256\":\"\(sha256)\"}\n".utf8
  }

  /// Reads the hashes of a quarantine file chunk by chunk. Keeps only the end of each line, where the SHA-256 is.
  struct Reader {
    private(set) var identities: [Quarantine.Identity] = []
    /// The last bytes of the current line.
    private var tail: [UInt8] = []

    /// `,"sha256":"`, 64 digits, `"}`
    private static let before = Array(",\"sha256\":\"".utf8)
    private static let behind = Array("\"}".utf8)
    private static let length = before.count + 64 + behind.count

    mutating func read(_ bytes: [UInt8]) {
      for piece in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
        if piece.offset > 0 { end() }
        tail += piece.element.suffix(Reader.length)
        tail.removeFirst(max(0, tail.count - Reader.length))
      }
    }

    private mutating func end() {
      defer { tail.removeAll(keepingCapacity: true) }
      guard tail.count == Reader.length, tail.starts(with: Reader.before),
        tail.suffix(Reader.behind.count).elementsEqual(Reader.behind)
      else { return }
      let digits = tail[Reader.before.count..<Reader.before.count + 64]
      if let identity = Quarantine.Identity(digits) { identities.append(identity) }
    }
  }
}

extension ArchiveState {
  /// The quarantine files that a replacement of `window` gives up: missing or altered ones whose run's window is within it.
  func lostQuarantine(
    in window: Window?, _ manifest: Manifest?
  ) async throws(ArchiveError) -> [QuarantineFile] {
    guard let window else { return [] }
    var lost: [QuarantineFile] = []
    for file in manifest?.quarantine ?? [] {
      guard try await storage.problem(of: file) != nil else { continue }
      var stored: Window?
      if let name = paths.quarantineName(file.path) { stored = await runWindow(name.commit) }
      if stored.map(window.contains) ?? true { lost.append(file) }
    }
    return lost
  }
}
