import AuditArchive
import AuditRecord

/// Every day, one a line.
struct DayTable {
  let partitions: [Partition]

  var lines: [String] {
    var lines = ["day         state    rev        rows       bytes"]
    var days = partitions[...]
    while let day = days.popFirst() {
      // A stretch of days on which nothing happened, and nothing can any more, is one line.
      let quiet = days.prefix { $0.isQuiet }
      if day.isQuiet, quiet.count > 1, let last = quiet.last {
        lines.append("\(day.eventDate)  settled    0           0           0  and so to \(last.eventDate)")
        days = days.dropFirst(quiet.count)
        continue
      }
      let bytes = day.files.reduce(0) { $0 + $1.bytes }
      lines.append(
        "\(day.eventDate)  \(day.state == .open ? "open   " : "settled")\(right(String(day.revision), 5))"
          + "\(right(day.rows.grouped, 12))\(right(bytes.grouped, 12))")
    }
    return lines
  }
}

extension Partition {
  fileprivate var isQuiet: Bool { rows == 0 && revision == 0 && state == .settled }
}
