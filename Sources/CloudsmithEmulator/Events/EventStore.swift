package import AuditRecord

/// The events of one audit log as the text that is served, ordered by `event_at` and then by arrival.
///
/// Indices count from the oldest event, so appending the newest event changes no index. Other insertions, removals and
/// moves change indices; the arrival number of an event never changes. Methods that take an index require that it exists.
package struct EventStore: Sendable {
  private struct Entry {
    var time: Timestamp
    var written: Timestamp
    var block: Int32
    var offset: Int32
    var length: Int32
    var arrival: Int32
  }

  private var entries: [Entry] = []
  /// Record texts, one after the other. With many blocks, growth copies no text.
  private var blocks: [[UInt8]] = []
  /// Removed events, and the earlier forms of moved events, in the order of the changes.
  private var former: [Entry] = []
  /// The version after the last move of an event, by arrival number.
  private var moves: [Int32: Int] = [:]
  /// Grows whenever an event arrives, moves or is removed.
  private(set) var version = 0
  /// The number of events that ever arrived.
  package private(set) var arrivals = 0

  private static let blockSize = 1 << 22

  package init() {}

  /// The number of events in the log, without removed ones.
  package var count: Int { entries.count }

  /// The `event_at` of an event.
  package func time(_ index: Int) -> Timestamp { entries[index].time }

  /// When the event was written to the log, which can be later than its own time.
  package func written(_ index: Int) -> Timestamp { entries[index].written }

  /// The position of the event in the order of arrival, from 1. It identifies the event permanently.
  package func arrival(_ index: Int) -> Int { Int(entries[index].arrival) }

  /// The index of the event with this arrival number; nil if it was removed. Takes time proportional to `count`.
  package func index(ofArrival arrival: Int) -> Int? { entries.firstIndex { $0.arrival == arrival } }

  /// The JSON text of one event.
  package func record(_ index: Int) -> ArraySlice<UInt8> { text(of: entries[index]) }

  private func text(of entry: Entry) -> ArraySlice<UInt8> {
    blocks[Int(entry.block)][Int(entry.offset)..<Int(entry.offset + entry.length)]
  }

  /// Inserts an event whose text `write` appends. It comes after the other events of the same time.
  ///
  /// - Parameter written: when the event was written to the log; nil means `time`.
  package mutating func insert(
    at time: Timestamp, written: Timestamp? = nil, _ write: (inout [UInt8]) -> Void
  ) {
    arrivals += 1
    place(at: time, written: written ?? time, arrival: Int32(arrivals), write)
  }

  /// Removes an event.
  package mutating func remove(_ index: Int) {
    former.append(entries.remove(at: index))
    version += 1
  }

  /// Gives an event another time and the text that `write` appends. It keeps its arrival number.
  package mutating func move(_ index: Int, to time: Timestamp, _ write: (inout [UInt8]) -> Void) {
    let entry = entries.remove(at: index)
    former.append(entry)
    place(at: time, written: entry.written, arrival: entry.arrival, write)
    moves[entry.arrival] = version
  }

  private mutating func place(
    at time: Timestamp, written: Timestamp, arrival: Int32, _ write: (inout [UInt8]) -> Void
  ) {
    if blocks.last.map({ $0.count >= EventStore.blockSize - 4_096 }) ?? true {
      blocks.append([])
    }
    let block = blocks.count - 1
    let offset = blocks[block].count
    write(&blocks[block])
    let entry = Entry(
      time: time, written: written, block: Int32(block), offset: Int32(offset),
      length: Int32(blocks[block].count - offset), arrival: arrival)
    if let last = entries.last, time < last.time {
      entries.insert(entry, at: firstIndex(after: time))
    } else {
      entries.append(entry)
    }
    version += 1
  }

  /// The index of the oldest event at or after `time`; `count` if there is none. Binary search.
  package func firstIndex(from time: Timestamp) -> Int { partition { $0 < time } }

  /// The index of the oldest event after `time`; `count` if there is none. Binary search.
  package func firstIndex(after time: Timestamp) -> Int { partition { $0 <= time } }

  private func partition(_ isBefore: (Timestamp) -> Bool) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if isBefore(entries[middle].time) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The present state, for a later call of `steady`.
  package var mark: LogMark { LogMark(arrivals: arrivals, version: version) }

  /// The indices of the events that existed at the mark and have not moved since.
  package func steady(since mark: LogMark) -> [Int] {
    entries.indices.filter { index in
      let arrival = entries[index].arrival
      return arrival <= mark.arrivals && moves[arrival] ?? 0 <= mark.version
    }
  }

  /// The events at these indices as a JSON array, byte for byte.
  package func json(_ indices: some Sequence<Int>) -> [UInt8] { json(of: indices.lazy.map { entries[$0] }) }

  /// Removed events, and moved events as they were before, as a JSON array.
  package var formerJSON: [UInt8] { json(of: former) }

  private func json(of entries: some Sequence<Entry>) -> [UInt8] {
    var json: [UInt8] = [UInt8(ascii: "[")]
    json.reserveCapacity(entries.underestimatedCount * 768 + 2)
    for entry in entries {
      if json.count > 1 { json.append(UInt8(ascii: ",")) }
      json.append(contentsOf: text(of: entry))
    }
    json.append(UInt8(ascii: "]"))
    return json
  }
}

/// A state of a log. `steady(since:)` finds the events that are unchanged since then.
package struct LogMark: Sendable, Hashable {
  /// The number of events that had arrived.
  package var arrivals: Int
  /// The version of the store.
  package var version: Int
}
