import Foundation
import NIOSSL
import Testing

/// A certificate authority of the tests' own, and a server certificate from it for `localhost`.
struct TestAuthority {
  let folder: URL
  var caFile: String { folder.appendingPathComponent("ca.pem").path }

  static func with<Result>(
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

  func serverContext() throws -> NIOSSLContext {
    let chain = try NIOSSLCertificate.fromPEMFile(folder.appendingPathComponent("server.pem").path)
    let key = try NIOSSLPrivateKey(file: folder.appendingPathComponent("server.key").path, format: .pem)
    return try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
  }

  private func issue() throws {
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    try TestCommand.run(
      "openssl",
      ["req", "-x509"] + newKey + [
        "-keyout", path("ca.key"), "-out", path("ca.pem"), "-subj", "/CN=Test Authority",
        "-addext", "basicConstraints=critical,CA:TRUE",
      ])
    try TestCommand.run(
      "openssl",
      ["req", "-x509"] + newKey + [
        "-keyout", path("server.key"), "-out", path("server.pem"), "-subj", "/CN=localhost", "-CA",
        path("ca.pem"),
        "-CAkey", path("ca.key"), "-addext", "subjectAltName=DNS:localhost",
        "-addext", "basicConstraints=critical,CA:FALSE",
      ])
  }
}
