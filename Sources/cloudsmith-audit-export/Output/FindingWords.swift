import AuditArchive
import AuditRecord

/// What an auditor reads of a finding.
enum FindingWords {
  /// What is wrong with the file at the finding's path; begins small, ends without a full stop.
  static func sentence(_ finding: Finding) -> String {
    switch finding.flaw {
    case .missing(_, let example?):
      "there is no manifest and no commit record, though there are parts such as \(example)"
    case .missing(let rows?, nil): "is not there; it held \(rows.grouped) \(rows == 1 ? "row" : "rows")"
    case .missing(nil, nil): "is not there"
    case .altered(.bytes(let expected, let found)):
      "has \(found.grouped) bytes, and was sealed with \(expected.grouped)"
    case .altered(.sha256(let expected, let found)):
      "has SHA-256 \(found), and was sealed with \(expected)"
    case .unlisted(let kind): words(for: kind)
    case .irregular(let kind): words(for: kind)
    case .unreadable(let why): "cannot be read: \(why)"
    case .schemaMismatch(let expected, let found): "is of \(found) instead of \(expected)"
    case .miscounted(let what, let expected, let found):
      "has \(found.grouped) \(words(for: what)), and \(expected.grouped) are recorded"
    case .outOfOrder(let rows, let first):
      "\(rows.grouped) \(rows == 1 ? "row does" : "rows do") not come after the row before; the first is row \(first)"
    case .duplicate(1, let uuid, _?):
      "the same event on two days, \(days(finding)): its time was corrected by the API; its uuid is \(quoted(uuid))"
    case .duplicate(let rows, let uuid, _?):
      """
      \(rows.grouped) events are each on two days, \(days(finding)): their times were corrected by the API; the first uuid is \
      \(quoted(uuid))
      """
    case .duplicate(let rows, let uuid, nil):
      "\(rows.grouped) \(rows == 1 ? "row has" : "rows have") the uuid of another row of the day; the first is \(quoted(uuid))"
    case .wrongDay(let rows, let first, let eventAt):
      "\(rows.grouped) \(rows == 1 ? "row is" : "rows are") of another day; the first is row \(first), of \(eventAt)"
    case .wrongBounds(let expected, let found):
      "its events lie between \(words(for: found)), and \(words(for: expected)) are recorded"
    case .wrongContent(let expected, let found):
      "the rows are not those that were committed: their SHA-256 is \(found), and \(expected) is recorded"
    case .misnamed(let expected?): "its name should be \(expected)"
    case .misnamed(nil): "is not the name of a file of this log; it was not opened"
    case .brokenChain(.absent(let last)) where last != finding.commit:
      "is not there, nor any other record up to commit \(last)"
    case .brokenChain(let chain): words(for: chain)
    case .inconsistent(let member, let expected, let found):
      "\(member) is \(found), and after the commits before it has to be \(expected)"
    case .wrongManifest(let member, let expected, let found):
      "\(member) is \(found), and the sum of the commits is \(expected)"
    case .wrongCoverage(let claim, let expected, let found): words(for: claim, expected, found)
    case .unsigned: "has no signature beside it"
    case .badSignature: "the signature beside it is not of this record by this key"
    case .wrongKind(let expected, let found):
      "says that the archive holds the logs of \(found.rawValue), and this is one of \(expected.rawValue)"
    }
  }

  /// What is recorded and what is there, as short as they can be told.
  static func facts(_ flaw: Flaw) -> (expected: String?, found: String?) {
    switch flaw {
    case .missing: (nil, nil)
    case .altered(.bytes(let expected, let found)): ("\(expected)", "\(found)")
    case .altered(.sha256(let expected, let found)): (expected, found)
    case .irregular(let kind): (nil, kind.words)
    case .unlisted, .unreadable, .outOfOrder, .duplicate, .unsigned, .badSignature: (nil, nil)
    case .wrongDay(_, _, let eventAt): (nil, "\(eventAt)")
    case .schemaMismatch(let expected, let found): (expected, found)
    case .miscounted(_, let expected, let found): ("\(expected)", "\(found)")
    case .wrongBounds(let expected, let found): (words(for: expected), words(for: found))
    case .wrongContent(let expected, let found): (expected, found)
    case .misnamed(let expected): (expected, nil)
    case .brokenChain(.absent): (nil, nil)
    case .brokenChain(.altered(let expected, let found)): (expected, found)
    case .brokenChain(.detached(let expected, let found)): (expected, found)
    case .brokenChain(.otherNumber(let expected, let found)): ("\(expected)", "\(found)")
    case .inconsistent(_, let expected, let found), .wrongManifest(_, let expected, let found),
      .wrongCoverage(_, let expected, let found):
      (expected, found)
    case .wrongKind(let expected, let found): (expected.rawValue, found.rawValue)
    }
  }

  /// Whether fetching the whole day, or both days, anew ends it.
  static func isMendedByReplacing(_ flaw: Flaw) -> Bool {
    advice(flaw) == advice(.missing()) || isOnTwoDays(flaw)
  }

  private static func isOnTwoDays(_ flaw: Flaw) -> Bool {
    guard case .duplicate(_, _, _?) = flaw else { return false }
    return true
  }

  private static func days(_ finding: Finding) -> String {
    finding.days.map(\.description).joined(separator: " and ")
  }

  /// What to do about a finding, and about all that are like it.
  static func advice(_ flaw: Flaw) -> String {
    switch flaw {
    case .duplicate(_, _, _?):
      """
      Fetch both days again, if Cloudsmith still keeps them, with export and --replace: each event is then on the day that the API \
      gives it now.
      """
    case .missing, .altered, .unreadable, .schemaMismatch, .miscounted, .outOfOrder, .duplicate, .wrongDay,
      .wrongBounds, .wrongContent, .misnamed:
      """
      Restore the file from a copy of the archive; or fetch its whole day anew, if Cloudsmith still keeps it, with export and \
      --replace.
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
    case .brokenChain, .inconsistent:
      "Restore _manifest from a copy, and ask who wrote there: the tool never changes a commit record."
    case .wrongManifest:
      "Restore the manifest from a copy; the commits are the evidence, and it must be their sum."
    case .wrongCoverage:
      "Do not rely on what is claimed as covered: restore _manifest from a copy, or export the window again."
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
  static func sentence(_ left: LeftByOthers) -> String {
    switch left.kind {
    case .hidden: "was left by another program; readers of tables skip it, and it may be deleted"
    case .deletedOverNFS: "was deleted while another program reads it over NFS, and goes when that ends"
    case .ofSystem:
      "was left by a file manager or a storage system; a reader that takes every file may trip over it: delete it"
    case .backup: "was left by an editor; a reader that takes every file may take it for data: delete it"
    case .trial: "was left by a check that was stopped; delete it"
    }
  }

  private static func words(for kind: FileKind) -> String {
    switch kind {
    case .symbolicLink: "is a symbolic link, and links inside an archive are not followed"
    case .folder: "is a folder, and no archive has one there"
    case .file: "is a file where a folder of the archive should stand"
    case .unnameable: "has a name that is not UTF-8, and no file of an archive has one"
    case .pipe, .socket, .device, .other: "is \(kind.words), and not a file"
    }
  }

  private static func words(for kind: Flaw.Unlisted) -> String {
    switch kind {
    case .leftover(.superseded):
      "is named by no commit any more: it was replaced, and the next export deletes it unless what replaced it is damaged"
    case .leftover: "was never committed: a run stopped before it could, and the next export deletes it"
    case .stray: "has a name of this log, and no commit names it; no export deletes it"
    case .foreign: "is not a file of this tool; no export deletes it"
    }
  }

  private static func words(for counted: Flaw.Counted) -> String {
    switch counted {
    case .rows: "rows"
    case .bytes: "bytes"
    case .uncompressedBytes: "bytes of text"
    case .records: "records"
    }
  }

  private static func words(for bounds: Flaw.Bounds) -> String {
    guard let min = bounds.min, let max = bounds.max else { return "none" }
    return "\(min) and \(max)"
  }

  private static func words(for chain: Flaw.Break) -> String {
    switch chain {
    case .absent: "is not there"
    case .altered(let expected, let found):
      "was altered: it has SHA-256 \(found), and what follows it was written when it had \(expected)"
    case .detached(let expected, let found):
      "says that it follows a record with SHA-256 \(found ?? "null"), and the one before it has \(expected ?? "null")"
    case .otherNumber(let expected, let found): "says that it is commit \(found), and its name is \(expected)"
    }
  }

  private static func words(for claim: Flaw.Claim, _ expected: String, _ found: String) -> String {
    switch claim {
    case .state: "the day is \(found), and it is not wholly covered"
    case .partitions: "there are \(found) of \(expected) that are covered; this day is the first without one"
    default: "\(claim.rawValue) is \(found), and has to be \(expected)"
    }
  }
}
