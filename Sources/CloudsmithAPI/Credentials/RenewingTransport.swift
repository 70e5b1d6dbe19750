/// Requests with a bearer token, which is asked for when the first needs it and again when it is refused. It lives in memory alone.
package struct RenewingTransport: HTTPTransport {
  private let base: any HTTPTransport
  private let tokens: BearerTokens

  package init(_ base: any HTTPTransport, exchange: TokenExchange) {
    self.base = base
    self.tokens = BearerTokens(exchange)
  }

  /// The request's own key is not sent.
  package func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
    var refused: APIKey?
    while true {
      let token: APIKey
      switch try await tokens.token(besides: refused) {
      case .token(let given): token = given
      case .answer(let answer): return answer
      }
      var renewed = request
      renewed.key = token
      var response = try await base.get(renewed)
      // Once: a token that is refused when it is new will not be taken later.
      response.token = token
      guard response.status == 401, refused == nil else { return response }
      refused = token
    }
  }
}

/// The token in force. Requests side by side that are refused wait for one exchange.
private actor BearerTokens {
  private let exchange: TokenExchange
  private var token: APIKey?
  private var running: Task<Result<TokenExchange.Outcome, TransportFault>, Never>?

  init(_ exchange: TokenExchange) { self.exchange = exchange }

  func token(besides refused: APIKey?) async throws(TransportFault) -> TokenExchange.Outcome {
    while true {
      if let token, token != refused { return .token(token) }
      let task = running ?? Task { [exchange] in await Result(exchange) }
      running = task
      let result = await withTaskCancellationHandler {
        await task.value
      } onCancel: {
        task.cancel()
      }
      if running == task { running = nil }
      // Another request waited for it too, and was cancelled.
      if case .failure(.cancelled) = result, !Task.isCancelled { continue }
      let outcome = try result.get()
      if case .token(let given) = outcome { token = given }
      return outcome
    }
  }
}

extension Result where Success == TokenExchange.Outcome, Failure == TransportFault {
  fileprivate init(_ exchange: TokenExchange) async {
    do throws(TransportFault) {
      self = .success(try await exchange())
    } catch {
      self = .failure(error)
    }
  }
}
