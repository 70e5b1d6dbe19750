package import AuditRecord

/// The settings of redaction.
extension Settings {
  package static let redact = Setting<RedactionPolicy>(
    "--redact", job: .mapping(RedactionPolicy.words), valueName: "columns",
    help: """
      Redact columns, such as actor=hash,actor_ip_address=truncate. drop stores NULL, hash stores an HMAC-SHA-256 with the key in \
      --redaction-key-file, and truncate stores the /24 or /48 network of an address. Fixed for the life of the archive.
      """,
    expected: "columns and methods, such as actor=hash,additional_fields=drop",
    parsing: { text throws(ValueError) in
      do {
        return try RedactionPolicy(text)
      } catch {
        throw ValueError(": \(error)")
      }
    })
  package static let redactionKeyFile = path(
    "--redaction-key-file", job: .path, valueName: "file",
    help: """
      The file with the secret key for the hashes of --redact: at least \(RedactionKey.minimumLength) characters, such as the output of \
      openssl rand -hex 32. Keep a copy: without the key, the archive cannot be continued.
      """, expected: "a file")
}

extension SettingSources {
  /// The redaction of the archive, and a warning if other users can read the key. nil without `--redact`.
  ///
  /// - Throws: A usage failure if the key is missing or invalid, or if it is an option without `--redact`.
  package func redaction() throws(Failure) -> (redaction: Redaction, warning: String?)? {
    guard let policy = try resolve(Settings.redact) else {
      // A job file or a variable may have the key for other logs.
      if case .option? = try find(Settings.redactionKeyFile)?.source {
        throw .usage(
          "--redaction-key-file requires --redact, such as --redact actor=hash: without it, nothing is redacted."
        )
      }
      return nil
    }
    let file = try redactionKey()
    guard let redaction = Redaction(policy, key: file?.key) else {
      throw .usage(
        """
        --redact with hash requires --redaction-key-file. Create a key with openssl rand -hex 32, and keep it: without it, the archive \
        cannot be continued.
        """)
    }
    return (redaction, file?.warning)
  }

  private func redactionKey() throws(Failure) -> (key: RedactionKey, warning: String?)? {
    guard let path = try resolve(Settings.redactionKeyFile) else { return nil }
    let file = try SecretFile(path, contents: "the redaction key")
    do {
      return (try RedactionKey(file.text), file.warning)
    } catch {
      throw .usage("The file \(quoted(path)) \(error).")
    }
  }
}
