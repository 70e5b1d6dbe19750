package import AuditRecord
import FoundationEssentials

/// One audit log: the events so far, and a generator for events that happen while the log is read.
package struct EmulatedLog: Sendable {
  package let name: LogName
  /// The events that are in the log now.
  package private(set) var events = EventStore()
  /// The time of the last request; nil before the first one. Events that arrive later count as written no earlier than this.
  package internal(set) var lastRequestTime: Timestamp?
  private var generator: EventGenerator

  /// An empty log. Generated events depend on the seed and the name.
  package init(name: LogName, seed: UInt64) {
    self.name = name
    self.generator = EventGenerator(seed: seed, log: name)
  }

  /// Inserts an event at the time of its `event_at`. If that cannot be read, it becomes the newest event.
  ///
  /// In the log of a repository, members that only logs of organizations have are removed from the text.
  ///
  /// - Parameter written: when the event was written to the log; nil means its own time or the time of the last request,
  ///   whichever is later.
  package mutating func insert(record: [UInt8], written: Timestamp? = nil) {
    let time = RecordText(record[...]).time ?? newest ?? Timestamp(microseconds: 0)
    insert(record: record, at: time, written: written)
  }

  /// Inserts a generated event.
  package mutating func insertGenerated(at time: Timestamp) {
    events.insert(at: time, written: firstShown(time)) { generator.append(at: time, to: &$0) }
  }

  /// Removes an event from the log and from the truth. The index must exist.
  package mutating func erase(_ index: Int) { events.remove(index) }

  /// Changes the `event_at` of an event. The index must exist.
  package mutating func move(_ index: Int, to time: Timestamp) {
    let text = RecordText(events.record(index)).with(time: time)
    events.move(index, to: time) { $0.append(contentsOf: text) }
  }

  /// Pads an event to this many bytes with a member `attachment`. The index must exist.
  package mutating func enlarge(_ index: Int, to bytes: Int) {
    let text = events.record(index)
    guard let brace = text.first, text.count > 2 else { return }
    let attachment = [brace] + Array("\"attachment\":\"".utf8)
    let padding = max(0, bytes - text.count - attachment.count - 1)
    let large =
      attachment + Array(repeating: UInt8(ascii: "x"), count: padding) + Array("\",".utf8) + text.dropFirst()
    events.move(index, to: events.time(index)) { $0.append(contentsOf: large) }
  }

  /// Inserts generated events, spread over the window. Takes about a second per million.
  package mutating func insert(_ generation: Generation) {
    for index in 0..<generation.count {
      insertGenerated(at: generation.time(of: index, seed: generator.seed))
    }
  }

  /// Inserts records that are listed newest first, as pages list them.
  package mutating func insert(records: [[UInt8]]) {
    let times = EventFile.times(of: records)
    for index in records.indices.reversed().sorted(by: { times[$0] < times[$1] }) {
      insert(record: records[index], at: times[index])
    }
  }

  private mutating func insert(record: [UInt8], at time: Timestamp, written: Timestamp? = nil) {
    let text = name.repository == nil ? record : RecordText(record[...]).without(RecordText.organizationOnly)
    events.insert(at: time, written: written ?? firstShown(time)) { $0.append(contentsOf: text) }
  }

  private func firstShown(_ time: Timestamp) -> Timestamp { lastRequestTime.map { max($0, time) } ?? time }

  /// The time of the newest event; nil if the log is empty.
  package var newest: Timestamp? { events.count == 0 ? nil : events.time(events.count - 1) }

  /// Every event of the log as one JSON array, newest first, without erased events.
  package var truth: [UInt8] { events.json((0..<events.count).reversed()) }

  /// The events that were in the log at the mark and have not moved since, as one JSON array, newest first.
  package func steady(since mark: LogMark) -> [UInt8] { events.json(events.steady(since: mark).reversed()) }
}

/// Reads files of events for `--events`. Each is one JSON array, like a page of the API.
package enum EventFile {
  /// Reads the records of the files, byte for byte, in the order of the files.
  ///
  /// - Throws: if a file cannot be read or is not one JSON array.
  package static func read(_ paths: [String]) throws(EventFileError) -> [[UInt8]] {
    var records: [[UInt8]] = []
    for path in paths {
      let bytes: [UInt8]
      do {
        bytes = try Array(Data(contentsOf: URL(filePath: path)))
      } catch {
        throw EventFileError(path: path, reason: "no such file, or it cannot be read")
      }
      switch JSONText.elements(of: bytes) {
      case .success(let elements):
        records.append(contentsOf: elements.map { Array(bytes[$0]) })
      case .failure(let fault):
        throw EventFileError(path: path, reason: "it is not one JSON array (at byte \(fault.offset))")
      }
    }
    return records
  }

  /// A time for each record. A record without a readable time gets the time of the record before it.
  static func times(of records: [[UInt8]]) -> [Timestamp] {
    let own = records.map { RecordText($0[...]).time }
    var last = own.lazy.compactMap(\.self).first ?? Timestamp(microseconds: 0)
    return own.map { time in
      last = time ?? last
      return last
    }
  }
}

/// A file that cannot serve as a file of events.
package struct EventFileError: Error, CustomStringConvertible {
  package var path: String
  package var reason: String

  package var description: String { "\(path) cannot serve as a file of events: \(reason)" }
}
