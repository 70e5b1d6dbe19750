package import Foundation
package import NIOSSL
import Testing

/// A certificate authority of the tests' own, and a server certificate from it for `localhost`.
package struct TestAuthority {
  package let folder: URL
  package var caFile: String { folder.appendingPathComponent("ca.pem").path }

  package static func with<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (TestAuthority) async throws -> Result
  ) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
      do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }
    let authority = TestAuthority(folder: folder)
    try authority.issue()
    return try await body(authority)
  }

  /// - Parameter name: of the certificate: `server`, `ca` (its own authority), or one that `issue` made.
  package func serverContext(_ name: String = "server") throws -> NIOSSLContext {
    let chain = try NIOSSLCertificate.fromPEMFile(path("\(name).pem"))
    let key = try NIOSSLPrivateKey(file: path("\(name).key"), format: .pem)
    return try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
  }

  package func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// Issues a server certificate that is valid between two times, such as `20250131000000Z`.
  package func issue(_ name: String, for hosts: String, from start: String, until end: String) throws {
    let settings = """
      [ca]
      default_ca = authority
      [authority]
      new_certs_dir = \(folder.path)
      database = \(path("index"))
      default_md = sha256
      rand_serial = yes
      policy = any
      [any]
      commonName = supplied
      [server]
      subjectAltName = \(hosts)
      """
    try Data(settings.utf8).write(to: URL(fileURLWithPath: path("ca.cnf")))
    try Data().write(to: URL(fileURLWithPath: path("index")))
    try Command.output(
      "openssl",
      ["req"] + Self.newKey + [
        "-keyout", path("\(name).key"), "-out", path("\(name).csr"), "-subj", "/CN=\(name)",
      ])
    try Command.output(
      "openssl",
      [
        "ca", "-batch", "-notext", "-config", path("ca.cnf"), "-cert", path("ca.pem"), "-keyfile",
        path("ca.key"),
        "-in", path("\(name).csr"), "-out", path("\(name).pem"), "-extensions", "server",
        "-startdate", start, "-enddate", end,
      ])
  }

  private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

  private func issue() throws {
    let newKey = Self.newKey + ["-days", "2"]
    try Command.output(
      "openssl",
      ["req", "-x509"] + newKey + [
        "-keyout", path("ca.key"), "-out", path("ca.pem"), "-subj", "/CN=Test Authority",
        "-addext", "basicConstraints=critical,CA:TRUE",
      ])
    try Command.output(
      "openssl",
      ["req", "-x509"] + newKey + [
        "-keyout", path("server.key"), "-out", path("server.pem"), "-subj", "/CN=localhost", "-CA",
        path("ca.pem"),
        "-CAkey", path("ca.key"), "-addext", "subjectAltName=DNS:localhost",
        "-addext", "basicConstraints=critical,CA:FALSE",
      ])
  }
}
