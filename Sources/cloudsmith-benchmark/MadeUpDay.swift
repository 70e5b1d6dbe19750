import AuditRecord
import CloudsmithEmulator
import PartitionFormats

/// The events of one day, an event an hour: the same ones whenever they are made.
struct MadeUpDay {
  let day: Day
  /// In the order of the archive.
  let rows: RowBatch

  init(_ day: Day, of log: LogName) throws {
    self.day = day
    let events = MadeUpDay.log(day, log).events
    var parser = EventParser()
    rows = try parser.parse(events.json(0..<events.count)).rows
    precondition(rows.count == events.count, "every made-up event is a row")
  }

  /// How many of its events have happened before a time.
  func count(before time: Timestamp) -> Int { rows.eventAt.count { $0 < time.microseconds } }

  /// The first events as a part file.
  func sealed(_ count: Int) async throws -> SealedDay {
    var content = DayContentHash()
    var bytes: [UInt8] = []
    var writer = try CSVPartWriter()
    let selection = RowSelection(rows, rows: (0..<Int32(count)).map { $0 })
    _ = try await writer.append(selection, content: &content) { bytes += $0 }
    let summary = try await writer.finish(content: &content) { bytes += $0 }
    return SealedDay(day: day, summary: summary, contentSHA256: content.sha256, bytes: bytes)
  }

  /// The events of these days as the API lists them, newest first.
  static func json(_ days: some BidirectionalCollection<Day>, of log: LogName) -> [UInt8] {
    var json = [UInt8(ascii: "[")]
    for day in days.reversed() {
      let events = self.log(day, log).events
      for index in (0..<events.count).reversed() {
        if json.count > 1 { json.append(UInt8(ascii: ",")) }
        json += events.record(index)
      }
    }
    return json + [UInt8(ascii: "]")]
  }

  private static func log(_ day: Day, _ name: LogName) -> EmulatedLog {
    var log = EmulatedLog(name: name, seed: UInt64(day.number))
    for hour in 0..<24 {
      // Two minutes past the hour, and some microseconds.
      let fraction = (day.number * 24 + Int64(hour)) * 7_919 % 1_000_000
      log.insertGenerated(at: day.start + .minutes(Double(hour * 60 + 2)) + TimeSpan(microseconds: fraction))
    }
    return log
  }
}

/// A day's part file, made and not yet in an archive.
struct SealedDay {
  let day: Day
  let summary: PartSummary
  let contentSHA256: String
  let bytes: [UInt8]
}
