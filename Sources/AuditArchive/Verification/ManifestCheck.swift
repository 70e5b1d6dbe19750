import AuditRecord

/// Compares a manifest with the sum of the commits up to its own, member by member.
struct ManifestCheck {
  private(set) var findings: [Finding] = []
  private let path: String
  private let number: Int

  init(_ recorded: RecordedManifest, sum: Manifest, path: String) {
    self.path = path
    self.number = recorded.manifest.commit
    let expected = ArchiveJSON.encode(sum)
    guard recorded.bytes != expected else { return }
    let found = recorded.manifest
    compareText(recorded.bytes, expected, found)
    comparePartitions(sum, found)
    expect("quarantine", sum.quarantine.map(\.path).list, found.quarantine.map(\.path).list)
    for (sum, found) in zip(sum.quarantine, found.quarantine) where sum.path == found.path {
      expect("quarantine \(sum.path) bytes", "\(sum.bytes)", "\(found.bytes)")
      expect("quarantine \(sum.path) records", "\(sum.records)", "\(found.records)")
      expect("quarantine \(sum.path) sha256", sum.sha256, found.sha256)
    }
    if findings.isEmpty {
      add(.altered(.sha256(expected: sha256Hex(expected), found: sha256Hex(recorded.bytes))))
    }
  }

  /// Compares all members but days and quarantine, which have their own comparison, and `commit_sha256`, which `ChainCheck` checks.
  private mutating func compareText(_ bytes: [UInt8], _ expected: [UInt8], _ found: Manifest) {
    let differences: [RecordText.Difference]
    do throws(JSONTreeError) {
      differences = try RecordText(bytes, expected: expected)?.differences ?? []
    } catch {
      return add(.unreadable("\(error)"))
    }
    for difference in differences
    where !["partitions", "quarantine", "commit_sha256"].contains(difference.member) {
      // It agrees with the manifest's own, wrong, quarantine.
      if difference.found == .scalar("\(found.quarantinedRecords)"),
        difference.member == "quarantined_records"
      {
        continue
      }
      add(difference.problem { .wrongManifest(member: $0, expected: $1, found: $2) })
    }
  }

  private mutating func add(_ problem: Finding.Problem, _ day: Day? = nil) {
    findings.append(Finding(problem, at: path, day: day, commit: number))
  }

  private mutating func expect(_ member: String, _ expected: String, _ found: String, _ day: Day? = nil) {
    if found != expected {
      add(.wrongManifest(member: member, expected: expected, found: found), day)
    }
  }

  private mutating func comparePartitions(_ sum: Manifest, _ found: Manifest) {
    var named: Set<Day> = []
    for partition in found.partitions {
      let day = partition.eventDate
      guard named.insert(day).inserted else {
        expect("partitions", "one entry for \(day)", "another one", day)
        continue
      }
      if let expected = sum.partition(day) {
        compare(expected, partition, day)
      } else {
        expect("partitions", "no entry for \(day)", "an entry", day)
      }
    }
    for partition in sum.partitions where !named.contains(partition.eventDate) {
      expect("partitions", "an entry for \(partition.eventDate)", "none", partition.eventDate)
    }
  }

  private mutating func compare(_ sum: Partition, _ found: Partition, _ day: Day) {
    guard sum != found else { return }
    expect("state", sum.state.rawValue, found.state.rawValue, day)
    expect("revision", "\(sum.revision)", "\(found.revision)", day)
    expect("changed_in_commit", "\(sum.changedInCommit)", "\(found.changedInCommit)", day)
    expect("rows", "\(sum.rows)", "\(found.rows)", day)
    expect("min_event_at", sum.minEventAt.text, found.minEventAt.text, day)
    expect("max_event_at", sum.maxEventAt.text, found.maxEventAt.text, day)
    expect("content_sha256", sum.contentSHA256, found.contentSHA256, day)
    expect("files", sum.files.map(\.path).list, found.files.map(\.path).list, day)
    for (sum, found) in zip(sum.files, found.files) where sum.path == found.path {
      expect("files format", sum.format.rawValue, found.format.rawValue, day)
      expect("files rows", "\(sum.rows)", "\(found.rows)", day)
      expect("files bytes", "\(sum.bytes)", "\(found.bytes)", day)
      expect("files uncompressed_bytes", "\(sum.uncompressedBytes)", "\(found.uncompressedBytes)", day)
      expect("files sha256", sum.sha256, found.sha256, day)
      expect("files min_event_at", "\(sum.minEventAt)", "\(found.minEventAt)", day)
      expect("files max_event_at", "\(sum.maxEventAt)", "\(found.maxEventAt)", day)
    }
  }
}

extension Timestamp? {
  fileprivate var text: String { map { "\($0)" } ?? "null" }
}

/// Compares the entries of the days with the coverage.
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
      // Report the first missing day: the entries are sorted, so it is where they first differ from the calendar.
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
