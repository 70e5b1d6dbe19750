import AuditRecord
import Platform

/// Makes an archive a table, with all its logs or not at all.
///
/// A run that began before would not append to the table, so the leases of all other logs are held meanwhile.
struct TableConversion {
  private let storage: any ArchiveStorage

  /// - Parameter storage: of a log whose lease is held.
  init(_ storage: any ArchiveStorage) { self.storage = storage }

  /// Throws `.tableNeedsAllLogs`, and changes nothing, if a log is being written.
  ///
  /// - Parameter holder: of the leases.
  func run(as holder: LockHolder) async throws(ArchiveError) -> ArchiveTable? {
    var leases: [any Lease] = []
    do throws(ArchiveError) {
      for log in try await stored(await storage.logs()) where log != storage.paths.log {
        switch try await stored(await storage.storage(of: log).takeLease(holder) { _ in }) {
        case .taken(let lease):
          leases.append(lease)
          // The last run may still be at work.
          if lease.isTakeover { throw .tableNeedsAllLogs(busy: log, nil) }
        case .held(let holder): throw .tableNeedsAllLogs(busy: log, holder)
        }
      }
      let table = try await convert()
      await release(leases)
      return table
    } catch {
      await release(leases)
      throw error
    }
  }

  private func convert() async throws(ArchiveError) -> ArchiveTable? {
    let state = ArchiveState(storage)
    guard let kind = try await state.kind(), kind.record.table == nil else {
      return try await state.table()
    }
    var record = kind.record
    record.table = ArchiveKindRecord.Table(id: UUID().uuidString.lowercased())
    do throws(StorageError) {
      try await storage.replace(ArchivePaths.kind, ArchiveJSON.encode(record), since: kind.state)
    } catch let error where error.reason == .outrun {
      // Another log's run has done it.
    } catch {
      throw .storage(error)
    }
    return try await state.table()
  }

  private func release(_ leases: [any Lease]) async {
    for lease in leases {
      do throws(StorageError) { try await lease.release() } catch {}  // it expires
    }
  }
}
