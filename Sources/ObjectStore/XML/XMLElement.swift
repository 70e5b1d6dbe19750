/// An element of an XML document, with all that is in it. Attributes and comments are dropped.
struct XMLElement: Hashable, Sendable {
  /// Without its namespace prefix.
  var name: String
  /// The text directly in the element, with references replaced.
  var text = ""
  var children: [XMLElement] = []

  /// The first child of that name.
  subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }

  /// All children of that name.
  func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

  /// Reads a whole document. Costs time and memory in proportion to its size.
  init(document: [UInt8], limits: XMLLimits = XMLLimits()) throws(XMLError) {
    var reader = XMLReader(bytes: document, limits: limits)
    self = try reader.document()
  }

  fileprivate init(name: String) { self.name = name }
}

/// What a document may have at most.
struct XMLLimits: Hashable, Sendable {
  /// Bytes. A page of 1,000 keys of 1,024 bytes, all of them escaped, has about 4 MiB.
  var size = 8 << 20
  var depth = 16
  var elements = 50_000
}

/// Why bytes are no XML document that is read here, and at which byte.
struct XMLError: Error, Hashable, Sendable, CustomStringConvertible {
  enum Reason: String, Hashable, Sendable {
    case tooLarge = "it is too large"
    case tooDeep = "its elements are nested too deeply"
    case tooMany = "it has too many elements"
    case notUTF8 = "it is not UTF-8"
    case documentType = "it has a document type definition, which is not supported"
    case cut = "it ends too early"
    case mismatch = "an end tag does not match its start tag"
    case reference = "it has an unknown entity or character reference"
    case character = "it has a character that XML forbids"
    case syntax = "it is not well-formed"
    case root = "it has no element, or more than one"
  }

  var reason: Reason
  var offset: Int

  var description: String { "\(reason.rawValue) (byte \(offset))" }
}

/// Reads the part of XML 1.0 (fifth edition) that stores reply with: elements, text, CDATA sections, the five entities, character
/// references, comments and processing instructions. Document type definitions are refused, so no entity can grow or fetch anything.
/// It does not recurse.
private struct XMLReader {
  let bytes: [UInt8]
  let limits: XMLLimits
  var position = 0

  mutating func document() throws(XMLError) -> XMLElement {
    guard bytes.count <= limits.size else { throw XMLError(reason: .tooLarge, offset: limits.size) }
    if skip("\u{FEFF}") {}
    var open: [XMLElement] = []
    var root: XMLElement?
    var count = 0
    while position < bytes.count {
      if bytes[position] != UInt8(ascii: "<") {
        let text = try text()
        if open.isEmpty {
          guard text.utf8.allSatisfy(isBlank) else { throw error(.root) }
        } else {
          open[open.count - 1].text += text
        }
      } else if skip("<!--") {
        try skip(through: "-->")
      } else if skip("<![CDATA[") {
        let start = position
        try skip(through: "]]>")
        guard !open.isEmpty else { throw error(.root) }
        open[open.count - 1].text += try string(start..<position - 3)
      } else if skip("<!") {
        throw error(.documentType)
      } else if skip("<?") {
        try skip(through: "?>")
      } else if skip("</") {
        guard let element = open.popLast() else { throw error(.mismatch) }
        guard try name() == element.name else { throw error(.mismatch) }
        skipBlanks()
        guard skip(">") else { throw error(.syntax) }
        try close(element, in: &open, root: &root)
      } else {
        position += 1
        guard root == nil || !open.isEmpty else { throw error(.root) }
        count += 1
        guard count <= limits.elements else { throw error(.tooMany) }
        guard open.count < limits.depth else { throw error(.tooDeep) }
        let element = XMLElement(name: try name())
        if try attributes() { try close(element, in: &open, root: &root) } else { open.append(element) }
      }
    }
    guard open.isEmpty else { throw error(.cut) }
    guard let root else { throw error(.root) }
    return root
  }

  /// Puts a whole element into its parent. Text beside elements is only layout.
  private func close(_ element: XMLElement, in open: inout [XMLElement], root: inout XMLElement?)
    throws(XMLError)
  {
    var element = element
    if !element.children.isEmpty { element.text = "" }
    if open.isEmpty {
      guard root == nil else { throw error(.root) }
      root = element
    } else {
      open[open.count - 1].children.append(element)
    }
  }

  /// Reads to the end of a start tag. Returns whether the element is empty (`<a/>`).
  private mutating func attributes() throws(XMLError) -> Bool {
    while true {
      let start = position
      skipBlanks()
      if skip("/>") { return true }
      if skip(">") { return false }
      guard position < bytes.count else { throw error(.cut) }
      guard position > start else { throw error(.syntax) }
      _ = try name()
      skipBlanks()
      guard skip("=") else { throw error(.syntax) }
      skipBlanks()
      guard position < bytes.count else { throw error(.cut) }
      let quote = bytes[position]
      guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { throw error(.syntax) }
      position += 1
      while position < bytes.count, bytes[position] != quote {
        guard bytes[position] != UInt8(ascii: "<") else { throw error(.syntax) }
        position += 1
      }
      guard position < bytes.count else { throw error(.cut) }
      position += 1
    }
  }

  /// Reads the name of an element or attribute and returns it without its prefix.
  private mutating func name() throws(XMLError) -> String {
    let start = position
    while position < bytes.count, isName(bytes[position]) { position += 1 }
    guard position > start else { throw error(position < bytes.count ? .syntax : .cut) }
    let first = bytes[start]
    guard first != UInt8(ascii: "-"), first != UInt8(ascii: "."), !(0x30...0x39).contains(first)
    else { throw error(.syntax) }
    let name = try string(start..<position)
    return name.split(separator: ":").last.map(String.init) ?? name
  }

  /// Reads text up to the next `<`.
  private mutating func text() throws(XMLError) -> String {
    var text = ""
    var start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
      guard bytes[position] == UInt8(ascii: "&") else {
        position += 1
        continue
      }
      text += try string(start..<position)
      text.unicodeScalars.append(try reference())
      start = position
    }
    return text + (try string(start..<position))
  }

  /// Reads `&amp;`, `&#38;` or `&#x26;`.
  private mutating func reference() throws(XMLError) -> Unicode.Scalar {
    let start = position + 1
    guard let end = bytes[start..<min(start + 10, bytes.count)].firstIndex(of: UInt8(ascii: ";"))
    else { throw error(.reference) }
    let body = String(decoding: bytes[start..<end], as: UTF8.self)
    position = end + 1
    switch body {
    case "amp": return "&"
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    default: break
    }
    // Integers read a sign, which XML does not have.
    guard body.hasPrefix("#"), !body.contains("+"), !body.contains("-"),
      let value = body.hasPrefix("#x")
        ? UInt32(body.dropFirst(2), radix: 16) : UInt32(body.dropFirst()),
      let scalar = Unicode.Scalar(value), value != 0, value != 0xFFFE, value != 0xFFFF
    else { throw error(.reference) }
    return scalar
  }

  private func string(_ range: Range<Int>) throws(XMLError) -> String {
    let bytes = bytes[range]
    // Keys may hold control characters, which stores escape; plain ones are damage.
    guard bytes.allSatisfy({ $0 >= 0x20 || isBlank($0) }) else { throw error(.character) }
    guard let string = String(validating: bytes, as: UTF8.self) else { throw error(.notUTF8) }
    return string
  }

  private mutating func skip(_ token: String) -> Bool {
    guard bytes[position...].starts(with: token.utf8) else { return false }
    position += token.utf8.count
    return true
  }

  private mutating func skip(through token: String) throws(XMLError) {
    while position < bytes.count {
      if skip(token) { return }
      position += 1
    }
    throw error(.cut)
  }

  private mutating func skipBlanks() {
    while position < bytes.count, isBlank(bytes[position]) { position += 1 }
  }

  private func error(_ reason: XMLError.Reason) -> XMLError { XMLError(reason: reason, offset: position) }

  private func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  private func isName(_ byte: UInt8) -> Bool {
    byte >= 0x80 || (0x30...0x3A).contains(byte) || (0x41...0x5A).contains(byte)
      || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: ".")
  }
}
