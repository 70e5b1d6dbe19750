/// A JSON text as a tree of values, read strictly by RFC 8259: UTF-8 without a byte order mark, and no duplicate members.
///
/// Use it for files that several readers must read alike, and whose bytes someone else may have written.
package indirect enum JSONTree: Hashable, Sendable {
  case object([String: JSONTree])
  case array([JSONTree])
  case string(String)
  /// A number, `true`, `false` or `null`, as written.
  case scalar(String)

  /// Parse a text.
  ///
  /// - Parameter depth: the deepest nesting of arrays and objects.
  /// - Throws: `JSONTreeError` if the text is not strict JSON, is nested deeper, or has a duplicate member.
  package init(_ text: [UInt8], depth: Int = 16) throws(JSONTreeError) {
    do {
      try JSONScanner.checkUTF8(text.span)
      var reader = Reader(depth: depth)
      self = try reader.document(text.span)
    } catch let error as JSONTreeError {
      throw error
    } catch {
      throw .text((error as? PageError)?.reason ?? .unexpectedByte, at: (error as? PageError)?.offset ?? 0)
    }
  }

  /// Whether the value means the same as a missing member: `null`, `0`, `false`, an empty array, or an object of such values.
  package var saysNothing: Bool {
    switch self {
    case .object(let members): members.values.allSatisfy(\.saysNothing)
    case .array(let elements): elements.isEmpty
    case .string: false
    case .scalar(let text): ["null", "0", "false"].contains(text)
    }
  }
}

/// Why a text is not JSON that every reader reads alike.
package enum JSONTreeError: Error, Hashable, Sendable {
  /// The number of bytes before the error.
  case text(PageError.Reason, at: Int)
  case twice(member: String)
}

extension JSONTreeError: CustomStringConvertible {
  /// The reason, in lower case without a full stop.
  package var description: String {
    switch self {
    case .text(.trailingBytes, let offset): "it continues after its end, at byte \(offset)"
    case .text(let reason, let offset): "\(reason.rawValue), at byte \(offset)"
    case .twice(let member):
      "the member \(member.debugDescription) occurs twice, and readers differ in which one they use"
    }
  }
}

extension JSONTree {
  private struct Reader {
    var scanner: JSONScanner

    init(depth: Int) { scanner = JSONScanner(limits: JSONLimits(depth: depth)) }

    mutating func document(_ json: Span<UInt8>) throws -> JSONTree {
      if json.count >= 3, json[0] == 0xEF, json[1] == 0xBB, json[2] == 0xBF {
        throw PageError(.byteOrderMark, at: 0)
      }
      scanner.skipWhiteSpace(json)
      let tree = try value(json, depth: 0)
      scanner.skipWhiteSpace(json)
      guard scanner.position == json.count else { throw PageError(.trailingBytes, at: scanner.position) }
      return tree
    }

    private mutating func value(_ json: Span<UInt8>, depth: Int) throws -> JSONTree {
      switch try scanner.peek(json) {
      case UInt8(ascii: "\""): return .string(try string(json))
      case UInt8(ascii: "{"):
        try scanner.checkDepth(depth + 1)
        var members: [String: JSONTree] = [:]
        guard try scanner.open(until: UInt8(ascii: "}"), json) else { return .object(members) }
        repeat {
          let name = try string(json)
          try scanner.expectColon(json)
          let member = try value(json, depth: depth + 1)
          guard members.updateValue(member, forKey: name) == nil else {
            throw JSONTreeError.twice(member: name)
          }
        } while try scanner.continues(until: UInt8(ascii: "}"), json)
        return .object(members)
      case UInt8(ascii: "["):
        try scanner.checkDepth(depth + 1)
        var elements: [JSONTree] = []
        guard try scanner.open(until: UInt8(ascii: "]"), json) else { return .array(elements) }
        repeat {
          elements.append(try value(json, depth: depth + 1))
        } while try scanner.continues(until: UInt8(ascii: "]"), json)
        return .array(elements)
      default:
        let start = scanner.position
        try scanner.skipScalar(json)
        return .scalar(text(json, start..<scanner.position))
      }
    }

    private mutating func string(_ json: Span<UInt8>) throws -> String {
      let token = try scanner.readString(json)
      guard token.hasEscapes else { return text(json, token.range) }
      var decoded = String.UnicodeScalarView()
      let end = scanner.position
      scanner.position = token.range.lowerBound
      while scanner.position < token.range.upperBound {
        if json[scanner.position] == UInt8(ascii: "\\") {
          decoded.append(try scanner.readEscape(json).scalar)
        } else {
          let start = scanner.position
          scanner.skipPlainText(json)
          decoded.append(contentsOf: text(json, start..<scanner.position).unicodeScalars)
        }
      }
      scanner.position = end
      return String(decoded)
    }

    private func text(_ json: Span<UInt8>, _ range: Range<Int>) -> String {
      json.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
  }
}
