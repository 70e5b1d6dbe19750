import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CommandResults
import ExportConfiguration

/// Asks the API what a run will have to know: whether the key is accepted and not silently dropped, whether the log is
/// there, how often it may be asked, and how far back it goes.
struct APICheck {
  private let client: AuditLogClient
  private let host: APIHost
  private let words: Messages
  private let progress: (CheckLine.Subject) -> Void
  private var findings: [CheckLine.Subject: CheckLine.Finding] = [:]
  /// Why what has no finding was not looked at.
  private var reason = ""

  /// Requests at most: the key, the newest page, the time filter, and the oldest page with another where the list shrinks.
  static let requestLimit = 5
  /// Tries for each, and what the API may make one wait: who checks is waiting.
  static let retry = RetryPolicy(tries: 2, maxWait: .seconds(10))
  /// A request may take this long, where nothing else was asked for.
  static let timeout = TimeSpan.seconds(20)

  /// - Parameter progress: told what is looked at next.
  init(
    _ client: AuditLogClient, host: APIHost, words: Messages, progress: @escaping (CheckLine.Subject) -> Void
  ) {
    self.client = client
    self.host = host
    self.words = words
    self.progress = progress
  }

  /// Where there is no key, nothing is asked.
  static func lines(withoutKey failure: Failure) -> [CheckLine] {
    CheckLine.Subject.ofAPI.map { subject in
      CheckLine(
        subject: subject,
        finding: subject == .key ? .bad(failure) : .open("there is no key to ask the API with"))
    }
  }

  /// - Throws: `Failure`, when it is interrupted.
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
    if case .good = findings[.api] {
      lookAtRateLimit()
      lookAtClock()
    }
    return CheckLine.Subject.ofAPI.map { CheckLine(subject: $0, finding: findings[$0] ?? .open(reason)) }
  }

  private mutating func lookAtKey() async throws(APIError) {
    let account: Account
    do throws(APIError) {
      account = try await client.account()
    } catch {
      switch error {
      case .notFound, .requestRefused, .planWithoutAuditLog:
        answered()
        findings[.key] = .open("the API does not tell whose key it is; what it answers below decides")
        return
      default: throw error
      }
    }
    answered()
    guard account.isAuthenticated else {
      findings[.key] = .bad(words.anonymous)
      throw .keyRefused(Answer(status: 200))
    }
    let name = account.slug.map { " of the account '\($0)'" } ?? ""
    findings[.key] = .good("\(words.keySource) holds a key\(name) that the API accepts")
  }

  private mutating func lookAtLog() async throws(APIError) -> PageView {
    guard case .page(let page) = try await client.page(1) else {
      throw .notFound(Answer(status: 404))  // the first page is never past the end
    }
    answered()
    findings[.organization] = .good("'\(words.log)' is there")
    // Without a count, a page that is not full has them all.
    let size = page.pagination.pageSize ?? page.requestedSize
    let count = page.pagination.count ?? (page.parsed.recordCount < size ? page.parsed.recordCount : nil)
    let events = count.map { "\($0.grouped) \($0 == 1 ? "event" : "events") now" }
    findings[.auditLog] = .good(
      "it can be read, and has \(events ?? "events; the API does not tell how many")")
    return PageView(page)
  }

  private mutating func measure(_ first: PageView) async throws(APIError) {
    guard !first.records.isEmpty else {
      reason = """
        the audit log is empty: nothing has happened in the time that the plan keeps, audit logging is off, or this \
        account is shown none
        """
      return
    }
    if let finding = try await client.measureTimeFilter(first) {
      findings[.timeFilter] = .good(words.sentence(on: finding))
    } else {
      findings[.timeFilter] = .open(
        "the newest page does not tell (few events, in another order, or not counted); a run goes without it then"
      )
    }
    progress(.oldestEvent)
    let oldest = try await client.oldestEvent(below: first)
    findings[.oldestEvent] = oldest.map {
      .good("\($0) (\((SystemClock().now - $0).rough) ago) is the oldest that the API shows")
    }
  }

  private mutating func answered() {
    if findings[.api] == nil { findings[.api] = .good("\(host) answers") }
  }

  /// Files what ended the questions under what it is about.
  private mutating func note(_ error: APIError) throws(Failure) {
    switch error {
    case .cancelled:
      throw words.failure(error)
    case _ where error.isThrottling:
      answered()
      findings[.rateLimit] = .bad(words.throttled(error))
      reason = "the requests that the API allows are used up"
    case .unavailable(let fault, let tries):
      // What it had answered before stands; what it does not answer now is wrong all the same.
      findings[.api] = .bad(words.unavailable(host, fault, tries))
      reason = "the API did not answer"
    case .unsafe, .waitTooLong:
      findings[.api] = .bad(words.failure(error))
      reason = "nothing more was asked"
    case .keyRefused:
      answered()
      switch findings[.key] {
      case nil: findings[.key] = .bad(words.failure(error))
      case .bad: break
      case .good, .odd, .open: findings[.auditLog] = .bad(words.failure(error))
      }
      reason = "the API tells it only to a key that may read the log"
    case .notFound:
      findings[.organization] = .bad(words.failure(error))
      reason = "there is no log to ask for"
    case .planWithoutAuditLog:
      findings[.organization] = .good("'\(words.log)' is there")
      findings[.auditLog] = .bad(words.failure(error))
      reason = "there is no audit log"
    case .requestRefused:
      findings[.auditLog] = .bad(words.failure(error))
      reason = "the API refused the question before it"
    }
  }

  private mutating func lookAtRateLimit() {
    guard findings[.rateLimit] == nil else { return }
    guard let rate = client.counters.rateLimit, let left = rate.remaining else {
      findings[.rateLimit] = .open("the API does not tell it")
      return
    }
    let reset = rate.resetsIn.map { ", full again in \($0.rough)" } ?? ""
    let limit = rate.limit.map { " of \($0.grouped)" } ?? ""
    findings[.rateLimit] =
      left > 0
      ? .good("\(left.grouped)\(limit) requests are left\(reset)")
      : .bad(words.noRequestsLeft(resetsIn: rate.resetsIn))
  }

  private mutating func lookAtClock() {
    guard let lead = client.counters.clockLead else {
      findings[.clock] = .open("the API does not tell the time")
      return
    }
    let tolerance = ExportSummary.clockTolerance
    findings[.clock] =
      max(lead, .zero - lead) > tolerance
      ? .odd(words.clock(lead))
      : .good("this machine's clock is within \(tolerance) of the API's")
  }
}

extension APIError {
  /// Whether it is about the number of requests alone.
  fileprivate var isThrottling: Bool {
    switch self {
    case .waitTooLong: true
    case .unavailable(.status(let answer), _): answer.status == 429
    default: false
    }
  }
}

/// Looks at an archive's folder as a run will find it, and leaves it as it is.
struct ArchiveCheck {
  /// nil when no archive was named.
  let archive: ArchiveLocation?
  let log: LogName
  let host: APIHost
  /// Where it is said that the archive has to be there already.
  let existing: SettingSource?
  let words: Messages

  func lines() async -> [CheckLine] {
    guard let location = archive else {
      return CheckLine.Subject.ofArchive.map {
        CheckLine(subject: $0, finding: .open("no --archive was given"))
      }
    }
    let archive = Archive(location, log: log)
    var largestDay = 0
    return [
      CheckLine(subject: .archive, finding: await state(archive, &largestDay)),
      CheckLine(subject: .archiveWritable, finding: await writing(archive)),
      CheckLine(subject: .lock, finding: await lock(archive)),
      CheckLine(subject: .diskSpace, finding: await space(archive, largestDay: largestDay)),
    ]
  }

  private func state(_ archive: Archive, _ largestDay: inout Int) async -> CheckLine.Finding {
    do {
      guard let (manifest, damaged) = try await archive.inspect() else {
        if let existing { return .bad(words.notExisting(existing)) }
        return .good("none of '\(log)' in \(quoted(words.archive)) yet: the first export makes it")
      }
      largestDay =
        manifest.partitions.map { $0.files.reduce(0) { $0 + $1.uncompressedBytes } }.max() ?? 0
      guard manifest.source.apiHost == host.description else {
        let asked = ArchiveSource(apiHost: host.description, log: log, query: manifest.source.query)
        return .bad(words.failure(.otherSource(found: manifest.source, asked: asked)))
      }
      let now = SystemClock().now
      guard damaged.isEmpty else { return .bad(words.damagedFiles(damaged, manifest, now: now)) }
      let lag = (now - manifest.highWaterMark).rough
      let gaps = manifest.gaps.count
      return .good(
        """
        commit \(manifest.commit), high-water mark \(manifest.highWaterMark) (\(lag) ago), \
        \(gaps == 0 ? "no gaps" : gaps == 1 ? "1 gap" : "\(gaps) gaps")
        """)
    } catch {
      return .bad(words.failure(error))
    }
  }

  private func writing(_ archive: Archive) async -> CheckLine.Finding {
    do {
      let trial = try await archive.tryWriting()
      let made =
        trial.folder == words.archive
        ? "files and folders were made in \(quoted(words.archive)), moved and removed"
        : "it would be made in \(quoted(trial.folder)), where files were made, moved and removed"
      return .good(made + (trial.lacksDurableNames ? "; \(Messages.lacksDurableNames)" : ""))
    } catch {
      return .bad(words.notWritable(error))
    }
  }

  private func lock(_ archive: Archive) async -> CheckLine.Finding {
    do {
      switch try await archive.leaseState() {
      case .free, .never: return .good("no run holds it")
      case .held(let holder): return .bad(words.failure(.locked(holder)))
      }
    } catch {
      return .bad(words.failure(error))
    }
  }

  /// Room for a day like the largest, staged beside what is there, and for what goes with it.
  private func space(_ archive: Archive, largestDay: Int) async -> CheckLine.Finding {
    let needed = ArchiveCheck.leastSpace + 2 * largestDay
    do {
      guard let space = try await archive.space() else { return .good("there is no end to it") }
      guard space.free >= needed, space.freeFiles != 0 else {
        return .bad(words.fullDisk(space, needed: needed))
      }
      return .good("\(space.free.asBytes) are free")
    } catch {
      return .bad(words.notWritable(error))
    }
  }

  private static let leastSpace = 64 << 20
}
