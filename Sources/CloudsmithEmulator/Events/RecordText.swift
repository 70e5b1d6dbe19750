import AuditRecord

/// One record of an audit log as JSON text, read without decoding it.
struct RecordText {
  let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
  }

  /// The text between the quotes of a top-level string, escapes as written; nil when it is no string.
  func string(_ name: String) -> ArraySlice<UInt8>? {
    guard let members = JSONText.members(of: bytes) else { return nil }
    guard let member = members.last(where: { bytes[$0.name].elementsEqual(name.utf8) }) else { return nil }
    let value = bytes[member.value]
    guard value.count >= 2, value.first == UInt8(ascii: "\"") else { return nil }
    return value.dropFirst().dropLast()
  }

  /// The record's `event_at`; nil when it has none that can be read.
  var time: Timestamp? {
    string("event_at").flatMap { Timestamp(rfc3339: String(decoding: $0, as: UTF8.self)) }
  }

  /// The same text with the members of these names cut out, everything else byte for byte.
  func without(_ names: [String]) -> [UInt8] {
    guard let members = JSONText.members(of: bytes) else { return Array(bytes) }
    let isDropped = { (member: JSONText.Member) in
      names.contains { $0.utf8.elementsEqual(bytes[member.name]) }
    }
    guard let first = members.first(where: { !isDropped($0) }) else {
      return members.isEmpty ? Array(bytes) : Array("{}".utf8)
    }
    var kept: [UInt8] = []
    kept.append(contentsOf: bytes[..<(members[0].name.lowerBound - 1)])
    kept.append(contentsOf: bytes[(first.name.lowerBound - 1)..<first.value.upperBound])
    for (previous, member) in zip(members, members.dropFirst())
    where member.name.lowerBound > first.name.lowerBound && !isDropped(member) {
      kept.append(contentsOf: bytes[previous.value.upperBound..<member.value.upperBound])
    }
    kept.append(contentsOf: bytes[members[members.count - 1].value.upperBound...])
    return kept
  }

  /// The same text with another `event_at`; as it is when it has none.
  func with(time: Timestamp) -> [UInt8] {
    guard
      let member = JSONText.members(of: bytes)?.last(where: { bytes[$0.name].elementsEqual("event_at".utf8) })
    else { return Array(bytes) }
    var text = Array(bytes[..<member.value.lowerBound])
    text.append(UInt8(ascii: "\""))
    EventGenerator.append(time: time, to: &text)
    text.append(UInt8(ascii: "\""))
    return text + bytes[member.value.upperBound...]
  }

  /// The members that the log of an organisation has and that of a repository has not.
  static let organizationOnly = ["target", "target_kind", "target_slug_perm"]
}
