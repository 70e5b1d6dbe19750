package import AuditRecord

/// States the count and the number of pages from a cache, which has an entry for each query.
package struct CachedCount: Behaviour {
  /// How long a count is kept.
  package enum Lifetime: Sendable, Hashable {
    /// For this many responses, including the one that was counted.
    case answers(Int)
    case span(TimeSpan)
    case forever
  }

  private struct Entry {
    var count: Int
    var answers = 0
    var time: Timestamp
  }

  private let lifetime: Lifetime
  private var entries: [String: Entry] = [:]

  package init(_ lifetime: Lifetime) {
    self.lifetime = lifetime
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard response.status == 200, let count = response.statedCount else { return }
    let query = context.request.parameter("query") ?? ""
    var entry = entries[query] ?? Entry(count: count, time: context.time)
    if isOver(entry, at: context.time) { entry = Entry(count: count, time: context.time) }
    entry.answers += 1
    entries[query] = entry
    response.state(count: entry.count)
  }

  private func isOver(_ entry: Entry, at now: Timestamp) -> Bool {
    switch lifetime {
    case .answers(let limit): entry.answers >= limit
    case .span(let span): now >= entry.time + span
    case .forever: false
    }
  }
}

/// Omits or misstates the count.
package enum CountField: Behaviour {
  /// No `X-Pagination-Count`.
  case absent
  /// `X-Pagination-Count` is off by this number.
  case wrong(by: Int)

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard let count = response.headers["X-Pagination-Count"].flatMap({ Int($0) }) else { return }
    switch self {
    case .absent: response.headers["X-Pagination-Count"] = nil
    case .wrong(let difference): response.headers["X-Pagination-Count"] = String(max(0, count + difference))
    }
  }
}

/// Omits the pagination fields, like a proxy that drops unknown fields.
package enum PaginationFields: Behaviour {
  /// No `X-Pagination-*` and no `Link`.
  case absent

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    response.dropPagination()
  }
}

/// Adds `Date` to responses, right or wrong.
package struct DateField: Behaviour {
  /// A single change of the server's clock.
  package struct Step: Sendable, Hashable {
    /// The clock changes before this request, from 1.
    package var request: Int
    /// How far the clock moves; negative means backwards.
    package var span: TimeSpan

    package init(beforeRequest request: Int, by span: TimeSpan) {
      self.request = request
      self.span = span
    }
  }

  private let lead: TimeSpan
  private let steps: [Step]
  private let age: TimeSpan?
  private let absent: FaultSchedule
  private var requests = RequestRange.always
  private var number = 1

  /// A clock that is behind by `lag`.
  package init(behind lag: TimeSpan) {
    self.init(ahead: .zero - lag)
  }

  /// - Parameters:
  ///   - lead: how far the clock is ahead at first; negative means behind.
  ///   - steps: changes of the clock.
  ///   - age: sends `Age` as a cache does; `Date` is earlier by this much.
  ///   - absent: the responses without `Date`.
  package init(
    ahead lead: TimeSpan, steps: [Step] = [], age: TimeSpan? = nil,
    absent: FaultSchedule = FaultSchedule(every: 0)
  ) {
    self.lead = lead
    self.steps = steps
    self.age = age
    self.absent = absent
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    number = requests.number(of: context) ?? 1
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard !absent.affects(context) else { return }
    let stepped = steps.filter { $0.request <= number }.reduce(lead) { $0 + $1.span }
    response.headers["Date"] = DateField.text(context.time + stepped - (age ?? .zero))
    if let age { response.headers["Age"] = String(age.microseconds / 1_000_000) }
  }

  /// A time such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
  static func text(_ time: Timestamp) -> String {
    let day = Day(containing: time)
    let date = CivilDate(daysSinceEpoch: day.number)
    let second = (time - day.start).microseconds / 1_000_000
    let clock = [second / 3_600, second / 60 % 60, second % 60].map(twoDigits).joined(separator: ":")
    let weekday = weekdays[Int(day.number.flooredDivision(by: 7).remainder)]
    return "\(weekday), \(twoDigits(date.day)) \(months[Int(date.month) - 1]) \(date.year) \(clock) GMT"
  }

  private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// The days of the week, starting with that of 1970-01-01.
  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
