package import AuditRecord
package import CloudsmithAPI
package import ExportConfiguration

/// Messages about the API.
extension Messages {
  package func failure(_ error: APIError) -> Failure {
    switch error {
    case .keyRefused(let answer) where answer.status == 403:
      Failure(
        status: .keyRefused,
        sentence: """
          The API knows the key from \(keySource) but does not let it read the audit log of '\(log)' (403\(said(answer))): \
          the account needs to be a Manager or Owner of the organisation (Admin of the repository for its log); \
          ask one for that role, or use a key of an account that has it.
          """)
    case .keyRefused(let answer) where service != nil:
      Failure(
        status: .keyRefused,
        sentence: """
          The API gave no token of the service account '\(service?.description ?? "")' for the identity token in \(keySource), or refused \
          that token, for '\(log)' (\(answer.status)\(said(answer))): the identity token may have expired, its issuer or claims may \
          not be those of the organisation's OIDC settings, or the slug is wrong (CLOUDSMITH_SERVICE_SLUG); run again with a new one.
          """)
    case .keyRefused(let answer):
      Failure(
        status: .keyRefused,
        sentence: """
          The API refused the key from \(keySource) for '\(log)' (\(answer.status)\(said(answer))): it is mistyped, expired \
          or revoked, or its account has no access; check that it was copied whole and without blanks, or create a new one \
          under API Settings of a Cloudsmith account that is a Manager or Owner.
          """)
    case .notFound(let answer):
      Failure(
        status: .notFound,
        sentence: """
          The API has no \(log.repository == nil ? "organisation" : "repository") '\(log)' that this key can see \
          (404\(said(answer))): give the slug as in the URL (lower case with hyphens, such as my-org), check it for typos, \
          and that it was not deleted or archived and the account is a member.
          """)
    case .planWithoutAuditLog(let answer):
      Failure(
        status: .planWithoutAuditLog,
        sentence: """
          The plan of '\(log.organization)' has no audit log (402\(said(answer))): it comes with the plans that include audit \
          logs; ask Cloudsmith to activate it.
          """)
    case .requestRefused(let answer):
      Failure(
        status: .failed,
        sentence: """
          The API refused the request for the audit log of '\(log)' (\(answer.status)\(said(answer))), and would refuse it \
          again: check --organization and --api-host; if they are right, this program and the API do not understand each \
          other, please report it\(answer.requestID.map { " with request \($0)" } ?? "").
          """)
    case .unavailable(let fault, let tries):
      Failure(
        status: .unavailable,
        sentence: """
          The API gave no usable answer to the request for the audit log of '\(log)' in \
          \(tries) \(tries == 1 ? "try" : "tries"); the last: \(words(for: fault)). What is complete is kept; run again.
          """)
    case .waitTooLong(let refusal):
      Failure(
        status: .incomplete,
        sentence: """
          The API asks to wait \(refusal.asked), longer than --max-wait allows (\(refusal.limit)): its rate limit is \
          used up or very small. Others may share the key: use a key of its own for this job. What was fetched is kept; run \
          again when the limit has been reset.
          """)
    case .unsafe(.certificate(let problem)):
      Failure(status: .failed, sentence: sentence(on: problem))
    case .unsafe(let hazard):
      Failure(
        status: .failed,
        sentence: "Refused for safety while reading the audit log of '\(log)': \(words(for: hazard)).")
    case .cancelled:
      Failure(
        status: .interrupted, sentence: "Interrupted; all that was complete is kept. Run again to go on.")
    }
  }

  private func said(_ answer: Answer) -> String {
    answer.detail.map { ": \"\($0)\"" } ?? ""
  }

  package func words(for fault: Fault) -> String {
    switch fault {
    case .status(let answer) where answer.status == 429:
      """
      too many requests (429\(said(answer))); perhaps others share the key: use a key of its own, or wait for \
      the limit to be reset
      """
    case .status(let answer): "status \(answer.status)\(said(answer))"
    case .transport(let fault): "\(fault)"
    case .page(let error):
      "an answer that is no page of events: \(error.reason.rawValue), at byte \(error.offset)"
    case .wrongPage(let asked, let answered): "page \(answered) where page \(asked) was asked for"
    }
  }

  private func words(for hazard: Hazard) -> String {
    switch hazard {
    case .redirect(let host):
      "the API redirects to \(quoted(host)), another host, and the key is not sent there; if that is the right one, give it as --api-host"
    case .tooManyRedirects: "the API redirects again and again; check --api-host"
    case .certificate(let problem): "\(problem)"
    case .bodyTooLarge(let limit):
      "an answer larger than \(limit) bytes, also with fewer events: check --api-host and --proxy"
    case .inflation(let ratio):
      """
      a compressed answer that grows more than \(ratio) times, also with fewer events: check --api-host and --proxy
      """
    case .proxy(let why):
      "the proxy refuses (\(why)); check --proxy or HTTPS_PROXY and its user name and password"
    }
  }

  // MARK: - What only a check reports

  package var anonymous: Failure {
    Failure(
      status: .keyRefused,
      sentence: """
        The API took the request as nobody's: it did not refuse the key from \(keySource), it passed it over. What was \
        sent is no API key (perhaps a token of another kind, or one for downloads); create one under API Settings of a \
        Cloudsmith account that is a Manager or Owner.
        """)
  }

  package func throttled(_ error: APIError) -> Failure {
    let asked =
      if case .waitTooLong(let refusal) = error { ", and asks to wait \(refusal.asked.rough)" } else { "" }
    return Failure(
      status: .incomplete,
      sentence: """
        The API allows no more requests for now (429)\(asked): its limit counts per key; wait until then, and give this job \
        a key of its own.
        """)
  }

  package func noRequestsLeft(resetsIn: TimeSpan?) -> Failure {
    Failure(
      status: .incomplete,
      sentence: """
        No request of the rate limit is left\(resetsIn.map { ", for another \($0.rough)" } ?? ""): wait until then, and give \
        this job a key of its own.
        """)
  }

  package func unavailable(_ host: APIHost, _ fault: Fault, _ tries: Int) -> Failure {
    Failure(
      status: .unavailable,
      sentence: """
        \(host) gave no answer of use in \(tries) tries, at last: \(words(for: fault)). Check the network, --api-host and \
        --proxy; if they are right, try again later.
        """)
  }

  // MARK: - TLS

  package func sentence(on problem: TLSProblem) -> String {
    "No secure connection to the API for the audit log of '\(log)': \(problem). \(advice(on: problem))"
  }

  private func advice(on problem: TLSProblem) -> String {
    switch problem {
    case .noAuthorities:
      "Install the package ca-certificates, or give a file of trusted certificates in PEM form as --ca-file or SSL_CERT_FILE."
    case .expired:
      """
      If the clock is right, whoever runs the server, or the proxy before it, has to renew the certificate; if not, set the \
      clock right.
      """
    case .notYetValid:
      "Set the clock of this machine right, by NTP for example; if it is right, the certificate is wrong."
    case .wrongName:
      "Check --api-host and --proxy; a proxy or a login page of the network may have answered in the place of the API."
    case .selfSigned:
      "If this is the API that you mean, give the certificate as --ca-file; if not, check --api-host and --proxy."
    case .unknownAuthority(_, nil):
      """
      If your network has its own authority, as for a proxy that inspects TLS, give its certificate as --ca-file; if not, \
      update the package ca-certificates, and check --api-host and --proxy.
      """
    case .unknownAuthority(_, _?):
      """
      The CA file (--ca-file or SSL_CERT_FILE) counts instead of the system's authorities: it has to hold the authority of \
      this server. Check the file, --api-host and --proxy.
      """
    case .notTLS: "Check the scheme and the port of --api-host, and --proxy."
    case .oldVersion: "Whoever runs the server, or the proxy before it, has to turn on TLS 1.2 or 1.3."
    case .clientCertificate, .refused: "Check --api-host and --proxy, and ask whoever runs the server."
    }
  }
}
