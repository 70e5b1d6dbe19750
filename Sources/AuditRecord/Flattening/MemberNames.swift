/// Recognizes the member names of the schema by prediction.
///
/// A server writes the members of its records in the same order each time. After each name it first tries the name that
/// followed it last time, three words at once. It learns any order from the first record. A wrong prediction costs a search.
struct MemberNames: Sendable {
  /// The destination of a known member.
  enum Member: Hashable, Sendable {
    case text(TextColumn)
    case eventAt
    case latitude
    case longitude
    /// The object `actor_location`.
    case location
  }

  /// Up to 24 bytes as three words, padded with zeros.
  struct Words: Hashable, Sendable {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0

    static let length = 24

    mutating func set(_ byte: UInt8, at index: Int) {
      let bits = UInt64(byte) << UInt64(index % 8 * 8)
      switch index / 8 {
      case 0: first |= bits
      case 1: second |= bits
      default: third |= bits
      }
    }
  }

  struct Name: Sendable {
    /// Nil for the positions in an object that are not a known name.
    var member: Member?
    /// Whether it is a member of `actor_location`.
    var isInLocation: Bool
    /// `"name":"`
    fileprivate var opening = Words()
    /// The mask of `"name"`.
    fileprivate var nameMask = Words()
    /// The mask of `"name":"`.
    fileprivate var openingMask = Words()
    /// The length of `"name":"`, in bytes.
    var openingLength = 0
    /// The number of the name that followed this one last time.
    fileprivate(set) var next = 0

    fileprivate init(_ name: String = "", _ member: Member? = nil, isInLocation: Bool) {
      self.member = member
      self.isInLocation = isInLocation
      openingLength = name.utf8.count + 4
      guard member != nil else { return }
      for (index, byte) in "\"\(name)\":\"".utf8.enumerated() {
        opening.set(byte, at: index)
        openingMask.set(0xFF, at: index)
        if index < openingLength - 2 { nameMask.set(0xFF, at: index) }
      }
    }

    /// Whether `"name":"` is at `position`. The caller ensures that `Words.length` bytes follow.
    @inline(__always)
    func opens(_ json: Span<UInt8>, at position: Int) -> Bool { difference(json, position, openingMask) == 0 }

    /// Whether `"name"` is at `position`, likewise.
    @inline(__always)
    fileprivate func stands(_ json: Span<UInt8>, at position: Int) -> Bool {
      difference(json, position, nameMask) == 0
    }

    @inline(__always)
    private func difference(_ json: Span<UInt8>, _ start: Int, _ mask: Words) -> UInt64 {
      ((json.uncheckedWord(start) ^ opening.first) & mask.first)
        | ((json.uncheckedWord(start &+ 8) ^ opening.second) & mask.second)
        | ((json.uncheckedWord(start &+ 16) ^ opening.third) & mask.third)
    }

    /// Whether the words are `"name"`.
    fileprivate func isWritten(_ words: Words) -> Bool {
      opening.first & nameMask.first == words.first && opening.second & nameMask.second == words.second
        && opening.third & nameMask.third == words.third
    }
  }

  /// The known names, fewer than 60, then four positions that are not names.
  private var names: [Name]
  private let knownNames: Int

  init() {
    names = []
    for column in Column.allCases {
      guard let member = Member(column) else { continue }
      let isInLocation = column.name.hasPrefix(MemberNames.locationPrefix)
      let name = isInLocation ? String(column.name.dropFirst(MemberNames.locationPrefix.count)) : column.name
      names.append(Name(name, member, isInLocation: isInLocation))
    }
    names.append(Name("actor_location", .location, isInLocation: false))
    knownNames = names.count
    for isInLocation in [false, true, false, true] { names.append(Name(isInLocation: isInLocation)) }
    // Until it learns another, each predicts the first name of its own kind.
    for number in names.indices {
      names[number].next = names.firstIndex { $0.isInLocation == names[number].isInLocation } ?? 0
    }
  }

  private static let locationPrefix = "actor_location_"

  /// The positions at the start of an object.
  func start(inLocation: Bool) -> Int { knownNames + (inLocation ? 1 : 0) }

  /// The position of a name that the schema does not know.
  func unknown(inLocation: Bool) -> Int { knownNames + (inLocation ? 3 : 2) }

  @inline(__always)
  subscript(_ number: Int) -> Name { names[number] }

  /// Skip a name, whose opening quote is at the scanner's position. `previous` is the name before it.
  ///
  /// - Returns: the number of the name, or `unknown`.
  @inline(__always)
  mutating func read(_ json: Span<UInt8>, _ scanner: inout JSONScanner, after previous: Int) throws(PageError)
    -> Int
  {
    if scanner.position <= json.count - Words.length {
      let guess = names[previous].next
      let name = names[guess]
      if name.stands(json, at: scanner.position) {
        scanner.position += name.openingLength - 2
        return guess
      }
    }
    return try search(json, &scanner, after: previous)
  }

  @inline(never)
  private mutating func search(
    _ json: Span<UInt8>, _ scanner: inout JSONScanner, after previous: Int
  ) throws(PageError) -> Int {
    let isInLocation = names[previous].isInLocation
    let unknown = unknown(inLocation: isInLocation)
    let token = try scanner.readString(json)
    var ignored = 0
    let name = try scanner.decode(token, json, loneSurrogates: &ignored)
    guard name.count <= Words.length - 2, !name.contains(UInt8(ascii: "\"")) else { return unknown }
    var words = Words()
    words.set(UInt8(ascii: "\""), at: 0)
    for (index, byte) in name.enumerated() { words.set(byte, at: index + 1) }
    words.set(UInt8(ascii: "\""), at: name.count + 1)
    let found = names[..<knownNames].firstIndex { $0.isInLocation == isInLocation && $0.isWritten(words) }
    guard let found else { return unknown }
    names[previous].next = found
    return found
  }
}

extension MemberNames.Member {
  /// Nil for `additional_fields`, which no member of a record fills.
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
