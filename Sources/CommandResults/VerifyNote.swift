import AuditArchive
import AuditRecord

/// Something in an archive that is no damage, but that a person should know: a member of the result of `verify` in JSON.
struct VerifyNote: Encodable {
  /// The name of the kind: stable, for programs.
  var kind: String
  var path: String
  /// Lower case, without a full stop, to follow the path.
  var message: String

  /// The notes of a report: kept files, files of other programs, then what other programs wrote in the table's log.
  static func notes(of report: VerificationReport) -> [VerifyNote] {
    [report.keptFiles].compactMap(\.self).map { files in
      VerifyNote(kind: "kept-superseded", path: files.folder, message: FindingMessages.sentence(files))
    }
      + report.foreignFiles.map { file in
        VerifyNote(kind: file.kind.rawValue, path: file.path, message: FindingMessages.sentence(file))
      }
      + report.foreignTableVersions.map { version in
        VerifyNote(kind: "foreign-version", path: version.path, message: FindingMessages.sentence(version))
      }
  }
}

extension FindingMessages {
  /// The replaced files that are kept. Starts in lowercase and has no full stop at the end.
  static func sentence(_ files: KeptFiles) -> String {
    "has \(files.count.grouped) replaced \(files.count == 1 ? "file" : "files") (\(files.bytes.asBytes)), kept for readers of the table"
  }

  /// What another program wrote in the table's log. Starts in lowercase and has no full stop at the end.
  static func sentence(_ version: ForeignTableVersion) -> String {
    guard version.isVersion else { return "is a checkpoint of another program; it was not compared" }
    return """
      is not of this tool and changes no row: its program is \(quoted(version.engine ?? "unknown")), its operation \
      \(quoted(version.operation ?? "unknown"))
      """
  }
}
