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
      "has neither a manifest nor commit records, but there are parts such as \(example)"
    case .missing(let rows?, nil): "is missing; it had \(rows.grouped) \(rows == 1 ? "row" : "rows")"
    case .missing(nil, nil): "is missing"
    case .altered(.bytes(let expected, let found)):
      "has \(found.grouped) bytes instead of \(expected.grouped)"
    case .altered(.sha256(let expected, let found)):
      "has SHA-256 \(found) instead of \(expected)"
    case .unlisted(let kind): kind.sentence
    case .irregular(let kind): kind.sentence
    case .unreadable(let why, _): "cannot be read: \(why)"
    case .schemaMismatch(let expected, let found): "has \(found) instead of \(expected)"
    case .miscounted(let what, let expected, let found):
      "has \(found.grouped) \(what.text), but \(expected.grouped) are recorded"
    case .outOfOrder(let rows, let first):
      "\(rows.grouped) \(rows == 1 ? "row is" : "rows are") out of order; the first is row \(first)"
    case .duplicate(1, let uuid, _?):
      "the same event is on two days, \(daysText), because the API corrected its time; its uuid is \(quoted(uuid))"
    case .duplicate(let rows, let uuid, _?):
      """
      \(rows.grouped) events are each on two days, \(daysText), because the API corrected their times; the first uuid is \
      \(quoted(uuid))
      """
    case .duplicate(let rows, let uuid, nil):
      "\(rows.grouped) \(rows == 1 ? "row has" : "rows have") the uuid of another row of the day; the first is \(quoted(uuid))"
    case .wrongDay(let rows, let first, let eventAt):
      "\(rows.grouped) \(rows == 1 ? "row belongs" : "rows belong") to another day; the first is row \(first), of \(eventAt)"
    case .wrongBounds(let expected, let found):
      "its events are between \(found.text), but \(expected.text) are recorded"
    case .wrongContent(let expected, let found):
      "the rows differ from the commit: their SHA-256 is \(found), but \(expected) is recorded"
    case .misnamed(let expected?): "its name should be \(expected)"
    case .misnamed(nil): "is not a file name of this log; the file was not opened"
    case .brokenChain(.absent(let last)) where last != commit:
      "is missing, and so are all records up to commit \(last)"
    case .brokenChain(let chain): chain.sentence
    case .inconsistent(let member, let expected, let found):
      "\(member) is \(found), but the earlier commits require \(expected)"
    case .wrongManifest(let member, let expected, let found):
      "\(member) is \(found), but the commits add up to \(expected)"
    case .wrongCoverage(let claim, let expected, let found): claim.sentence(expected, found)
    case .unsigned: "has no signature"
    case .badSignature: "has a signature that does not match the record and the key"
    case .wrongKind(let expected, let found):
      "says that the archive has logs of \(found.rawValue), but this is one of \(expected.rawValue)"
    case .wrongTable(let problem): problem.sentence
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
      "was replaced, so no commit lists it any more; the next export deletes it unless its replacement is damaged"
    case .leftover: "was never committed because a run was interrupted; the next export deletes it"
    case .returned: "belongs to a replaced revision and has reappeared; no export deletes it"
    case .later:
      "belongs to a commit later than the newest one, and no run announced it; no export deletes it"
    case .stray: "has a file name of this log, but no commit lists it; no export deletes it"
    case .foreign: "is not a file of this tool; no export deletes it"
    }
  }
}

extension Finding.Problem.Counted {
  fileprivate var text: String {
    switch self {
    case .rows: "rows"
    case .bytes: "bytes"
    case .uncompressedBytes: "uncompressed bytes"
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
    case .absent: "is missing"
    case .altered(let expected, let found):
      "was altered: it has SHA-256 \(found), but its successor recorded \(expected)"
    case .detached(let expected, let found):
      "says that its predecessor has SHA-256 \(found ?? "null"), but the predecessor has \(expected ?? "null")"
    case .rewritten(let expected, let found?):
      "is not the record that was verified before: it has SHA-256 \(found) instead of \(expected)"
    case .rewritten(_, nil):
      "is missing, but was there when it was verified: the newest commit is an earlier one"
    case .otherNumber(let expected, let found):
      "says that it is commit \(found), but its name says \(expected)"
    }
  }
}

extension Finding.Problem.Claim {
  fileprivate func sentence(_ expected: String, _ found: String) -> String {
    switch self {
    case .state: "the day is \(found), but it is not completely covered"
    case .partitions:
      "there are \(found) of \(expected) for the covered days; this is the first covered day without one"
    default: "\(rawValue) is \(found) instead of \(expected)"
    }
  }
}

extension FileKind {
  fileprivate var sentence: String {
    switch self {
    case .symbolicLink: "is a symbolic link; links inside an archive are not followed"
    case .folder: "is a folder, which an archive does not have there"
    case .file: "is a file instead of a folder of the archive"
    case .unnameable: "has a name that is not UTF-8, which no file of an archive has"
    case .pipe, .socket, .device, .other: "is \(words), not a file"
    }
  }
}
