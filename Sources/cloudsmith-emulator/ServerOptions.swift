import ArgumentParser
import AuditRecord
import CloudsmithEmulator

struct AccessOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Serve the log of this organization (repeatable; default: acme).", valueName: "slug"))
  var organization: [String] = []

  @Option(
    help: ArgumentHelp(
      "Also serve the log of this repository of the first organization (repeatable).", valueName: "slug"))
  var repository: [String] = []

  @Option(
    help: ArgumentHelp(
      "Also serve the logs of this many organizations: org-1, org-2 and so on.", valueName: "count"))
  var organizations = 0

  @Option(help: ArgumentHelp("The accepted API key.", valueName: "key"))
  var apiKey = EmulatorConfiguration.demoKey

  @Option(
    help: ArgumentHelp(
      "Also accept this many further keys: the API key, a hyphen and a number from 1.", valueName: "count"))
  var furtherKeys = 0

  @Option(
    help: ArgumentHelp(
      "Exchange this identity token for bearer tokens of --oidc-service at /openid/ORG/.", valueName: "token")
  )
  var oidcToken: String?

  @Option(help: ArgumentHelp("The service account of the bearer tokens.", valueName: "slug"))
  var oidcService = "emulated-service"

  @Option(help: ArgumentHelp("How many requests a bearer token is valid for.", valueName: "count"))
  var oidcLifetime: Int?

  @Option(help: ArgumentHelp("How many bearer tokens are issued in total.", valueName: "count"))
  var oidcTokens: Int?

  @Flag(help: "Answer 402, as for a plan without audit logs.")
  var planWithoutAuditLog = false

  @Flag(help: "Answer 403, as for a key without permission to read audit logs.")
  var forbidden = false

  @Flag(help: "Treat every request as anonymous, as the API does with a malformed key.")
  var dropKeys = false

  @Option(help: ArgumentHelp("Requests allowed per window. 0 means no limit.", valueName: "count"))
  var rateLimit = 10_800

  @Option(
    name: .customLong("rate-window"),
    help: ArgumentHelp("The length of that window, such as 90s or 1h.", valueName: "span"))
  var rateWindowText = "1h"

  @Option(help: "How times in a query are interpreted.")
  var timeFilter = Filter.exact

  @Option(help: ArgumentHelp("The largest page size, whatever is requested.", valueName: "count"))
  var maximumPageSize = 500

  enum Filter: String, CaseIterable, ExpressibleByArgument {
    case exact, inclusive
    case dayTruncated = "day-truncated"
    /// By an hour, as if the server read times one zone further west.
    case shifted
    case ignored, rejected

    var filter: TimeFilter {
      switch self {
      case .exact: .exact
      case .inclusive: .inclusive
      case .dayTruncated: .dayTruncated
      case .shifted: .shifted(.hours(1))
      case .ignored: .ignored
      case .rejected: .rejected
      }
    }
  }

  var granted: EmulatorConfiguration.Access {
    planWithoutAuditLog ? .planWithoutAuditLog : forbidden ? .forbidden : .granted
  }

  var identity: TrustedIdentity? {
    oidcToken.map {
      TrustedIdentity(token: $0, service: oidcService, lifetime: oidcLifetime, tokens: oidcTokens)
    }
  }

  var rateWindow: TimeSpan { TimeSpan(rateWindowText) ?? .hours(1) }

  var logs: [LogName] {
    let named = organization.isEmpty ? ["acme"] : organization
    let numbered = organizations > 0 ? (1...organizations).map { "org-\($0)" } : []
    return (named + numbered).compactMap { LogName($0) }
      + repository.compactMap { LogName("\(named[0])/\($0)") }
  }

  func check() throws {
    for slug in organization + repository where Slug(slug) == nil {
      throw ValidationError("'\(slug)' is not a slug: use letters, digits, '-', '_' and '.' only.")
    }
    guard let window = TimeSpan(rateWindowText), window > .zero else {
      throw ValidationError("'\(rateWindowText)' is not a duration: use a form such as 90s, 10m or 1h.")
    }
    if rateLimit < 0 { throw ValidationError("--rate-limit must be 0 (no limit) or more.") }
    for (name, count) in [("organizations", organizations), ("further-keys", furtherKeys)]
    where !(0...100_000).contains(count) {
      throw ValidationError("--\(name) must be 0 to 100000.")
    }
    if maximumPageSize < 1 { throw ValidationError("--maximum-page-size must be at least 1.") }
    if planWithoutAuditLog, forbidden {
      throw ValidationError("Pass --plan-without-audit-log or --forbidden, not both.")
    }
  }
}

struct ListeningOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The port. 0 means any free port.", valueName: "port"))
  var port = 8080

  @Option(help: ArgumentHelp("The address to listen on.", valueName: "address"))
  var bind = "127.0.0.1"

  @Flag(help: "Allow an address that other machines can reach, without TLS and real access control.")
  var allowOtherMachines = false

  var isLoopback: Bool { bind == "localhost" || bind == "::1" || bind.hasPrefix("127.") }

  func check() throws {
    guard (0...65_535).contains(port) else {
      throw ValidationError("'\(port)' is not a port: it must be 0 to 65535.")
    }
    guard isLoopback || allowOtherMachines else {
      throw ValidationError(
        "Other machines could reach '\(bind)'. Pass --allow-other-machines if that is intended, or leave out --bind."
      )
    }
  }
}
