import AuditArchive
import AuditRecord
import ObjectStore

/// Reads objects in pieces of 1 MiB, and fetches pieces ahead: the next ones of an object that is read from its beginning, and the first
/// ones of objects that were announced. So reading is not slowed down by the time that each answer takes.
///
/// Memory: at most `limit` pieces, those on their way included: 13 for one reader, 28 for four or more at a time.
actor RangeReader {
  private typealias Piece = Task<Result<ObjectContent?, StorageError>, Never>

  private struct Object {
    var etag: String?
    /// In bytes; nil before the first answer.
    var size: Int?
    var pieces: [Int: (task: Piece, used: Int)] = [:]
  }

  private static let piece = 1 << 20
  /// Announced objects that are fetched before they are read.
  private static let objectsAhead = 8
  /// Pieces of the objects that are read now, for each of their readers.
  private static let piecesEach = 5
  /// The most readers that have pieces of their own.
  private static let mostReaders = 4

  private let bucket: Bucket
  private var objects: [String: Object] = [:]
  /// Announced and not yet asked for, in order.
  private var announced: ArraySlice<String> = []
  /// Announced, asked for and not yet read, in order. `passed`: how many later ones were read since.
  private var fetchedAhead: [(path: String, passed: Int)] = []
  /// The objects that were begun last, oldest first.
  private var current: [String] = []
  /// How many objects are read at a time.
  private var readers = 1
  private var uses = 0

  private var limit: Int {
    RangeReader.objectsAhead + RangeReader.piecesEach * min(readers, RangeReader.mostReaders)
  }
  /// Pieces of one object that are fetched before they are needed.
  private var ahead: Int { readers == 1 ? 4 : 2 }

  init(_ bucket: Bucket) { self.bucket = bucket }

  func announce(_ paths: [String], readers: Int) {
    announced = paths[...]
    self.readers = max(self.readers, readers)
    fetchAnnounced()
  }

  /// Reads to the end of the piece in which `offset` is; an empty result means the end of the object.
  func read(_ path: String, at offset: Int) async throws(StorageError) -> [UInt8] {
    let index = offset / RangeReader.piece
    try await begin(path)
    return try await bytes(path, index, from: offset - index * RangeReader.piece)
  }

  func read(_ path: String, at offset: Int, count: Int) async throws(StorageError) -> [UInt8] {
    var bytes: [UInt8] = []
    try await begin(path)
    while bytes.count < count {
      let more = try await read(path, at: offset + bytes.count)
      if more.isEmpty { break }
      bytes += more.prefix(count - bytes.count)
    }
    return bytes
  }

  /// The size and version of an object that was fetched ahead; nil if it was not.
  ///
  /// - Parameter isReadNow: forget what was read of it before, so that a reader who looks again sees the present object.
  func info(_ path: String, isReadNow: Bool) async -> ObjectInfo? {
    guard !isReadNow || isFetchedAhead(path), let task = objects[path]?.pieces[0]?.task,
      case .success(let content?) = await task.value, !content.info.etag.isEmpty
    else {
      forget(path)
      return nil
    }
    return content.info
  }

  func forget(_ path: String) {
    objects[path] = nil
    fetchedAhead.removeAll { $0.path == path }
    current.removeAll { $0 == path }
  }

  private func isFetchedAhead(_ path: String) -> Bool { fetchedAhead.contains { $0.path == path } }

  // MARK: Pieces

  /// Fetches the first piece of an object whose version is not known, so that all others are of the same version.
  private func begin(_ path: String) async throws(StorageError) {
    if !current.contains(path) {
      current.append(path)
      if current.count > (readers == 1 ? 1 : 2 * readers) { current.removeFirst() }
      if let place = fetchedAhead.firstIndex(where: { $0.path == path }) {
        fetchedAhead.remove(at: place)
        pass(place)
      } else if let place = announced.firstIndex(of: path) {
        if readers == 1 { announced = announced[place...] }
        announced.removeAll { $0 == path }
        pass(fetchedAhead.count)
      }
    }
    if objects[path]?.size == nil { _ = try await bytes(path, 0, from: 0) }
  }

  /// Notes that announced objects were passed over. One reader does not need them any more; of several, a slower one may.
  private func pass(_ count: Int) {
    for place in 0..<count { fetchedAhead[place].passed += 1 }
    let most = readers == 1 ? 1 : 4 * readers
    for passed in fetchedAhead where passed.passed >= most { objects[passed.path] = nil }
    fetchedAhead.removeAll { $0.passed >= most }
  }

  private func bytes(_ path: String, _ index: Int, from start: Int) async throws(StorageError) -> [UInt8] {
    if let size = objects[path]?.size, index * RangeReader.piece + start >= size { return [] }
    let task = fetch(path, index)
    if let size = objects[path]?.size {
      for next in index + 1..<index + 1 + ahead where next * RangeReader.piece < size {
        _ = fetch(path, next)
      }
    }
    fetchAnnounced()
    let content: ObjectContent?
    do throws(StorageError) {
      content = try await task.value.get()
    } catch {
      forget(path)
      throw error
    }
    guard let content else {
      forget(path)
      throw StorageError(
        operation: .read, path: bucket.name(of: path), reason: .missing, detail: "there is no such object")
    }
    // Nothing is noted for an object that was forgotten meanwhile.
    if !content.info.etag.isEmpty, objects[path] != nil {
      objects[path]?.etag = content.info.etag
      objects[path]?.size = content.info.size
    }
    return start == 0 ? content.bytes : Array(content.bytes.dropFirst(start))
  }

  private func fetch(_ path: String, _ index: Int) -> Piece {
    uses += 1
    if let piece = objects[path]?.pieces[index] {
      objects[path]?.pieces[index]?.used = uses
      return piece.task
    }
    makeRoom()
    let first = index * RangeReader.piece
    let task = Piece { [bucket, etag = objects[path]?.etag] in
      do throws(StorageError) {
        return .success(try await bucket.range(path, first..<first + RangeReader.piece, of: etag))
      } catch {
        return .failure(error)
      }
    }
    objects[path, default: Object()].pieces[index] = (task, uses)
    return task
  }

  private func fetchAnnounced() {
    while let next = announced.first, fetchedAhead.count < RangeReader.objectsAhead {
      announced = announced.dropFirst()
      guard objects[next] == nil else { continue }
      _ = fetch(next, 0)
      fetchedAhead.append((next, 0))
    }
  }

  private var pieces: Int { objects.values.reduce(0) { $0 + $1.pieces.count } }

  /// Drops the piece that was used longest ago, but none that was fetched for an object that is yet to be read.
  private func makeRoom() {
    while pieces >= limit {
      var oldest: (path: String, index: Int, used: Int)?
      for (path, object) in objects where !isFetchedAhead(path) {
        for (index, piece) in object.pieces where piece.used < oldest?.used ?? .max {
          oldest = (path, index, piece.used)
        }
      }
      guard let oldest else { return }
      objects[oldest.path]?.pieces[oldest.index] = nil
      if objects[oldest.path]?.pieces.isEmpty == true { objects[oldest.path] = nil }
    }
  }
}
