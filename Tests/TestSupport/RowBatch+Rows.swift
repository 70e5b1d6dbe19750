package import AuditRecord
import Crypto

extension RowBatch {
  /// Appends a row for tests. A column without text is NULL, and so is a coordinate of NaN.
  package mutating func append(
    at time: Timestamp, _ text: [TextColumn: String], latitude: Double = .nan, longitude: Double = .nan
  ) {
    for column in TextColumn.allCases {
      guard let value = text[column] else {
        cells.append(.null)
        continue
      }
      cells.append(Cell(bytes.count..<bytes.count + value.utf8.count))
      bytes += value.utf8
    }
    ends.append(UInt32(bytes.count))
    eventAt.append(time.microseconds)
    self.latitude.append(latitude)
    self.longitude.append(longitude)
  }
}

/// The SHA-256 of the bytes in lower-case hexadecimal digits, as the archive writes hashes.
package func sha256(_ bytes: some Sequence<UInt8>) -> String {
  SHA256.hash(data: Array(bytes)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
