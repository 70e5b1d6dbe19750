import AuditRecord

/// A parsed query, with all times resolved.
package indirect enum QueryExpression: Sendable, Hashable {
  case everything
  case time(TimeComparison)
  /// A term on one string of a record; without a field, on `event` or `actor`.
  case text(field: Field?, TextPattern)
  case not(QueryExpression)
  case and(QueryExpression, QueryExpression)
  case or(QueryExpression, QueryExpression)

  /// The documented searchable fields other than `event_at`.
  package enum Field: String, Sendable, CaseIterable {
    case actor
    case actorKind = "actor_kind"
    case event
    /// The part of `event` before the dot.
    case eventKind = "event_kind"
  }

  /// The events that match. Uses binary search if the expression has only bounds in time, else reads every event.
  func list(of events: EventStore) -> EventList {
    if let range = range(in: events) { return EventList(range) }
    return EventList((0..<events.count).filter { matches($0, of: events) })
  }

  private func range(in events: EventStore) -> Range<Int>? {
    switch self {
    case .everything: 0..<events.count
    case .time(let comparison): comparison.range(in: events)
    case .and(let one, let other):
      if let one = one.range(in: events), let other = other.range(in: events) {
        one.clamped(to: other)
      } else {
        nil
      }
    case .text, .not, .or: nil
    }
  }

  private func matches(_ index: Int, of events: EventStore) -> Bool {
    switch self {
    case .everything: true
    case .time(let comparison): comparison.matches(index, of: events)
    case .not(let one): !one.matches(index, of: events)
    case .and(let one, let other): one.matches(index, of: events) && other.matches(index, of: events)
    case .or(let one, let other): one.matches(index, of: events) || other.matches(index, of: events)
    case .text(let field, let pattern):
      QueryExpression.text(of: field, in: RecordText(events.record(index))).contains { pattern.matches($0) }
    }
  }

  private static func text(of field: Field?, in record: RecordText) -> [ArraySlice<UInt8>] {
    switch field {
    case .eventKind:
      record.string("event").map { [$0.prefix { $0 != UInt8(ascii: ".") }] } ?? []
    case .some(let field): record.string(field.rawValue).map { [$0] } ?? []
    case nil: [record.string("event"), record.string("actor")].compactMap(\.self)
    }
  }
}

/// A term on text: `foo` anywhere, `^foo` at the start, `foo$` at the end, `foo*bar` with anything between. Case is
/// ignored. Source: the audit-log page of Cloudsmith's documentation.
package struct TextPattern: Sendable, Hashable {
  private var isAtStart: Bool
  private var isAtEnd: Bool
  private var parts: [[UInt8]]

  init(_ text: Substring) {
    var text = text
    self.isAtStart = text.first == "^"
    if isAtStart { text.removeFirst() }
    self.isAtEnd = text.last == "$"
    if isAtEnd { text.removeLast() }
    self.parts = text.split(separator: "*", omittingEmptySubsequences: false)
      .map { $0.utf8.map(TextPattern.folded) }
  }

  /// Whether the pattern matches the raw text of a JSON string.
  func matches(_ text: ArraySlice<UInt8>) -> Bool {
    let text = text.map(TextPattern.folded)
    var position = 0
    for (index, part) in parts.enumerated() {
      let isFirst = index == 0
      if index == parts.count - 1, isAtEnd {
        let start = text.count - part.count
        return start >= position && text[start...].elementsEqual(part) && !(isFirst && isAtStart && start > 0)
      }
      guard let start = TextPattern.find(part, in: text, from: position) else { return false }
      if isFirst, isAtStart, start != 0 { return false }
      position = start + part.count
    }
    return true
  }

  private static func find(_ part: [UInt8], in text: [UInt8], from position: Int) -> Int? {
    guard position + part.count <= text.count else { return nil }
    return (position...(text.count - part.count)).first { text[$0..<$0 + part.count].elementsEqual(part) }
  }

  private static func folded(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }
}
