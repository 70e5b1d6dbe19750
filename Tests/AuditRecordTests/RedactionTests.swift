import AuditRecord
import TestSupport
import Testing

private let keyText = "0123456789abcdef0123456789abcdef"

private func redactor(_ policy: String, key: String? = keyText) throws -> Redactor {
  let key = try key.map { try RedactionKey($0) }
  return Redactor(try #require(Redaction(try RedactionPolicy(policy), key: key)))
}

@Suite struct RedactionPolicyTests {
  @Test func `a policy is read, and written in the order of the columns`() throws {
    let policy = try RedactionPolicy("additional_fields=drop,actor_ip_address=truncate,actor=hash")
    #expect(policy.methods == [.actor: .hash, .actorIPAddress: .truncate, .additionalFields: .drop])
    #expect(policy.text == "actor=hash,actor_ip_address=truncate,additional_fields=drop")
    #expect(try RedactionPolicy(policy.text) == policy)
    #expect(policy.needsKey && policy.keyFingerprint == nil)
    #expect(try !RedactionPolicy("actor=drop").needsKey)
  }

  @Test func `actor_location=drop stands for its columns`() throws {
    let policy = try RedactionPolicy("object=drop,actor_location=drop")
    #expect(policy.methods.count == 8 && policy.methods[.actorLocationLatitude] == .drop)
    #expect(policy.text == "actor_location=drop,object=drop")
    let columns = RedactionPolicy.locationColumns.map { "\($0.name)=drop" }.joined(separator: ",")
    #expect(try RedactionPolicy("\(columns),object=drop") == policy)
    #expect(try RedactionPolicy("actor_location_city=drop").text == "actor_location_city=drop")
  }

  @Test(arguments: [
    ("", RedactionError.noPair("")), ("actor", .noPair("actor")), ("=drop", .noPair("=drop")),
    ("actor=hash,", .noPair("")), ("actor=hash=drop", .noPair("actor=hash=drop")),
    ("actor=hsh", .unknownMethod("hsh", of: "actor")), ("actor=", .unknownMethod("", of: "actor")),
    ("actor =hash", .unknownColumn("actor ")), ("city=drop", .unknownColumn("city")),
    ("actor=hash,actor=hash", .twice(.actor)),
    ("actor_location=drop,actor_location_city=drop", .twice(.actorLocationCity)),
    ("actor_location=hash", .locationIsDropped), ("uuid=hash", .required(.uuid)),
    ("event_at=drop", .required(.eventAt)),
    ("actor_location_latitude=hash", .cannotHoldHash(.actorLocationLatitude)),
    ("additional_fields=hash", .cannotHoldHash(.additionalFields)), ("actor=truncate", .noAddress(.actor)),
    ("actor_location_longitude=truncate", .noAddress(.actorLocationLongitude)),
  ])
  func `a mistake is refused with its reason`(text: String, wanted: RedactionError) {
    #expect(throws: wanted) { try RedactionPolicy(text) }
    #expect(!"\(wanted)".isEmpty && !"\(wanted)".hasSuffix("."))
  }

  @Test func `every column but uuid and event_at can be dropped, and each has the methods that it may have`()
    throws
  {
    #expect(
      Set(RedactionPolicy.words.keys)
        == Set(Column.allCases.map(\.name)).subtracting(["uuid", "event_at"]).union(["actor_location"]))
    for (name, words) in RedactionPolicy.words {
      #expect(words.contains("drop"))
      for method in ["drop", "hash", "truncate"] {
        #expect(
          ((try? RedactionPolicy("\(name)=\(method)")) != nil) == words.contains(method), "\(name)=\(method)")
      }
    }
  }
}

@Suite struct RedactionKeyTests {
  @Test func `a key is trimmed, has a fingerprint, and is never shown`() throws {
    let key = try RedactionKey(keyText)
    let trimmed = try RedactionKey(" \(keyText)\r\n")
    // SHA-256 of the domain and the key, by Python.
    #expect(key.fingerprint == "f5799c7314d4c314" && trimmed.fingerprint == key.fingerprint)
    #expect(try RedactionKey(keyText + "0").fingerprint != key.fingerprint)
    #expect(
      "\(key) \(String(reflecting: key)) \(Mirror(reflecting: key).children.count)"
        == "[redacted] [redacted] 0")
  }

  @Test(arguments: [
    ("", RedactionKeyError.tooShort), ("\n", .tooShort), (String(keyText.dropLast()), .tooShort),
    ("-----BEGIN PRIVATE KEY-----\nMC4CAQ\n", .containsWhiteSpace),
    (keyText + " " + keyText, .containsWhiteSpace),
  ])
  func `a short key, or another file, is refused without being repeated`(
    text: String, wanted: RedactionKeyError
  ) {
    #expect(throws: wanted) { try RedactionKey(text) }
    #expect(!"\(wanted)".contains("0123") && !"\(wanted)".contains("MC4"))
  }

  @Test func `a policy with hashes needs a key, and one without can have one`() throws {
    #expect(try Redaction(RedactionPolicy("actor=hash"), key: nil) == nil)
    #expect(try Redaction(RedactionPolicy("actor=drop"), key: nil)?.policy.keyFingerprint == nil)
    let key = try RedactionKey(keyText)
    #expect(try Redaction(RedactionPolicy("actor=drop"), key: key)?.policy.keyFingerprint == key.fingerprint)
  }
}

@Suite struct RedactorTests {
  @Test func `a hash is the first half of the HMAC-SHA-256 of the value in UTF-8, in every column`() throws {
    var redactor = try redactor("actor=hash,object=hash,target=hash,context=hash")
    let page = try redactor.redact(
      parseRecord(#""actor":"ada-lovelace","object":"ada-lovelace","target":"\u00e9","context":"""#))
    // By Python's hmac.
    #expect(
      page.cells() == [
        "uuid": "u", "event_at": "2024-02-12T10:30:45.000000Z", "actor": "89214d50e22cf63415744110380b27ec",
        "object": "89214d50e22cf63415744110380b27ec",
        "target": "c367ce834dbc76a260ca07178ddc650c", "context": "796cd3078af14636753d26b3b5555422",
      ])
  }

  @Test func `NULL stays NULL, and dropped values become NULL`() throws {
    var redactor = try redactor("actor=hash,target=drop,actor_location=drop")
    let page = try redactor.redact(
      parseRecord(
        #""actor":null,"target":"t","object":"","actor_location":{"city":"B","latitude":1,"longitude":"2"}"#))
    #expect(page.cells() == ["uuid": "u", "event_at": "2024-02-12T10:30:45.000000Z", "object": ""])
  }

  @Test(arguments: [
    ("203.0.113.77", "203.0.113.0"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.0"),
    ("2001:db8:1:2::7", "2001:db8:1::"), ("2001:0DB8:0001:ffff:1:2:3:4", "2001:db8:1::"),
    ("2001:db8::7", "2001:db8::"), ("2001::1", "2001::"), ("::1", "::"), ("::", "::"),
    ("fe80::1:2", "fe80::"),
    ("0:1:2:3:4:5:6:7", "0:1:2::"), ("1:2:3:4:5:6:7::", "1:2:3::"), ("::ffff:203.0.113.77", "203.0.113.0"),
    ("::FFFF:cb00:714d", "203.0.113.0"), ("64:ff9b::203.0.113.77", "64:ff9b::"),
    ("2002:cb00:714d::1", "2002:cb00:7100::"),
    ("2002:cb00:4d::1", "2002:cb00::"),
  ])
  func `an address is truncated to its network, in canonical form`(text: String, network: String) throws {
    var redactor = try redactor("actor_ip_address=truncate", key: nil)
    #expect(
      try redactor.redact(parseRecord("\"actor_ip_address\":\"\(text)\"")).cells()["actor_ip_address"]
        == network)
  }

  @Test(arguments: [
    "", "secret", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4:80",
    "1.2.3.4/8", "1..2.3",
    "1.2.3.+4", ":", ":::", "1:2:3", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "1::2::3", "12345::", "g::1",
    "fe80::1%eth0",
    "[::1]", "::1/64", "1.2.3.4::", "::1.2.3", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:", "٣.0.0.1",
  ])
  func `a text that is not an address becomes NULL`(text: String) throws {
    var redactor = try redactor("actor_ip_address=truncate", key: nil)
    #expect(
      try redactor.redact(parseRecord("\"actor_ip_address\":\"\(text)\"")).cells()["actor_ip_address"] == nil)
  }

  @Test(arguments: [
    (#""actor":{"slug":"SECRET"},"new":1"#, #"{"new":1}"#), (#""actor":["SECRET"]"#, nil),
    (#""actor_location":"SECRET","new":"\"\u0001""#, #"{"new":"\"\u0001"}"#),
    (#""actor_location":["SECRET"]"#, nil),
    (
      #""actor_location":{"latitude":"SECRET","city":["Bonn"],"new":[{}]}"#,
      #"{"actor_location":{"city":["Bonn"],"new":[{}]}}"#
    ),
    (#""actor_location":{"latitude":["SECRET"]}"#, nil),
    (#""actor_location_latitude":"SECRET","a":{},"z":[]"#, #"{"a":{},"z":[]}"#),
    (#""object":{"actor":"stays"}"#, #"{"object":{"actor":"stays"}}"#),
    (#""\u0061ctor":["SECRET"],"actor":["SECRET 2"],"b":null"#, #"{"b":null}"#),
  ])
  func `additional_fields does not keep what a redacted column could not hold`(members: String, kept: String?)
    throws
  {
    var redactor = try redactor("actor=hash,actor_location_latitude=drop")
    let page = try redactor.redact(parseRecord(members))
    #expect(page.cells()["additional_fields"] == kept)
    #expect(!String(decoding: page.rows.bytes, as: UTF8.self).contains("SECRET"))
  }

  @Test func `dropping the whole location also drops members that the schema does not know`() throws {
    var redactor = try redactor("actor_location=drop", key: nil)
    let page = try redactor.redact(
      parseRecord(#""actor_location":{"city":"Bonn","timezone":"SECRET"},"new":1"#))
    #expect(page.cells()["additional_fields"] == #"{"new":1}"#)
  }

  @Test func `random rows differ in the redacted columns only, and keep no byte of what is redacted`() throws
  {
    var random = SeededRandom(seed: 11)
    let records = (0..<300).map { RandomRecord(number: $0, &random) }
    let page = try parsePage("[" + records.map { $0.text(&random) }.joined(separator: ",") + "]")
    var redactor = try redactor(
      "actor=hash,context=hash,actor_slug_perm=drop,actor_location=drop,additional_fields=drop")
    let redacted = redactor.redact(page)
    #expect(redacted.rows.count == page.rows.count && redacted.rows.eventAt == page.rows.eventAt)
    let changed = Set(
      ["actor", "context", "actor_slug_perm", "additional_fields"]
        + RedactionPolicy.locationColumns.map(\.name))
    for row in 0..<page.rows.count {
      let (cells, before) = (redacted.cells(row), page.cells(row))
      #expect(cells.filter { !changed.contains($0.key) } == before.filter { !changed.contains($0.key) })
      for name in changed {
        let isHashed = ["actor", "context"].contains(name)
        #expect((cells[name] != nil) == (isHashed && before[name] != nil))
        if let hash = cells[name] { #expect(hash.wholeMatch(of: /[0-9a-f]{32}/) != nil) }
      }
      // The text is contiguous and fully used.
      let ranges = TextColumn.allCases.map { redacted.rows.cell($0, row).range }
      #expect(ranges.reduce(0) { $0 + $1.count } == redacted.rows.textRange(row).count)
    }
    // The same again, from the cache and row by row.
    #expect(
      (0..<page.rows.count).map { redactor.redact(page).cells($0) }
        == (0..<page.rows.count).map { redacted.cells($0) })
  }

  @Test func `hashes stay the same when there are more values than the cache holds`() throws {
    var redactor = try redactor("actor=hash")
    var rows = RowBatch()
    for number in 0..<40_000 {
      rows.append(at: Timestamp(microseconds: 0), [.uuid: "u", .actor: "\(number % 20_000)"])
    }
    rows.append(at: Timestamp(microseconds: 0), [.uuid: "u", .actor: String(repeating: "7", count: 5_000)])
    let redacted = redactor.redact(rows)
    let hashes = (0..<redacted.count).compactMap { redacted.string(.actor, $0) }
    #expect(
      Set(hashes).count == 20_001 && hashes[7] == "9657f4db0378a439d0a338d5b736d0ce"
        && hashes[20_007] == "9657f4db0378a439d0a338d5b736d0ce")
  }

  @Test func `the identity of a record without uuid is a keyed hash, or a hash of what is stored`() throws {
    let records = ["a", "b"].map { #"{"event_at":"2024-02-12T10:30:45Z","actor":"\#($0)","object":"o"}"# }
    let page = try parsePage(
      "[\(records.joined(separator: ",")),\(#"{"event_at":"2024-02-12T10:30:45Z","actor":"é"}"#)]")
    var keyed = try redactor("actor=drop")
    let identities = (0..<3).map { keyed.redact(page).cells($0)["uuid"] ?? "" }
    #expect(
      Set(identities).count == 3
        && identities.allSatisfy { $0.wholeMatch(of: /hmac-sha256:[0-9a-f]{32}/) != nil })
    // The identity in IdentityTests, hashed with the key by Python's hmac.
    #expect(identities[2] == "hmac-sha256:9b0be591556fe45828220b7f5160468d")
    var plain = try redactor("actor=drop", key: nil)
    let stored = (0..<3).map { plain.redact(page).cells($0)["uuid"] ?? "" }
    #expect(
      stored[0] == stored[1] && stored[0] != stored[2]
        && stored[0].wholeMatch(of: /sha256:[0-9a-f]{64}/) != nil)
    #expect(stored[0] != page.cells(0)["uuid"])
    // A uuid of the API stays, whatever else is redacted.
    #expect(try plain.redact(parseRecord(#""actor":"a""#)).cells()["uuid"] == "u")
  }
}

@Suite struct RedactedQuarantineTests {
  private func stored(_ json: String, key: String? = nil, _ limits: JSONLimits = JSONLimits()) throws
    -> String
  {
    var redactor = try redactor("actor=drop", key: key)
    let page = redactor.redact(try parsePage("[\(json)]", limits: limits))
    return String(decoding: try #require(page.quarantined.first).json, as: UTF8.self)
  }

  @Test(arguments: [
    (#"{"uuid":"u-1","actor":"SECRET"}"#, #"{"bytes":31,"uuid":"u-1"}"#), (#""SECRET""#, #"{"bytes":8}"#),
    ("7", #"{"bytes":1}"#),
    (#"["SECRET"]"#, #"{"bytes":10}"#), ("{}", #"{"bytes":2}"#),
    (
      #"{"bytes":"SECRET","event_at":"SECRET","members":["SECRET"],"sha256":"SECRET","uuid":["SECRET"]}"#,
      #"{"bytes":95}"#
    ),
  ])
  func `the text of a record is not stored`(json: String, wanted: String) throws {
    #expect(try stored(json) == wanted)
    let keyed = try stored(json, key: keyText)
    #expect(keyed.contains(/"hmac_sha256":"[0-9a-f]{32}"/) && !keyed.contains("SECRET"))
    #expect(try CanonicalJSON.text(of: Array(keyed.utf8)) == Array(keyed.utf8))
  }

  @Test func `a record beyond a limit keeps its sizes, uuid and time`() throws {
    let record = #"{"actor":"SECRET","event_at":"2024-02-12T10:30:45Z","uuid":"u-1"}"#
    let limits = JSONLimits(recordLength: 40)
    #expect(
      try stored(record, limits)
        == #"{"bytes":\#(record.utf8.count),"event_at":"2024-02-12T10:30:45Z","members":3,"uuid":"u-1"}"#)
    #expect(
      try stored(record.replacing("2024-02-12T10:30:45Z", with: "SECRET"), limits).contains("SECRET") == false
    )
  }

  @Test func `records that differ are distinguished only with a key`() throws {
    let texts = [#"{"actor":"a"}"#, #"{"actor":"b"}"#]
    #expect(try Set(texts.map { try stored($0) }).count == 1)
    #expect(try Set(texts.map { try stored($0, key: keyText) }).count == 2)
  }

  @Test func `a response beyond the limit keeps its size, and its place`() throws {
    let text = Array("[{\"actor\":\"SECRET\"}]".utf8)
    let measured = MeasuredText(bytes: text.count, sha256: String(repeating: "0", count: 64), end: text)
    var page = ParsedPage()
    page.quarantined = [QuarantinedRecord(answerBeginning: text, measured, place: 5, fromEnd: 2)]
    var redactor = try redactor("actor=drop", key: nil)
    let record = try #require(redactor.redact(page).quarantined.first)
    #expect(String(decoding: record.json, as: UTF8.self) == #"{"answer_bytes":\#(text.count)}"#)
    #expect(record.place == 5 && record.reason == .answerTooLarge)
  }
}
