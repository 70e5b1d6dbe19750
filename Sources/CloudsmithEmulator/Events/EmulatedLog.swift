package import AuditRecord
import FoundationEssentials

/// One audit log: the events that have happened so far, and the source of those that happen while it is read.
package struct EmulatedLog: Sendable {
  package let name: LogName
  package private(set) var events = EventStore()
  /// When the log was asked last. What arrives is written no earlier; nil before the first request.
  package internal(set) var lastAsked: Timestamp?
  private var generator: EventGenerator

  package init(name: LogName, seed: UInt64) {
    self.name = name
    self.generator = EventGenerator(seed: seed, log: name)
  }

  /// An event arrives, with the time of its own `event_at` or, when that cannot be read, as the newest there is.
  ///
  /// In the log of a repository the members that only organisations have are cut out of the text.
  ///
  /// - Parameter written: when the log came to hold it; nil is its own time, or the last request if that is later.
  package mutating func insert(record: [UInt8], written: Timestamp? = nil) {
    let time = RecordText(record[...]).time ?? newest ?? Timestamp(microseconds: 0)
    insert(record: record, at: time, written: written)
  }

  /// An event made up by the log's own generator arrives.
  package mutating func insertGenerated(at time: Timestamp) {
    events.insert(at: time, written: firstShown(time)) { generator.append(at: time, to: &$0) }
  }

  /// An event leaves the log, as if it had never been there.
  package mutating func erase(_ index: Int) { events.remove(index) }

  /// The API tells an event with another `event_at` from now on.
  package mutating func move(_ index: Int, to time: Timestamp) {
    let text = RecordText(events.record(index)).with(time: time)
    events.move(index, to: time) { $0.append(contentsOf: text) }
  }

  /// Gives an event a member `attachment` of `x`, so that it has so many bytes.
  package mutating func enlarge(_ index: Int, to bytes: Int) {
    let text = events.record(index)
    guard let brace = text.first, text.count > 2 else { return }
    let attachment = [brace] + Array("\"attachment\":\"".utf8)
    let padding = max(0, bytes - text.count - attachment.count - 1)
    let large =
      attachment + Array(repeating: UInt8(ascii: "x"), count: padding) + Array("\",".utf8) + text.dropFirst()
    events.move(index, to: events.time(index)) { $0.append(contentsOf: large) }
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

  private mutating func insert(record: [UInt8], at time: Timestamp, written: Timestamp? = nil) {
    let text = name.repository == nil ? record : RecordText(record[...]).without(RecordText.organizationOnly)
    events.insert(at: time, written: written ?? firstShown(time)) { $0.append(contentsOf: text) }
  }

  private func firstShown(_ time: Timestamp) -> Timestamp { lastAsked.map { max($0, time) } ?? time }

  package var newest: Timestamp? { events.count == 0 ? nil : events.time(events.count - 1) }

  /// Every event of the log, newest first, as one JSON array. Erased events are not in it.
  package var truth: [UInt8] { events.json((0..<events.count).reversed()) }

  /// The events of the truth that were there at the mark and have not moved since, newest first, as one JSON array.
  package func steady(since mark: LogMark) -> [UInt8] { events.json(events.steady(since: mark).reversed()) }
}

/// A file of records for `--events`: one JSON array, as a page of the API is.
package enum EventFile {
  /// The records of the files, as written, in the order of the files.
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

  /// A time for every record: its own or, for a record without one, that of the record before it in the list.
  static func times(of records: [[UInt8]]) -> [Timestamp] {
    let own = records.map { RecordText($0[...]).time }
    var last = own.lazy.compactMap(\.self).first ?? Timestamp(microseconds: 0)
    return own.map { time in
      last = time ?? last
      return last
    }
  }
}

package struct EventFileError: Error, CustomStringConvertible {
  package var path: String
  package var reason: String

  package var description: String { "\(path) cannot serve as a file of events: \(reason)" }
}
