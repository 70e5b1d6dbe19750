import AuditRecord
import NIOSSL
import TestSupport
import Testing

@testable import HTTP

/// Why there is no secure connection: each reason has its own message, and none is retried.
@Suite(.fewAtOnce) struct TLSProblemTests {
  private func problem(
    _ tls: NIOSSLContext?, _ host: String = "localhost", caFile: String?,
    _ reply: SocketServer.Reply = .response(body: TransportProbe.page)
  ) async throws -> TLSProblem? {
    try await SocketServer.with(tls: tls, [reply]) { server in
      let host = server.origin(.https, host)
      do {
        _ = try await TransportProbe.get(from: host, TransportProbe.settings(host, caFile: caFile))
        Issue.record("it was trusted")
      } catch let error as TransportFault {
        guard case .untrusted(let problem) = error else {
          Issue.record("\(error)")
          return nil
        }
        #expect(server.requests.isEmpty)
        return problem
      }
      return nil
    }
  }

  @Test func `an untrusted certificate is reported with the reason, from the certificate itself`()
    async throws
  {
    try await TestAuthority.with { authority in
      let hosts = "DNS:localhost,IP:127.0.0.1"
      try authority.issue("old", for: hosts, from: "20200101000000Z", until: "20200201000000Z")
      try authority.issue("early", for: hosts, from: "20980101000000Z", until: "20990101000000Z")
      try authority.issue(
        "other", for: "DNS:elsewhere.example,IP:192.0.2.7", from: "20200101000000Z", until: "20980101000000Z")

      let old = try await problem(authority.serverContext("old"), caFile: authority.caFile)
      guard case .expired(let end, let now)? = old else {
        Issue.record("\(String(describing: old))")
        return
      }
      #expect("\(end)" == "2020-02-01T00:00:00.000000Z" && now > end)
      let early = try await problem(authority.serverContext("early"), caFile: authority.caFile)
      guard case .notYetValid(let start, let clock)? = early else {
        Issue.record("\(String(describing: early))")
        return
      }
      #expect("\(start)" == "2098-01-01T00:00:00.000000Z" && clock < start)

      let other = try await problem(authority.serverContext("other"), caFile: authority.caFile)
      #expect(other == .wrongName(host: "localhost", names: ["elsewhere.example", "192.0.2.7"]))
      let unknown = try await problem(authority.serverContext(), caFile: authority.path("other.pem"))
      #expect(unknown == .unknownAuthority(issuer: "Test Authority", caFile: authority.path("other.pem")))
      let own = try await problem(authority.serverContext("ca"), caFile: authority.path("other.pem"))
      #expect(own == .selfSigned(by: "Test Authority"))
    }
  }

  @Test func `the reason is found through a proxy, which gets its credentials and no key`()
    async throws
  {
    try await TestAuthority.with { authority in
      try authority.issue("old", for: "DNS:api.example", from: "20200101000000Z", until: "20200201000000Z")
      let tls = try authority.serverContext("old")
      try await SocketServer.with(tunnel: tls, [.text("HTTP/1.1 200 OK\r\n\r\n")]) { proxy in
        let host = Origin(scheme: .https, host: "api.example")
        let settings = try TransportProbe.settings(
          host, proxy: "http://jane:pass@127.0.0.1:\(proxy.port)", caFile: authority.caFile)
        await #expect {
          try await TransportProbe.get(from: host, settings)
        } throws: { error in
          guard case .untrusted(.expired)? = error as? TransportFault else { return false }
          return true
        }
        #expect(proxy.requests.count == 2)
        for request in proxy.requests {
          #expect(request.hasPrefix("CONNECT api.example:443 HTTP/1.1\r\n"))
          #expect(
            request.lowercased().contains("proxy-authorization: basic ")
              && !request.contains(TransportProbe.secret))
        }
      }
    }
  }

  /// Fatal alerts of RFC 8446, section 6, by their numbers.
  @Test(arguments: [
    (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), TLSProblem.notTLS),
    (Array("SSH-2.0-x\r\n".utf8), .notTLS),
    (Array("<!DOCTYPE html><html>".utf8), .notTLS), ([21, 3, 1, 0, 2, 2, 70], .oldVersion),
    ([21, 3, 1, 0, 2, 2, 40], .refused("no common cipher, or unknown host")),
    ([21, 3, 1, 0, 2, 2, 112], .refused("unknown host name")),
    ([21, 3, 3, 0, 2, 2, 116], .clientCertificate),
  ])
  func `a server without TLS is reported and not retried`(
    answer: [UInt8], expected: TLSProblem
  ) async throws {
    try await TestAuthority.with { authority in
      try await SocketServer.with(greeting: answer) { server in
        let host = server.origin(.https, "localhost")
        await #expect(throws: TransportFault.untrusted(expected)) {
          try await TransportProbe.get(from: host, TransportProbe.settings(host, caFile: authority.caFile))
        }
      }
    }
  }

  @Test(arguments: [[], [21, 3, 1, 0, 2, 2, 80]] as [[UInt8]])
  func `a handshake that fails without a reason is retried`(answer: [UInt8]) async throws {
    try await TestAuthority.with { authority in
      try await SocketServer.with(greeting: answer) { server in
        let host = server.origin(.https, "localhost")
        await #expect {
          try await TransportProbe.get(from: host, TransportProbe.settings(host, caFile: authority.caFile))
        } throws: { error in
          guard let fault = error as? TransportFault else { return false }
          return fault.isUnreachable || fault.isInterrupted
        }
      }
    }
  }

  @Test func `a missing CA bundle is reported first, then dates, then authorities`() {
    let now = Timestamp(microseconds: 1_000_000_000_000_000)
    func certificate(_ start: TimeSpan, _ end: TimeSpan, isSelfIssued: Bool = false) -> PresentedCertificate {
      var names = CertificateNames()
      (names.issuer, names.isSelfIssued) = ("A", isSelfIssued)
      return PresentedCertificate(notBefore: now + start, notAfter: now + end, names: names)
    }
    let (good, old) = (certificate(.days(-1), .days(1)), certificate(.days(-2), .days(-1)))
    let own = certificate(.days(-1), .days(1), isSelfIssued: true)
    func problem(_ chain: [PresentedCertificate], _ hasAuthorities: Bool = true) -> TLSProblem {
      TLSProblem(untrusted: chain, caFile: nil, hasAuthorities: hasAuthorities, now: now)
    }
    #expect(problem([old], false) == .noAuthorities)
    #expect(problem([own, old]) == .expired(at: now - .days(1), now: now))
    #expect(problem([good, own]) == .unknownAuthority(issuer: "A", caFile: nil))
    #expect(problem([own]) == .selfSigned(by: "A"))
    #expect(problem([]) == .unknownAuthority(issuer: nil, caFile: nil))
  }

  @Test func `a CA bundle counts only if it has content, in every distribution's location`() async throws {
    try await TestAuthority.with { authority in
      let (empty, folder) = (authority.path("empty.pem"), authority.path("certs"))
      try Command.output("sh", ["-c", ": >'\(empty)'; mkdir '\(folder)'; ln -s nowhere '\(folder)/a.pem'"])
      let nowhere = authority.path("nowhere")
      #expect(TrustStore.path(bundles: [nowhere, empty], folder: folder) == nil)
      #expect(TrustStore.path(bundles: [nowhere, authority.caFile], folder: folder) == authority.caFile)
      try Command.output("cp", [authority.caFile, "\(folder)/b.pem"])
      #expect(TrustStore.path(bundles: [nowhere, empty], folder: folder) == folder)
    }
  }

  @Test func `a mutated certificate has names that can be printed, or none`() async throws {
    try await TestAuthority.with { authority in
      let der = try ["ca", "server"].map {
        try NIOSSLCertificate.fromPEMFile(authority.path("\($0).pem"))[0].toDERBytes()
      }
      #expect(CertificateNames(der: der[1]).hosts == ["localhost"])
      let mutator = Mutator(corpus: der, longest: 1 << 12)
      var random = SeededRandom(seed: 15)
      for _ in 0..<20_000 {
        let names = CertificateNames(der: mutator.mutant(&random))
        for name in names.hosts + [names.issuer].compactMap(\.self) {
          try #require(!name.unicodeScalars.contains { $0.properties.generalCategory == .control })
        }
      }
    }
  }
}
