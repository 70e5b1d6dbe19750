package import AuditRecord

/// The header fields of a message, in order; names compare without regard to case.
package struct HTTPFields: Sendable, Hashable, ExpressibleByArrayLiteral {
  package struct Field: Sendable, Hashable {
    package var name: String
    package var value: String
  }

  package private(set) var fields: [Field]

  package init(_ fields: [(String, String)] = []) {
    self.fields = fields.map { Field(name: $0.0, value: $0.1) }
  }

  package init(arrayLiteral fields: (String, String)...) {
    self.init(fields)
  }

  /// The value of the first field with this name. Setting replaces all of them; nil removes them.
  package subscript(name: String) -> String? {
    get { fields.first { HTTPFields.equal($0.name, name) }?.value }
    set {
      fields.removeAll { HTTPFields.equal($0.name, name) }
      if let newValue { fields.append(Field(name: name, value: newValue)) }
    }
  }

  private static func equal(_ one: String, _ other: String) -> Bool {
    one.utf8.count == other.utf8.count
      && zip(one.utf8, other.utf8).allSatisfy { $0 == $1 || (isLetter($0) && $0 ^ $1 == 0x20) }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
  }
}

/// An HTTP request to the emulator.
package struct EmulatedRequest: Sendable, Hashable {
  package var method: String
  /// Path and query of the request line, still percent-encoded.
  package var target: String { didSet { parameters = EmulatedRequest.parameters(of: target) } }
  package var headers: HTTPFields
  /// The first `bodyLimit` bytes.
  package var body: [UInt8]
  private var parameters: [String: String]

  static let bodyLimit = 64 << 10

  package init(method: String = "GET", target: String, headers: HTTPFields = [], body: [UInt8] = []) {
    self.method = method
    self.target = target
    parameters = EmulatedRequest.parameters(of: target)
    self.headers = headers
    self.body = body
  }

  /// A GET request for a page of an audit log. A nil argument is left out.
  package init(
    log: LogName, page: Int? = nil, pageSize: Int? = nil, query: String? = nil, apiKey: String? = nil
  ) {
    let parameters = [
      page.map { "page=\($0)" }, pageSize.map { "page_size=\($0)" },
      query.map { "query=\(FormEncoding.encode($0))" },
    ].compactMap(\.self)
    let path = "/v1/audit-log/\(log)/"
    self.init(target: parameters.isEmpty ? path : "\(path)?\(parameters.joined(separator: "&"))")
    headers["X-Api-Key"] = apiKey
  }

  /// The path without the query, still percent-encoded.
  package var path: String { String(target.prefix { $0 != "?" }) }

  /// The decoded value of a query parameter. If a name is repeated, the last one counts.
  package func parameter(_ name: String) -> String? { parameters[name] }

  private static func parameters(of target: String) -> [String: String] {
    guard let mark = target.firstIndex(of: "?") else { return [:] }
    let pairs = FormEncoding.pairs(target[target.index(after: mark)...])
    return Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
  }
}

/// A response of the emulator, and how it is delivered.
package struct EmulatedResponse: Sendable, Hashable {
  package var status: Int
  package var headers: HTTPFields
  package var body: [UInt8]
  package var delivery = Delivery()

  package init(status: Int, headers: HTTPFields = [], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  package init(status: Int = 200, json: [UInt8]) {
    self.init(status: status, headers: [("Content-Type", "application/json")], body: json)
  }

  /// An error response of the API: `{"detail": "…"}`. The text must not need JSON escapes.
  package init(status: Int, detail: String) {
    self.init(status: status, json: Array(#"{"detail": "\#(detail)"}"#.utf8))
  }

  /// Whether the client receives the whole body.
  package var isWhole: Bool { delivery.cutAfter.map { $0 >= body.count } ?? true }
}

/// How a response is delivered.
package struct Delivery: Sendable, Hashable {
  /// How the connection ends after a cut body.
  package enum Ending: Sendable, Hashable {
    /// Close the connection normally (FIN).
    case close
    /// Reset the connection (RST).
    case reset
  }

  /// Time before the first byte is sent.
  package var delay = TimeSpan.zero
  /// The highest speed at which the body is sent; nil sends it at once.
  package var bytesPerSecond: Int?
  /// Sends only this many bytes of the body, then ends the connection. `Content-Length` still states the full length.
  package var cutAfter: Int?
  /// How the connection ends if the body is cut.
  package var ending = Ending.close

  package init() {}
}

/// Names and values of a URL's query: `application/x-www-form-urlencoded`, where `+` is a blank.
enum FormEncoding {
  /// The pairs in order. Invalid percent-encodings are kept as they are.
  static func pairs(_ text: Substring) -> [(name: String, value: String)] {
    text.split(separator: "&").map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (decode(parts[0], plusIsBlank: true), parts.count > 1 ? decode(parts[1], plusIsBlank: true) : "")
    }
  }

  static func decode(_ text: Substring, plusIsBlank: Bool) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest.removeFirst(2)
      } else {
        bytes.append(plusIsBlank && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func encode(_ text: String) -> String {
    text.utf8.map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        String(Unicode.Scalar(byte))
      default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }
}
