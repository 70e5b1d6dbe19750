import AuditArchive
import AuditExport
import AuditRecord
import AuditReport
import CloudsmithAPI
import CommandResults
import ExportConfiguration
import HTTP

/// Checks the API: whether it accepts the key instead of ignoring it, whether the log exists and is readable, the rate limit, the
/// clock, and how far back the log goes.
struct APICheck {
  private let client: AuditLogClient
  private let host: APIHost
  private let words: Messages
  private let progress: (CheckLine.Subject) -> Void
  private var findings: [CheckLine.Subject: CheckLine.Finding] = [:]
  /// Why checks without a finding were skipped.
  private var reason = ""

  /// The most requests: the key, the newest page, the time filter, the oldest page, and another one if the list shrinks.
  static let requestLimit = 5
  /// Few attempts and short waits, because a person is waiting.
  static let retry = RetryPolicy(attempts: 2, maxWait: .seconds(10))
  /// The default timeout of a request.
  static let timeout = TimeSpan.seconds(20)

  /// - Parameter progress: Called before each check.
  init(
    _ client: AuditLogClient, host: APIHost, words: Messages, progress: @escaping (CheckLine.Subject) -> Void
  ) {
    self.client = client
    self.host = host
    self.words = words
    self.progress = progress
  }

  /// The results if there is no key: no request is made.
  static func lines(withoutKey failure: Failure) -> [CheckLine] {
    CheckLine.Subject.ofAPI.map { subject in
      CheckLine(
        subject: subject,
        finding: subject == .key ? .failed(failure) : .skipped("there is no key for the API"))
    }
  }

  /// Runs the checks.
  ///
  /// - Throws: A failure if the command is interrupted.
  consuming func lines() async throws(Failure) -> [CheckLine] {
    do throws(APIError) {
      progress(.key)
      try await lookAtKey()
      progress(.auditLog)
      let first = try await lookAtLog()
      progress(.timeFilter)
      try await measure(first)
    } catch {
      try note(error)
    }
    if case .passed = findings[.api] {
      lookAtRateLimit()
      lookAtClock()
    }
    return CheckLine.Subject.ofAPI.map { CheckLine(subject: $0, finding: findings[$0] ?? .skipped(reason)) }
  }

  private mutating func lookAtKey() async throws(APIError) {
    let account: Account
    do throws(APIError) {
      account = try await client.account()
    } catch {
      switch error {
      case .notFound, .requestRefused, .planWithoutAuditLog:
        answered()
        findings[.key] = .skipped(
          "the API does not report whose key it is; the checks below show whether it works")
        return
      default: throw error
      }
    }
    answered()
    guard account.isAuthenticated else {
      findings[.key] = .failed(words.anonymous)
      throw .keyRefused(Answer(status: 200))
    }
    let name = account.slug.map { " of the account '\($0)'" } ?? ""
    findings[.key] = .passed("the API accepts the key\(name) from \(words.keySource)")
  }

  private mutating func lookAtLog() async throws(APIError) -> PageView {
    guard case .page(let page) = try await client.page(1) else {
      throw .notFound(Answer(status: 404))  // the first page is never past the end
    }
    answered()
    findings[.organization] = .passed("'\(words.log)' exists")
    // If there is no count, a page that is not full has all events.
    let size = page.pagination.pageSize ?? page.requestedSize
    let count = page.pagination.count ?? (page.parsed.recordCount < size ? page.parsed.recordCount : nil)
    let events = count.map { "\($0.grouped) \($0 == 1 ? "event" : "events") now" }
    findings[.auditLog] = .passed(
      "readable, with \(events ?? "events; the API does not report how many")")
    return PageView(page)
  }

  private mutating func measure(_ first: PageView) async throws(APIError) {
    guard !first.records.isEmpty else {
      reason = """
        the audit log is empty: nothing happened within the plan's retention, audit logging is off, or this account may not see any \
        events
        """
      return
    }
    if let finding = try await client.measureTimeFilter(first) {
      findings[.timeFilter] = .passed(words.sentence(on: finding))
    } else {
      findings[.timeFilter] = .skipped(
        "the newest page is not enough to tell (few events, unexpected order, or no count); a run works without the filter"
      )
    }
    progress(.oldestEvent)
    let oldest = try await client.oldestEvent(below: first)
    findings[.oldestEvent] = oldest.map {
      .passed("\($0) (\((SystemClock().now - $0).rough) ago)")
    }
  }

  private mutating func answered() {
    if findings[.api] == nil { findings[.api] = .passed("\(host) answers") }
  }

  /// Records the error that ended the checks under the prerequisite that it concerns.
  private mutating func note(_ error: APIError) throws(Failure) {
    switch error {
    case .cancelled:
      throw words.failure(error)
    case _ where error.isThrottling:
      answered()
      findings[.rateLimit] = .failed(words.throttled(error))
      reason = "the rate limit is used up"
    case .unavailable(let fault, let attempts):
      // The API may have answered before, but it is still a failure that it does not answer now.
      findings[.api] = .failed(words.unavailable(host, fault, attempts))
      reason = "the API did not answer"
    case .unsafe, .waitTooLong:
      findings[.api] = .failed(words.failure(error))
      reason = "no further requests were made"
    case .keyRefused:
      answered()
      switch findings[.key] {
      case nil: findings[.key] = .failed(words.failure(error))
      case .failed: break
      case .passed, .warned, .skipped: findings[.auditLog] = .failed(words.failure(error))
      }
      reason = "only a key that may read the audit log can check this"
    case .notFound:
      findings[.organization] = .failed(words.failure(error))
      reason = "this key cannot see the audit log of '\(words.log)'"
    case .planWithoutAuditLog:
      findings[.organization] = .passed("'\(words.log)' exists")
      findings[.auditLog] = .failed(words.failure(error))
      reason = "the plan has no audit log"
    case .requestRefused:
      findings[.auditLog] = .failed(words.failure(error))
      reason = "the API refused the previous request"
    }
  }

  private mutating func lookAtRateLimit() {
    guard findings[.rateLimit] == nil else { return }
    guard let rate = client.counters.rateLimit, let left = rate.remaining else {
      findings[.rateLimit] = .skipped("the API does not report it")
      return
    }
    let reset = rate.resetsIn.map { "; the limit resets in \($0.rough)" } ?? ""
    let limit = rate.limit.map { " of \($0.grouped)" } ?? ""
    findings[.rateLimit] =
      left > 0
      ? .passed("\(left.grouped)\(limit) requests left\(reset)")
      : .failed(words.noRequestsLeft(resetsIn: rate.resetsIn))
  }

  private mutating func lookAtClock() {
    guard let lead = client.counters.clockLead else {
      findings[.clock] = .skipped("the API's responses have no Date")
      return
    }
    let tolerance = ExportSummary.clockTolerance
    findings[.clock] =
      max(lead, .zero - lead) > tolerance
      ? .warned(words.clock(lead))
      : .passed("this machine's clock is within \(tolerance) of the API's")
  }
}

extension APIError {
  /// Whether the only problem is the number of requests.
  fileprivate var isThrottling: Bool {
    switch self {
    case .waitTooLong: true
    case .unavailable(.status(let answer), _): answer.status == 429
    default: false
    }
  }
}

/// Checks an archive's folder in the state in which a run will find it, without changing the archive.
struct ArchiveCheck {
  /// nil if no archive was given.
  let archive: ArchiveLocation?
  let log: LogName
  let host: APIHost
  /// The setting that forbids creating an archive. nil if a run may create one.
  let existing: SettingSource?
  let words: Messages

  func lines() async -> [CheckLine] {
    guard let location = archive else {
      return CheckLine.Subject.ofArchive.map {
        CheckLine(subject: $0, finding: .skipped("no --archive was given"))
      }
    }
    let archive = Archive(location, log: log)
    var largestDay = 0
    var tableLine: CheckLine?
    let stateLine = CheckLine(subject: .archive, finding: await state(archive, &largestDay, &tableLine))
    return [stateLine] + (await writing(archive)) + [tableLine].compactMap(\.self) + [
      CheckLine(subject: .lock, finding: await lock(archive)),
      CheckLine(
        subject: .diskSpace,
        finding: await space(archive, largestDay: largestDay, isScratch: !location.isFolder)),
    ]
  }

  /// - Parameter tableLine: The result for the table, if the archive is one.
  private func state(
    _ archive: Archive, _ largestDay: inout Int, _ tableLine: inout CheckLine?
  ) async -> CheckLine.Finding {
    do {
      guard let (manifest, damaged) = try await archive.inspect() else {
        if let existing { return .failed(await archive.notExisting(existing, words)) }
        return .passed("no archive of '\(log)' in \(quoted(words.archive)) yet; the first export creates it")
      }
      largestDay =
        manifest.partitions.map { $0.files.reduce(0) { $0 + $1.uncompressedBytes } }.max() ?? 0
      guard manifest.source.apiHost == host.description else {
        var asked = manifest.source
        asked.apiHost = host.description
        return .failed(words.failure(.otherSource(found: manifest.source, asked: asked)))
      }
      let now = SystemClock().now
      guard damaged.isEmpty else { return .failed(words.damagedFiles(damaged, manifest, now: now)) }
      if let table = try await archive.table(of: manifest) {
        tableLine = CheckLine(
          subject: .table,
          finding: table.needsAttention
            ? .warned("the Delta Lake table has \(table.sentence)") : .passed(table.sentence))
      }
      let lag = (now - manifest.highWaterMark).rough
      let gaps = manifest.gaps.count
      return .passed(
        """
        commit \(manifest.commit), high-water mark \(manifest.highWaterMark) (\(lag) ago), \
        \(gaps == 0 ? "no gaps" : gaps == 1 ? "1 gap" : "\(gaps) gaps")
        """)
    } catch {
      return .failed(words.failure(error))
    }
  }

  /// For a bucket, each property of the store is a line.
  private func writing(_ archive: Archive) async -> [CheckLine] {
    do {
      let trial = try await archive.probeWriting()
      guard trial.properties.isEmpty else {
        return [
          CheckLine(
            subject: .archiveWritable,
            finding: .passed(
              "objects were created, replaced, read, listed and deleted in \(quoted(words.archive))"))
        ]
          + trial.properties.map { property in
            CheckLine(
              subject: .store,
              finding: property.warning.map { .warned("\(property.name): \($0)") } ?? .passed(property.name))
          }
      }
      let made =
        trial.folder == words.archive
        ? "files and folders were created, moved and removed in \(quoted(words.archive))"
        : "the archive can be created in \(quoted(trial.folder)): files were created, moved and removed there"
      let remark = trial.lacksDurableNames ? "; \(Messages.lacksDurableNames)" : ""
      return [CheckLine(subject: .archiveWritable, finding: .passed(made + remark))]
    } catch {
      return [CheckLine(subject: .archiveWritable, finding: .failed(words.notWritable(error)))]
    }
  }

  private func lock(_ archive: Archive) async -> CheckLine.Finding {
    do {
      switch try await archive.leaseState() {
      case .free, .never: return .passed("no run holds it")
      case .held(let holder): return .failed(words.failure(.locked(holder)))
      case .expired(let lease): return .warned(words.expired(lease))
      }
    } catch {
      return .failed(words.failure(error))
    }
  }

  /// A run needs space to stage a day as large as the largest one next to the existing files, and some more.
  ///
  /// - Parameter isScratch: Whether the archive is in a bucket, so that only unfinished files need space here.
  private func space(
    _ archive: Archive, largestDay: Int, isScratch: Bool
  ) async -> CheckLine.Finding {
    let needed = ArchiveCheck.leastSpace + 2 * largestDay
    do {
      guard let space = try await archive.space() else { return .passed("unlimited") }
      guard space.free >= needed, space.freeFiles != 0 else {
        return .failed(words.fullDisk(space, needed: needed, isScratch: isScratch))
      }
      return .passed(
        "\(space.free.asBytes) are free" + (isScratch ? " for unfinished files (--scratch-dir)" : ""))
    } catch {
      return .failed(words.notWritable(error))
    }
  }

  private static let leastSpace = 64 << 20
}
