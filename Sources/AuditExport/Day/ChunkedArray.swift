/// A list that grows by a chunk at a time: it is never copied to become longer, and never twice as large as what it holds.
struct ChunkedArray<Element: Sendable>: Sendable {
  private static var bits: Int { 15 }

  private var chunks: [[Element]] = []
  private(set) var count = 0

  /// Bytes of memory.
  var footprint: Int { chunks.reduce(0) { $0 + $1.capacity } * MemoryLayout<Element>.stride }

  subscript(index: Int) -> Element {
    chunks[index >> Self.bits][index & (1 << Self.bits - 1)]
  }

  mutating func append(_ element: Element) {
    if count & (1 << Self.bits - 1) == 0 {
      chunks.append([])
      // The first chunk grows as an array does: most lists are short.
      if count > 0 { chunks[chunks.count - 1].reserveCapacity(1 << Self.bits) }
    }
    chunks[chunks.count - 1].append(element)
    count += 1
  }
}
