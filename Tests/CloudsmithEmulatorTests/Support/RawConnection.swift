import Foundation

/// A TCP client that returns every received byte and how the connection ended.
enum RawConnection {
  struct Answer: Sendable {
    var text: String
    /// 0 after an orderly close, else the `errno` of the failed call.
    var error: Int32

    var isReset: Bool { error == ECONNRESET }
    var body: String { text.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n") }
  }

  /// Sends the text and reads until the server closes the connection. Blocks only a thread of its own.
  static func exchange(port: Int, _ request: String) async -> Answer {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: blockingExchange(port: port, request)) }
    }
  }

  private static func blockingExchange(port: Int, _ request: String) -> Answer {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = in_addr_t(UInt32(0x7F00_0001).bigEndian)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard connected == 0 else { return Answer(text: "", error: errno) }
    guard write(descriptor, request, request.utf8.count) == request.utf8.count else {
      return Answer(text: "", error: errno)
    }
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else {
        return Answer(text: String(decoding: received, as: UTF8.self), error: count == 0 ? 0 : errno)
      }
      received += buffer[..<count]
    }
  }
}

/// The text of a request for a page of acme's log.
///
/// - Parameter close: asks the server to close the connection after the response.
func requestText(_ target: String = "/v1/audit-log/acme/", close: Bool = true) -> String {
  """
  GET \(target) HTTP/1.1\r
  Host: localhost\r
  X-Api-Key: emulator-demo-key\r
  \(close ? "Connection: close\r\n" : "")\r\n
  """
}
