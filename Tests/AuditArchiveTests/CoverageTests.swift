import AuditArchive
import AuditRecord
import TestSupport
import Testing

/// Against the plainest model there is: six microseconds, each covered or not. Every set, every window, every pair.
@Suite(.fewAtOnce) struct CoverageTests {
  static let length = 6
  static let sets = (0..<(1 << length)).map { number in (0..<length).map { number & (1 << $0) != 0 } }
  static let windows = (0...length).flatMap { from in (0...length).map { span(from, $0) } }

  static func span(_ from: Int, _ to: Int) -> Window {
    Window(from: Timestamp(microseconds: Int64(from)), to: Timestamp(microseconds: Int64(to)))
  }

  static func coverage(_ set: [Bool]) -> Coverage {
    Coverage(set.indices.filter { set[$0] }.map { span($0, $0 + 1) })
  }

  static func set(_ windows: [Window]) -> [Bool] {
    (0..<length).map { instant in windows.contains { $0.contains(Timestamp(microseconds: Int64(instant))) } }
  }

  @Test func `coverage is sorted windows that are not empty, do not overlap and do not touch`() {
    for set in Self.sets {
      let intervals = Self.coverage(set).intervals
      #expect(Self.set(intervals) == set)
      #expect(intervals.allSatisfy { !$0.isEmpty })
      #expect(zip(intervals, intervals.dropFirst()).allSatisfy { $0.to < $1.from })
    }
  }

  @Test func `insert, subtract, intersect, contain and gaps agree with sets of instants`() {
    for set in Self.sets {
      let coverage = Self.coverage(set)
      for window in Self.windows {
        let other = Self.set([window])
        var inserted = coverage
        inserted.insert(window)
        #expect(inserted == Self.coverage(zip(set, other).map { $0 || $1 }), "\(set) + \(window)")
        var subtracted = coverage
        subtracted.subtract(window)
        #expect(subtracted == Self.coverage(zip(set, other).map { $0 && !$1 }), "\(set) - \(window)")
        #expect(
          coverage.intersection(window) == Self.coverage(zip(set, other).map { $0 && $1 }),
          "\(set) & \(window)")
        #expect(coverage.contains(window) == zip(set, other).allSatisfy { $0 || !$1 }, "\(set) > \(window)")
        let gaps = Coverage(coverage.gaps(in: window))
        #expect(gaps == Self.coverage(zip(set, other).map { !$0 && $1 }), "gaps of \(set) in \(window)")
        #expect(gaps.intervals == coverage.gaps(in: window))
      }
    }
  }

  @Test func `the intersection of two coverages agrees with sets of instants`() {
    for one in Self.sets {
      for other in Self.sets {
        let both = Self.coverage(zip(one, other).map { $0 && $1 })
        #expect(Self.coverage(one).intersection(Self.coverage(other)) == both)
      }
    }
  }

  @Test func `the first covered run ends at the first instant that is not covered`() {
    for set in Self.sets {
      for start in 0..<Self.length {
        let instant = Timestamp(microseconds: Int64(start))
        let end = (start..<Self.length).first { !set[$0] } ?? Self.length
        #expect(Self.coverage(set).endOfRun(from: instant) == Timestamp(microseconds: Int64(end)))
        #expect(Self.coverage(set).contains(instant) == set[start])
      }
    }
  }

  @Test func `without coverage, the run from any start is empty`() {
    #expect(Coverage().endOfRun(from: at("2024-02-12T00:00:00Z")) == at("2024-02-12T00:00:00Z"))
    #expect(Coverage().end == nil)
  }
}
