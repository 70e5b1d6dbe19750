import Foundation
import Synchronization

/// A server on loopback that gives every request the same response and records the requests.
final class HeartbeatReceiver: Sendable {
  struct Request: Equatable {
    /// `POST /ping/u`
    var request: String
    var head: String
    var body: String
  }

  let port: Int
  private let descriptor: Int32
  private let requests = Mutex<[Request]>([])

  var received: [Request] { requests.withLock(\.self) }
  var url: String { "http://127.0.0.1:\(port)" }

  /// - Parameters:
  ///   - status: of every response; nil closes the connection without a response.
  ///   - head: more header fields of the response, each with CRLF.
  init(status: Int?, head: String = "", body: String = "OK") throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isListening else { throw POSIXError(.EADDRINUSE) }
    port = Int(address.sin_port.bigEndian)
    Thread.detachNewThread { [self] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        respond(connection, status.map { "HTTP/1.1 \($0) X\r\n\(head)" }, body)
        Foundation.close(connection)
      }
    }
  }

  func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  private func respond(_ connection: Int32, _ start: String?, _ answer: String) {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(connection, &chunk, chunk.count, 0)
      guard count > 0 else { return }
      bytes += chunk[..<count]
      let text = String(decoding: bytes, as: UTF8.self)
      guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
      let head = String(text[..<end.lowerBound])
      let body = String(text[end.upperBound...])
      let length = head.lowercased().firstMatch(of: /content-length: (\d+)/).flatMap { Int($0.1) } ?? 0
      guard body.utf8.count >= length else { continue }
      requests.withLock {
        $0.append(
          Request(
            request: head.split(separator: " ").prefix(2).joined(separator: " "), head: head, body: body))
      }
      guard let start else { return }
      let whole = "\(start)Content-Length: \(answer.utf8.count)\r\nConnection: close\r\n\r\n\(answer)"
      _ = Array(whole.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, 0) }
      return
    }
  }
}
