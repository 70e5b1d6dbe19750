import AuditRecord

/// Whether the entries of the days agree with what is covered.
struct CoverageCheck {
  private(set) var findings: [Finding] = []

  init(_ state: Manifest, path: String) {
    for partition in state.partitions where partition.state == .settled {
      let day = partition.eventDate
      if state.standing.isWhole(day) { continue }
      findings.append(
        Finding(
          .wrongCoverage(.state, expected: Partition.State.open.rawValue, found: partition.state.rawValue),
          at: path, day: day))
    }
    let days = state.partitions.map(\.eventDate)
    for window in state.coverage.intervals {
      guard let touched = window.days else { continue }
      let first = days.partitioningIndex { $0 >= touched.lowerBound }
      let last = days.partitioningIndex { $0 > touched.upperBound }
      guard last - first < touched.count else { continue }
      // The first hole is enough to name: the entries are sorted, so it is where they fall behind the calendar.
      let missing =
        zip(days[first..<last], touched).first { $0 != $1 }?.1
        ?? touched.lowerBound.advanced(by: last - first)
      findings.append(
        Finding(
          .wrongCoverage(
            .partitions,
            expected: "\(touched.count) entries from \(touched.lowerBound) to \(touched.upperBound)",
            found: "\(last - first)"),
          at: path, day: missing))
    }
  }
}
