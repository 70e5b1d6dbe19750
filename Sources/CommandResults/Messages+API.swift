package import AuditRecord
package import CloudsmithAPI
package import ExportConfiguration
package import HTTP

/// Messages about the API, the key and the connection.
extension Messages {
  /// The failure of a command that the API stopped. Each `APIError` has its own message and exit status.
  package func failure(_ error: APIError) -> Failure {
    switch error {
    case .keyRefused(let answer) where answer.status == 403:
      Failure(
        status: .keyRefused,
        sentence: """
          The key from \(keySource) is valid, but may not read the audit log of '\(log)' (403\(said(answer))). The account must be \
          a Manager or Owner of the organization (for the log of a repository: Admin of the repository). Ask a Manager or \
          Owner for that role, or use the key of an account that has it.
          """)
    case .keyRefused(let answer) where service != nil:
      Failure(
        status: .keyRefused,
        sentence: """
          The API did not exchange the identity token in \(keySource) for a token of the service account \
          '\(service?.description ?? "")', or refused that token, for '\(log)' (\(answer.status)\(said(answer))). The identity token \
          may have expired, its issuer or claims may not match the organization's OIDC settings, or the slug \
          (CLOUDSMITH_SERVICE_SLUG) may be wrong. Run again with a new identity token.
          """)
    case .keyRefused(let answer):
      Failure(
        status: .keyRefused,
        sentence: """
          The API refused the key from \(keySource) for '\(log)' (\(answer.status)\(said(answer))). The key is mistyped, expired \
          or revoked, or its account has no access. Check that it was copied completely and without spaces, or create a new one \
          under API Settings of a Cloudsmith account that is a Manager or Owner.
          """)
    case .notFound(let answer):
      Failure(
        status: .notFound,
        sentence: """
          The API has no \(log.repository == nil ? "organization" : "repository") '\(log)' that this key can see \
          (404\(said(answer))). Pass the slug as in the URL (lowercase with hyphens, such as my-org), and check it for typos. If it \
          is right, check that it was not deleted or archived, and that the account is a member.
          """)
    case .planWithoutAuditLog(let answer):
      Failure(
        status: .planWithoutAuditLog,
        sentence: """
          The plan of '\(log.organization)' has no audit log (402\(said(answer))). Ask Cloudsmith to activate it, or for a plan that \
          includes audit logs.
          """)
    case .requestRefused(let answer):
      Failure(
        status: .failed,
        sentence: """
          The API refused the request for the audit log of '\(log)' (\(answer.status)\(said(answer))), and would refuse it \
          again. Check --organization and --api-host. If they are right, this program is not compatible with the API: please \
          report it\(answer.requestID.map { " with request \($0)" } ?? "").
          """)
    case .unavailable(let fault, let attempts):
      Failure(
        status: .unavailable,
        sentence: """
          The API gave no usable response to the request for the audit log of '\(log)' in \
          \(attempts) \(attempts == 1 ? "attempt" : "attempts"). The last error: \(words(for: fault)). \
          \(continuation("Completed days are kept; run again."))
          """)
    case .waitTooLong(let refusal):
      Failure(
        status: .incomplete,
        sentence: """
          The API asks to wait \(refusal.asked), longer than --max-wait allows (\(refusal.limit)): its rate limit is \
          used up or very low. If others share the key, use a separate key for this job. \
          \(continuation("What was fetched is kept; run again after the limit has reset."))
          """)
    case .unsafe(.certificate(let problem)):
      Failure(status: .failed, sentence: sentence(on: problem))
    case .unsafe(let unsafe):
      Failure(
        status: .failed,
        sentence: "Stopped for safety while reading the audit log of '\(log)': \(words(for: unsafe)).")
    case .cancelled:
      Failure(
        status: .interrupted,
        sentence: "Interrupted. \(continuation("Completed days are kept; run again to continue."))")
    }
  }

  /// The run of a log was stopped by `--max-log-duration`.
  package func overdue(_ limit: TimeSpan) -> Failure {
    Failure(
      status: .incomplete,
      sentence: """
        The export of '\(log)' was stopped after \(limit), the limit of --max-log-duration. \
        \(continuation("Completed days are kept; run again to continue."))
        """)
  }

  private func said(_ answer: Answer) -> String {
    answer.detail.map { ": \"\($0)\"" } ?? ""
  }

  /// Why an attempt failed. Starts in lowercase and has no full stop at the end.
  package func words(for fault: RetryableError) -> String {
    switch fault {
    case .status(let answer) where answer.status == 429:
      """
      too many requests (429\(said(answer))); if others share the key, use a separate key for this job, or wait until the limit \
      resets
      """
    case .status(let answer): "status \(answer.status)\(said(answer))"
    case .transport(let fault): "\(fault)"
    case .page(let error):
      "the response is not a page of events: \(error.reason.rawValue), at byte \(error.offset)"
    case .wrongPage(let asked, let answered): "the API sent page \(answered) instead of page \(asked)"
    }
  }

  private func words(for unsafe: UnsafeResponse) -> String {
    switch unsafe {
    case .redirect(let host):
      "the API redirects to another host, \(quoted(host)), and the key is not sent there; if that host is right, pass it as --api-host"
    case .tooManyRedirects: "the API redirects too many times; check --api-host"
    case .certificate(let problem): "\(problem)"
    case .bodyTooLarge(let limit):
      "a response is larger than \(limit) bytes, even with fewer events; check --api-host and --proxy"
    case .inflation(let ratio):
      """
      a compressed response expands more than \(ratio) times, even with fewer events; check --api-host and --proxy
      """
    case .proxy(let why):
      "the proxy refused the connection (\(why)); check --proxy or HTTPS_PROXY, and its user name and password"
    }
  }

  // MARK: - What only a check reports

  /// The API answered as if no key had been sent.
  package var anonymous: Failure {
    Failure(
      status: .keyRefused,
      sentence: """
        The API treated the request as anonymous: it ignored the key from \(keySource) instead of refusing it. What was sent is not \
        an API key; it may be another kind of token, such as one for downloads. Create a key under API Settings of a Cloudsmith \
        account that is a Manager or Owner.
        """)
  }

  /// The rate limit stopped `check`.
  package func throttled(_ error: APIError) -> Failure {
    let asked =
      if case .waitTooLong(let refusal) = error { " and asks to wait \(refusal.asked.rough)" } else { "" }
    return Failure(
      status: .incomplete,
      sentence: """
        The API allows no more requests for now (429)\(asked). The limit counts per key. Wait until it resets, and use a separate \
        key for this job.
        """)
  }

  /// `check` found that the rate limit is used up.
  ///
  /// - Parameter resetsIn: The time until the limit resets. nil if the API does not report it.
  package func noRequestsLeft(resetsIn: TimeSpan?) -> Failure {
    Failure(
      status: .incomplete,
      sentence: """
        The rate limit is used up\(resetsIn.map { " for another \($0.rough)" } ?? ""). Wait until it resets, and use a separate key \
        for this job.
        """)
  }

  /// `check` got no usable response.
  ///
  /// - Parameter attempts: How many attempts were made.
  package func unavailable(_ host: APIHost, _ fault: RetryableError, _ attempts: Int) -> Failure {
    Failure(
      status: .unavailable,
      sentence: """
        \(host) gave no usable response in \(attempts) attempts. The last error: \(words(for: fault)). Check the network, --api-host and \
        --proxy; if they are right, try again later.
        """)
  }

  // MARK: - TLS

  /// The message for a failed TLS connection, with advice that depends on the problem.
  package func sentence(on problem: TLSProblem) -> String {
    "No secure connection to the API for the audit log of '\(log)': \(problem). \(advice(on: problem))"
  }

  private func advice(on problem: TLSProblem) -> String {
    switch problem {
    case .noAuthorities:
      "Install the package ca-certificates, or pass a PEM file of trusted certificates as --ca-file or SSL_CERT_FILE."
    case .expired:
      """
      If this machine's clock is right, the operator of the server, or of the proxy before it, must renew the certificate. If not, \
      correct the clock.
      """
    case .notYetValid:
      "Correct the clock of this machine, for example with NTP. If it is right, the certificate is wrong."
    case .wrongName:
      "Check --api-host and --proxy. A proxy or a login page of the network may have answered instead of the API."
    case .selfSigned:
      "If this is the right server, pass its certificate as --ca-file. If not, check --api-host and --proxy."
    case .unknownAuthority(_, nil):
      """
      If your network has its own certificate authority, for example for a proxy that inspects TLS, pass its certificate as \
      --ca-file. If not, update the package ca-certificates, and check --api-host and --proxy.
      """
    case .unknownAuthority(_, _?):
      """
      The CA file (--ca-file or SSL_CERT_FILE) replaces the system's authorities, so it must contain the authority of this server. \
      Check the file, --api-host and --proxy.
      """
    case .notTLS: "Check the scheme and the port of --api-host, and --proxy."
    case .oldVersion: "Ask the operator of the server, or of the proxy before it, to enable TLS 1.2 or 1.3."
    case .clientCertificate, .refused: "Check --api-host and --proxy, and ask the operator of the server."
    }
  }
}
