package import AuditRecord
package import Compression

/// Writes one part of a day as a `csv.gz` file.
///
/// Rows go in in their final order; bytes of the file come out through `sink`, a gzip member at a time. A member ends
/// with the first row that fills 1 MiB of text. After an error the writer cannot be used further.
package struct CSVPartWriter: ~Copyable {
  private var encoder = CSVEncoder()
  /// nil: the rows are only measured.
  private var gzip: GzipWriter?
  private var tally = PartTally()
  private let limit: Int
  /// The text of the next member.
  private var text: [UInt8] = CSVEncoder.header
  /// Up to where `text` is part of the content hash.
  private var hashed = CSVEncoder.header.count

  /// - Parameters:
  ///   - level: of gzip, 1 to 9.
  ///   - limit: the bytes of text, header included, that the part does not pass unless its first row alone does.
  ///   - width: how many members are compressed at a time; the file does not depend on it.
  package init(level: Int = 6, limit: Int = .max, width: Int = 1) throws(GzipError) {
    gzip = try GzipWriter(level: level, width: width, random: RandomPlaces.find)
    self.limit = limit
    tally.uncompressedBytes = text.count
  }

  /// Measures a part of at most so many bytes of text without writing it, for a day that is written in another format alone:
  /// that ends a part where this one ends, and the day has the same content hash.
  package init(measuring limit: Int) {
    gzip = nil
    self.limit = limit
    tally.uncompressedBytes = text.count
  }

  /// The rows written so far.
  package var rows: Int { tally.rows }
  /// The text written so far, in bytes, with the header.
  package var uncompressedBytes: Int { tally.uncompressedBytes }

  /// Writes those rows of a selection, from its place `start` on, that still fit, and returns the place behind the last of
  /// them.
  ///
  /// `content` takes the written rows' text. Throws `GzipError`, or what `sink` throws.
  package mutating func append(
    _ selection: RowSelection, from start: Int = 0, content: inout DayContentHash,
    to sink: ([UInt8]) throws -> Void
  ) async throws -> Int {
    var place = start
    while place < selection.rows.count {
      let written = tally.uncompressedBytes - text.count
      // The first row of a part is written whatever its length.
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

  /// Ends the file. A part without rows is one with a header alone.
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

  /// What the encoder sets aside for some rows is seldom more, in bytes.
  private static let margin = 128 << 10
}

/// Reads one part of a day from the bytes of its `csv.gz` file, and finds again all that its writer knew about it.
///
/// After an error the reader cannot be used further.
package struct CSVPartReader: ~Copyable {
  /// A batch of so many rows, or of so much text, is handed on.
  private static let batchRows = 4_096
  private static let batchBytes = 4 << 20

  private var gzip: GzipReader
  private var decoder = CSVDecoder()
  private var tally = PartTally()
  private var text: [UInt8] = []

  package init() throws(GzipError) {
    gzip = try GzipReader()
  }

  /// Takes the next bytes of the file; hands on the rows that they hold, a few thousand at a time.
  ///
  /// `content` takes the text of the rows. Throws `GzipError` or `CSVError` where the file is not what a writer made, or
  /// what `sink` throws.
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

  /// Ends the file: throws unless it is whole. Hands on the last rows.
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
