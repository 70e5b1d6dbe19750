package import AuditRecord

/// Measures what the API makes of bounds on `event_at`, before anything relies on them: asks for bounds that cut through
/// a page already held, and compares.
///
/// The bounds are the times of two events held, so that it shows whether an event at the bound is in. Everything
/// held between them must be shown, and nothing else. A filter that does so on one page could still hide events
/// elsewhere, so a `FilterCensus` follows. At most `requestLimit` requests in all; what they leave open is
/// `inconclusive`.
///
/// No input or output: an answer goes in (`receive`), `next` says what to do.
package struct FilterProbe: Sendable {
  package enum Step: Hashable, Sendable {
    /// The first page of it, as large as the page held.
    case ask(FilterQuery)
    /// How many events it has: the first page of it, of one event.
    case count(FilterQuery)
    case judged(FilterVerdict)
  }

  package private(set) var next: Step

  /// Two to see the bounds, three to count.
  package static let requestLimit = 5

  private let held: PageView
  private let bounds: Window
  private var isSecond = false
  private var verdict = FilterVerdict.inconclusive
  private var census: FilterCensus

  /// - Parameter held: a page of the list without bounds, read just now: the newest is the best, because it also shows
  ///   whether the filter lags behind.
  package init(_ held: PageView) {
    self.held = held
    let cut = held.isNewestFirst && held.pagination.count != nil ? Cut(held) : nil
    bounds = cut?.bounds ?? Window(from: .earliest, to: .earliest)
    census = FilterCensus(cut: cut?.between ?? .earliest)
    next = cut.map { .ask(FilterQuery(from: $0.bounds.from, to: $0.bounds.to)) } ?? .judged(.inconclusive)
  }

  /// Takes the answer that `next` asked for.
  package mutating func receive(_ answer: PageView) {
    switch next {
    case .ask:
      guard let judgement = isSecond ? judgeDay(answer) : judge(answer) else {
        // Whole days from a bound to another of the same day are none. A day later there should be that day.
        isSecond = true
        next = .ask(FilterQuery(from: bounds.from, to: bounds.to + .days(1)))
        return
      }
      verdict = judgement
      next = judgement.isUsable ? census.next.map { .count($0) } ?? next : .judged(judgement)
    case .count:
      census.receive(answer.pagination.count ?? (answer.records.isEmpty ? 0 : nil))
      next =
        census.next.map { .count($0) } ?? .judged(census.addsUp == true ? verdict : .inconclusive)
    case .judged: break
    }
  }

  /// Takes note that the API refuses what `next` asked for.
  package mutating func receiveRefusal() {
    next = .judged(.rejected)
  }

  /// Takes note that what `next` asked for could not be had.
  package mutating func receiveNothing() {
    next = .judged(.inconclusive)
  }

  // MARK: - Judging

  /// nil when another question is needed.
  private func judge(_ answer: PageView) -> FilterVerdict? {
    if let count = answer.pagination.count, let all = held.pagination.count, count >= all { return .ignored }
    guard let newest = answer.records.lazy.compactMap(\.time).max(), let oldest = answer.oldest else {
      return Day(containing: bounds.from) == Day(containing: bounds.to) ? nil : .inconclusive
    }
    let isWhole = answer.pagination.count == answer.records.count
    if bounds.from <= oldest, newest <= bounds.to {
      guard isWhole, shows(bounds, in: answer) else { return .inconclusive }
      if newest < bounds.to { return .exact }
      let end = Window(from: bounds.to, to: bounds.to + TimeSpan(microseconds: 1))
      return shows(end, in: answer) ? .inclusive : .inconclusive
    }
    let days = Window(
      from: Day(containing: bounds.from).start, to: Day(containing: bounds.to).start)
    if !days.isEmpty, isAll(of: days, answer) { return .dayTruncated }
    return shows(Window(from: after(oldest), to: newest), in: answer) ? .shifted : .inconclusive
  }

  /// The answer to the second question: one whole day.
  private func judgeDay(_ answer: PageView) -> FilterVerdict {
    isAll(of: Day(containing: bounds.from).window, answer) ? .dayTruncated : .inconclusive
  }

  /// Whether the answer has the newest events of these days, and also some that the bounds as written leave out.
  private func isAll(of days: Window, _ answer: PageView) -> Bool {
    guard let oldest = answer.oldest, oldest < bounds.from, answer.isNewestFirst else { return false }
    let isWithin = answer.records.lazy.compactMap(\.time).allSatisfy { days.contains($0) }
    let known = answer.pagination.count == answer.records.count ? days.from : max(days.from, after(oldest))
    return isWithin && shows(Window(from: known, to: days.to), in: answer)
  }

  /// Whether the answer has all events of the window that the page held has.
  private func shows(_ window: Window, in answer: PageView) -> Bool {
    let shown = Set(answer.records.lazy.map(\.identity))
    return held.records.allSatisfy { record in
      record.time.map { !window.contains($0) } ?? true || shown.contains(record.identity)
    }
  }

  private func after(_ time: Timestamp) -> Timestamp { time + TimeSpan(microseconds: 1) }

  /// Where to cut through a page.
  private struct Cut {
    let bounds: Window
    /// An instant at which nothing held happened, just before the end of the bounds.
    let between: Timestamp

    /// nil when the page has too few instants, or they lie too far apart to show a shift by a zone.
    ///
    /// Far apart, so that much of the page lies between them; each with another event just before it, in the same
    /// quarter of an hour, so that a bound that has moved a little, or to a full hour, lets it in or leaves it out.
    init?(_ page: PageView) {
      var instants: [Timestamp] = []
      for time in page.records.lazy.compactMap(\.time) where instants.last != time { instants.append(time) }
      guard instants.count >= 4 else { return nil }
      func closest(_ places: ClosedRange<Int>) -> Int? {
        places.filter { Cut.quarter(of: instants[$0]) == Cut.quarter(of: instants[$0 + 1]) }
          .min { instants[$0] - instants[$0 + 1] < instants[$1] - instants[$1 + 1] }
      }
      let share = max(1, instants.count / 4)
      guard let end = closest(1...share),
        let start = closest((instants.count - 1 - share)...(instants.count - 2)), start > end
      else { return nil }
      bounds = Window(from: instants[start], to: instants[end])
      let half = TimeSpan(microseconds: (instants[end] - instants[end + 1]).microseconds / 2)
      between = instants[end] - half
    }

    private static func quarter(of time: Timestamp) -> Int64 {
      time.microseconds.flooredDivision(by: FilterVerdict.leastStep.microseconds).quotient
    }
  }
}

extension FilterProbe {
  /// Whether it costs less to measure the filter and use it than to seek the window: it lies below the first page, and a
  /// binary search over the pages needs more requests than the probe and, at the worst, a page more for each day.
  package static func pays(for window: Window, below first: PageView) -> Bool {
    guard let oldest = first.oldest, let pages = first.pagination.pageTotal, let days = window.days
    else { return false }
    return window.to <= oldest && pages > 1 << min(requestLimit + days.count, 32)
  }
}
