import Compression

/// Sends an empty array with a great many blanks in it, a thousandth of their size as gzip, whatever was asked for.
package struct GzipBomb: Behaviour {
  private let rhythm: Rhythm
  private let size: Int
  private var bomb: [UInt8]?

  /// `size` is that of the body in bytes once inflated.
  package init(_ rhythm: Rhythm, size: Int = 256 << 20) {
    self.rhythm = rhythm
    self.size = size
  }

  package mutating func deliver(_ response: inout EmulatedResponse, for turn: Turn) {
    guard rhythm.strikes(turn) else { return }
    do {
      let body = try bomb ?? packed()
      bomb = body
      response = EmulatedResponse(
        status: 200, headers: [("Content-Type", "application/json"), ("Content-Encoding", "gzip")], body: body
      )
    } catch {
      response = EmulatedResponse(status: 500, detail: "The emulator could not compress the answer.")
    }
  }

  private func packed() throws -> [UInt8] {
    var body = [UInt8](repeating: UInt8(ascii: " "), count: max(2, size))
    body[0] = UInt8(ascii: "[")
    body[body.count - 1] = UInt8(ascii: "]")
    return try Gzip.compress(body)
  }
}
