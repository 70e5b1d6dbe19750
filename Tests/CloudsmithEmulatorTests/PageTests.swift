import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `Pages` {
  static let three = [
    record("c", at: "2024-02-12T10:00:02Z"), record("b", at: "2024-02-12T10:00:01.5Z"),
    record("a", at: "2024-02-12T10:00:01Z"),
  ]

  @Test func `a page is a bare JSON array of unchanged records, newest first`() throws {
    var emulation = try Emulation([Self.three[1], Self.three[2], Self.three[0]])
    let expected = Self.three.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
    #expect(emulation.get().text == "[\(expected)]")
  }

  @Test func `both logs answer with and without v1`() throws {
    let repository = try log("acme/tools")
    var emulation = try Emulation(Self.three) { $0.logs.append(repository) }
    for path in [
      "/audit-log/acme/", "/v1/audit-log/acme/", "/audit-log/acme/tools/", "/v1/audit-log/acme/tools/",
    ] {
      #expect(try emulation.get(path).uuids == ["c", "b", "a"])
    }
  }

  @Test func `a path without a trailing slash is redirected together with its query`() throws {
    var emulation = try Emulation(Self.three)
    let response = emulation.get("/v1/audit-log/acme?page=2&page_size=1")
    #expect(response.status == 301)
    #expect(response.headers["location"] == "/v1/audit-log/acme/?page=2&page_size=1")
  }

  @Test func `a page has thirty events by default`() throws {
    var emulation = try Emulation(generated: 100)
    #expect(try emulation.get().records.count == 30)
    #expect(emulation.get().headers["X-Pagination-PageSize"] == "30")
    #expect(emulation.get(size: 0).headers["X-Pagination-PageSize"] == "30")
  }

  @Test func `a page size over 500 is silently reduced to 500`() throws {
    var emulation = try Emulation(generated: 1_001)
    let response = emulation.get(size: 1_000)
    #expect(response.status == 200)
    #expect(try response.records.count == 500)
    #expect(response.headers["X-Pagination-PageSize"] == "500")
    #expect(response.headers["X-Pagination-PageTotal"] == "3")
  }

  @Test(arguments: [nil, 1, 0, -3]) func `a missing or non-positive page number means the first page`(
    page: Int?
  )
    throws
  {
    var emulation = try Emulation(Self.three)
    let response = emulation.get(page: page, size: 1)
    #expect(try response.uuids == ["c"])
    #expect(response.headers["X-Pagination-Page"] == "1")
  }

  @Test func `the four pagination fields state count, page, pages and size`() throws {
    var emulation = try Emulation(Self.three)
    let response = emulation.get(page: 2, size: 2)
    #expect(try response.uuids == ["a"])
    let names = ["Count", "Page", "PageTotal", "PageSize"].map { response.headers["X-Pagination-\($0)"] }
    #expect(names == ["3", "2", "2", "2"])
  }

  @Test func `an empty list has no pagination fields`() throws {
    var emulation = try Emulation()
    let response = emulation.get(page: 4)
    #expect(response.status == 200)
    #expect(response.text == "[]")
    #expect(response.headers["X-Pagination-Count"] == nil)
    #expect(response.headers["Link"] == nil)
  }

  @Test func `links carry the page and drop the page size, as documented`() throws {
    var emulation = try Emulation(Self.three)
    let response = emulation.get(
      "/audit-log/acme/?page=2&page_size=1",
      [("X-Api-Key", EmulatorConfiguration.demoKey), ("Host", "api.example")])
    let url = "http://api.example/audit-log/acme/"
    let expected = [
      "<\(url)?page=1>; rel=\"first\"", "<\(url)?page=1>; rel=\"prev\"", "<\(url)?page=3>; rel=\"next\"",
      "<\(url)?page=3>; rel=\"last\"",
    ]
    #expect(response.headers["Link"] == expected.joined(separator: ", "))
    #expect(emulation.get().headers["Link"] == nil)
  }

  @Test func `a page past the last one gets 404 Invalid page`() throws {
    var emulation = try Emulation(Self.three)
    let response = emulation.get(page: 2, size: 3)
    #expect(response.status == 404)
    #expect(try response.detail == "Invalid page.")
    #expect(emulation.get("/audit-log/acme/?page=x").status == 404)
  }

  @Test(arguments: [
    "/audit-log/acme-inc/", "/audit-log/acme/none/", "/audit-log/../", "/packages/acme/", "/",
  ])
  func `another owner, repository or path gets 404 Not found`(path: String) throws {
    var emulation = try Emulation(Self.three)
    let response = emulation.get(path)
    #expect(response.status == 404)
    #expect(try response.detail == "Not found.")
  }

  @Test func `pages cover every event once, also with ties at their borders`() throws {
    for ties in [1, 7, 60] {
      var emulation = try Emulation(generated: 1_000, ties: ties)
      let names = try emulation.walk(size: 30)
      #expect(names.count == 1_000)
      #expect(Set(names).count == 1_000)
    }
  }

  @Test func `events of equal time are listed by arrival, newest first, on every request`() throws {
    let tied = ["z", "m", "a"].map { record($0, at: "2024-02-12T10:00:00Z") }
    var emulation = try Emulation(tied)
    #expect(try emulation.get().uuids == ["z", "m", "a"])
    emulation.api.change(emulation.name) { $0.insert(record: record("new", at: "2024-02-12T10:00:00Z")) }
    #expect(try emulation.walk(size: 1) == ["new", "z", "m", "a"])
  }

  @Test func `the log of a repository lacks the target members, and all else is unchanged`() throws {
    let whole =
      #"{ "actor" : "ada","target":"acme", "target_kind":"namespace","event_at":"2024-02-12T10:00:00Z" ,"target_slug_perm":null }"#
    var emulation = try Emulation([Array(whole.utf8)], log: "acme/tools")
    #expect(emulation.get().text == #"[{ "actor" : "ada","event_at":"2024-02-12T10:00:00Z" }]"#)
    var generated = try Emulation(generated: 200) { $0.logs = [try log("acme/tools")] }
    let records = try generated.get("/audit-log/acme/tools/?page_size=200").records
    #expect(records.count == 200)
    #expect(
      records.allSatisfy { $0["target"] == nil && $0["target_kind"] == nil && $0["target_slug_perm"] == nil })
  }
}
