/// One version of a table: the actions that turn the version before it into this one.
package struct TableVersion: Hashable, Sendable {
  /// In the order of the file: `commitInfo`, `txn` by application, `protocol`, `metaData`, `remove` by path, `add` by path. The
  /// order has no meaning in the protocol.
  package let actions: [TableAction]

  /// - Parameter actions: in any order. A version has no file twice, and no more than one `commitInfo`, `protocol` and
  ///   `metaData`.
  package init(_ actions: [TableAction]) {
    self.actions = actions.sorted { one, other in
      one.rank == other.rank ? one.key.precedes(other.key) : one.rank < other.rank
    }
  }

  /// The bytes of the file: one action per line, as compact JSON that ends with LF. Equal versions have equal bytes.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for action in actions { action.append(to: &bytes) }
    return bytes
  }

  /// Read the file of any producer. Actions and members that the protocol lets readers ignore are ignored.
  ///
  /// - Throws: `TableLogError` for a damaged file, or for one that requires something that this target does not support.
  package init(reading file: [UInt8]) throws(TableLogError) {
    var actions: [TableAction] = []
    for (index, line) in file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { continue }
      actions += try TableAction.read(Array(line), number: index + 1)
    }
    self.init(actions)
    try checkUnique()
  }

  /// The `commitInfo` of the version; nil if it has none.
  package var commitInfo: CommitInfo? {
    for case .commitInfo(let info) in actions { return info }
    return nil
  }

  /// The `version` of this application's `txn`; nil if the version has none of it.
  package func transactionVersion(of appId: String) -> Int? {
    for case .transaction(let transaction) in actions where transaction.appId == appId {
      return transaction.version
    }
    return nil
  }

  private func checkUnique() throws(TableLogError) {
    var paths: Set<String> = []
    var names: Set<String> = []
    for action in actions {
      switch action {
      case .commitInfo, .transaction: break
      case .protocol, .metadata:
        guard names.insert(action.name).inserted else { throw .malformed(.repeatedAction(action.name)) }
      case .remove, .add:
        guard paths.insert(TablePath.canonical(action.key) ?? action.key).inserted else {
          throw .malformed(.repeatedPath(action.key))
        }
      }
    }
  }
}

extension TableAction {
  /// The order of the kinds in a version.
  fileprivate var rank: Int {
    switch self {
    case .commitInfo: 0
    case .transaction: 1
    case .protocol: 2
    case .metadata: 3
    case .remove: 4
    case .add: 5
    }
  }

  /// What distinguishes actions of one kind; empty if a version has at most one.
  fileprivate var key: String {
    switch self {
    case .commitInfo, .protocol, .metadata: ""
    case .transaction(let transaction): transaction.appId
    case .remove(let file): file.path
    case .add(let file): file.path
    }
  }
}
