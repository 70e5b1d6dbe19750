package import AuditRecord
import Synchronization

/// One `EmulatedAPI` that connections and the owner of the server use at the same time.
package final class SharedAPI: Sendable {
  private let api: Mutex<EmulatedAPI>
  private let clock: @Sendable () -> Timestamp

  package init(_ api: EmulatedAPI, clock: @escaping @Sendable () -> Timestamp) {
    self.api = Mutex(api)
    self.clock = clock
  }

  package func withAPI<Result: Sendable, Failure: Error>(
    _ body: (inout EmulatedAPI) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try api.withLock { (api) throws(Failure) in try body(&api) }
  }

  func respond(to request: EmulatedRequest) -> EmulatedResponse {
    let now = clock()
    return api.withLock { api in
      var response = api.respond(to: request, at: now)
      if api.configuration.tellsTime, response.headers["Date"] == nil {
        response.headers["Date"] = DateField.text(now)
      }
      return response
    }
  }
}
