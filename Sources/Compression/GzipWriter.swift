/// Writes a gzip file (RFC 1952) of several members, compressed side by side.
///
/// The caller cuts the content into members; `memberLength` is the size that is meant. The file depends on that, on the
/// level and on the version of zlib alone, and not on how many members were compressed at a time. Empty content is one
/// empty member. After an error the writer cannot be used further.
package struct GzipWriter: ~Copyable {
  /// How much content a member holds, at least and about; the last may hold less.
  package static let memberLength = 1 << 20

  /// Where in a member's content bytes stand that repeat nothing, in rising order; for `Gzip.compress`.
  package typealias Places = @Sendable (_ content: Span<UInt8>) -> [Range<Int>]

  private typealias Flight = Task<Result<[UInt8], GzipError>, Never>

  private let level: Int
  private let width: Int
  private let random: Places
  /// The members that are being compressed, in their order.
  private var flights: [Flight] = []
  private var isEmpty = true

  /// - Parameters:
  ///   - level: 1 (fast) to 9 (small).
  ///   - width: how many members are compressed at a time.
  ///   - random: asked once for each member, in its turn beside the others.
  package init(level: Int = 6, width: Int, random: @escaping Places = { _ in [] }) throws(GzipError) {
    guard (1...9).contains(level) else { throw GzipError(.level(level)) }
    self.level = level
    self.width = width
    self.random = random
  }

  /// Takes the content of the next member, and returns the oldest member if there was no room for another beside it.
  package mutating func append(_ content: [UInt8]) async throws(GzipError) -> [UInt8]? {
    let oldest = flights.count < width ? nil : try await land()
    let (level, random) = (level, random)
    flights.append(
      Flight {
        do throws(GzipError) {
          return .success(try Gzip.compress(content, level: level, random: random(content.span)))
        } catch {
          return .failure(error)
        }
      })
    isEmpty = false
    return oldest
  }

  /// The members that were not returned yet, one by one; nil behind the last.
  package mutating func finish() async throws(GzipError) -> [UInt8]? {
    if isEmpty { _ = try await append([]) }
    return flights.isEmpty ? nil : try await land()
  }

  private mutating func land() async throws(GzipError) -> [UInt8] {
    try await flights.removeFirst().value.get()
  }
}
