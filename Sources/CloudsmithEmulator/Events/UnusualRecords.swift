import AuditRecord

/// Unusual records that occur in real logs and break simple readers: strings full of delimiters, members that no schema
/// names, and the form of the sample on Monad's connector page.
enum UnusualRecords {
  static func templates(_ log: LogName) -> [EventVocabulary.RecordTemplate] {
    strings.map { record(log, object: $0) }
      + [
        record(log, context: #""api""#, location: #"{"city":null,"country":null,"country_code":null}"#),
        record(log, location: #"{"latitude":51.5,"longitude":-0.12,"region":"LND","accuracy_radius":20}"#),
        record(log, more: #","request_id":"req-7Yq2","session":{"mfa":true,"age":12.50,"of":["read",null]}"#),
        record(log, more: #","impersonator":null,"risk_score":0.10"#),
        monad(log),
      ]
  }

  /// Unusual values of `object`, as JSON text.
  private static let strings = [
    #""he said \"no\"""#,
    #""a,b;c\td|e""#,
    #""line one\nline two\r\nline three""#,
    #""\\N""#,
    #""\\.\n\\.""#,
    #""back\\slash\\""#,
    #""   leading and trailing blanks  ""#,
    #""release 🎉 1.0""#,
    #""\ud83d\ude80 escaped \u00e9\u4e2d""#,
    #""שלום, \#u{200F}עולם\#u{200E} abc""#,
    #""line\#u{2028}and\u2029paragraph""#,
    #""=1+1;@x""#,
    #""'; DROP TABLE events; --""#,
    #""NULL""#,
    "\"\"",
    #""e\u0301 \#u{65}\#u{301} \u007f\u001f\b\f\/""#,
    "\"" + String(repeating: "long name ", count: 150) + "\"",
  ]

  private static func record(
    _ log: LogName, object: String = #""platform""#, context: String = "\"\"",
    location: String = #"{"city":"Lisbon","country":"Portugal","country_code":"PT"}"#, more: String = ""
  ) -> EventVocabulary.RecordTemplate {
    EventVocabulary.RecordTemplate(
      beforeTime: Array(
        """
        {"actor":"ada-quill","actor_ip_address":"2001:db8::7","actor_kind":"user","actor_location":\(location),\
        "actor_slug_perm":"d9QuLLpcTcQA","actor_url":"https://api.cloudsmith.io/v1/users/profile/ada-quill/",\
        "context":\(context),"event":"update.repository_updated","event_at":"
        """.utf8),
      beforeUUID: Array(
        """
        ","object":\(object),"object_kind":"repository","object_slug_perm":"Rk2mPq81LzX0",\
        \(target(log, kind: "namespace", perm: #","target_slug_perm":"o4AcmeX7Yb21""#))"uuid":"
        """.utf8),
      afterUUID: Array("\"\(more)}".utf8))
  }

  /// The form of the sample on Monad's page: fewer members of the location, UUIDs in place of slugs, no
  /// `target_slug_perm`, capitalised names, and white space between the members.
  private static func monad(_ log: LogName) -> EventVocabulary.RecordTemplate {
    EventVocabulary.RecordTemplate(
      beforeTime: Array(
        """
        {"actor": "john.doe", "actor_ip_address": "203.0.113.42", "actor_kind": "user", "actor_location": \
        {"city": "San Francisco", "country": "United States", "country_code": "US", "latitude": "37.7749", \
        "longitude": "-122.4194"}, "actor_slug_perm": "550e8400-e29b-41d4-a716-446655440000", "actor_url": \
        "https://api.cloudsmith.io/users/550e8400-e29b-41d4-a716-446655440000/", "context": "Repository", \
        "event": "Repository.Create", "event_at": "
        """.utf8),
      beforeUUID: Array(
        """
        ", "object": "my-repo", "object_kind": "Repository", \
        "object_slug_perm": "660e8400-e29b-41d4-a716-446655440001", \(target(log, kind: "Organization", perm: ""))\
        "uuid": "
        """.utf8),
      afterUUID: EventVocabulary.end)
  }

  private static func target(_ log: LogName, kind: String, perm: String) -> String {
    log.repository == nil ? #""target":"\#(log.organization)","target_kind":"\#(kind)"\#(perm),"# : ""
  }
}
