package import AuditRecord
import Crypto
import Foundation
package import HTTP
import Synchronization

@testable package import ObjectStore

/// A clock that only sleeping moves.
package final class ManualClock: RunClock {
  private let state: Mutex<(now: Timestamp, slept: [TimeSpan])>

  package init(_ now: Timestamp = .test) { state = Mutex((now, [])) }

  package var now: Timestamp { state.withLock { $0.now } }
  package var elapsed: TimeSpan { now - .test }
  package var slept: [TimeSpan] { state.withLock { $0.slept } }

  package func advance(_ span: TimeSpan) { state.withLock { $0.now = $0.now + span } }

  package func sleep(for span: TimeSpan) async throws(CancellationError) {
    if Task.isCancelled { throw CancellationError() }
    state.withLock { state in
      state.now = state.now + span
      state.slept.append(span)
    }
    await Task.yield()
  }
}

extension Timestamp {
  /// 2015-08-30T12:36:00Z, the time of AWS's examples.
  package static let test = Timestamp(microseconds: 1_440_938_160_000_000)
}

/// Files in memory.
package final class FakeFiles: CredentialFiles {
  private let texts: Mutex<[String: String]>
  private let unreadable: Set<String>

  package init(_ texts: [String: String] = [:], unreadable: Set<String> = []) {
    self.texts = Mutex(texts)
    self.unreadable = unreadable
  }

  package func write(_ text: String, to path: String) { texts.withLock { $0[path] = text } }

  package func contents(of path: String) throws(CredentialFileError) -> String? {
    if unreadable.contains(path) { throw CredentialFileError(why: "Permission denied") }
    return texts.withLock { $0[path] }
  }
}

/// Answers requests for credentials one after the other, and keeps them.
package final class ScriptedTransport: HTTPTransport {
  package typealias Answer = @Sendable (HTTPRequest) throws(TransportFault) -> HTTPResponse
  private let state: Mutex<(answers: [Answer], requests: [HTTPRequest])>

  package init(_ answers: [Answer]) { state = Mutex((answers, [])) }

  package var requests: [HTTPRequest] { state.withLock { $0.requests } }

  package func send(_ request: HTTPRequest) async throws(TransportFault) -> HTTPResponse {
    let answer: Answer? = state.withLock { state in
      state.requests.append(request)
      return state.answers.isEmpty ? nil : state.answers.removeFirst()
    }
    await Task.yield()
    guard let answer else { throw .unreachable("no route to host") }
    return try answer(request)
  }

  package static func text(_ status: Int, _ body: String) -> Answer {
    { _ in HTTPResponse(status: status, body: Array(body.utf8)) }
  }

  package static func failure(_ error: TransportFault) -> Answer {
    { _ throws(TransportFault) in throw error }
  }
}

extension CredentialProvider {
  /// With keys in the environment, which never change.
  package static func fixed(_ clock: any RunClock, id: String = "AKID", secret: String = "secret")
    -> CredentialProvider
  {
    CredentialProvider(
      environment: ["AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret], files: FakeFiles(),
      transport: ScriptedTransport([]), clock: clock, retry: .test, sessionName: "tests")
  }
}

extension StoreRetry {
  /// Always half of the longest pause.
  package static let test = StoreRetry(random: { 0.5 })
}

extension StoreClient {
  package convenience init(_ store: any HTTPTransport, clock: ManualClock = ManualClock()) throws {
    self.init(
      endpoint: try Endpoint(bucket: "bucket", region: "us-east-1", url: "https://store.test"),
      credentials: .fixed(clock), transport: store, clock: clock, retry: .test)
  }
}

/// In lower-case hex.
package func sha256(_ bytes: [UInt8]) -> String { SHA256.hash(data: bytes).hex }
