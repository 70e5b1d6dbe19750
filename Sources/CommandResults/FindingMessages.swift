package import AuditArchive
import AuditRecord
import ExportConfiguration

/// What an auditor reads of a finding.
package enum FindingMessages {
  /// What is recorded and what is there, as short as they can be told.
  package static func facts(_ flaw: Flaw) -> (expected: String?, found: String?) {
    switch flaw {
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
    }
  }

  /// Whether an export of the whole day, or of both days, with `--replace` ends it.
  package static func isMendedByReplacing(_ flaw: Flaw) -> Bool {
    switch flaw {
    case .missing, .altered, .unreadable(_, isDenied: false), .schemaMismatch, .miscounted, .outOfOrder,
      .duplicate,
      .wrongDay, .wrongBounds, .wrongContent, .misnamed:
      true
    case .unreadable(_, isDenied: true), .unlisted, .irregular, .brokenChain, .inconsistent, .wrongManifest,
      .wrongCoverage, .unsigned, .badSignature, .wrongKind:
      false
    }
  }

  /// What to do about a finding, and about all that are like it.
  package static func advice(_ finding: Finding) -> String {
    if case .missing(_, _?) = finding.flaw {
      return """
        Restore _manifest from a copy: without it, no record says which files belong to the archive, and no export writes here. If \
        there is no copy, start a new archive in another folder. The files here stay readable.
        """
    }
    if finding.path.hasSuffix("/manifest.json"), case .missing = finding.flaw {
      return
        "The next export rebuilds it from the commits, which are the evidence. Ask who deleted it."
    }
    if finding.path.hasSuffix("/manifest.json"), isOfManifestAlone(finding.flaw) {
      return """
        The commits are the evidence, and the manifest is their sum: move manifest.json away, and the next export rebuilds it. Ask \
        who wrote there.
        """
    }
    if finding.path.hasSuffix("/intent.json") {
      return
        "The next export replaces it. Files that a killed run left stay: verify reports them as unlisted."
    }
    return advice(finding.flaw)
  }

  private static func isOfManifestAlone(_ flaw: Flaw) -> Bool {
    switch flaw {
    case .altered, .unreadable(_, isDenied: false), .wrongManifest, .schemaMismatch: true
    default: false
    }
  }

  private static func advice(_ flaw: Flaw) -> String {
    switch flaw {
    case .duplicate(_, _, _?):
      """
      Fetch both days again, if Cloudsmith still keeps them, with export and --replace: each event is then on the day that the API \
      gives it now.
      """
    case .unreadable(_, isDenied: true):
      "Grant the user that runs verify the right to read it, and verify again."
    case .missing, .altered, .unreadable, .schemaMismatch, .miscounted, .outOfOrder, .duplicate, .wrongDay,
      .wrongBounds, .wrongContent, .misnamed:
      """
      Restore the file from a copy of the archive; or fetch its whole day anew, if Cloudsmith still keeps it, with export and \
      --replace.
      """
    case .unlisted(.later):
      """
      Load only files that the manifest names. Where _manifest is an older copy than the files, restore the newest; else look at the \
      file, and move it away.
      """
    case .unlisted:
      "Load only files that the manifest names. A leftover goes with the next export; look at anything else, and move it away."
    case .irregular(.symbolicLink):
      """
      Replace the link by what it leads to: no run writes to an archive whose files lie behind a link inside it. To keep a folder on \
      another disk, mount that disk there (mount --bind), or move the whole archive; the path of --archive may be a link.
      """
    case .irregular:
      "Move it away, and see who put it there: no run reads, changes or deletes it, and a program that reads the tables may stop at it."
    case .brokenChain(.rewritten):
      """
      Check that --since and --commit-sha256 are of this archive. If they are, its history was rewritten, or an older copy was \
      restored: ask who wrote there, and verify all of it, without --since.
      """
    case .brokenChain, .inconsistent:
      "Restore _manifest from a copy, and ask who wrote there: the tool never changes a commit record."
    case .wrongManifest:
      "Move the manifest away: the next export rebuilds it from the commits, which are the evidence."
    case .wrongCoverage:
      """
      Do not rely on what is claimed as covered. Where only the manifest says it, move manifest.json away: the next export rebuilds it \
      from the commits. Else export the window again.
      """
    case .unsigned:
      """
      Ask why: an export without --signing-key-file signs nothing. If signing began later, or with this key later, give its first \
      commit as --signed-since.
      """
    case .badSignature:
      """
      Check that this is the public key of the key that signs; if it is, the record or its signature was altered: restore \
      _manifest from a copy, and ask who wrote there.
      """
    case .wrongKind: "Restore _manifest/archive.json from a copy."
    }
  }

  /// What a file is that other programs have left, and what becomes of it; begins small, ends without a full stop.
  package static func sentence(_ left: LeftByOthers) -> String {
    switch left.kind {
    case .hidden: "was left by another program; readers of tables skip it, and it may be deleted"
    case .deletedOverNFS: "was deleted while another program reads it over NFS, and goes when that ends"
    case .ofSystem:
      "was left by a file manager or a storage system; a reader that takes every file may trip over it: delete it"
    case .backup: "was left by an editor; a reader that takes every file may take it for data: delete it"
    case .trial: "was left by a check that was stopped; delete it"
    }
  }
}
