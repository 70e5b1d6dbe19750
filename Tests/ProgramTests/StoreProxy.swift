import Foundation
import TestSupport
import Testing

/// `store_proxy.py` in front of a store: it counts the requests, and one of them can meet a fault.
struct StoreProxy {
  enum Fault: String {
    /// The connection ends before the store sees the request.
    case refused = "refuse"
    /// The store does what is asked, and the connection ends without an answer.
    case lostAnswer = "lose"
    case slowDown = "503"
    case conflict = "409"
    /// The request is held back until `goOn`.
    case stalled = "stall"
    /// The store does what is asked, and nothing answers.
    case silence = "swallow"
  }

  private let process: RunningCommand
  /// The store, by way of the proxy.
  let store: SeaweedFS

  /// - Parameters:
  ///   - which: the number of a request, from 1, or a regular expression for request lines; the first such request meets the fault.
  ///   - certificate: paths of a certificate for `localhost` and its key, to speak TLS.
  static func with<Result>(
    _ store: SeaweedFS, _ fault: Fault? = nil, at which: String = "",
    certificate: (chain: String, key: String)? = nil, _ body: (StoreProxy) async throws -> Result
  ) async throws -> Result {
    var arguments = [Repository.path("Tests/Interoperability/store_proxy.py"), "\(store.port)"]
    if let fault { arguments += [fault.rawValue, which] }
    if let certificate { arguments += ["--tls", certificate.chain, certificate.key] }
    let process = try Command(try #require(Python.interpreter), arguments).start()
    defer { process.end() }
    let port = try #require(process.line(beginning: "listening on "), "the proxy did not start")
    let url = certificate == nil ? "http://127.0.0.1:\(port)" : "https://localhost:\(port)"
    return try await body(StoreProxy(process: process, store: SeaweedFS(url: url)))
  }

  var hasMetFault: Bool { process.hasPrinted("fault on ") }

  /// Forwards the request that was held back.
  func goOn() { process.signal(SIGUSR1) }

  /// Ends the proxy.
  ///
  /// - Returns: method and target of each request.
  func end() -> [String] {
    process.end()
    return process.wait().output.split(separator: "\n").dropFirst().map { line in
      line.split(separator: " ").suffix(2).joined(separator: " ")
    }
  }
}
