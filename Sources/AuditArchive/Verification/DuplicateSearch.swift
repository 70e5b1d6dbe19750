import AuditRecord

/// Looks for rows of a day with the same `uuid`, in memory that does not grow with the day.
///
/// 64 bits stand for a uuid. Where they are more than the limit, they are looked at by slices, one pass over the day for each; and
/// where two are equal, a last pass compares the uuids themselves, so that nothing is blamed by chance.
struct DuplicateSearch {
  /// Suspects that are looked at in the last pass; more of them need no proof.
  private static let suspectLimit = 64

  private let limit: Int
  private var slices: UInt64 = 1
  private var slice: UInt64 = 0
  private var seen: Set<UInt64> = []
  private var rows = 0
  private var isFull = false
  /// Identities met twice.
  private var suspects: Set<UInt64> = []
  private var uuids: [UInt64: Set<[UInt8]>] = [:]
  private var confirmed: (rows: Int, uuid: String)?
  private var stage = Stage.searching

  private enum Stage { case searching, confirming, done }

  init(limit: Int) { self.limit = max(1, limit) }

  mutating func add(_ batch: RowBatch) {
    for row in 0..<batch.count {
      let identity = batch.identity(row).value
      if stage == .confirming {
        confirm(identity, batch, row)
        continue
      }
      rows += 1
      guard identity % slices == slice, !isFull else { continue }
      guard seen.count < limit || seen.contains(identity) else {
        isFull = true
        continue
      }
      if !seen.insert(identity).inserted, suspects.count < DuplicateSearch.suspectLimit {
        suspects.insert(identity)
      }
    }
  }

  private mutating func confirm(_ identity: UInt64, _ batch: RowBatch, _ row: Int) {
    guard suspects.contains(identity) else { return }
    let uuid = Array(batch.bytes[batch.cell(.uuid, row).range])
    if !uuids[identity, default: []].insert(uuid).inserted {
      confirmed = ((confirmed?.rows ?? 0) + 1, confirmed?.uuid ?? String(decoding: uuid, as: UTF8.self))
    }
  }

  /// Ends a pass over the day. Whether another one is needed.
  mutating func nextPass() -> Bool {
    switch stage {
    case .done, .confirming:
      stage = .done
      return false
    case .searching:
      seen.removeAll(keepingCapacity: true)
      if isFull {
        // More than fit: begin anew, in slices that do, as far as identities are spread evenly.
        slices = max(slices + 1, UInt64(rows / limit + 1) * 5 / 4)
        slice = 0
        isFull = false
      } else {
        slice += 1
      }
      rows = 0
      if slice < slices { return true }
      stage = suspects.isEmpty ? .done : .confirming
      return stage == .confirming
    }
  }

  var flaw: Flaw? { confirmed.map { .duplicate(rows: $0.rows, uuid: $0.uuid) } }
}
