import AuditExport
import AuditRecord
import CloudsmithAPI

/// Asks the API what a run will have to know: whether the key is accepted and not silently dropped, whether the log is
/// there, how often it may be asked, and how far back it goes.
struct APICheck {
  private let client: AuditLogClient
  private let host: APIHost
  private let words: Words
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
    _ client: AuditLogClient, host: APIHost, words: Words, progress: @escaping (CheckLine.Subject) -> Void
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
