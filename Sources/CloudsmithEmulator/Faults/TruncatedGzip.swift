/// Sends less of a gzip member than there is, under a `Content-Length` that agrees: only its own trailer could tell.
///
/// Strikes clients that take gzip.
package struct TruncatedGzip: Behaviour {
  private let rhythm: Rhythm
  private let missing: Int?

  /// So many bytes are missing; nil is the second half. The trailer alone (CRC-32 and length, RFC 1952) has 8.
  package init(_ rhythm: Rhythm, missing: Int? = nil) {
    self.rhythm = rhythm
    self.missing = missing
  }

  package mutating func deliver(_ response: inout EmulatedResponse, for turn: Turn) {
    guard rhythm.strikes(turn), response.headers["Content-Encoding"] == "gzip" else { return }
    response.body.removeLast(min(response.body.count, missing ?? response.body.count / 2))
  }
}
