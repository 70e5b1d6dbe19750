import AuditRecord

/// Looks at the rows of a day as they come, part after part: are they of that day, and in order?
struct RowCheck {
  private let day: Day
  private var lastTime = Int64.min
  private var lastUUID: [UInt8] = []

  // Of the present part.
  private var row = 0
  private var outOfOrder = (rows: 0, first: 0)
  private var outside = (rows: 0, first: 0, eventAt: Int64(0))

  init(day: Day) { self.day = day }

  mutating func beginPart() {
    (row, outOfOrder, outside) = (0, (0, 0), (0, 0, 0))
  }

  mutating func add(_ batch: RowBatch) {
    let (start, end) = (day.start.microseconds, day.end.microseconds)
    // Where the uuid of the row before stands: in this batch, or, for its first row, in the one before.
    var previous: Range<Int>?
    for index in 0..<batch.count {
      row += 1
      let time = batch.eventAt[index]
      guard start <= time, time < end else {
        if outside.rows == 0 { (outside.first, outside.eventAt) = (row, time) }
        outside.rows += 1
        continue
      }
      let uuid = batch.cell(.uuid, index).range
      // A row equal to the one before is told as a duplicate.
      let isBehind =
        time < lastTime
        || time == lastTime
          && (previous.map { batch.bytes[uuid].lexicographicallyPrecedes(batch.bytes[$0]) }
            ?? batch.bytes[uuid].lexicographicallyPrecedes(lastUUID))
      if isBehind {
        if outOfOrder.rows == 0 { outOfOrder.first = row }
        outOfOrder.rows += 1
      }
      lastTime = time
      previous = uuid
    }
    if let previous { lastUUID = Array(batch.bytes[previous]) }
  }

  /// What is wrong with the rows of the present part.
  var flaws: [Flaw] {
    var flaws: [Flaw] = []
    if outside.rows > 0 {
      flaws.append(
        .wrongDay(
          rows: outside.rows, first: outside.first, eventAt: Timestamp(microseconds: outside.eventAt)))
    }
    if outOfOrder.rows > 0 { flaws.append(.outOfOrder(rows: outOfOrder.rows, first: outOfOrder.first)) }
    return flaws
  }
}
