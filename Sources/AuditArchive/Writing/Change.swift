package import AuditRecord
import PartitionFormats

/// What one commit is to add to the archive.
package struct Change: Sendable {
  package var committedAt: Timestamp
  /// How long after an event it may still come in.
  package var lookback: TimeSpan
  /// Since when the API has been read for what is `covered`. What is older than that by the lookback is done with.
  package var readSince: Timestamp
  /// What is older the API shows no longer: there is no use in looking at it once more.
  package var reach = Timestamp.earliest
  /// At most one for a day. One with the content that the archive has already, in intact files, changes nothing.
  package var days: [StagedDay] = []
  /// What is proven complete with this commit.
  package var covered: [Window] = []
  /// Claims of earlier commits that turned out to be wrong; `covered` is added after they are taken back.
  package var withdrawn: [Window] = []
  /// What of the coverage the run is to read again. Where it does not come to that, a later run does.
  package var rereads: [Window] = []
  /// The oldest event that the API shows, where this run has looked it up.
  package var oldestShown: OldestShown?
  /// Where the archive is to begin. It moves an archive's start back, never forward; nil leaves it. A fresh archive
  /// without one begins where the coverage does, or else at `committedAt`.
  package var start: Timestamp?
  /// What `ArchiveWriter.takeQuarantine` has handed over; nil: nothing new.
  package var quarantine: StagedQuarantine?
  /// A window that has been read anew to its end, to replace what is archived of it. Files of quarantine that are
  /// missing or altered, and were stored by a run after this window or a part of it, are given up: what the API still
  /// shows of their records is in quarantine anew.
  package var replaced: Window?
  package var run = RunCounters()

  package init(committedAt: Timestamp, lookback: TimeSpan) {
    self.committedAt = committedAt
    self.lookback = lookback
    self.readSince = committedAt
  }
}

/// All rows of a day, written and sealed, not yet part of the archive.
package struct StagedDay: Sendable {
  package let day: Day
  package let rows: Int
  /// Bytes of its rows as CSV, before compression.
  package let textBytes: Int
  package let contentSHA256: String
  /// In the order of the rows, each in all its formats.
  let parts: [StagedPart]

  /// By format, then in the order of the rows, as a partition lists its files.
  var partsByFormat: [StagedPart] {
    PartFormat.allCases.flatMap { format in parts.filter { $0.format == format } }
  }
}

struct StagedPart: Sendable {
  var file: ScratchFile
  var format: PartFormat
  var rows: Int
  var bytes: Int
  var uncompressedBytes: Int
  var sha256: String
  var minEventAt: Timestamp
  var maxEventAt: Timestamp
}

/// How a run writes.
package struct WriterSettings: Sendable {
  /// Of the program that writes, for the records.
  package var toolVersion: String
  /// The formats of new parts. nil for the formats of the archive's newest day, or CSV for a new archive.
  package var formats: Set<PartFormat>?
  /// Of gzip, 1 to 9. Another level makes other files of the same content.
  package var compressionLevel = 6
  /// What Parquet is compressed with: gzip at `compressionLevel`, or zstd at the level that its authors chose, 3.
  package var parquetCodec = ParquetCodecName.gzip
  /// How many gzip members are compressed at a time. It changes no file.
  package var compressionWidth = 1
  /// Bytes before compression that no part passes, unless one row alone does.
  package var partSizeLimit = 256 << 20
  /// Signs every commit record; nil: none is signed.
  package var signingKey: SigningKey?

  package init(toolVersion: String) {
    self.toolVersion = toolVersion
  }
}

/// What Parquet files are compressed with.
package enum ParquetCodecName: String, Sendable, CaseIterable {
  case gzip, zstd

  /// Whether this build writes and reads it: zstd is a package trait.
  package var isBuiltIn: Bool { self == .gzip || ParquetCompression.hasZstd }
}
