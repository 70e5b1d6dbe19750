package import AuditRecord
import Parquet
import PartitionFormats

/// What a commit is to add to the archive.
package struct Change: Sendable {
  package var committedAt: Timestamp
  /// How late an event can still arrive.
  package var lookback: TimeSpan
  /// When the reading of `covered` began. What is older than that by the lookback is not read again.
  package var readSince: Timestamp
  /// Events older than this have expired from the API; re-reading them is pointless.
  package var reach = Timestamp.earliest
  /// At most one for each day. A day whose content the archive already has, in intact files, changes nothing.
  package var days: [StagedDay] = []
  /// Windows that this commit proves complete.
  package var covered: [Window] = []
  /// Coverage of earlier commits that turned out to be incomplete. Subtracted before `covered` is added.
  package var withdrawn: [Window] = []
  /// Coverage that this run, or if it stops a later one, reads again.
  package var rereads: [Window] = []
  /// The oldest event that the API shows, if this run has looked.
  package var oldestShown: OldestShown?
  /// The start of the archive; nil leaves it. Can only move back. The default for a new archive is the start of the coverage, or
  /// `committedAt` without coverage.
  package var start: Timestamp?
  /// The result of `ArchiveWriter.takeQuarantine`; nil if there is nothing new.
  package var quarantine: StagedQuarantine?
  /// A window that was exported again completely (`--replace`). Missing or altered quarantine files are given up if the window of
  /// their run is within this one: records that the API still shows are in quarantine again.
  package var replaced: Window?
  package var run = RunCounters()

  package init(committedAt: Timestamp, lookback: TimeSpan) {
    self.committedAt = committedAt
    self.lookback = lookback
    self.readSince = committedAt
  }
}

/// All rows of a day, sealed but not yet committed.
package struct StagedDay: Sendable {
  package let day: Day
  package let rows: Int
  /// Bytes of the rows as CSV, before compression.
  package let textBytes: Int
  package let contentSHA256: String
  /// In the order of the rows, each in all its formats.
  let parts: [StagedPart]

  /// Sorted as a partition lists its files: by format, then by the order of the rows.
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

/// How a run writes files.
package struct WriterSettings: Sendable {
  /// The version of the program, for the records.
  package var toolVersion: String
  /// The formats of new parts; nil for those of the archive's newest day, or CSV for a new archive.
  package var formats: Set<PartFormat>?
  /// Makes the archive a Delta Lake table, with all its logs, if it is none. A table stays one.
  package var isTable = false
  /// How long Parquet parts stay for readers of an earlier version of the table: from the commit that removes them to the
  /// commit that deletes them. With nil, they are deleted at once, also those that earlier runs kept. Only for a table.
  package var keepSuperseded: TimeSpan?
  /// The level of gzip, 1 to 9. Another level makes other files with the same content.
  package var compressionLevel = WriterSettings.defaultCompressionLevel
  package static let defaultCompressionLevel = 6
  /// The compression of Parquet: gzip at `compressionLevel`, or zstd at its default level, 3.
  package var parquetCodec = ParquetCodec.gzip
  /// How many gzip members to compress at a time. Does not change the files.
  package var compressionWidth = 1
  /// The most bytes of a part before compression, unless a single row is larger.
  package var partSizeLimit = 256 << 20
  /// Signs every commit record; nil for no signatures.
  package var signingKey: SigningKey?

  package init(toolVersion: String) {
    self.toolVersion = toolVersion
  }
}

/// The compression of Parquet files.
package enum ParquetCodec: String, Sendable, CaseIterable {
  case gzip, zstd

  /// Whether this build supports it: zstd is a package trait.
  package var isBuiltIn: Bool { self == .gzip || ParquetCompression.hasZstd }
}
