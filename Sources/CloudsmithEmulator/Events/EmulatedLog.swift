package import AuditRecord

/// One audit log: the events that have happened so far, and the source of those that happen while it is read.
package struct EmulatedLog: Sendable {
  package let name: LogName
  package private(set) var events = EventStore()
  private var generator: EventGenerator

  package init(name: LogName, seed: UInt64) {
    self.name = name
    self.generator = EventGenerator(seed: seed, log: name)
  }

  /// An event arrives, with the time of its own `event_at` or, when that cannot be read, as the newest there is.
  ///
  /// In the log of a repository the members that only organisations have are cut out of the text.
  package mutating func insert(record: [UInt8]) {
    let time = RecordText(record[...]).time ?? newest ?? Timestamp(microseconds: 0)
    insert(record: record, at: time)
  }

  /// An event made up by the log's own generator arrives.
  package mutating func insertGenerated(at time: Timestamp) {
    events.insert(at: time) { generator.append(at: time, to: &$0) }
  }

  /// Adds many made-up events, spread over the window.
  package mutating func insert(_ generation: Generation) {
    for index in 0..<generation.count {
      insertGenerated(at: generation.time(of: index, seed: generator.seed))
    }
  }

  /// Adds records listed newest first, as pages list them.
  package mutating func insert(records: [[UInt8]]) {
    let times = EventFile.times(of: records)
    for index in records.indices.reversed().sorted(by: { times[$0] < times[$1] }) {
      insert(record: records[index], at: times[index])
    }
  }

  private mutating func insert(record: [UInt8], at time: Timestamp) {
    let text = name.repository == nil ? record : RecordText(record[...]).without(RecordText.organizationOnly)
    events.insert(at: time) { $0.append(contentsOf: text) }
  }

  package var newest: Timestamp? { events.count == 0 ? nil : events.time(events.count - 1) }

  /// Every event the log ever had, newest first, as one JSON array.
  package var truth: [UInt8] { events.json((0..<events.count).reversed()) }
}
