/// The member names that the schema knows in one kind of object, found by guessing.
///
/// A server writes the members of its records in the same order each time. So after each name the one that
/// followed it last time is tried first, three words at once; whatever that order is, it is learned from the
/// first record. A wrong guess costs a search.
struct MemberNames: Sendable {
  /// What becomes of a known member.
  enum Member: Hashable, Sendable {
    case text(TextColumn)
    case eventAt
    case latitude
    case longitude
    /// The object `actor_location`.
    case location
  }

  /// A name of at most 23 bytes and the quote behind it, as three words; the bytes after it are zero.
  private struct Words: Hashable, Sendable {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0

    mutating func set(_ byte: UInt8, at index: Int) {
      let bits = UInt64(byte) << UInt64(index % 8 * 8)
      switch index / 8 {
      case 0: first |= bits
      case 1: second |= bits
      default: third |= bits
      }
    }
  }

  private struct Name: Sendable {
    var member: Member
    var length: Int
    var words: Words
    /// All bits of the bytes that count.
    var mask: Words
  }

  private static let maximumLength = 23

  private let names: [Name]
  /// The name that followed each name last time; then those that came first and after an unknown name.
  private var following: [Int]

  /// Where in an object the reader stands, at the beginning.
  var start: Int { names.count }
  /// In place of a name that the schema does not know.
  var unknown: Int { names.count + 1 }

  private init(_ members: [(name: String, member: Member)]) {
    names = members.map { name, member in
      var words = Words()
      var mask = Words()
      for (index, byte) in (name + "\"").utf8.enumerated() {
        words.set(byte, at: index)
        mask.set(0xFF, at: index)
      }
      return Name(member: member, length: name.utf8.count, words: words, mask: mask)
    }
    following = Array(repeating: 0, count: members.count + 2)
  }

  /// The members of a record.
  static func ofRecord() -> MemberNames {
    MemberNames(
      Column.allCases.compactMap { column in
        guard !column.name.hasPrefix(locationPrefix), let member = Member(column) else { return nil }
        return (column.name, member)
      } + [(name: "actor_location", member: .location)])
  }

  /// The members of `actor_location`.
  static func ofLocation() -> MemberNames {
    MemberNames(
      Column.allCases.compactMap { column in
        guard column.name.hasPrefix(locationPrefix), let member = Member(column) else { return nil }
        return (String(column.name.dropFirst(locationPrefix.count)), member)
      })
  }

  private static let locationPrefix = "actor_location_"

  func member(_ index: Int) -> Member? { index < names.count ? names[index].member : nil }

  /// Passes over a name; its opening quote is at the scanner's position. `previous` is what came before it.
  /// Returns which name it is, or `unknown`.
  @inline(__always)
  mutating func read(_ json: Span<UInt8>, _ scanner: inout JSONScanner, after previous: Int) throws(PageError)
    -> Int
  {
    let guess = following[previous]
    let start = scanner.position + 1
    if start + 24 <= json.count, json[start - 1] == UInt8(ascii: "\"") {
      let name = names[guess]
      let difference =
        ((json.word(start) & name.mask.first) ^ name.words.first)
        | ((json.word(start + 8) & name.mask.second) ^ name.words.second)
        | ((json.word(start + 16) & name.mask.third) ^ name.words.third)
      if difference == 0 {
        scanner.position = start + name.length + 1
        return guess
      }
    }
    return try search(json, &scanner, after: previous)
  }

  @inline(never)
  private mutating func search(
    _ json: Span<UInt8>, _ scanner: inout JSONScanner, after previous: Int
  ) throws(PageError) -> Int {
    let token = try scanner.readString(json)
    var words = Words()
    if token.hasEscapes {
      var ignored = 0
      let name = try scanner.decode(token, json, loneSurrogates: &ignored)
      guard name.count <= MemberNames.maximumLength, !name.contains(UInt8(ascii: "\"")) else {
        return unknown
      }
      for (index, byte) in name.enumerated() { words.set(byte, at: index) }
      words.set(UInt8(ascii: "\""), at: name.count)
    } else {
      guard token.range.count <= MemberNames.maximumLength else { return unknown }
      for index in 0...token.range.count { words.set(json[token.range.lowerBound + index], at: index) }
    }
    guard let found = names.firstIndex(where: { $0.words == words }) else { return unknown }
    following[previous] = found
    return found
  }
}

extension MemberNames.Member {
  /// nil for `additional_fields`, which no member of a record fills.
  fileprivate init?(_ column: Column) {
    switch column {
    case .uuid: self = .text(.uuid)
    case .eventAt: self = .eventAt
    case .event: self = .text(.event)
    case .context: self = .text(.context)
    case .actor: self = .text(.actor)
    case .actorKind: self = .text(.actorKind)
    case .actorSlugPerm: self = .text(.actorSlugPerm)
    case .actorURL: self = .text(.actorURL)
    case .actorIPAddress: self = .text(.actorIPAddress)
    case .actorLocationContinent: self = .text(.actorLocationContinent)
    case .actorLocationCountry: self = .text(.actorLocationCountry)
    case .actorLocationCountryCode: self = .text(.actorLocationCountryCode)
    case .actorLocationCity: self = .text(.actorLocationCity)
    case .actorLocationPostalCode: self = .text(.actorLocationPostalCode)
    case .actorLocationLatitude: self = .latitude
    case .actorLocationLongitude: self = .longitude
    case .object: self = .text(.object)
    case .objectKind: self = .text(.objectKind)
    case .objectSlugPerm: self = .text(.objectSlugPerm)
    case .target: self = .text(.target)
    case .targetKind: self = .text(.targetKind)
    case .targetSlugPerm: self = .text(.targetSlugPerm)
    case .additionalFields: return nil
    }
  }
}
