import AuditRecord

extension Finding: CustomStringConvertible {
  /// `csv/…/part-00000.r0001-9bb6196f.csv.gz is not there; it held 12 rows`
  package var description: String { "\(path) \(sentence)" }
}

extension Finding {
  /// What is wrong with the file at `path`: lower case, without a full stop, to follow the path in a sentence.
  package var sentence: String {
    switch problem {
    case .missing(_, let example?):
      "there is no manifest and no commit record, though there are parts such as \(example)"
    case .missing(let rows?, nil): "is not there; it held \(rows.grouped) \(rows == 1 ? "row" : "rows")"
    case .missing(nil, nil): "is not there"
    case .altered(.bytes(let expected, let found)):
      "has \(found.grouped) bytes, and was sealed with \(expected.grouped)"
    case .altered(.sha256(let expected, let found)):
      "has SHA-256 \(found), and was sealed with \(expected)"
    case .unlisted(let kind): kind.sentence
    case .irregular(let kind): kind.sentence
    case .unreadable(let why, _): "cannot be read: \(why)"
    case .schemaMismatch(let expected, let found): "is of \(found) instead of \(expected)"
    case .miscounted(let what, let expected, let found):
      "has \(found.grouped) \(what.text), and \(expected.grouped) are recorded"
    case .outOfOrder(let rows, let first):
      "\(rows.grouped) \(rows == 1 ? "row does" : "rows do") not come after the row before; the first is row \(first)"
    case .duplicate(1, let uuid, _?):
      "the same event on two days, \(daysText): its time was corrected by the API; its uuid is \(quoted(uuid))"
    case .duplicate(let rows, let uuid, _?):
      """
      \(rows.grouped) events are each on two days, \(daysText): their times were corrected by the API; the first uuid is \
      \(quoted(uuid))
      """
    case .duplicate(let rows, let uuid, nil):
      "\(rows.grouped) \(rows == 1 ? "row has" : "rows have") the uuid of another row of the day; the first is \(quoted(uuid))"
    case .wrongDay(let rows, let first, let eventAt):
      "\(rows.grouped) \(rows == 1 ? "row is" : "rows are") of another day; the first is row \(first), of \(eventAt)"
    case .wrongBounds(let expected, let found):
      "its events lie between \(found.text), and \(expected.text) are recorded"
    case .wrongContent(let expected, let found):
      "the rows are not those that were committed: their SHA-256 is \(found), and \(expected) is recorded"
    case .misnamed(let expected?): "its name should be \(expected)"
    case .misnamed(nil): "is not the name of a file of this log; it was not opened"
    case .brokenChain(.absent(let last)) where last != commit:
      "is not there, nor any other record up to commit \(last)"
    case .brokenChain(let chain): chain.sentence
    case .inconsistent(let member, let expected, let found):
      "\(member) is \(found), and after the commits before it has to be \(expected)"
    case .wrongManifest(let member, let expected, let found):
      "\(member) is \(found), and the sum of the commits is \(expected)"
    case .wrongCoverage(let claim, let expected, let found): claim.sentence(expected, found)
    case .unsigned: "has no signature beside it"
    case .badSignature: "the signature beside it is not of this record by this key"
    case .wrongKind(let expected, let found):
      "says that the archive holds the logs of \(found.rawValue), and this is one of \(expected.rawValue)"
    }
  }

  /// What is wrong, for a sentence that already names the path.
  var reason: String {
    if case .unreadable(let why, _) = problem { why } else { sentence }
  }

  private var daysText: String { days.map(\.description).joined(separator: " and ") }
}

extension Finding.Problem.Unlisted {
  fileprivate var sentence: String {
    switch self {
    case .leftover(.superseded):
      "is named by no commit any more: it was replaced, and the next export deletes it unless what replaced it is damaged"
    case .leftover: "was never committed: a run stopped before it could, and the next export deletes it"
    case .returned: "is of a revision that was replaced, and is there again; no export deletes it"
    case .later:
      "is of a later commit than there is, and no run said that it would put it there; no export deletes it"
    case .stray: "has a name of this log, and no commit names it; no export deletes it"
    case .foreign: "is not a file of this tool; no export deletes it"
    }
  }
}

extension Finding.Problem.Counted {
  fileprivate var text: String {
    switch self {
    case .rows: "rows"
    case .bytes: "bytes"
    case .uncompressedBytes: "bytes of text"
    case .records: "records"
    }
  }
}

extension Finding.Problem.Bounds {
  package var text: String {
    guard let min = self.min, let max = self.max else { return "none" }
    return "\(min) and \(max)"
  }
}

extension Finding.Problem.Break {
  fileprivate var sentence: String {
    switch self {
    case .absent: "is not there"
    case .altered(let expected, let found):
      "was altered: it has SHA-256 \(found), and what follows it was written when it had \(expected)"
    case .detached(let expected, let found):
      "says that it follows a record with SHA-256 \(found ?? "null"), and the one before it has \(expected ?? "null")"
    case .rewritten(let expected, let found?):
      "is another record than the one that was verified: it has SHA-256 \(found), and that one had \(expected)"
    case .rewritten(_, nil): "is not there, and was when it was verified: the newest commit is an earlier one"
    case .otherNumber(let expected, let found): "says that it is commit \(found), and its name is \(expected)"
    }
  }
}

extension Finding.Problem.Claim {
  fileprivate func sentence(_ expected: String, _ found: String) -> String {
    switch self {
    case .state: "the day is \(found), and it is not wholly covered"
    case .partitions: "there are \(found) of \(expected) that are covered; this day is the first without one"
    default: "\(rawValue) is \(found), and has to be \(expected)"
    }
  }
}

extension FileKind {
  fileprivate var sentence: String {
    switch self {
    case .symbolicLink: "is a symbolic link, and links inside an archive are not followed"
    case .folder: "is a folder, and no archive has one there"
    case .file: "is a file where a folder of the archive should stand"
    case .unnameable: "has a name that is not UTF-8, and no file of an archive has one"
    case .pipe, .socket, .device, .other: "is \(words), and not a file"
    }
  }
}
