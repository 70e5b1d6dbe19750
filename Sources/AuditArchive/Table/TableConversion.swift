import AuditRecord
import Platform

/// Makes an archive a table, with all its logs or not at all.
///
/// A run that began before the conversion would not append to the table, so the leases of all other logs are held during it.
struct TableConversion {
  private let storage: any ArchiveStorage
  private let lease: any Lease

  /// - Parameters:
  ///   - storage: of a log.
  ///   - lease: of that log.
  init(_ storage: any ArchiveStorage, _ lease: any Lease) {
    self.storage = storage
    self.lease = lease
  }

  /// Throws `.tableNeedsAllLogs`, and changes nothing, if a log is being written.
  ///
  /// - Parameter holder: of the leases.
  func run(as holder: LockHolder) async throws(ArchiveError) -> ArchiveTable? {
    var leases: [(log: LogName, lease: any Lease)] = []
    do throws(ArchiveError) {
      for log in try await stored(await storage.logs()) where log != storage.paths.log {
        switch try await stored(await storage.storage(of: log).takeLease(holder) { _ in }) {
        case .taken(let lease):
          leases.append((log, lease))
          // The last run may still be at work.
          if lease.isTakeover { throw .tableNeedsAllLogs(busy: log, nil) }
        case .held(let holder): throw .tableNeedsAllLogs(busy: log, holder)
        }
      }
      // A run of a log whose lease was lost meanwhile does not append to the table.
      for (log, lease) in leases where try await !stored(await lease.isHeld()) {
        throw .tableNeedsAllLogs(busy: log, nil)
      }
      guard try await stored(await lease.isHeld()) else { throw .leaseLost(path: storage.paths.lock) }
      let table = try await convert()
      await release(leases.map(\.lease))
      return table
    } catch {
      await release(leases.map(\.lease))
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
