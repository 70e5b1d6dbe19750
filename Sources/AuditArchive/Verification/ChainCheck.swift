import AuditRecord

/// Reads the commit records of a log in order: whether each follows from the one before it, and what they add up to.
///
/// One record is in memory at a time. The manifest is the anchor of the chain. It is held against the sum of the commits when the chain
/// is whole, and taken for the state when the chain no longer tells it. Where there is a base, the records after it are read.
struct ChainCheck {
  private let storage: any ArchiveStorage
  private var paths: ArchivePaths { storage.paths }
  private let anchor: RecordedManifest?
  private let intent: Intent?
  private let since: ProvenCommit?
  private var base: ChainBase?
  /// The first record that is read.
  let first: Int
  /// nil: no signature is looked at.
  private(set) var signatures: SignatureCheck?

  private(set) var findings: [Finding] = []
  /// What was found by holding a record against what came before it: worth nothing from a break on.
  private var comparisons: [Finding] = []
  private var sum: Manifest?
  /// The manifest and the commits after it.
  private var fallback: Manifest?
  /// Days that commits after `since` change.
  private(set) var changed: Set<Day> = []
  /// Entries of days that break a rule, and are told of the day where it is as they say.
  private var entries: [(partition: Partition, finding: Finding)] = []

  private var removedSinceIntent: [String] = []
  /// The newest commit that is not a fence.
  private var newestChange = 0
  private var previous: (number: Int, sha256: String)?
  /// Whether the record of `since` has the hash that it had when it was verified.
  private var isSinceProven = false
  private var brokenLinks: [BrokenLink] = []
  private var anchorBreak: Flaw.Break?
  /// Commits whose record is missing, altered or unreadable.
  private var breaks: [Int] = []
  /// Those of them that say nothing.
  private var silent: Set<Int> = []
  private var missing = 0

  private struct BrokenLink {
    /// Of the record that says what it follows.
    var number: Int
    /// What it says, and what the record before it has.
    var claimed: String?
    var found: String?
  }

  /// `since`: nil: nothing was verified before.
  init(
    storage: any ArchiveStorage, recorded: RecordedState, since: ProvenCommit?, signatures: SignatureCheck?
  ) {
    self.storage = storage
    self.anchor = recorded.manifest
    self.intent = recorded.intent
    self.since = since
    self.signatures = signatures
    base = recorded.base
    first = (recorded.base?.number ?? 0) + 1
    guard let base else { return }
    previous = (base.number, base.sha256)
    sum = base.state
    compareWithSince(base.sha256, of: base.number)
  }

  /// The sum of the commits, or, from where the chain is broken, the manifest and the commits after it.
  var state: Manifest? { breaks.isEmpty ? sum : fallback ?? sum }

  /// The files that the next run deletes: those that the intent names, and those that its commit and later ones removed.
  var mayBeLeft: Set<String> { Set((intent?.files ?? []) + removedSinceIntent) }

  /// The last commit of which the state does not know what it changed; nil: it knows all.
  var lastLost: Int? { breaks.filter { $0 > anchor?.manifest.commit ?? 0 }.max() }

  /// The newest commit there is a record of, or should be.
  var newest: Int { previous?.number ?? 0 }

  /// Of the newest record; nil where it could not be read.
  var newestSHA256: String? { previous.flatMap { $0.sha256.isEmpty ? nil : $0.sha256 } }

  /// `numbers`: of the records that there are, in order.
  mutating func run(_ numbers: [Int], each: (Int) -> Void) async {
    for number in numbers {
      expectRecords(upTo: number - 1)
      await read(number)
      each(number)
    }
    expectRecords(upTo: max(numbers.last ?? 0, anchor?.manifest.commit ?? 0))
    blameLinks()
    checkAge()
    if let since, since.number > newest {
      add(.brokenChain(.rewritten(expected: since.sha256, found: nil)), since.number)
    }
    let firstBreak = breaks.min() ?? .max
    // What a day's entry says wrongly is told of the day, where it is the entry that counts.
    for (partition, finding) in entries where state?.partition(partition.eventDate) != partition {
      comparisons.append(finding)
    }
    findings += comparisons.filter { $0.commit.map { $0 < firstBreak } ?? true }
    if let anchor, anchor.manifest.commit >= firstBreak {
      // There is nothing to hold the manifest against but itself.
      findings += ManifestCheck(anchor, sum: anchor.manifest, path: paths.manifest).findings
    }
  }

  /// How many records are as they were written, of how many there were.
  var count: VerificationReport.Count {
    let total = newest - first + 1
    let flawed = Set(findings.compactMap { $0.path == paths.manifest ? nil : $0.commit })
      .filter { first <= $0 && $0 <= newest }
    let absent = Set(findings.filter(\.isAbsence).compactMap(\.commit))
    return .init(sound: total - missing - flawed.subtracting(absent).count, total: total)
  }

  // MARK: One record

  /// What is said of a record's own bytes, whatever they say.
  private mutating func checkBytes(_ bytes: [UInt8], of number: Int) async -> String {
    await signatures?.check(bytes, of: number)
    let sha256 = sha256Hex(bytes)
    if let anchor, anchor.manifest.commit == number, anchor.manifest.commitSHA256 != sha256 {
      anchorBreak = .altered(expected: anchor.manifest.commitSHA256, found: sha256)
    }
    compareWithSince(sha256, of: number)
    return sha256
  }

  /// The hash says all that came up to the commit: another one means that history was rewritten.
  private mutating func compareWithSince(_ sha256: String, of number: Int) {
    guard let since, since.number == number else { return }
    isSinceProven = sha256 == since.sha256
    if !isSinceProven { add(.brokenChain(.rewritten(expected: since.sha256, found: sha256)), number) }
  }

  private mutating func read(_ number: Int) async {
    let path = paths.commit(number)
    let bytes: [UInt8]
    do {
      guard let read = try await storage.read(path)?.bytes else { return }
      bytes = read
    } catch {
      previous = (number, "")
      silent.insert(number)
      add(.unreadable(error), number, isBreak: true)
      return holdAgainstManifest(at: number)
    }
    let sha256 = await checkBytes(bytes, of: number)
    let before = previous
    previous = (number, sha256)
    do {
      let commit = try ArchiveJSON.decode(Commit.self, from: bytes, path: path)
      let text = try readAlike(bytes, as: commit, path)
      checkLink(commit, number, before)
      for difference in text {
        add(difference.flaw { .inconsistent(member: $0, expected: $1, found: $2) }, number)
      }
      if commit.commit != number {
        add(.brokenChain(.otherNumber(expected: number, found: commit.commit)), number, isBreak: true)
      }
      base?.complete(&sum, before: commit)
      if let since, number > since.number {
        changed.formUnion(commit.partitionsChanged.map(\.eventDate) + commit.partitionsRemoved)
      }
      let rules = await Opening(storage).rules(for: commit)
      let entries = Dictionary(
        commit.partitionsChanged.map { ($0.eventDate, $0) }, uniquingKeysWith: { first, _ in first })
      comparisons += rules.changeViolations(of: commit, number: number, after: sum)
      for finding in rules.entryViolations(of: commit, number: number) {
        if let partition = finding.day.flatMap({ entries[$0] }) { self.entries.append((partition, finding)) }
      }
      if number >= intent?.commit ?? .max { removedSinceIntent += commit.filesRemoved }
      if !commit.run.tookOver { newestChange = number }
      sum.apply(commit, sha256: sha256)
      if fallback != nil { fallback.apply(commit, sha256: sha256) }
    } catch {
      silent.insert(number)
      add(.unreadable(error.reason), number, isBreak: true)
    }
    holdAgainstManifest(at: number)
  }

  /// Where the record says something else than it is written in. Throws `.damaged` for bytes that readers do not read alike.
  private func readAlike(
    _ bytes: [UInt8], as commit: Commit, _ path: String
  ) throws(ArchiveError) -> [RecordText.Difference] {
    do throws(JSONTreeError) {
      return try RecordText(bytes, expected: ArchiveJSON.encode(commit))?.differences ?? []
    } catch {
      throw .unreadable(path, "\(error)")
    }
  }

  private mutating func checkLink(_ commit: Commit, _ number: Int, _ before: (number: Int, sha256: String)?) {
    // What cannot be read says nothing, and neither does what is not there.
    guard number == 1 || (before?.number == number - 1 && before?.sha256 != "") else { return }
    let found = number == 1 ? nil : before?.sha256
    if commit.previousCommitSHA256 != found {
      brokenLinks.append(BrokenLink(number: number, claimed: commit.previousCommitSHA256, found: found))
    }
  }

  private mutating func expectRecords(upTo number: Int) {
    let next = (previous?.number ?? 0) + 1
    guard next <= number else { return }
    add(.brokenChain(.absent(upTo: number)), next, isBreak: true)
    missing += number - next + 1
    silent.insert(number)
    previous = (number, "")
    if let anchor, (next...number).contains(anchor.manifest.commit) {
      holdAgainstManifest(at: anchor.manifest.commit)
    }
  }

  private mutating func holdAgainstManifest(at number: Int) {
    guard let anchor, anchor.manifest.commit == number else { return }
    fallback = anchor.manifest
    fallback?.partitions = anchor.manifest.orderedPartitions
    if let sum {
      comparisons += ManifestCheck(anchor, sum: sum, path: paths.manifest).findings
    }
  }

  /// A run that dies between its commit and its manifest leaves the manifest one commit behind, and its intent. Fences do not count: a
  /// run that dies after one leaves the intent of the run before. The manifest is never further behind.
  private mutating func checkAge() {
    guard breaks.isEmpty, let anchor, anchor.manifest.commit < newestChange,
      anchor.manifest.commit < newestChange - 1 || intent?.commit != newestChange
    else { return }
    let number = anchor.manifest.commit
    let flaw = Flaw.wrongManifest(member: "commit", expected: "\(newest)", found: "\(number)")
    findings.append(Finding(flaw, at: paths.manifest, commit: number))
  }

  // MARK: Blame

  /// Two records that do not fit: the later one is right when the one after it, or the manifest, vouches for it.
  private mutating func blameLinks() {
    let doubted = Set(brokenLinks.map(\.number))
    for link in brokenLinks {
      let isBeforeProven = isSinceProven && since?.number == link.number - 1
      let isVouchedFor =
        !isBeforeProven && !doubted.contains(link.number + 1) && !isAnchorBreak(at: link.number)
      if isVouchedFor, let claimed = link.claimed, let found = link.found {
        guard !silent.contains(link.number - 1) else { continue }
        add(.brokenChain(.altered(expected: claimed, found: found)), link.number - 1, isBreak: true)
      } else {
        add(
          .brokenChain(.detached(expected: link.found, found: link.claimed)), link.number, isBreak: true)
      }
    }
    guard let anchor, case .altered(let expected, let found) = anchorBreak else { return }
    let number = anchor.manifest.commit
    if let previous, previous.number > number, !doubted.contains(number + 1), !silent.contains(number + 1) {
      // The record after it vouches for it.
      let flaw = Flaw.wrongManifest(member: "commit_sha256", expected: found, found: expected)
      findings.append(Finding(flaw, at: paths.manifest, commit: number))
    } else if !silent.contains(number) {
      add(.brokenChain(.altered(expected: expected, found: found)), number, isBreak: true)
    }
  }

  private func isAnchorBreak(at number: Int) -> Bool {
    anchorBreak != nil && anchor?.manifest.commit == number
  }

  private mutating func add(_ flaw: Flaw, _ number: Int, isBreak: Bool = false) {
    findings.append(Finding(flaw, at: paths.commit(number), commit: number))
    if isBreak { breaks.append(number) }
  }
}

extension Finding {
  fileprivate var isAbsence: Bool {
    if case .brokenChain(.absent) = flaw { true } else { false }
  }
}

extension ArchiveError {
  /// The failure without the path, which stands beside it.
  var reason: String {
    switch self {
    case .damaged(let finding): finding.reason
    case .newerFormat(_, let found, let supported):
      "its format is \(found), but this version reads \(supported)"
    default: "\(self)"
    }
  }
}
