package import AuditRecord

/// Parses the `query` parameter of a request.
///
/// Terms are `word`, `field:word`, `event_at:>="time"`, with `~` before a value to negate it; between terms `AND`
/// (also if omitted) binds tighter than `OR`; `NOT` and parentheses. Values may be in double or
/// single quotes. Times are RFC 3339, a date, a time without a zone (taken as UTC), or `3 days ago`.
/// Source: Cloudsmith's documentation of audit logs and of the search of packages, see `cloudsmith-api.md` §3.
package struct QueryParser {
  private var rest: Substring
  private let filter: TimeFilter
  private let now: Timestamp

  /// Parses a query. Returns nil if it is invalid, or if the filter refuses its times. An empty query matches everything.
  package static func parse(_ query: String, filter: TimeFilter, now: Timestamp) -> QueryExpression? {
    var parser = QueryParser(rest: query[...], filter: filter, now: now)
    parser.skipBlanks()
    if parser.rest.isEmpty { return .everything }
    guard let expression = parser.alternatives(), parser.rest.isEmpty else { return nil }
    return expression
  }

  private mutating func alternatives() -> QueryExpression? {
    guard var expression = conjunction() else { return nil }
    while take(word: "OR") {
      guard let other = conjunction() else { return nil }
      expression = .or(expression, other)
    }
    return expression
  }

  private mutating func conjunction() -> QueryExpression? {
    guard var expression = term() else { return nil }
    while true {
      let isExplicit = take(word: "AND")
      if !isExplicit, rest.isEmpty || rest.first == ")" || isNext(word: "OR") { return expression }
      guard let other = term() else { return nil }
      expression = .and(expression, other)
    }
  }

  private mutating func term() -> QueryExpression? {
    if isNext(word: "AND") || isNext(word: "OR") { return nil }
    if take(word: "NOT") { return term().map { .not($0) } }
    if take("(") {
      guard let expression = alternatives(), take(")") else { return nil }
      return expression
    }
    let name = rest.prefix { $0.isLetter || $0 == "_" }
    guard !name.isEmpty, rest.dropFirst(name.count).first == ":" else { return text(field: nil) }
    rest.removeFirst(name.count + 1)
    skipBlanks()
    if name == "event_at" { return time() }
    return QueryExpression.Field(rawValue: String(name)).flatMap { text(field: $0) }
  }

  private mutating func text(field: QueryExpression.Field?) -> QueryExpression? {
    let isNegated = take("~")
    guard let value = value() else { return nil }
    let expression = QueryExpression.text(field: field, TextPattern(value))
    return isNegated ? .not(expression) : expression
  }

  private mutating func time() -> QueryExpression? {
    let isNegated = take("~")
    let relation = TimeComparison.Relation.allCases.first { rest.hasPrefix($0.rawValue) } ?? .at
    rest.removeFirst(relation.rawValue.count)
    skipBlanks()
    guard let value = value(), let bound = QueryTime.read(value, now: now) else { return nil }
    let expression = filter.apply(TimeComparison(relation: relation, bound: bound))
    return isNegated ? expression.map { .not($0) } : expression
  }

  /// A quoted value, or everything up to a blank or parenthesis.
  private mutating func value() -> Substring? {
    defer { skipBlanks() }
    if let quote = rest.first, quote == "\"" || quote == "'" {
      rest.removeFirst()
      guard let end = rest.firstIndex(of: quote) else { return nil }
      defer { rest = rest[rest.index(after: end)...] }
      return rest[..<end]
    }
    let word = rest.prefix { !$0.isWhitespace && $0 != "(" && $0 != ")" }
    rest = rest[word.endIndex...]
    return word.isEmpty ? nil : word
  }

  private func isNext(word: String) -> Bool {
    guard rest.hasPrefix(word) else { return false }
    return rest.dropFirst(word.count).first.map { $0.isWhitespace || $0 == "(" || $0 == ")" } ?? true
  }

  private mutating func take(word: String) -> Bool {
    guard isNext(word: word) else { return false }
    rest.removeFirst(word.count)
    skipBlanks()
    return true
  }

  private mutating func take(_ character: Character) -> Bool {
    guard rest.first == character else { return false }
    rest.removeFirst()
    skipBlanks()
    return true
  }

  private mutating func skipBlanks() {
    rest = rest.drop { $0.isWhitespace }
  }
}

/// Times in a query.
package enum QueryTime {
  /// Reads RFC 3339, a date (00:00 UTC), a time without a zone (UTC), or `3 days ago`; nil for anything else.
  package static func read(_ text: Substring, now: Timestamp) -> Timestamp? {
    if let time = Timestamp(rfc3339: String(text)) ?? Timestamp(rfc3339: "\(text)Z") { return time }
    if let day = Day(String(text)) { return day.start }
    let words = text.split(separator: " ")
    guard words.count == 3, words[2] == "ago", let count = Int64(words[0]), (0...100_000).contains(count)
    else { return nil }
    let unit = words[1].last == "s" ? words[1].dropLast() : words[1]
    return units[String(unit)].map { now - TimeSpan(microseconds: count * $0.microseconds) }
  }

  private static let units: [String: TimeSpan] = [
    "second": .seconds(1), "minute": .minutes(1), "hour": .hours(1), "day": .days(1), "week": .days(7),
    "month": .days(30), "year": .days(365),
  ]
}
