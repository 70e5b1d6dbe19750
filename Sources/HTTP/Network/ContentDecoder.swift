internal import Compression

/// Decodes the content codings of a body (RFC 9110, section 8.4) piece by piece, within limits.
///
/// Several gzip members form one body (RFC 1952, section 2.2). After an error the decoder must not be used again.
final class ContentDecoder {
  /// In the order of decoding. Empty if the body is not encoded.
  private let stages: [Stage]
  private let limits: ResponseLimits
  private var received = 0

  /// The most codings of a body. More than one is legal but rare.
  private static let mostStages = 3

  /// - Parameter codings: the names in `Content-Encoding`, in the order in which they were applied. They match in any case.
  init(_ codings: [String], limits: ResponseLimits) throws(ContentCodingError) {
    var stages: [Stage] = []
    for name in codings.reversed() {
      switch name.lowercased() {
      case "identity", "": continue
      case "gzip", "x-gzip": stages.append(try Stage(.gzip))
      case "deflate": stages.append(try Stage(.deflate))
      default: throw .unknown(ContentCodingError.printable(name))
      }
    }
    guard stages.count <= ContentDecoder.mostStages else { throw .tooMany }
    self.stages = stages
    self.limits = limits
  }

  var isIdentity: Bool { stages.isEmpty }

  /// Decodes `bytes` and appends the result to `body`.
  ///
  /// - Throws: `.tooLarge` or `.inflatedTooFar` before a body beyond the limits is in memory.
  func decode(_ bytes: [UInt8], to body: inout [UInt8]) throws(ContentCodingError) {
    received += bytes.count
    try decode(bytes, stage: 0, to: &body)
  }

  /// Ends the body.
  ///
  /// - Throws: `.damaged` if the body is not whole.
  func finish() throws(ContentCodingError) {
    for stage in stages { try stage.finish() }
  }

  private func decode(_ bytes: [UInt8], stage index: Int, to body: inout [UInt8]) throws(ContentCodingError) {
    let stage = stages[index]
    let isLast = index == stages.count - 1
    var position = 0
    var isMore = true
    while isMore {
      if isLast {
        isMore = try stage.read(bytes, from: &position, to: &body)
      } else {
        var piece: [UInt8] = []
        isMore = try stage.read(bytes, from: &position, to: &piece)
        try check(stage)
        try decode(piece, stage: index + 1, to: &body)
      }
      try check(stage)
    }
  }

  private func check(_ stage: Stage) throws(ContentCodingError) {
    if stage.length > limits.inflationFloor, stage.length / limits.inflation > received {
      throw .inflatedTooFar(ratio: limits.inflation)
    }
    if stage.length > limits.bodySize { throw .tooLarge(limit: limits.bodySize) }
  }
}

/// One coding of a body.
private final class Stage {
  enum Coding: String { case gzip, deflate }

  private let coding: Coding
  private var gzip: GzipReader?
  private var deflate: DeflateReader?
  /// Bytes decoded.
  private(set) var length = 0

  init(_ coding: Coding) throws(ContentCodingError) {
    self.coding = coding
    switch coding {
    case .gzip:
      do throws(GzipError) { gzip = try GzipReader() } catch { throw .damaged(coding.rawValue, error.reason) }
    case .deflate: deflate = DeflateReader()
    }
  }

  func read(
    _ bytes: [UInt8], from position: inout Int, to output: inout [UInt8]
  ) throws(ContentCodingError) -> Bool {
    let before = output.count
    defer { length += output.count - before }
    do throws(GzipError) {
      switch coding {
      case .gzip: return try gzip?.read(bytes, from: &position, to: &output) ?? false
      case .deflate: return try deflate?.read(bytes, from: &position, to: &output) ?? false
      }
    } catch {
      throw .damaged(coding.rawValue, error.reason)
    }
  }

  func finish() throws(ContentCodingError) {
    do throws(GzipError) {
      try gzip?.finish()
      try deflate?.finish()
    } catch {
      throw .damaged(coding.rawValue, error.reason)
    }
  }
}

/// Why a body cannot be decoded.
enum ContentCodingError: Error, Hashable {
  /// An unknown coding; nil if its name should not be printed.
  case unknown(String?)
  /// More codings than a body has.
  case tooMany
  case damaged(String, GzipError.Reason)
  case tooLarge(limit: Int)
  case inflatedTooFar(ratio: Int)

  /// The name of a coding if it is safe to print: registered names are short, and a longer text may be anything.
  static func printable(_ name: String) -> String? {
    let isName = name.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    return isName && name.utf8.count <= 16 ? name : nil
  }
}

extension ContentCodingError {
  /// - Parameter answer: what is known of the answer, for a body beyond the limits.
  func fault(_ answer: OversizedAnswer) -> TransportFault {
    switch self {
    case .unknown(let name?):
      .undecodable("its Content-Encoding is '\(name)', but only gzip and deflate are supported")
    case .unknown(nil): .undecodable("its Content-Encoding is unknown; only gzip and deflate are supported")
    case .tooMany: .undecodable("its Content-Encoding has too many codings")
    case .damaged(let coding, .notGzip):
      .undecodable("its Content-Encoding is \(coding), but its body is not")
    case .damaged(let coding, .truncated): .undecodable("its \(coding) body ends too early")
    case .damaged(let coding, .trailingGarbage):
      .undecodable("its \(coding) body has additional data at the end")
    case .damaged(let coding, _): .undecodable("its \(coding) body is damaged")
    case .tooLarge(let limit): .bodyTooLarge(limit: limit, answer)
    case .inflatedTooFar(let ratio): .inflatedTooFar(ratio: ratio, answer)
    }
  }
}
