package import AuditRecord
package import Compression

/// Writes one part of a day as a `csv.gz` file.
///
/// Append rows in their final order. Bytes of the file go to `sink`, one gzip member at a time. A member ends with the row that
/// reaches 1 MiB of text. Do not use the writer again after an error.
package struct CSVPartWriter: ~Copyable {
  private var encoder = CSVEncoder()
  /// Nil if the writer only measures rows.
  private var gzip: GzipWriter?
  private var tally = PartTally()
  private let limit: Int
  /// The text of the next member.
  private var text: [UInt8] = CSVEncoder.header
  /// Up to where the content hash includes `text`.
  private var hashed = CSVEncoder.header.count

  /// - Parameters:
  ///   - level: the gzip level, 1 (fast) to 9 (small).
  ///   - limit: the most bytes of text, header included. Only a part of one row may be longer.
  ///   - width: the number of members compressed in parallel. The file does not depend on it.
  /// - Throws: `GzipError` for a level out of range.
  package init(level: Int = 6, limit: Int = .max, width: Int = 1) throws(GzipError) {
    gzip = try GzipWriter(level: level, width: width, random: IncompressibleRanges.find)
    self.limit = limit
    tally.uncompressedBytes = text.count
  }

  /// Measure a part of at most `limit` bytes of text without compressing or writing it. A day written only in another format uses it
  /// to end its parts where CSV parts end, and to get the same content hash.
  package init(measuring limit: Int) {
    gzip = nil
    self.limit = limit
    tally.uncompressedBytes = text.count
  }

  /// The number of rows written so far.
  package var rows: Int { tally.rows }
  /// The bytes of text written so far, with the header.
  package var uncompressedBytes: Int { tally.uncompressedBytes }

  /// Write the rows of a selection, from its place `start` on, that still fit into the part.
  ///
  /// - Parameter content: receives the text of the written rows.
  /// - Returns: the place after the last written row.
  /// - Throws: `GzipError`, or what `sink` throws.
  package mutating func append(
    _ selection: RowSelection, from start: Int = 0, content: inout DayContentHash,
    to sink: ([UInt8]) throws -> Void
  ) async throws -> Int {
    var place = start
    while place < selection.rows.count {
      let written = tally.uncompressedBytes - text.count
      // The first row of a part always fits.
      let room = tally.rows == 0 ? max(limit - written, text.count) : limit - written
      guard text.count <= room else { break }
      let end = room < GzipWriter.memberLength ? room + 1 : GzipWriter.memberLength
      let before = text.count
      var progress = encoder.append(selection, from: place, to: &text, until: end)
      let isFull = text.count + written > limit && tally.rows + progress.place - place > 1
      if isFull {
        text.removeLast(text.count - progress.lastRow)
        progress.place -= 1
      }
      for row in selection.rows[place..<progress.place] {
        tally.add(eventAt: selection.batch.eventAt[Int(row)])
      }
      tally.uncompressedBytes += text.count - before
      place = progress.place
      if text.count >= GzipWriter.memberLength { try await endMember(content: &content, to: sink) }
      if isFull { break }
    }
    return place
  }

  /// End the file. A part without rows holds only the header.
  ///
  /// - Throws: `GzipError`, or what `sink` throws.
  package mutating func finish(
    content: inout DayContentHash, to sink: ([UInt8]) throws -> Void
  ) async throws -> PartSummary {
    if !text.isEmpty { try await endMember(content: &content, to: sink) }
    while let member = try await gzip?.finish() { try handOver(member, to: sink) }
    return tally.summary
  }

  private mutating func endMember(
    content: inout DayContentHash, to sink: ([UInt8]) throws -> Void
  ) async throws {
    content.append(text: text, from: hashed)
    hashed = 0
    let member = try await gzip?.append(text)
    text = []
    text.reserveCapacity(GzipWriter.memberLength + CSVPartWriter.margin)
    if let member { try handOver(member, to: sink) }
  }

  private mutating func handOver(_ member: [UInt8], to sink: ([UInt8]) throws -> Void) throws {
    tally.add(file: member)
    try sink(member)
  }

  /// The bytes that the encoder usually reserves for a group of rows.
  private static let margin = 128 << 10
}

/// Reads one part of a day from the bytes of its `csv.gz` file, and recomputes the summary that its writer recorded.
///
/// Memory holds one batch of rows. Do not use the reader again after an error.
package struct CSVPartReader: ~Copyable {
  /// A batch ends when it reaches either limit, in rows and in bytes of text.
  private static let batchRows = 4_096
  private static let batchBytes = 4 << 20

  private var gzip: GzipReader
  private var decoder = CSVDecoder()
  private var tally = PartTally()
  private var text: [UInt8] = []

  /// - Throws: `GzipError` if zlib is out of memory.
  package init() throws(GzipError) {
    gzip = try GzipReader()
  }

  /// Read the next bytes of the file, and pass the rows that they complete to `sink`, a few thousand at a time.
  ///
  /// - Parameter content: receives the text of the rows.
  /// - Throws: `GzipError` or `CSVError` if the file is not what a writer wrote, or what `sink` throws.
  package mutating func append(
    _ chunk: [UInt8], content: inout DayContentHash, to sink: (RowBatch) throws -> Void
  ) throws {
    tally.add(file: chunk)
    var position = 0
    var more = true
    while more {
      text.removeAll(keepingCapacity: true)
      more = try gzip.read(chunk, from: &position, to: &text)
      try takeText(content: &content)
      if decoder.batch.count >= CSVPartReader.batchRows
        || decoder.batch.bytes.count >= CSVPartReader.batchBytes
      {
        try handOver(to: sink)
      }
    }
  }

  /// End the file, and pass the last rows to `sink`.
  ///
  /// - Throws: `GzipError` or `CSVError` unless the file is complete, or what `sink` throws.
  package mutating func finish(to sink: (RowBatch) throws -> Void) throws -> PartSummary {
    try gzip.finish()
    try decoder.finish()
    try handOver(to: sink)
    return tally.summary
  }

  private mutating func takeText(content: inout DayContentHash) throws(CSVError) {
    let before = tally.uncompressedBytes
    tally.uncompressedBytes += text.count
    let row = decoder.batch.count
    try decoder.append(text)
    let header = min(text.count, max(0, CSVEncoder.header.count - before))
    content.append(text: text, from: header)
    for time in decoder.batch.eventAt[row...] { tally.add(eventAt: time) }
  }

  private mutating func handOver(to sink: (RowBatch) throws -> Void) throws {
    guard !decoder.batch.isEmpty else { return }
    try sink(decoder.batch)
    decoder.batch.removeAll()
  }
}
