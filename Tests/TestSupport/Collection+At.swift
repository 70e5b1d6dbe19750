extension Collection {
  /// The element at this offset from the start. Throws `OffsetOutOfRange` where a subscript would crash all running tests.
  ///
  /// Use it for data from outside, such as the output of a program or the requests that a server got.
  package func at(_ offset: Int) throws -> Element {
    guard offset >= 0, let index = index(startIndex, offsetBy: offset, limitedBy: endIndex), index < endIndex
    else {
      throw OffsetOutOfRange(offset: offset, count: count, contents: "\(self)")
    }
    return self[index]
  }
}

/// A collection is shorter than the test expects.
package struct OffsetOutOfRange: Error, CustomStringConvertible {
  package var offset: Int
  package var count: Int
  package var contents: String

  package var description: String { "no element \(offset) of \(count): \(contents.prefix(2_000))" }
}
