package import AuditArchive
import AuditRecord
import ExportConfiguration

/// What `verify` prints about a finding besides its sentence: the recorded and the actual value, and advice.
package enum FindingMessages {
  /// The recorded value and the actual one, as short texts. nil where there is none. They are members of the JSON form.
  package static func facts(_ problem: Finding.Problem) -> (expected: String?, found: String?) {
    switch problem {
    case .missing: (nil, nil)
    case .altered(.bytes(let expected, let found)): ("\(expected)", "\(found)")
    case .altered(.sha256(let expected, let found)): (expected, found)
    case .irregular(let kind): (nil, kind.words)
    case .unlisted, .unreadable, .outOfOrder, .duplicate, .unsigned, .badSignature: (nil, nil)
    case .wrongDay(_, _, let eventAt): (nil, "\(eventAt)")
    case .schemaMismatch(let expected, let found): (expected, found)
    case .miscounted(_, let expected, let found): ("\(expected)", "\(found)")
    case .wrongBounds(let expected, let found): (expected.text, found.text)
    case .wrongContent(let expected, let found): (expected, found)
    case .misnamed(let expected): (expected, nil)
    case .brokenChain(.absent): (nil, nil)
    case .brokenChain(.altered(let expected, let found)): (expected, found)
    case .brokenChain(.detached(let expected, let found)): (expected, found)
    case .brokenChain(.rewritten(let expected, let found)): (expected, found)
    case .brokenChain(.otherNumber(let expected, let found)): ("\(expected)", "\(found)")
    case .inconsistent(_, let expected, let found), .wrongManifest(_, let expected, let found),
      .wrongCoverage(_, let expected, let found):
      (expected, found)
    case .wrongKind(let expected, let found): (expected.rawValue, found.rawValue)
    case .wrongTable(.otherTable(let expected, let found)),
      .wrongTable(.otherCommit(let expected, let found)),
      .wrongTable(.otherFile(_, let expected, let found)):
      (expected, found)
    case .wrongTable: (nil, nil)
    }
  }

  /// Whether exporting the whole day, or both days, with `--replace` resolves the finding.
  package static func isMendedByReplacing(_ problem: Finding.Problem) -> Bool {
    switch problem {
    case .missing, .altered, .unreadable(_, isDenied: false), .schemaMismatch, .miscounted, .outOfOrder,
      .duplicate,
      .wrongDay, .wrongBounds, .wrongContent, .misnamed:
      true
    case .unreadable(_, isDenied: true), .unlisted, .irregular, .brokenChain, .inconsistent, .wrongManifest,
      .wrongCoverage, .unsigned, .badSignature, .wrongKind, .wrongTable:
      false
    }
  }

  /// What to do about a finding. Findings with the same advice are listed together.
  package static func advice(_ finding: Finding) -> String {
    if case .missing(_, _?) = finding.problem {
      return """
        Restore _manifest from a copy. Without it, no record lists the files of the archive, and no export writes here. If there is \
        no copy, start a new archive in another folder; the files here stay readable.
        """
    }
    if finding.path.hasSuffix("/manifest.json"), case .missing = finding.problem {
      return
        "The next export rebuilds it from the commits. Find out who deleted it."
    }
    if finding.path.hasSuffix("/manifest.json"), isOfManifestAlone(finding.problem) {
      return """
        Move manifest.json away: the next export rebuilds it from the commits, which are authoritative. Find out who changed it.
        """
    }
    if finding.path.hasPrefix("parquet/_delta_log/"), case .unreadable(_, isDenied: false) = finding.problem {
      return advice(.wrongTable(.unreadable("")))
    }
    if finding.path.hasSuffix("/intent.json") {
      return
        "The next export replaces it. Files that a killed run left behind stay; verify reports them as unlisted."
    }
    return advice(finding.problem)
  }

  private static func isOfManifestAlone(_ problem: Finding.Problem) -> Bool {
    switch problem {
    case .altered, .unreadable(_, isDenied: false), .wrongManifest, .schemaMismatch: true
    default: false
    }
  }

  private static func advice(_ problem: Finding.Problem) -> String {
    switch problem {
    case .duplicate(_, _, _?):
      """
      Export both days again with --replace, if Cloudsmith still keeps them. Each event then moves to the day that the API now gives \
      for it.
      """
    case .unreadable(_, isDenied: true):
      "Give the user that runs verify permission to read it, then verify again."
    case .missing, .altered, .unreadable, .schemaMismatch, .miscounted, .outOfOrder, .duplicate, .wrongDay,
      .wrongBounds, .wrongContent, .misnamed:
      """
      Restore the file from a copy of the archive. Or export its whole day again with --replace, if Cloudsmith still keeps it.
      """
    case .unlisted(.later):
      """
      Load only files that the manifest lists. If _manifest is an older copy than the files, restore its newest copy. Otherwise inspect \
      the file and move it away.
      """
    case .unlisted:
      "Load only files that the manifest lists. The next export deletes leftovers; inspect any other file and move it away."
    case .irregular(.symbolicLink):
      """
      Replace the link with its target: no run writes to an archive that has links inside. All folders of an archive must be on one \
      volume. To keep the archive on another disk, move all of it there; the path of --archive itself may be a link.
      """
    case .irregular:
      "Move it away, and find out who put it there. No run reads, changes or deletes it, but a program that reads the tables may fail on it."
    case .brokenChain(.rewritten):
      """
      Check that --since and --commit-sha256 belong to this archive. If they do, its history was rewritten or an older copy was \
      restored: find out who did it, and verify everything, without --since.
      """
    case .brokenChain, .inconsistent:
      "Restore _manifest from a copy, and find out who changed it: the tool never changes a commit record."
    case .wrongManifest:
      "Move the manifest away: the next export rebuilds it from the commits, which are authoritative."
    case .wrongCoverage:
      """
      Do not rely on the recorded coverage. If only the manifest is wrong, move manifest.json away: the next export rebuilds it from \
      the commits. Otherwise export the window again.
      """
    case .unsigned: "Find out why: an export without --signing-key-file signs nothing."
    case .badSignature:
      """
      Check that this public key belongs to the signing key. If it does, the record or its signature was altered: restore _manifest \
      from a copy, and find out who changed it.
      """
    case .wrongKind: "Restore _manifest/archive.json from a copy."
    case .wrongTable(.noLog):
      "The next export rebuilds it from the commits, with the same table id. Find out who removed it."
    case .wrongTable(.notRecorded):
      """
      Restore _manifest/archive.json from a copy. If there is none, add "table":{"id":"…"} to it, with the id of metaData in version 0 of \
      the table.
      """
    case .wrongTable(.ahead):
      """
      _manifest is an older copy than the table: restore its newest copy. If there is none, move parquet/_delta_log away and run export \
      again: it rebuilds the table from the commits.
      """
    case .wrongTable:
      """
      Move parquet/_delta_log away and run export again: it rebuilds the table from the commits, with the same id. The parts are \
      not affected. Find out which program changed the table.
      """
    }
  }

  /// What a file of another program is, and what to do about it. Starts in lowercase and has no full stop at the end.
  package static func sentence(_ left: ForeignFile) -> String {
    switch left.kind {
    case .hidden: "was left by another program; readers of tables skip it; you can delete it"
    case .deletedOverNFS:
      "was deleted while another program reads it over NFS; it disappears when that program closes it"
    case .ofSystem:
      "was left by a file manager or a storage system; delete it, because a reader that takes every file may fail on it"
    case .backup:
      "was left by an editor; delete it, because a reader that takes every file may read it as data"
    case .trial: "was left by an interrupted check; delete it"
    }
  }
}
