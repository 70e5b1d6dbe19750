import AuditRecord
import CloudsmithEmulator
import Synchronization
import TestSupport

/// All events of a simulated log, in the order in which the API first showed them.
final class Ledger: Sendable {
  struct Entry: Sendable {
    var event: Event
    /// When the API first showed it.
    var visible: Timestamp

    var lateness: TimeSpan { visible - event.time }
  }

  /// The longest time between an event and its visibility.
  let lateBound: TimeSpan
  private let written = Mutex<[Entry]>([])

  init(lateBound: TimeSpan) {
    self.lateBound = lateBound
  }

  var count: Int { written.withLock(\.count) }
  var entries: [Entry] { written.withLock(\.self) }

  /// Inserts one event, or several at one instant, that become visible at `now`. Most are current, some are late, some share
  /// the time of another event, and some are next to midnight.
  func happen(at now: Timestamp, in log: inout EmulatedLog, _ random: inout SeededRandom) {
    if random.once(in: 400) {
      let number = UInt64.random(in: 0...UInt64.max, using: &random)
      return log.insert(record: Array(#"{"uuid": "unreadable-\#(number)", "event_at": null}"#.utf8))
    }
    let time = time(at: now, &random)
    for _ in 0..<(random.once(in: 6) ? Int.random(in: 2...9, using: &random) : 1) {
      write(at: time, visible: now, into: &log)
    }
  }

  private func time(at now: Timestamp, _ random: inout SeededRandom) -> Timestamp {
    let oldest = now - lateBound
    switch Int.random(in: 0..<12, using: &random) {
    case 0:
      return Timestamp(microseconds: .random(in: oldest.microseconds...now.microseconds, using: &random))
    case 1, 2:
      let tied = written.withLock { $0.isEmpty ? now : random.pick($0).event.time }
      return tied >= oldest ? tied : now
    case 3:
      return written.withLock { $0.last?.event.time }.flatMap { $0 >= oldest ? $0 : nil } ?? now
    case 4:
      let midnight = Day(containing: now).start
      let edge = Timestamp(microseconds: midnight.microseconds - (random.once(in: 2) ? 1 : 0))
      return edge >= oldest ? edge : now
    default:
      return now
    }
  }

  private func write(at time: Timestamp, visible: Timestamp, into log: inout EmulatedLog) {
    let text = written.withLock { written in
      // Neither in the order of arrival nor against it.
      let number = UInt64(written.count &+ 1) &* 0x9E37_79B9_7F4A_7C15
      let uuid = String(number, radix: 16)
      written.append(Entry(event: Event(time: time, uuid: uuid), visible: visible))
      return #"{"uuid": "\#(uuid)", "event_at": "\#(time)", "object": "of \#(uuid)"}"#
    }
    log.insert(record: Array(text.utf8))
  }
}
