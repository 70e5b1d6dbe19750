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
    try await stored(await storage.checkTable())
    var leases: [LogName: any Lease] = [:]
    do throws(ArchiveError) {
      // Until no log is new: one can make its first commit during a wait.
      while true {
        let logs = try await stored(await storage.logs())
          .filter { $0 != storage.paths.log && leases[$0] == nil }
        if logs.isEmpty { break }
        for log in logs { try await checkIdle(log) }
        for log in logs { leases[log] = try await takeLease(of: log, as: holder) }
      }
      // Version 0 has the files of all logs, so their states must be readable.
      for log in leases.keys { _ = try await ArchiveState(storage.storage(of: log)).committed() }
      // A run of a log whose lease was lost meanwhile does not append to the table.
      for (log, lease) in leases where try await !stored(await lease.isHeld()) {
        throw .tableNeedsAllLogs(busy: log, nil)
      }
      guard try await stored(await lease.isHeld()) else { throw .leaseLost(path: storage.paths.lock) }
      let table = try await convert()
      await release(Array(leases.values))
      return table
    } catch {
      await release(Array(leases.values))
      throw error
    }
  }

  /// Throws if a run is at work on the log, or may still be.
  private func checkIdle(_ log: LogName) async throws(ArchiveError) {
    switch try await stored(await storage.storage(of: log).leaseState()) {
    case .free, .never: break
    case .held(let holder): throw .tableNeedsAllLogs(busy: log, holder)
    case .expired(let lease): throw .tableNeedsAllLogs(busy: log, lease.holder)
    }
  }

  private func takeLease(of log: LogName, as holder: LockHolder) async throws(ArchiveError) -> any Lease {
    let other = storage.storage(of: log)
    switch try await stored(await other.takeLease(holder) { _ in }) {
    case .held(let holder): throw .tableNeedsAllLogs(busy: log, holder)
    case .taken(let lease):
      guard lease.isTakeover else { return lease }
      // There was no lock, or that of a folder. Whoever takes it next has to take over too, and need not wait for this run.
      await release([lease])
      try await stored(await storage.delete([other.paths.lock]))
      throw .tableNeedsAllLogs(busy: log, nil)
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
