/// One value of a tree.
package enum ParquetValue: Hashable, Sendable {
  case null
  case text(String)
  /// Microseconds since 1970-01-01T00:00:00Z.
  case timestamp(Int64)
  /// NaN is a value, not NULL.
  case double(Double)
  case boolean(Bool)
  case int32(Int32)
  case int64(Int64)
  case binary([UInt8])
  /// One value for each field of the group, in its order.
  case group([ParquetValue])
  case list([ParquetValue])
  /// The entries, in the order of the file. Keys should be distinct; the writer does not check it.
  case map([Entry])

  /// One entry of a map.
  package struct Entry: Hashable, Sendable {
    package var key: ParquetValue
    package var value: ParquetValue

    package init(_ key: ParquetValue, _ value: ParquetValue) {
      self.key = key
      self.value = value
    }
  }
}
