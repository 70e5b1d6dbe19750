package import AuditArchive
import AuditRecord
import AuditReport
package import ExportConfiguration

/// The result of `changes`: the days that a loader must load again, in every form.
package struct ChangesResult: CommandResult {
  /// The changes since the loaded commit.
  package let changes: ChangesSince
  /// The format whose files are listed. nil for all.
  package let format: PartFormat?
  /// The URL of an archive in a bucket, without a slash at its end; nil for a folder.
  private let url: String?

  /// - Parameter url: The URL of an archive in a bucket, without a slash at its end; nil for a folder.
  /// - Throws: A usage failure if a day with rows has no file of the format. A loader would take it for an empty day.
  package init(_ changes: ChangesSince, format: PartFormat?, url: String? = nil) throws(Failure) {
    self.changes = changes
    self.format = format
    self.url = url
    guard let format else { return }
    for day in changes.days where day.partition.rows > 0 && files(day).isEmpty {
      let found = Set(day.partition.files.map(\.format.rawValue)).sorted().joined(separator: " and ")
      throw .usage(
        "--format \(format.rawValue): the archive has \(day.partition.eventDate) only as \(found). Leave out --format."
      )
    }
  }

  private func files(_ day: DayChange) -> [PartFile] { day.partition.files.filter(isAsked) }
  private func isAsked(_ file: PartFile) -> Bool { format == nil || file.format == format }
  /// All listed files.
  package var files: [PartFile] { changes.days.flatMap(files) }

  // MARK: - For people

  package var text: String {
    let count = changes.days.count
    var lines: [String] = []
    if count == 0 {
      lines.append("since commit \(changes.since): nothing to load")
    } else {
      lines += ["since commit \(changes.since): \(count) day\(count == 1 ? "" : "s") to load", ""]
      lines.append("day         action   state    rev        rows  files       bytes")
      for day in changes.days {
        let (partition, files) = (day.partition, files(day))
        lines.append(
          "\(partition.eventDate)  \(left(day.action.rawValue, 7))  \(left(partition.state.rawValue, 7))"
            + right("\(partition.revision)", 5) + right(partition.rows.grouped, 12)
            + right("\(files.count)", 7) + right(files.reduce(0) { $0 + $1.bytes }.grouped, 12))
      }
      lines.append("")
    }
    lines.append("commit \(changes.commit): after loading, pass it as --since next time")
    return lines.joined(separator: "\n")
  }

  // MARK: - For programs

  package var document: any Encodable {
    Document(
      status: ExitStatus.done.word, exitStatus: ExitStatus.done.rawValue,
      organization: "\(changes.log.organization)", repository: changes.log.repository.map { "\($0)" },
      since: changes.since,
      commit: changes.commit, commitSha256: changes.commitSHA256, tableVersion: changes.tableVersion,
      settledOnly: changes.isSettledOnly,
      days: changes.days.map { day in
        let partition = day.partition
        return Document.Entry(
          eventDate: "\(partition.eventDate)", action: day.action.rawValue,
          state: partition.state.rawValue, revision: partition.revision, rows: partition.rows,
          contentSha256: partition.contentSHA256,
          files: files(day).map {
            Document.File(
              path: $0.path, url: url(of: $0), format: $0.format.rawValue, rows: $0.rows, bytes: $0.bytes,
              sha256: $0.sha256)
          },
          filesGone: day.filesGone.filter(isAsked).map(\.path))
      })
  }

  private struct Document: Encodable {
    struct Entry: Encodable {
      var eventDate: String
      var action: String
      var state: String
      var revision: Int
      var rows: Int
      var contentSha256: String
      var files: [File]
      var filesGone: [String]
    }

    struct File: Encodable {
      var path: String
      /// Only for an archive in a bucket.
      var url: String?
      var format: String
      var rows: Int
      var bytes: Int
      var sha256: String
    }

    var status: String
    var exitStatus: Int32
    var organization: String
    var repository: String?
    var since: Int
    var commit: Int
    var commitSha256: String
    /// Only for an archive that is a table with all commits.
    var tableVersion: Int?
    var settledOnly: Bool
    var days: [Entry]
  }

  /// The paths of the listed files, relative to the archive; for an archive in a bucket their URLs, which loaders need.
  package var paths: [String] { files.map { url(of: $0) ?? $0.path } }

  private func url(of file: PartFile) -> String? { url.map { "\($0)/\(file.path)" } }

  /// Lines as written by `sha256sum`. No path of an archive has a character that it would escape.
  package var sha256sums: [String] { files.map { "\($0.sha256)  \($0.path)" } }

  /// A manifest for COPY (Amazon Redshift, "Using a manifest to specify data files").
  ///
  /// - Throws: A usage failure if the files have more than one format.
  package func redshift(urlPrefix: String) throws(Failure) -> String {
    let formats = Set(files.map(\.format.rawValue)).sorted()
    guard formats.count < 2 else {
      throw .usage(
        "--as redshift: COPY reads one format, and the archive has \(formats.joined(separator: " and ")). Pass --format."
      )
    }
    return JSONText.of(
      CopyManifest(
        entries: files.map {
          CopyManifest.Entry(
            url: "\(urlPrefix)/\($0.path)", mandatory: true, meta: CopyManifest.Meta(contentLength: $0.bytes))
        }))
  }

  private struct CopyManifest: Encodable {
    struct Entry: Encodable {
      var url: String
      var mandatory: Bool
      var meta: Meta
    }

    struct Meta: Encodable {
      /// Bytes.
      var contentLength: Int
    }

    var entries: [Entry]
  }

  /// The commit, and the days to empty, for stderr: a list of files cannot contain them.
  package var remarks: [String] {
    ["commit \(changes.commit)"]
      + changes.days.filter { $0.action == .empty }.map { "empty \($0.partition.eventDate)" }
  }
}
