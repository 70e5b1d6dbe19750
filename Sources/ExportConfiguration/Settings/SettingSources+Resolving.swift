import AuditArchive
import AuditRecord
import CloudsmithAPI

extension SettingSources {
  func log() throws(Failure) -> LogName {
    if let log = try resolve(Settings.log) { return log }
    throw .usage(
      "No organisation: give --organization with its slug, such as my-org, or set CLOUDSMITH_WORKSPACE.")
  }

  /// nil where none is named.
  func namedArchive() throws(Failure) -> ArchiveLocation? { try resolve(Settings.archive) }

  func archive() throws(Failure) -> ArchiveLocation {
    if let archive = try namedArchive() { return archive }
    throw .usage(
      "No archive: give --archive with its folder, such as /srv/audit, or set CLOUDSMITH_AUDIT_EXPORT_ARCHIVE."
    )
  }

  func host() throws(Failure) -> APIHost {
    do {
      return try APIHost(try value(of: Settings.apiHost))
    } catch let error as Failure {
      throw error
    } catch {
      throw .usage("--api-host: \(error).")
    }
  }

  func connection() throws(Failure) -> ConnectionSettings {
    let host = try host()
    let (proxy, caFile) = (try resolve(Settings.proxy), try resolve(Settings.caFile))
    let timeout = try value(of: Settings.requestTimeout)
    do {
      var settings = try ConnectionSettings(
        host: host, proxy: proxy, caFile: caFile, environment: environment, version: Version.text)
      settings.timeouts.total = timeout
      return settings
    } catch {
      throw .usage("\(error).")
    }
  }
}
