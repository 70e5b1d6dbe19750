import Foundation
import TestSupport
import Testing

/// What the program says when there is no secure connection: it is status 1, at once.
@Suite(.fewAtOnce, .serialized) struct ConnectionTests {
  private func expect(_ sentence: String, from result: CommandOutcome) {
    #expect(result.status == 1, "\(result.log)\(result.output)")
    let text = result.log + result.output
    #expect(
      text.contains("No secure connection to the API for the audit log of 'acme': \(sentence)"), "\(text)")
    #expect(!text.contains("NIO") && !text.contains("Boring"), "\(text)")
  }

  @Test func `plain HTTP on the port of TLS is told by export and check alike`() throws {
    try Bench.with(["--generate", "5"]) { bench in
      let environment = ["CLOUDSMITH_API_HOST": bench.url.replacing("http://", with: "https://")]
      let sentence = """
        the server does not speak TLS on this port. Check the scheme and the port of --api-host, and --proxy.
        """
      expect(sentence, from: try bench.export(environment: environment))
      let check = try Program.exporter.run(
        ["check", "-o", "acme"], environment: bench.environment.merging(environment) { $1 })
      expect(sentence, from: check)
      #expect(check.output.contains("1 of 12 are wrong (status 1); 1 request was made."), "\(check.output)")
      #expect(!FileManager.default.fileExists(atPath: bench.archive))
    }
  }

  @Test(
    .enabled(if: Shell.works("unshare -m sh -c 'mount -t tmpfs none /etc/ssl'"), "needs the right to mount"))
  func `a machine without authorities is told what to install`() throws {
    try Bench.with(["--generate", "5"]) { bench in
      let environment = bench.environment.merging(
        ["CLOUDSMITH_API_HOST": bench.url.replacing("http://", with: "https://")]
      ) { $1 }
      let script = """
        for folder in /etc/ssl /etc/pki; do [ ! -d $folder ] || mount -t tmpfs none $folder || exit 99; done
        exec "$@"
        """
      for arguments in [bench.arguments([]), ["check", "-o", "acme"]] {
        let result = try Shell.run(
          "exec unshare -m sh -c '\(script)' sh \"$@\"", arguments, environment: environment)
        expect(
          "this machine has no certificates of authorities (no CA bundle), so that no server can be trusted. Install the package "
            + "ca-certificates, or give a file of trusted certificates in PEM form as --ca-file or SSL_CERT_FILE.",
          from: result)
      }
    }
  }
}
