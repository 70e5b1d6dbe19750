import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `Queries` {
  static let log = [
    record("e", at: "2024-02-12T23:59:59.999999Z", event: "update.scim_blocked", actor: nil),
    record("d", at: "2024-02-12T10:30:45.000001Z", event: "create.entitlement_created", actor: "ci-deploy"),
    record("c", at: "2024-02-12T10:30:45Z", event: "action.login", actor: "ada"),
    record("b", at: "2024-02-11T10:30:45Z", event: "delete.package_deleted", actor: "ada-quill"),
    record("a", at: "2024-02-10T00:00:00Z", event: "action.login", actor: "ben"),
  ]

  static func matches(_ query: String, _ filter: TimeFilter = .exact) throws -> String? {
    var emulation = try Emulation(log) { $0.timeFilter = filter }
    let response = emulation.get(query: query)
    return response.status == 400 ? nil : try response.uuids.joined()
  }

  @Test(arguments: [
    (#"event_at:>="2024-02-12T10:30:45Z""#, "edc"), (#"event_at:>"2024-02-12T10:30:45Z""#, "ed"),
    (#"event_at:<"2024-02-12T10:30:45Z""#, "ba"), (#"event_at:<="2024-02-12T10:30:45Z""#, "cba"),
    (#"event_at:>="2024-02-11T00:00:00Z" AND event_at:<"2024-02-12T10:30:45.000001Z""#, "cb"),
    (#"event_at:>="2024-02-11T00:00:00Z" event_at:<"2024-02-12T00:00:00Z""#, "b"),
    (#"event_at:>=2024-02-12T10:30:45.000001Z"#, "ed"), (#"event_at:>="2024-02-12T12:30:45+02:00""#, "edc"),
    (#"event_at: >'2024-02-12 10:30:45'"#, "ed"), (#"event_at:>=2024-02-12"#, "edc"),
    (#"event_at:~>="2024-02-12""#, "ba"), (#"event_at:>"19 days ago""#, "edc"),
    (#"event_at:>"1 week ago""#, ""),
  ]) func `times compare exactly`(query: String, expected: String) throws {
    #expect(try Self.matches(query) == expected)
  }

  @Test(arguments: [
    ("actor:ada", "cb"), ("actor:^ada$", "c"), ("actor:~ada", "eda"), ("event:login", "ca"),
    ("event:LOGIN", "ca"),
    ("event:create*ed$", "d"), ("event_kind:action", "ca"), ("login", "ca"), ("ada", "cb"),
    ("event:login AND actor:ada", "c"), ("event:login actor:ada", "c"),
    ("event:login OR actor:ada-quill", "cba"),
    ("actor:ben OR actor:ada AND event:login", "ca"), ("(actor:ben OR actor:ada) AND event:deleted", "b"),
    ("NOT event:login", "edb"), (#"event:login AND event_at:<"2024-02-11""#, "a"), ("", "edcba"),
    ("  ", "edcba"),
    ("actor:nobody", ""),
  ]) func `terms on text are fuzzy and combine`(query: String, expected: String) throws {
    #expect(try Self.matches(query) == expected)
  }

  @Test(arguments: [
    "event_at:>yesterday", #"event_at:>="2024-02-30T00:00:00Z""#, "event_at:>", "event_at:", "actor:",
    "colour:red",
    "(actor:ada", "actor:ada)", "actor:ada AND", "OR", #"event_at:>"2024-02-12"#,
    #"event_at:>="2024-02-12T10:30:45 02:00""#,
  ]) func `an invalid query gets 400`(query: String) throws {
    #expect(try Self.matches(query) == nil)
  }

  @Test func `a plus sign in a parameter is a space, as in a form`() throws {
    var emulation = try Emulation(Self.log)
    #expect(try emulation.get("/audit-log/acme/?query=event%3Alogin+AND+actor%3Aben").uuids == ["a"])
    #expect(emulation.get("/audit-log/acme/?query=event_at:>%222024-02-12T10:30:45+02:00%22").status == 400)
  }

  @Test func `an unknown parameter is ignored`() throws {
    var emulation = try Emulation(Self.log)
    #expect(try emulation.get("/audit-log/acme/?from=2024-02-12&sort=event_at").records.count == 5)
  }

  @Test func `the count of a query is the number of its events`() throws {
    var emulation = try Emulation(Self.log)
    let response = emulation.get(size: 1, query: "event:login")
    #expect(response.headers["X-Pagination-Count"] == "2")
    #expect(try emulation.walk(size: 1, query: "event:login") == ["c", "a"])
  }

  static let understandings: [(TimeFilter, String?)] = [
    (.exact, "d"), (.inclusive, "edc"), (.dayTruncated, ""), (.shifted(.hours(-11)), "dc"),
    (.ignored, "edcba"),
    (.rejected, nil),
  ]

  @Test(arguments: understandings)
  func `a server can interpret times in other ways`(filter: TimeFilter, expected: String?) throws {
    let query = #"event_at:>"2024-02-12T10:30:45Z" AND event_at:<"2024-02-12T23:59:59.999999Z""#
    #expect(try Self.matches(query, filter) == expected)
  }

  @Test func `a server that drops the time of day widens or narrows to whole days`() throws {
    #expect(try Self.matches(#"event_at:>="2024-02-11T12:00:00Z""#, .dayTruncated) == "edcb")
    #expect(try Self.matches(#"event_at:<"2024-02-12T12:00:00Z""#, .dayTruncated) == "ba")
  }

  @Test func `time filters do not change queries without times`() throws {
    for filter in [TimeFilter.ignored, .rejected, .dayTruncated] {
      #expect(try Self.matches("event:login", filter) == "ca")
    }
  }

  @Test func `a filter on the write clock finds an event by its time of writing`() throws {
    var emulation = try Emulation(`Queries`.log) { $0.timeFilter = .onClock(FilterClock()) }
    let written = try time("2024-02-12T20:00:00Z")
    emulation.api.change(emulation.name) {
      $0.insert(record: record("late", at: "2024-02-10T12:00:00Z"), written: written)
    }
    #expect(try emulation.get().uuids == ["e", "d", "c", "b", "late", "a"])
    #expect(try emulation.get(query: #"event_at:<"2024-02-12""#).uuids == ["b", "a"])
    #expect(try emulation.get(query: #"event_at:>="2024-02-12" AND actor:ada"#).uuids == ["c", "late"])
    #expect(
      try emulation.get(query: #"event_at:>="2024-02-12T20:00:00Z" AND event_at:<"2024-02-12T20:00:01Z""#)
        .uuids
        == ["late"])
  }

  @Test(arguments: [1.0, -1]) func `the filter's clock shifts some events, always by the same span`(
    sign: Double
  )
    throws
  {
    let clock = FilterClock(shift: .hours(40 * sign), chance: 0.2, seed: 3)
    var (emulation, all) = try Emulation.withNames(300)
    var shifted = try Emulation(generated: 300) { $0.timeFilter = .onClock(clock) }
    let bound = #""2024-02-15T00:00:00Z""#
    let before = try shifted.walk(size: 50, query: "event_at:<\(bound)")
    let after = try shifted.walk(size: 50, query: "event_at:>=\(bound)")
    #expect(Set(before + after) == Set(all) && before.count + after.count == 300)
    let exact = try emulation.walk(size: 50, query: "event_at:<\(bound)")
    let wrong = Set(exact).symmetricDifference(before)
    #expect((1...30).contains(wrong.count))
    #expect(wrong.isSubset(of: sign > 0 ? exact : before))
    #expect(try shifted.walk(size: 20, query: "event_at:<\(bound)") == before)
  }
}
