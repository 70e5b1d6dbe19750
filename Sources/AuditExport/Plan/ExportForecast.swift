import AuditArchive
import AuditRecord
package import CloudsmithAPI
package import HTTP

/// The windows, requests and duration of a run that is only planned (`--dry-run`). Writes nothing.
package struct ExportForecast: Sendable {
  /// The plan that a run now would follow.
  package let plan: ExportPlan
  /// The number of days that the windows touch.
  package let days: Int
  /// The estimated number of requests, from the density of the newest events; nil if the answers give no basis.
  package let requests: Int?
  /// The estimated duration at the given pace; nil if the pace depends on the API's answers.
  package let seconds: Double?

  /// Asks for one page, or two to about forty where the oldest event has to be looked up.
  ///
  /// - Parameters:
  ///   - standing: of the archive; nil if it has no commit yet.
  ///   - pace: the pace that the run would keep.
  /// - Throws: `APIError`.
  package init(
    _ settings: ExportSettings, standing: ExportPlan.PlanInput?, client: AuditLogClient, clock: any RunClock,
    pace: PaceRule
  ) async throws {
    func read(_ number: Int) async throws(APIError) -> PageView? {
      guard
        case .page(let page) = try await client.page(number, size: settings.pageSize, query: settings.query)
      else { return nil }
      return PageView(page)
    }
    let first = try await read(1)
    let now = client.now
    var plan = ExportPlan(settings, standing: standing, now: now)
    if plan.claimsMoreThanEveryPlanKeeps, let first {
      var ends = ListEnds(first, kept: now - settings.retention)
      while let number = ends.next { ends.receive(try await read(number), number: number) }
      plan = ExportPlan(settings, standing: standing, now: now, oldestVisible: ends.oldest ?? now)
    }
    self.plan = plan
    days = plan.wanted.intervals.reduce(0) { $0 + ($1.days?.count ?? 0) }
    requests = plan.beginsNow ? 1 : first.flatMap { ExportForecast.requests(plan, $0, settings) }
    seconds =
      if case .perSecond(let rate) = pace, let requests { Double(requests) / rate } else { nil }
  }

  private static func requests(_ plan: ExportPlan, _ first: PageView, _ settings: ExportSettings) -> Int? {
    guard let span = plan.span else { return 0 }
    guard let oldest = first.oldest, let count = first.pagination.count else {
      return first.records.isEmpty ? 1 : nil
    }
    let size = Double(first.pagination.pageSize ?? settings.pageSize)
    let perSecond = Double(first.records.count) / max((first.newest - oldest).seconds, 1)
    let wanted = plan.wanted.intervals.reduce(0) { $0 + $1.length.seconds }
    let events = min(perSecond * (settings.timeFilter == .walk ? span.length.seconds : wanted), Double(count))
    // A walk from the top also reads the first page for the plan, and the last and the first page again at its end.
    let isDeep = plan.wanted.intervals.allSatisfy { $0.to < oldest } && settings.timeFilter != .walk
    let pages = Int((events / size).rounded(.up)) + (isDeep ? 1 : 3)
    return max(
      1, pages + reaching(plan.wanted.intervals, first, settings, seek: (Double(count) / size + 1).doublings))
  }

  /// The requests to reach the windows, if the filter works where it is tried.
  private static func reaching(
    _ windows: [Window], _ first: PageView, _ settings: ExportSettings, seek: Int
  ) -> Int {
    let deep = windows.count { $0.to < first.oldest ?? .earliest }
    switch settings.timeFilter {
    case .walk: return 0
    case .seek, .auto: return deep * seek
    case .filter: return 3 * windows.count
    }
  }
}

extension Double {
  /// How often 1 must be doubled to reach this number.
  fileprivate var doublings: Int {
    var steps = 0
    var rest = self
    while rest > 1 {
      rest /= 2
      steps += 1
    }
    return steps
  }
}
