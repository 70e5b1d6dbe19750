package import AuditRecord

/// Every event of one audit log, as the text that is served, in total order: by `event_at`, then by arrival.
///
/// Nothing is ever removed. The index of an event counts from the oldest, so that a new event at the end moves none.
package struct EventStore: Sendable {
  private struct Entry {
    var time: Timestamp
    var block: Int32
    var offset: Int32
    var length: Int32
  }

  private var entries: [Entry] = []
  /// Record texts one after the other. Many blocks rather than one, so that growth never copies what is there.
  private var blocks: [[UInt8]] = []
  /// Changes whenever an event arrives.
  private(set) var version = 0

  private static let blockSize = 1 << 22

  package init() {}

  package var count: Int { entries.count }

  package func time(_ index: Int) -> Timestamp { entries[index].time }

  /// The text of one event, as it arrived.
  package func record(_ index: Int) -> ArraySlice<UInt8> {
    let entry = entries[index]
    return blocks[Int(entry.block)][Int(entry.offset)..<Int(entry.offset + entry.length)]
  }

  /// Adds an event whose text `write` appends; among events of the same time it is the newest.
  package mutating func insert(at time: Timestamp, _ write: (inout [UInt8]) -> Void) {
    if blocks.last.map({ $0.count >= EventStore.blockSize - 4_096 }) ?? true {
      blocks.append([])
    }
    let block = blocks.count - 1
    let offset = blocks[block].count
    write(&blocks[block])
    let entry = Entry(
      time: time, block: Int32(block), offset: Int32(offset), length: Int32(blocks[block].count - offset))
    if let last = entries.last, time < last.time {
      entries.insert(entry, at: firstIndex(after: time))
    } else {
      entries.append(entry)
    }
    version += 1
  }

  /// The index of the oldest event at or after `time`; `count` when there is none.
  package func firstIndex(from time: Timestamp) -> Int { partition { $0 < time } }

  /// The index of the oldest event after `time`; `count` when there is none.
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

  /// The events of these indices as a JSON array, their bytes untouched.
  package func json(_ indices: some Sequence<Int>) -> [UInt8] {
    var json: [UInt8] = [UInt8(ascii: "[")]
    json.reserveCapacity(indices.underestimatedCount * 768 + 2)
    for index in indices {
      if json.count > 1 { json.append(UInt8(ascii: ",")) }
      json.append(contentsOf: record(index))
    }
    json.append(UInt8(ascii: "]"))
    return json
  }
}
