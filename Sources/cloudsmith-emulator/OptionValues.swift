import ArgumentParser
import AuditRecord
import CloudsmithEmulator

/// A length of time, such as 90s, 10m or 1h.
struct Span: ExpressibleByArgument {
  let span: TimeSpan

  init(_ span: TimeSpan) {
    self.span = span
  }

  init?(argument: String) {
    guard let span = TimeSpan(argument) else { return nil }
    self.span = span
  }

  var defaultValueDescription: String { "\(span.microseconds / 3_600_000_000)h" }
}

/// A count of events, or a length of time.
struct ReplicaLag: ExpressibleByArgument {
  let lag: LaggingReplica.Lag

  init?(argument: String) {
    if let count = Int(argument), count >= 0 {
      lag = .events(count)
    } else if let span = TimeSpan(argument) {
      lag = .span(span)
    } else {
      return nil
    }
  }
}

/// A count of responses, or a length of time; 0 means forever.
struct CountLifetime: ExpressibleByArgument {
  let lifetime: CachedCount.Lifetime

  init?(argument: String) {
    if let count = Int(argument), count >= 0 {
      lifetime = count == 0 ? .forever : .answers(count)
    } else if let span = TimeSpan(argument) {
      lifetime = .span(span)
    } else {
      return nil
    }
  }
}

/// Numbers of replicas, separated by commas.
struct ReplicaOrder: ExpressibleByArgument {
  let copies: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    copies = parts.compactMap { Int($0) }.filter { $0 >= 0 }
    guard copies.count == parts.count else { return nil }
  }
}

extension RequestRange: ExpressibleByArgument {
  /// `5` means from request 5 on, `5+3` requests 5 to 7.
  init?(argument: String) {
    let parts = argument.split(separator: "+", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard parts.count <= 2, parts.allSatisfy({ $0 > 0 }) else { return nil }
    self.init(from: parts[0], length: parts.count == 2 ? parts[1] : nil)
  }

  var defaultValueDescription: String { "1" }
}

extension PageRefusal: ExpressibleByArgument {
  init?(argument: String) {
    if argument == "empty" {
      self = .empty
    } else if let status = Int(argument), (400...599).contains(status) {
      self = .status(status)
    } else {
      return nil
    }
  }

  var defaultValueDescription: String { "404" }
}

extension MisplacedEvents.Move: ExpressibleByArgument {
  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false).compactMap { Int($0) }
    guard parts.count == 2, parts[0] >= 0, parts[0] < parts[1] else { return nil }
    self.init(from: parts[0], to: parts[1])
  }
}

extension LargeEvent.Size: ExpressibleByArgument {
  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false).compactMap { Int($0) }
    guard parts.count == 2, parts.allSatisfy({ $0 >= 0 }) else { return nil }
    self.init(place: parts[0], bytes: parts[1])
  }
}

extension EmptyList.Fields: ExpressibleByArgument {}
extension ErasedEvents.Place: ExpressibleByArgument {}
