package import AuditRecord
package import HTTP

/// Reads the files that credentials come from.
package protocol CredentialFiles: Sendable {
  /// Returns the text of a file, or nil if there is none. `path` is absolute, or begins with `~/`.
  func contents(of path: String) throws(CredentialFileError) -> String?
}

/// Why a file cannot be read, in the system's words.
package struct CredentialFileError: Error, Hashable, Sendable {
  package var why: String

  package init(why: String) { self.why = why }
}

/// Finds credentials, keeps them, and renews them before they expire.
///
/// Each renewal chooses the source again, from the current files. At most one renewal runs at a time; all callers that wait for it
/// get its result.
package actor CredentialProvider {
  /// Credentials are renewed so long before they expire.
  package static let margin = TimeSpan.minutes(5)
  /// After a renewal that failed, valid credentials are used so long before the next one.
  private static let pause = TimeSpan.seconds(30)

  /// The transport for requests to an origin.
  package typealias TransportChoice = @Sendable (Origin) throws(ConnectionSettingsError) -> any HTTPTransport

  private let environment: [String: String]
  private let files: any CredentialFiles
  private let transport: any HTTPTransport
  private let tokenServiceTransport: TransportChoice
  private let clock: any RunClock
  private let retry: StoreRetry
  private let sessionName: String

  private var current: StoreCredentials?
  private var renewal: Task<Result<StoreCredentials, CredentialError>, Never>?
  private var notBefore: Timestamp?

  /// - Parameters:
  ///   - transport: without a proxy: to the services of this machine or its network, the container's and the instance's.
  ///   - tokenServiceTransport: to the security token service, which proxies count for, as in AWS's tools; nil for `transport`.
  ///   - sessionName: the name of sessions of assumed roles, which AWS logs: 2 to 64 letters, digits and `=,.@-_`.
  package init(
    environment: [String: String], files: any CredentialFiles, transport: any HTTPTransport,
    tokenServiceTransport: TransportChoice? = nil, clock: any RunClock, retry: StoreRetry, sessionName: String
  ) {
    self.environment = environment
    self.files = files
    self.transport = transport
    self.tokenServiceTransport = tokenServiceTransport ?? { _ in transport }
    self.clock = clock
    self.retry = retry
    self.sessionName = sessionName
  }

  /// The credentials to sign with now. Costs nothing while they are valid for another five minutes.
  ///
  /// If a renewal fails, they are used until they expire.
  package func credentials() async throws(CredentialError) -> StoreCredentials {
    let now = clock.now
    guard let current else { return try await renewed() }
    guard current.expire(within: CredentialProvider.margin, of: now) else { return current }
    if let notBefore, now < notBefore, !current.expire(within: .zero, of: now) { return current }
    do {
      return try await renewed()
    } catch {
      guard !current.expire(within: .zero, of: clock.now) else { throw error }
      notBefore = clock.now + CredentialProvider.pause
      return current
    }
  }

  /// Gets other credentials after the store refused `refused` as expired. Returns those at hand if they are others already.
  package func renewed(after refused: StoreCredentials) async throws(CredentialError) -> StoreCredentials {
    if let current, current != refused { return current }
    return try await renewed()
  }

  /// The region of the environment and the profile; nil if neither names one.
  package nonisolated func region() throws(CredentialError) -> String? { try settings().region }

  /// What credentials are taken from, such as `environment variables` or `instance metadata`, without asking anybody.
  package nonisolated func source() throws(CredentialError) -> String { try CredentialPlan(settings()).name }

  /// Waits for the renewal that runs, or begins one. A caller that is cancelled cancels it; the others then begin another.
  private func renewed() async throws(CredentialError) -> StoreCredentials {
    while true {
      let task = renewal ?? begin()
      let result = await withTaskCancellationHandler {
        await task.value
      } onCancel: {
        task.cancel()
      }
      if case .failure(.cancelled) = result, task.isCancelled, !Task.isCancelled { continue }
      return try result.get()
    }
  }

  private func begin() -> Task<Result<StoreCredentials, CredentialError>, Never> {
    let task = Task {
      let result: Result<StoreCredentials, CredentialError>
      do throws(CredentialError) {
        result = .success(try await self.found())
      } catch {
        result = .failure(error)
      }
      // Here and not by those who wait: a late one must not bring old credentials back.
      self.renewal = nil
      if case .success(let found) = result { self.current = found }
      return result
    }
    renewal = task
    return task
  }

  private func found() async throws(CredentialError) -> StoreCredentials {
    try await credentials(of: CredentialPlan(try settings()))
  }

  private nonisolated func settings() throws(CredentialError) -> CredentialSettings {
    func path(_ variable: String, _ standard: String) -> String {
      environment[variable].flatMap { $0.isEmpty ? nil : $0 } ?? standard
    }
    let config = path("AWS_CONFIG_FILE", "~/.aws/config")
    let credentials = path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    return CredentialSettings(
      environment: environment, configPath: config, credentialsPath: credentials,
      profiles: Profiles(
        config: try profileFile(config, .config),
        credentials: try profileFile(credentials, .credentials)),
      sessionName: sessionName)
  }

  private nonisolated func profileFile(_ path: String, _ kind: ProfileFile.Kind) throws(CredentialError)
    -> ProfileFile
  {
    guard let text = try contents(path, purpose: "profiles") else { return ProfileFile() }
    do {
      return try ProfileFile(text, kind: kind)
    } catch {
      throw .profileFile(path: path, line: error.line)
    }
  }

  private nonisolated func contents(_ path: String, purpose: String) throws(CredentialError) -> String? {
    do {
      return try files.contents(of: path)
    } catch {
      throw .file(path: path, purpose: purpose, why: error.why)
    }
  }

  private func token(_ path: String) throws(CredentialError) -> String {
    let purpose = "an identity token"
    guard let text = try contents(path, purpose: purpose)
    else { throw .file(path: path, purpose: purpose, why: "there is no such file") }
    let token = text.trimming(while: \.isWhitespace)
    guard !token.isEmpty else { throw .file(path: path, purpose: purpose, why: "it is empty") }
    return String(token)
  }

  /// Carries out a plan.
  private func credentials(of plan: CredentialPlan) async throws(CredentialError) -> StoreCredentials {
    switch plan {
    case .known(let credentials): return credentials
    case .role(let role, let source):
      let base = try await credentials(of: source)
      let response = try await send(to: role) { [clock] in
        SecurityTokenService.assumeRole(role, with: base, at: clock.now)
      }
      return try SecurityTokenService.credentials(
        response, action: "AssumeRole", role: role,
        hiding: [base.secretAccessKey, base.sessionToken ?? ""])
    case .webIdentity(let role, let file):
      let token = try token(file)
      let request = SecurityTokenService.assumeRole(role, withWebIdentity: token)
      let response = try await send(to: role) { request }
      return try SecurityTokenService.credentials(
        response, action: "AssumeRoleWithWebIdentity", role: role, hiding: [token])
    case .container(let container):
      let text: String? =
        switch container.token {
        case .none: nil
        case .text(let text): text
        case .file(let path): try token(path)
        }
      let request = try container.request(token: text)
      return try container.credentials(
        try await send(ContainerSource.name) { request },
        token: text.map { String($0.trimming(while: \.isWhitespace)) })
    case .instance(let instance, let looked):
      return try await credentials(of: instance, looked)
    }
  }

  private func credentials(of instance: InstanceMetadata, _ looked: [String]) async throws(CredentialError)
    -> StoreCredentials
  {
    func missing(_ why: String) -> CredentialError {
      .notFound(looked + ["instance metadata at \(instance.base) (\(why))"])
    }
    let answer: HTTPResponse
    do throws(CredentialError) {
      // Once only: on most machines nobody answers, and every attempt takes a second.
      answer = try await send(InstanceMetadata.name, attempts: 1) { instance.tokenRequest() }
    } catch .unanswered(_, let why) {
      throw missing(why)
    }
    guard let token = try instance.line(answer) else {
      throw missing("it is not an instance metadata service")
    }
    let role = try instance.line(
      try await send(InstanceMetadata.name) { instance.roleRequest(token: token) }, token: token)
    guard let role else { throw missing("the instance has no role") }
    return try instance.credentials(
      try await send(InstanceMetadata.name) { instance.credentialsRequest(role: role, token: token) },
      token: token)
  }

  /// Sends a request to the security token service.
  private func send(to role: RoleSettings, _ request: @Sendable () -> HTTPRequest)
    async throws(CredentialError) -> HTTPResponse
  {
    let transport: any HTTPTransport
    do {
      transport = try tokenServiceTransport(role.endpoint.origin)
    } catch {
      throw .settings(
        source: "the connection to the security token service", problem: "\(error)", cure: "Correct them.")
    }
    return try await send(role.source, over: transport, request)
  }

  /// Sends a request, up to three times if the source is not available. The request is made for each attempt: a signature ages.
  ///
  /// - Parameter other: nil for the transport without a proxy.
  private func send(
    _ source: String, over other: (any HTTPTransport)? = nil, attempts: Int = 3,
    _ request: @Sendable () -> HTTPRequest
  ) async throws(CredentialError) -> HTTPResponse {
    let transport = other ?? transport
    var attempt = 1
    while true {
      var why: String
      do throws(TransportFault) {
        let response = try await transport.send(request())
        guard response.status == 429 || response.status >= 500, attempt < attempts else { return response }
        why = "status \(response.status)"
      } catch .cancelled {
        throw .cancelled
      } catch {
        switch error {
        case .untrusted, .proxyRefused: throw .noConnection(source: source, error)
        default: break
        }
        why = error.description
        guard attempt < attempts else { throw .unanswered(source: source, why: why) }
      }
      do throws(CancellationError) {
        try await clock.sleep(for: retry.pause(afterAttempt: attempt))
      } catch {
        throw .cancelled
      }
      attempt += 1
    }
  }
}
