import AuditArchive
import AuditRecord
import TestSupport

let acme = ArchiveSource(apiHost: "https://api.cloudsmith.io", log: log("acme"))
let somebody = LockHolder(pid: 4_711, host: "host.example", since: at("2024-03-01T00:00:00Z"))

@discardableResult
func withWriter<Result>(
  _ folder: String, _ source: ArchiveSource = acme,
  settings: WriterSettings = WriterSettings(toolVersion: "1.0.0"),
  fileSystem: any FileSystem = PosixFileSystem(),
  untidied: @escaping @Sendable (StorageError) -> Void = { _ in },
  body: (ArchiveWriter) async throws -> Result
) async throws -> Result {
  try await Archive(at: folder, log: source.log, fileSystem: fileSystem).withWriter(
    source: source, holder: somebody, settings: settings, untidied: untidied
  ) { writer in
    try await body(writer)
  }
}

/// What `body` throws, as the error of an archive.
func archiveError<Result>(
  isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
) async throws -> ArchiveError? {
  do {
    _ = try await body()
    return nil
  } catch let error as ArchiveError {
    return error
  }
}
