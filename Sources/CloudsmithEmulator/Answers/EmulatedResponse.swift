package import AuditRecord

/// An answer of the emulator, and how it reaches the client.
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

  /// The error body of the API: `{"detail": "…"}`. The text needs no escapes.
  package init(status: Int, detail: String) {
    self.init(status: status, json: Array(#"{"detail": "\#(detail)"}"#.utf8))
  }

  /// Whether a client receives all of it.
  package var isWhole: Bool { delivery.cutAfter.map { $0 >= body.count } ?? true }
}

/// What happens to an answer on its way.
package struct Delivery: Sendable, Hashable {
  package enum Ending: Sendable, Hashable {
    /// The connection is closed as after any answer that was the last.
    case close
    /// The connection is reset.
    case reset
  }

  /// Time before the first byte.
  package var delay = TimeSpan.zero
  /// The body goes out no faster; nil is at once.
  package var bytesPerSecond: Int?
  /// Only so many bytes of the body are sent, though `Content-Length` promises all; then the connection ends.
  package var cutAfter: Int?
  package var ending = Ending.close

  package init() {}
}
