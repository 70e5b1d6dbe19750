import AuditArchive
import AuditExport
import AuditRecord
import TestSupport
import Testing

private func window(_ from: String, _ to: String) -> Window { Window(from: time(from), to: time(to)) }

@Suite(.fewAtOnce) struct ExportPlanTests {
  private let now = time("2024-02-08T12:00:00Z")

  private func plan(
    _ request: ExportSettings.Request, coverage: [Window] = [], due: [Window] = [], start: Timestamp? = nil,
    oldestVisible: Timestamp? = nil, _ adjust: (inout ExportSettings) -> Void = { _ in }
  ) -> ExportPlan {
    var settings = ExportSettings(request: request)
    adjust(&settings)
    let standing = start.map {
      ExportPlan.PlanInput(start: $0, coverage: Coverage(coverage), lookbackDue: Coverage(due))
    }
    return ExportPlan(settings, standing: standing, now: now, oldestVisible: oldestVisible)
  }

  @Test func `a first backfill plans everything from the start to the settle window`() {
    let plan = plan(.incremental(backfillStart: time("2024-01-15T08:00:00Z")))
    #expect(plan.wanted.intervals == [window("2024-01-15T08:00:00Z", "2024-02-08T11:50:00Z")])
    #expect(plan.start == time("2024-01-15T08:00:00Z"))
    #expect(plan.notes == [])
  }

  @Test func `a nightly run plans the new time and the lookback, and nothing else`() {
    let plan = plan(
      .incremental(backfillStart: nil),
      coverage: [window("2024-01-15T00:00:00Z", "2024-02-07T11:50:00Z")], start: time("2024-01-15T00:00:00Z"))
    #expect(plan.wanted.intervals == [window("2024-02-06T11:50:00Z", "2024-02-08T11:50:00Z")])
  }

  @Test func `the lookback never extends before the start`() {
    let plan = plan(
      .incremental(backfillStart: nil),
      coverage: [window("2024-02-07T09:00:00Z", "2024-02-07T11:50:00Z")], start: time("2024-02-07T09:00:00Z"))
    #expect(plan.wanted.intervals == [window("2024-02-07T09:00:00Z", "2024-02-08T11:50:00Z")])
  }

  @Test func `a gap is planned, but not the coverage around it`() {
    let plan = plan(
      .incremental(backfillStart: nil),
      coverage: [
        window("2024-01-15T00:00:00Z", "2024-01-20T00:00:00Z"),
        window("2024-01-22T00:00:00Z", "2024-02-08T11:40:00Z"),
      ], start: time("2024-01-15T00:00:00Z")
    ) { $0.lookback = .hours(1) }
    #expect(
      plan.wanted.intervals == [
        window("2024-01-20T00:00:00Z", "2024-01-22T00:00:00Z"),
        window("2024-02-08T10:40:00Z", "2024-02-08T11:50:00Z"),
      ])
  }

  @Test func `an outstanding lookback is planned wherever it lies`() {
    let due = [
      window("2024-01-14T12:00:00Z", "2024-01-16T00:00:00Z"),
      window("2024-01-20T06:00:00Z", "2024-01-21T00:00:00Z"),
    ]
    let plan = plan(
      .incremental(backfillStart: nil),
      coverage: [window("2024-01-15T00:00:00Z", "2024-02-08T11:40:00Z")], due: due,
      start: time("2024-01-15T00:00:00Z")
    ) { $0.lookback = .hours(1) }
    #expect(
      plan.wanted.intervals == [
        due[0], due[1],
        window("2024-02-08T10:40:00Z", "2024-02-08T11:50:00Z"),
      ])
  }

  @Test func `without a backfill start, a new archive starts now and plans nothing`() {
    let plan = plan(.incremental(backfillStart: nil))
    #expect(plan.beginsNow)
    #expect(plan.wanted.intervals.isEmpty)
    #expect(plan.notes == [.beginsNow(now)])
  }

  @Test func `a start before the retention is moved to its limit, and the plan says so`() {
    let plan = plan(.incremental(backfillStart: time("2020-01-01T00:00:00Z")))
    let reach = now - .days(365)
    #expect(plan.start == reach)
    #expect(
      plan.notes == [
        .beyondReach(Window(from: time("2020-01-01T00:00:00Z"), to: reach), retention: .days(365))
      ])
    #expect(plan.wanted.intervals.first?.from == reach)
  }

  @Test func `an unchanged start before the retention changes nothing in later runs`() {
    let plan = plan(
      .incremental(backfillStart: time("2020-01-01T00:00:00Z")),
      coverage: [window("2023-02-01T00:00:00Z", "2024-02-07T00:00:00Z")], start: time("2023-02-01T00:00:00Z"))
    #expect(plan.start == time("2023-02-01T00:00:00Z"))
    #expect(plan.notes == [])
  }

  @Test func `a gap beyond the API's retention is reported and not fetched`() {
    let plan = plan(
      .incremental(backfillStart: nil),
      coverage: [
        window("2023-01-01T00:00:00Z", "2023-01-10T00:00:00Z"),
        window("2024-01-01T00:00:00Z", "2024-02-08T11:00:00Z"),
      ],
      start: time("2023-01-01T00:00:00Z"))
    let reach = now - .days(365)
    #expect(
      plan.notes == [
        .beyondReach(Window(from: time("2023-01-10T00:00:00Z"), to: reach), retention: .days(365))
      ])
    #expect(plan.wanted.intervals.first == Window(from: reach, to: time("2024-01-01T00:00:00Z")))
  }

  @Test func `an explicit window is planned whole, and claimed only where it is settled and retained`() {
    let asked = window("2024-02-01T00:00:00Z", "2024-02-08T11:59:00Z")
    let plan = plan(.window(asked, replace: false))
    #expect(plan.wanted.intervals == [asked])
    #expect(plan.start == asked.from)
    #expect(plan.notes == [.notSettled(window("2024-02-08T11:50:00Z", "2024-02-08T11:59:00Z"))])
    #expect(plan.claim(for: Day("2024-02-08")!) == [window("2024-02-08T00:00:00Z", "2024-02-08T11:50:00Z")])
    #expect(plan.claim(for: Day("2024-02-03")!) == [Day("2024-02-03")!.window])
  }

  @Test func `an archive that starts with an explicit window starts within the retention`() {
    #expect(
      plan(.window(window("2022-01-01T00:00:00Z", "2022-02-01T00:00:00Z"), replace: false)).start
        == time("2022-02-01T00:00:00Z"))
    #expect(
      plan(.window(window("2022-01-01T00:00:00Z", "2024-02-01T00:00:00Z"), replace: false)).start
        == now - .days(365))
  }

  @Test func `a later backfill start changes nothing, and the plan says so`() {
    let plan = plan(
      .incremental(backfillStart: time("2024-02-01T00:00:00Z")),
      coverage: [window("2024-01-15T00:00:00Z", "2024-02-07T00:00:00Z")], start: time("2024-01-15T00:00:00Z"))
    #expect(plan.start == time("2024-01-15T00:00:00Z"))
    #expect(
      plan.notes == [
        .laterStartIgnored(asked: time("2024-02-01T00:00:00Z"), start: time("2024-01-15T00:00:00Z"))
      ])
  }

  @Test func `seconds after an archive started, there is nothing to fetch`() {
    let plan = plan(.incremental(backfillStart: nil), start: now - .seconds(5))
    #expect(plan.wanted.intervals.isEmpty)
    #expect(plan.notes == [.nothingYet(until: now - .seconds(5) + .minutes(10))])
  }

  @Test func `a window before the oldest listed event is claimed only if every plan retains it`() {
    let asked = time("2023-06-01T00:00:00Z")
    let blind = plan(.incremental(backfillStart: asked))
    #expect(blind.claimsMoreThanEveryPlanKeeps)

    // A plan that keeps 60 days shows nothing older.
    let sixty = plan(.incremental(backfillStart: asked), oldestVisible: now - .days(60))
    #expect(!sixty.claimsMoreThanEveryPlanKeeps)
    #expect(sixty.start == now - .days(60))
    #expect(sixty.wanted.intervals.first?.from == now - .days(60))
    #expect(sixty.notes == [.nothingShown(Window(from: asked, to: now - .days(60)))])

    // A young or quiet log: whatever the plan, it keeps 30 days, and they are empty.
    let quiet = plan(.incremental(backfillStart: asked), oldestVisible: now - .days(2))
    #expect(quiet.start == now - .days(30))
  }

  @Test func `a start within the retention of every plan needs no request`() {
    let plan = plan(.incremental(backfillStart: now - .days(29)))
    #expect(!plan.claimsMoreThanEveryPlanKeeps)
    #expect(plan.start == now - .days(29))
  }

  @Test func `with whole days, only days that have ended are planned`() {
    let incremental = plan(.incremental(backfillStart: time("2024-02-05T06:00:00Z"))) { $0.wholeDays = true }
    #expect(incremental.wanted.intervals == [window("2024-02-05T06:00:00Z", "2024-02-08T00:00:00Z")])
    let byHand = plan(.window(window("2024-02-05T06:00:00Z", "2024-02-08T11:00:00Z"), replace: false)) {
      $0.wholeDays = true
    }
    #expect(byHand.wanted.intervals == [window("2024-02-06T00:00:00Z", "2024-02-08T00:00:00Z")])
    let none = plan(.window(window("2024-02-05T06:00:00Z", "2024-02-05T11:00:00Z"), replace: false)) {
      $0.wholeDays = true
    }
    #expect(none.wanted.intervals.isEmpty)
    #expect(none.notes == [.noWholeDay])
  }
}
