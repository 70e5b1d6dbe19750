/// Writes a gzip file (RFC 1952) of several members, compressed in parallel.
///
/// The caller splits the content into members of about `memberLength` bytes. The file depends only on that split, the level and
/// the version of the library, not on the number of parallel members. Empty content gives one empty member. Do not use the
/// writer again after an error.
package struct GzipWriter: ~Copyable {
  /// The intended minimum size of a member, in bytes of content; the last may be smaller.
  package static let memberLength = 1 << 20

  /// Finds the ranges of a member's content that repeat nothing, in ascending order, for `Gzip.compress`.
  package typealias Places = @Sendable (_ content: Span<UInt8>) -> [Range<Int>]

  private typealias Flight = Task<Result<[UInt8], GzipError>, Never>

  private let level: Int
  private let width: Int
  private let random: Places
  /// The members being compressed, in file order.
  private var flights: [Flight] = []
  private var isEmpty = true

  /// - Parameters:
  ///   - level: 1 (fast) to 9 (small).
  ///   - width: the number of members compressed in parallel. Memory grows with it.
  ///   - random: called once for each member, in that member's task.
  /// - Throws: `GzipError` for a level out of range.
  package init(level: Int = 6, width: Int, random: @escaping Places = { _ in [] }) throws(GzipError) {
    guard (1...9).contains(level) else { throw GzipError(.level(level)) }
    self.level = level
    self.width = width
    self.random = random
  }

  /// Start to compress the next member. If `width` members are already in progress, wait for the oldest and return it.
  ///
  /// - Throws: `GzipError` from the oldest member.
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

  /// Return the remaining members one by one; nil after the last.
  ///
  /// - Throws: `GzipError` from the member that it waits for.
  package mutating func finish() async throws(GzipError) -> [UInt8]? {
    if isEmpty { _ = try await append([]) }
    return flights.isEmpty ? nil : try await land()
  }

  private mutating func land() async throws(GzipError) -> [UInt8] {
    try await flights.removeFirst().value.get()
  }
}
