/// How existing pages are refused.
package enum PageRefusal: Sendable, Hashable {
  /// An error status with an error body of the API.
  case status(Int)
  /// 200 with the empty list and without pagination fields.
  case empty

  /// The response to a refused page.
  package var response: EmulatedResponse {
    switch self {
    case .status(404): EmulatedResponse(status: 404, detail: "Invalid page.")
    case .status(let status) where status < 500:
      EmulatedResponse(status: status, detail: "Result window is too large.")
    case .status(let status): EmulatedResponse(status: status, detail: "Internal server error.")
    case .empty: EmulatedResponse(json: Array("[]".utf8))
    }
  }
}

/// Caps the count, as search engines do, and refuses the pages past the cap.
///
/// The cap applies to each query, so narrower queries can reach the events past it.
package struct CountCap: Behaviour {
  private let cap: Int
  private let refusal: PageRefusal?
  private var isCapped = false

  /// - Parameter refusal: for the pages past the cap; nil shows them although the count does not include them.
  package init(_ cap: Int, refusal: PageRefusal? = .status(404)) {
    self.cap = cap
    self.refusal = refusal
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    isCapped = false
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
    isCapped = list.count > cap
    if isCapped, refusal != nil { list.keep(first: cap) }
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard isCapped else { return }
    guard let refusal else { return response.state(count: cap) }
    if response.status == 404, context.page > (cap + context.pageSize - 1) / context.pageSize {
      response = refusal.response
    }
  }
}

/// Refuses pages that are too deep in the list. The count and the number of pages stay correct.
package struct DeepPageLimit: Behaviour {
  /// How deep pages are shown.
  package enum Limit: Sendable, Hashable {
    /// The last page that is shown.
    case pages(Int)
    /// The number of events that are shown. A page that ends past them is refused, except the first.
    case places(Int)
  }

  private let limit: Limit
  private let refusal: PageRefusal

  package init(_ limit: Limit, refusal: PageRefusal = .status(404)) {
    self.limit = limit
    self.refusal = refusal
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard response.status == 200 else { return }
    let isTooDeep =
      switch limit {
      case .pages(let last): context.page > last
      case .places(let count): context.page > 1 && context.page > count / context.pageSize
      }
    if isTooDeep { response = refusal.response }
  }
}

/// Refuses one existing page this many times, as if the list ended before it.
package struct RefusedPage: Behaviour {
  private let page: Int
  private let refusal: PageRefusal
  private var left: Int

  /// - Parameters:
  ///   - page: from 1.
  ///   - times: how many requests for the page are refused.
  package init(_ page: Int, refusal: PageRefusal = .status(404), times: Int = 1) {
    self.page = page
    self.refusal = refusal
    self.left = times
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard left > 0, context.page == page, response.status == 200 else { return }
    left -= 1
    response = refusal.response
  }
}

/// Omits the last events of one page this many times. The next page starts at its usual position.
package struct ShortPage: Behaviour {
  private let page: Int
  private let missing: Int
  private var left: Int

  /// - Parameters:
  ///   - page: from 1.
  ///   - missing: how many events are omitted. A page with no more events than that is unchanged.
  ///   - times: how many responses are affected.
  package init(_ page: Int, missing: Int, times: Int = .max) {
    self.page = page
    self.missing = missing
    self.left = times
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard left > 0, context.page == page, response.status == 200,
      case .success(let elements) = JSONText.elements(of: response.body), elements.count > missing
    else { return }
    left -= 1
    let texts = elements.dropLast(missing).map { response.body[$0] }
    response.body = [UInt8(ascii: "[")] + texts.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
  }
}

/// Answers a page past the end with the empty list and no pagination fields in place of 404.
package struct EmptyPastEnd: Behaviour {
  package init() {}

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard response.status == 404 else { return }
    response.status = 200
    response.body = Array("[]".utf8)
  }
}

/// Repeats or skips the same events between two pages.
///
/// Every later page is shifted by as many events, like pages from a cache that was filled at another time.
package struct ShiftedPages: Behaviour {
  private let page: Int
  private let count: Int
  private let isCounted: Bool
  private var found: Int?

  /// - Parameters:
  ///   - page: the last page at its usual position, from 1.
  ///   - count: how many of its last events the next page repeats; negative means how many events are skipped.
  ///   - isCounted: whether the stated count includes the repetitions and gaps.
  package init(after page: Int, count: Int, isCounted: Bool = false) {
    self.page = page
    self.count = count
    self.isCounted = isCounted
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    found = nil
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
    found = list.count
    let isAscending = list.isAscending
    list.reorder { indices in
      let listed = isAscending ? indices : indices.reversed()
      let border = page * context.pageSize
      guard border < listed.count else { return }
      let rest = min(listed.count, max(0, border - count))
      let shifted = Array(listed[..<border] + listed[rest...])
      indices = isAscending ? shifted : shifted.reversed()
    }
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    if !isCounted, let found { response.state(count: found) }
  }
}
