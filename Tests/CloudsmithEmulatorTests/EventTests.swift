import AuditRecord
import CloudsmithEmulator
import Foundation
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `Events` {
  @Test func `the same seed makes the same events, another seed or log others`() throws {
    let truth = { (seed: UInt64, text: String) in
      let emulation = try Emulation(generated: 500) {
        $0.seed = seed
        $0.logs = [try log(text)]
      }
      return emulation.api.truth(try log(text)) ?? []
    }
    #expect(try truth(7, "acme") == truth(7, "acme"))
    #expect(try truth(7, "acme") != truth(8, "acme"))
    #expect(try truth(7, "acme") != truth(7, "other"))
  }

  @Test func `generated events lie in their window, in order, each with its own uuid`() throws {
    let emulation = try Emulation(generated: 5_000)
    let all = try records(emulation.api.truth(emulation.name) ?? [])
    let times = try all.map { try time(try #require($0["event_at"] as? String)) }
    #expect(times.count == 5_000)
    #expect(times == times.sorted(by: >))
    #expect(
      try times.allSatisfy { try $0 >= time("2024-02-01T00:00:00Z") && $0 < time("2024-03-01T00:00:00Z") })
    let uuids = all.compactMap { ($0["uuid"] as? String).flatMap { UUID(uuidString: $0) } }
    #expect(Set(uuids).count == 5_000)
    #expect(uuids.allSatisfy { $0.uuid.6 >> 4 == 4 && $0.uuid.8 >> 6 == 0b10 })
  }

  @Test func `generated events cover the variety of real ones`() throws {
    let emulation = try Emulation(generated: 5_000)
    let all = try records(emulation.api.truth(emulation.name) ?? [])
    let times = all.compactMap { $0["event_at"] as? String }
    #expect(times.contains { $0.count == "2024-02-12T10:30:45.123456Z".count })
    #expect(times.contains { $0.count == "2024-02-12T10:30:45Z".count })
    #expect(all.contains { $0["context"] as? String == "" })
    #expect(
      all.contains {
        $0["actor"] is NSNull && $0["actor_location"] is NSNull && $0["actor_ip_address"] is NSNull
      })
    let addresses = all.compactMap { $0["actor_ip_address"] as? String }
    #expect(addresses.contains { $0.contains(".") })
    #expect(addresses.contains { $0.hasPrefix("2001:db8:") })
    #expect(all.contains { $0["event"] as? String == "action.login" })
    #expect(all.contains { $0["event"] as? String == "Repository.Create" })
    #expect(all.contains { $0["target_slug_perm"] is String })
    #expect(all.contains { $0["session"] != nil })
    let objects = all.compactMap { $0["object"] as? String }
    for awkward in ["\"", ",", "\n", "🎉", "\u{2028}", "\\", "שלום"] {
      #expect(objects.contains { $0.contains(awkward) })
    }
    #expect(objects.contains { $0.hasPrefix("  ") })
    #expect(
      all.contains { (($0["actor_location"] as? [String: Any])?["latitude"] as? String) == "54.539600" })
  }

  @Test func `generated events are as long as real ones`() throws {
    let emulation = try Emulation(generated: 5_000)
    let mean = (emulation.api.truth(emulation.name) ?? []).count / 5_000
    #expect((550...750).contains(mean))
  }

  @Test func `the given number of consecutive events share one microsecond`() throws {
    let emulation = try Emulation(generated: 100, ties: 7)
    let all = try records(emulation.api.truth(emulation.name) ?? [])
    let sizes = Dictionary(grouping: all.compactMap { $0["event_at"] as? String }, by: \.self).values.map(
      \.count)
    #expect(sizes.count { $0 == 7 } == 14)
    #expect(sizes.reduce(0, +) == 100)
  }

  @Test func `records of any form are served byte for byte, in the order of their list`() throws {
    let odd = [
      #"{"event_at":"2024-02-12T10:00:02Z", "n":1.50,"s":"\u00e9\/","uuid":"b"}"#, #""no object""#, "17",
      "[1, {}]",
      #"{"event_at":"soon"}"#, #"{"event_at":"2024-02-12T10:00:01Z","event_at":"2024-02-12T09:00:00Z"}"#,
      "{}",
    ]
    var emulation = try Emulation(odd.map { Array($0.utf8) })
    #expect(emulation.get().text == "[\(odd.joined(separator: ","))]")
  }

  @Test func `files are read as arrays, and another kind of file is named in the error`() throws {
    let folder = try Folder.make()
    defer { folder.remove() }
    let good = try folder.write(
      " [ {\"event_at\":\"2024-02-12T10:00:01Z\"} ,\n [\"]\",\"\\\"\"] ] \n", to: "good.json")
    #expect(
      try EventFile.read([good]).map { String(decoding: $0, as: UTF8.self) } == [
        #"{"event_at":"2024-02-12T10:00:01Z"}"#, #"["]","\""]"#,
      ])
    for (text, offset) in [
      ("{}", 0), ("[1,]", 3), ("[1", 2), ("[1] 2", 4), ("[{]", 3), ("", 0), ("[\"a]", 4),
    ] {
      let bad = try folder.write(text, to: "bad.json")
      let error = #expect(throws: EventFileError.self) { try EventFile.read([good, bad]) }
      #expect(error?.path == bad)
      #expect(error?.reason == "it is not one JSON array (at byte \(offset))")
    }
    #expect(throws: EventFileError.self) { try EventFile.read([folder.path + "/none.json"]) }
  }

  @Test
  func `the samples are pages of one log over three days, and later events are new or late`()
    throws
  {
    let folder = Repository.path("samples/pages")
    let pages = try (1...3).map { try EventFile.read(["\(folder)/page-\($0).json"]) }
    let later = try EventFile.read(["\(folder)/later.json"])
    var emulation = try Emulation(pages.flatMap(\.self))
    let served = try emulation.get(size: 500).records
    #expect(
      try served.compactMap { $0["uuid"] as? String }
        == pages.flatMap(\.self).map { record in
          try #require(
            try (JSONSerialization.jsonObject(with: Data(record)) as? [String: Any])?["uuid"] as? String)
        })
    #expect(Set(served.compactMap { ($0["event_at"] as? String)?.prefix(10) }).count == 3)
    for record in later { emulation.api.change(emulation.name) { $0.insert(record: record) } }
    let grown = try emulation.get(size: 500).uuids
    #expect(grown.count == served.count + later.count)
    #expect(Set(grown).count == grown.count)
  }
}
