import CloudsmithAPI

/// What a person reads when there is no secure connection.
extension Words {
  func sentence(on problem: TLSProblem) -> String {
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
