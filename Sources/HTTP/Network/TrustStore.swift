internal import NIOSSL
internal import Platform

/// The CA certificates that this machine trusts.
enum TrustStore {
  /// The places of the bundle in distributions, from Go's crypto/x509 (`root_linux.go`). The TLS library searches only the
  /// first two and the folder.
  static let bundles = [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
  ]
  static let folder = "/etc/ssl/certs"

  /// The first bundle that exists and is not empty, or else the folder if it has certificates; nil if there is nothing to
  /// trust.
  static func path(
    bundles: [String] = TrustStore.bundles, folder: String = TrustStore.folder
  ) -> String? {
    bundles.first(where: isBundle) ?? (hasCertificates(folder) ? folder : nil)
  }

  private static func isBundle(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size > 0
  }

  /// Dangling links do not count: they remain when the certificates alone are removed.
  private static func hasCertificates(_ folder: String) -> Bool {
    guard let stream = opendir(folder) else { return false }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
          String(cString: $0)
        }
      }
      if isBundle("\(folder)/\(name)") { return true }
    }
    return false
  }
}

extension TLSConfiguration {
  /// The configuration of a client that trusts a CA file, or else the machine's CA certificates. TLS 1.2 or later.
  ///
  /// - Throws: `.caFile` or `.caFileUnreadable` if the file cannot be used.
  static func trusting(caFile: String?) throws(ConnectionSettingsError) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if let caFile {
      let descriptor = open(caFile, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw .caFileUnreadable(path: caFile, why: String(cString: strerror(errno)))
      }
      var status = stat()
      let isFolder = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      close(descriptor)
      if isFolder { throw .caFileUnreadable(path: caFile, why: String(cString: strerror(EISDIR))) }
      do {
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(caFile))
      } catch {
        throw .caFile(path: caFile)
      }
    } else if let path = TrustStore.path(), TrustStore.bundles.dropFirst(2).contains(path) {
      tls.trustRoots = .file(path)
    }
    return tls
  }
}
