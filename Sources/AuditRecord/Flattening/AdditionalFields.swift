/// The column `additional_fields`: what no other column holds, as one JSON object.
enum AdditionalFields {
  /// The canonical JSON of a record's extras: those of `actor_location` in an object of that name. A NUL
  /// stays escaped in it, as it is JSON text. Unknown names and lone surrogates are added to `counts`.
  static func text(
    of extras: [RecordReader.Extra], _ json: Span<UInt8>, _ scanner: JSONScanner,
    _ counts: inout FlatteningCounts
  ) throws(PageError) -> [UInt8] {
    var members: [CanonicalWriter.Member] = []
    var inLocation: [CanonicalWriter.Member] = []
    var unknown: [String] = []
    var writer = CanonicalWriter(limits: scanner.limits)
    for extra in extras {
      let token = JSONScanner.StringToken(range: extra.name, hasEscapes: true)
      let name = try scanner.decode(token, json, loneSurrogates: &writer.loneSurrogates)
      let member = CanonicalWriter.Member(name: name, value: extra.value)
      if extra.isInLocation { inLocation.append(member) } else { members.append(member) }
      if !extra.isKnown {
        let path = String(decoding: name, as: UTF8.self)
        unknown.append(extra.isInLocation ? "actor_location.\(path)" : path)
      }
    }
    if !inLocation.isEmpty {
      members.append(CanonicalWriter.Member(name: Array("actor_location".utf8), value: nil))
    }
    // A record that throws here is not counted.
    try writer.append(members, inner: inLocation, json)
    for path in unknown { counts.addUnknownField(path) }
    counts.loneSurrogates += writer.loneSurrogates
    return writer.text
  }
}
