import AuditRecord
import CloudsmithAPI

/// A list of events, newest first, as the API would page it.
struct PagedList {
  var times: [Int64]
  var names: [UInt64]
  private var lastName: UInt64

  init(_ times: [Int64]) {
    self.times = times
    names = times.indices.map { UInt64($0) }
    lastName = UInt64(times.count)
  }

  init(_ times: [Int64], named names: [UInt64]) {
    self.init(times)
    self.names = names
  }

  mutating func arrive(_ time: Int64) {
    lastName += 1
    times.insert(time, at: 0)
    names.insert(lastName, at: 0)
  }

  mutating func remove(at index: Int) {
    times.remove(at: index)
    names.remove(at: index)
  }

  func record(_ index: Int) -> PageView.Record {
    let name = withUnsafeBytes(of: names[index]) { Array($0) }
    return PageView.Record(identity: IdentityHash(name.span), time: Timestamp(microseconds: times[index]))
  }

  func page(_ number: Int, size: Int, hasHeaders: Bool = true) -> PageView? {
    let first = (number - 1) * size
    guard first < times.count else { return nil }
    let records = (first..<min(first + size, times.count)).map(record)
    let pagination =
      hasHeaders
      ? Pagination(
        count: times.count, page: number, pageTotal: (times.count + size - 1) / size, pageSize: size)
      : Pagination(count: nil, page: nil, pageTotal: nil, pageSize: nil)
    return PageView(number: number, pagination: pagination, records: records)
  }
}

extension PageWalk {
  var page: Int? {
    if case .read(let page) = next { page } else { nil }
  }

  var ending: Ending? {
    if case .finished(let ending) = next { ending } else { nil }
  }

  /// Walks to the end; `between` is called before each page is asked for. Returns the identities received.
  mutating func run(
    _ list: inout PagedList, size: Int, hasHeaders: Bool = true, limit: Int = 1_000,
    between: (Int, inout PagedList) -> Void = { _, _ in }
  ) -> Set<IdentityHash> {
    var received: Set<IdentityHash> = []
    var requests = 0
    while let number = page, requests < limit {
      requests += 1
      between(requests, &list)
      if let page = list.page(number, size: size, hasHeaders: hasHeaders) {
        received.formUnion(page.records.map(\.identity))
        receive(page)
      } else {
        receivePastTheEnd()
      }
    }
    return received
  }
}
