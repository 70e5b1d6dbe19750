import AuditRecord

/// Reads the commit records of a log in order, checks that each follows from the one before, and adds them up.
///
/// One record is in memory at a time. The manifest is the anchor of the chain: it is compared with the sum of the commits if the chain
/// is complete, and used as the state if it is broken. With a base, only the records after it are read.
struct ChainCheck {
  private let storage: any ArchiveStorage
  private var paths: ArchivePaths { storage.paths }
  private let anchor: RecordedManifest?
  private let intent: CommitIntent?
  private let since: ProvenCommit?
  private var base: ChainBase?
  /// The first record that is read.
  let first: Int
  /// nil to ignore signatures.
  private(set) var signatures: SignatureCheck?

  private(set) var findings: [Finding] = []
  /// Findings from comparing a record with earlier ones. They mean nothing from a break on.
  private var comparisons: [Finding] = []
  private var sum: Manifest?
  /// The manifest and the commits after it.
  private var fallback: Manifest?
  /// Days that commits after `since` change.
  private(set) var changed: Set<Day> = []
  /// Entries of days that break a rule. `DayCheck` reports those that are still current.
  private var entries: [(partition: Partition, finding: Finding)] = []

  private var removedSinceIntent: [String] = []
  /// The newest commit that is not a fence.
  private var newestChange = 0
  private var previous: (number: Int, sha256: String)?
  /// Whether the record of `since` still has the verified hash.
  private var isSinceProven = false
  private var brokenLinks: [BrokenLink] = []
  private var anchorBreak: Finding.Problem.Break?
  /// Commits whose record is missing, altered or unreadable.
  private var breaks: [Int] = []
  /// Those of them that are missing or unreadable.
  private var silent: Set<Int> = []
  private var missing = 0

  private struct BrokenLink {
    /// The number of the later record.
    var number: Int
    /// The hash that it claims for its predecessor, and the one that the predecessor has.
    var claimed: String?
    var found: String?
  }

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

  /// The sum of the commits; if the chain is broken, the manifest and the commits after it.
  var state: Manifest? { breaks.isEmpty ? sum : fallback ?? sum }

  /// The files that the next run deletes: those of the intent, and those that its commit and later ones removed.
  var mayBeLeft: Set<String> { Set((intent?.files ?? []) + removedSinceIntent) }

  /// The last commit whose changes the state lacks; nil if there is none.
  var lastLost: Int? { breaks.filter { $0 > anchor?.manifest.commit ?? 0 }.max() }

  /// The newest commit that has a record, or should have one.
  var newest: Int { previous?.number ?? 0 }

  /// The SHA-256 of the newest record; nil if it could not be read.
  var newestSHA256: String? { previous.flatMap { $0.sha256.isEmpty ? nil : $0.sha256 } }

  /// - Parameter numbers: the existing records, in order.
  mutating func run(_ numbers: [Int], each: (Int) -> Void) async {
    for number in numbers {
      expectRecords(upTo: number - 1)
      await read(number)
      each(number)
    }
    expectRecords(upTo: max(numbers.last ?? 0, anchor?.manifest.commit ?? 0))
    resolveBrokenLinks()
    checkAge()
    if let since, since.number > newest {
      add(.brokenChain(.rewritten(expected: since.sha256, found: nil)), since.number)
    }
    let firstBreak = breaks.min() ?? .max
    // `DayCheck` reports a wrong entry that is still current.
    for (partition, finding) in entries where state?.partition(partition.eventDate) != partition {
      comparisons.append(finding)
    }
    findings += comparisons.filter { $0.commit.map { $0 < firstBreak } ?? true }
    if let anchor, anchor.manifest.commit >= firstBreak {
      // The manifest can only be compared with itself.
      findings += ManifestCheck(anchor, sum: anchor.manifest, path: paths.manifest).findings
    }
  }

  /// How many records are valid, of how many there were.
  var count: VerificationReport.Count {
    let total = newest - first + 1
    let flawed = Set(findings.compactMap { $0.path == paths.manifest ? nil : $0.commit })
      .filter { first <= $0 && $0 <= newest }
    let absent = Set(findings.filter(\.isAbsence).compactMap(\.commit))
    return .init(sound: total - missing - flawed.subtracting(absent).count, total: total)
  }

  // MARK: One record

  /// Checks the bytes of a record, whatever they contain, and returns their SHA-256.
  private mutating func checkBytes(_ bytes: [UInt8], of number: Int) async -> String {
    await signatures?.check(bytes, of: number)
    let sha256 = sha256Hex(bytes)
    if let anchor, anchor.manifest.commit == number, anchor.manifest.commitSHA256 != sha256 {
      anchorBreak = .altered(expected: anchor.manifest.commitSHA256, found: sha256)
    }
    compareWithSince(sha256, of: number)
    return sha256
  }

  /// The hash fixes all records up to the commit. Another hash means that history was rewritten.
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
      return compareWithManifest(at: number)
    }
    let sha256 = await checkBytes(bytes, of: number)
    let before = previous
    previous = (number, sha256)
    do {
      let commit = try ArchiveJSON.decode(Commit.self, from: bytes, path: path)
      let text = try differences(bytes, as: commit, path)
      checkLink(commit, number, before)
      for difference in text {
        add(difference.problem { .inconsistent(member: $0, expected: $1, found: $2) }, number)
      }
      if commit.commit != number {
        add(.brokenChain(.otherNumber(expected: number, found: commit.commit)), number, isBreak: true)
      }
      base?.complete(&sum, before: commit)
      if let since, number > since.number {
        changed.formUnion(commit.partitionsChanged.map(\.eventDate) + commit.partitionsRemoved)
      }
      let rules = await ArchiveState(storage).rules(for: commit)
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
    compareWithManifest(at: number)
  }

  /// How the record differs from what this program would write. Throws `.damaged` for JSON that parsers read differently.
  private func differences(
    _ bytes: [UInt8], as commit: Commit, _ path: String
  ) throws(ArchiveError) -> [RecordText.Difference] {
    do throws(JSONTreeError) {
      return try RecordText(bytes, expected: ArchiveJSON.encode(commit))?.differences ?? []
    } catch {
      throw .unreadable(path, "\(error)")
    }
  }

  private mutating func checkLink(_ commit: Commit, _ number: Int, _ before: (number: Int, sha256: String)?) {
    // A missing or unreadable predecessor proves nothing.
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
      compareWithManifest(at: anchor.manifest.commit)
    }
  }

  private mutating func compareWithManifest(at number: Int) {
    guard let anchor, anchor.manifest.commit == number else { return }
    fallback = anchor.manifest
    fallback?.partitions = anchor.manifest.orderedPartitions
    if let sum {
      comparisons += ManifestCheck(anchor, sum: sum, path: paths.manifest).findings
    }
  }

  /// A run that is killed between its commit and its manifest leaves the manifest one commit behind, and its intent. Fences do not
  /// count: after a fence the intent is that of the run before. The manifest is never further behind.
  private mutating func checkAge() {
    guard breaks.isEmpty, let anchor, anchor.manifest.commit < newestChange,
      anchor.manifest.commit < newestChange - 1 || intent?.commit != newestChange
    else { return }
    let number = anchor.manifest.commit
    let problem = Finding.Problem.wrongManifest(member: "commit", expected: "\(newest)", found: "\(number)")
    findings.append(Finding(problem, at: paths.manifest, commit: number))
  }

  // MARK: Blame

  /// Decides which of two records that do not fit is wrong: the earlier one, if the next record or the manifest confirms the later.
  private mutating func resolveBrokenLinks() {
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
      // The next record confirms it, so the manifest is wrong.
      let problem = Finding.Problem.wrongManifest(member: "commit_sha256", expected: found, found: expected)
      findings.append(Finding(problem, at: paths.manifest, commit: number))
    } else if !silent.contains(number) {
      add(.brokenChain(.altered(expected: expected, found: found)), number, isBreak: true)
    }
  }

  private func isAnchorBreak(at number: Int) -> Bool {
    anchorBreak != nil && anchor?.manifest.commit == number
  }

  private mutating func add(_ problem: Finding.Problem, _ number: Int, isBreak: Bool = false) {
    findings.append(Finding(problem, at: paths.commit(number), commit: number))
    if isBreak { breaks.append(number) }
  }
}

extension Finding {
  fileprivate var isAbsence: Bool {
    if case .brokenChain(.absent) = problem { true } else { false }
  }
}

extension ArchiveError {
  /// The failure without the path.
  var reason: String {
    switch self {
    case .damaged(let finding): finding.reason
    case .newerFormat(_, let found, let supported):
      "its format is \(found), but this version reads \(supported)"
    default: "\(self)"
    }
  }
}

/// Checks that every commit record from `first` on is signed by a key.
struct SignatureCheck {
  private let storage: any ArchiveStorage
  private var paths: ArchivePaths { storage.paths }
  private let key: VerificationKey
  private let first: Int

  private(set) var findings: [Finding] = []
  /// How many of the existing records are signed by the key.
  private(set) var count = VerificationReport.Count()

  init(storage: any ArchiveStorage, key: VerificationKey, from first: Int) {
    self.storage = storage
    self.key = key
    self.first = first
  }

  mutating func check(_ record: [UInt8], of number: Int) async {
    guard number >= first else { return }
    let problem = await problem(of: record, number)
    count.add(problem == nil)
    if let problem { findings.append(Finding(problem, at: paths.commit(number), commit: number)) }
  }

  private func problem(of record: [UInt8], _ number: Int) async -> Finding.Problem? {
    do {
      let signature = try await storage.read(paths.signature(number))?.bytes
      guard let signature else { return .unsigned }
      return key.accepts(signature, of: record) ? nil : .badSignature
    } catch {
      return .unreadable(error)
    }
  }
}
