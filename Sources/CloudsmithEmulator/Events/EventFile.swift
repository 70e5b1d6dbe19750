import AuditRecord
import Platform

/// A file of records for `--events`: one JSON array, as a page of the API is.
package enum EventFile {
  /// The records of the files, as written, in the order of the files.
  package static func read(_ paths: [String]) throws(EventFileError) -> [[UInt8]] {
    var records: [[UInt8]] = []
    for path in paths {
      let bytes: [UInt8]
      do {
        bytes = try Array(Data(contentsOf: URL(filePath: path)))
      } catch {
        throw EventFileError(path: path, reason: "no such file, or it cannot be read")
      }
      switch JSONText.elements(of: bytes) {
      case .success(let elements):
        records.append(contentsOf: elements.map { Array(bytes[$0]) })
      case .failure(let fault):
        throw EventFileError(path: path, reason: "it is not one JSON array (at byte \(fault.offset))")
      }
    }
    return records
  }

  /// A time for every record: its own or, for a record without one, that of the record before it in the list.
  static func times(of records: [[UInt8]]) -> [Timestamp] {
    let own = records.map { RecordText($0[...]).time }
    var last = own.lazy.compactMap(\.self).first ?? Timestamp(microseconds: 0)
    return own.map { time in
      last = time ?? last
      return last
    }
  }
}

package struct EventFileError: Error, CustomStringConvertible {
  package var path: String
  package var reason: String

  package var description: String { "\(path) cannot serve as a file of events: \(reason)" }
}
