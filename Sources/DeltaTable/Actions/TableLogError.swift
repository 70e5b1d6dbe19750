package import AuditRecord

/// Why a table's log cannot be read.
package enum TableLogError: Error, Hashable, Sendable {
  /// The log violates the protocol: it is damaged, or its producer has a bug. The line counts from 1; nil if the error does not
  /// concern a single line.
  case malformed(Malformation, line: Int? = nil)
  /// The log requires something that this target does not support, so the table may be neither read nor written.
  case unsupported(Requirement)

  package enum Malformation: Hashable, Sendable {
    /// A line is not strict JSON.
    case json(JSONTreeError)
    /// A line is not an object.
    case notAnObject
    /// A member is missing or has another type.
    case member(action: String, name: String)
    /// One version adds or removes a file more than once.
    case repeatedPath(String)
    /// One version has several actions of a kind of which it may have one.
    case repeatedAction(String)
    /// The versions do not follow each other.
    case version(expected: Int, found: Int)
    /// The first version, or a checkpoint, has no action of this name.
    case missing(action: String)
  }

  package enum Requirement: Hashable, Sendable {
    /// Later versions of the protocol.
    case protocolVersion(TableProtocol)
    /// Table features, sorted.
    case features([String])
    case deletionVector
    /// Data files of another format.
    case format(String)
    /// A property of the table that is set.
    case property(String)
    /// A column whose values a writer must check.
    case invariant(column: String)
  }
}

extension TableLogError: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    switch self {
    case .malformed(let what, let line?): "line \(line): \(what)"
    case .malformed(let what, nil): "\(what)"
    case .unsupported(let what): "the table needs \(what), which this program does not support"
    }
  }
}

extension TableLogError.Malformation: CustomStringConvertible {
  package var description: String {
    switch self {
    case .json(let error): "this is not JSON: \(error)"
    case .notAnObject: "this is not an action"
    case .member(let action, let name): "\(action) has no valid \(name.debugDescription)"
    case .repeatedPath(let path): "the version has the file \(path.debugDescription) more than once"
    case .repeatedAction(let action): "the version has \(action) more than once"
    case .version(let expected, let found): "version \(found) stands where version \(expected) is expected"
    case .missing(let action): "the table has no \(action)"
    }
  }
}

extension TableLogError.Requirement: CustomStringConvertible {
  package var description: String {
    switch self {
    case .protocolVersion(let versions):
      "reader version \(versions.minReaderVersion) and writer version \(versions.minWriterVersion) of the Delta protocol"
    case .features(let names): "the table features \(names.joined(separator: ", "))"
    case .deletionVector: "deletion vectors"
    case .format(let provider): "data files of the format \(provider.debugDescription)"
    case .property(let name): "the property \(name)"
    case .invariant(let column): "the invariant of the column \(column.debugDescription)"
    }
  }
}
