import AuditArchive
import AuditRecord
import ObjectStore

/// Reads objects in pieces of 1 MiB, and fetches pieces ahead: the next ones of an object that is read from its beginning, and the first
/// ones of objects that were announced. So reading is not slowed down by the time that each answer takes.
///
/// Memory: at most `limit` pieces, those on their way included.
actor RangeReader {
  private typealias Piece = Task<Result<ObjectContent?, StorageError>, Never>

  private struct Object {
    var etag: String?
    /// In bytes; nil before the first answer.
    var size: Int?
    var pieces: [Int: (task: Piece, used: Int)] = [:]
  }

  private static let piece = 1 << 20
  private static let limit = 13
  /// Announced objects that are fetched before they are read.
  private static let objectsAhead = 8
  /// Pieces of one object that are fetched before they are needed.
  private static let ahead = 4

  private let bucket: Bucket
  private var objects: [String: Object] = [:]
  /// Announced and not yet asked for, in order.
  private var announced: ArraySlice<String> = []
  /// Announced, asked for and not yet read, in order.
  private var fetchedAhead: [String] = []
  /// The object that was read last.
  private var current: String?
  private var uses = 0

  init(_ bucket: Bucket) { self.bucket = bucket }

  func announce(_ paths: [String]) {
    announced = paths[...]
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
    guard !isReadNow || fetchedAhead.contains(path), let task = objects[path]?.pieces[0]?.task,
      case .success(let content?) = await task.value, !content.info.etag.isEmpty
    else {
      forget(path)
      return nil
    }
    return content.info
  }

  func forget(_ path: String) {
    objects[path] = nil
    fetchedAhead.removeAll { $0 == path }
    if current == path { current = nil }
  }

  // MARK: Pieces

  /// Fetches the first piece of an object whose version is not known, so that all others are of the same version.
  private func begin(_ path: String) async throws(StorageError) {
    if current != path {
      current = path
      // Announced objects that were passed over are not needed.
      if let place = fetchedAhead.firstIndex(of: path) {
        for passed in fetchedAhead[..<place] { objects[passed] = nil }
        fetchedAhead.removeFirst(place + 1)
      } else if let place = announced.firstIndex(of: path) {
        for passed in fetchedAhead { objects[passed] = nil }
        fetchedAhead = []
        announced = announced[(place + 1)...]
      }
    }
    if objects[path]?.size == nil { _ = try await bytes(path, 0, from: 0) }
  }

  private func bytes(_ path: String, _ index: Int, from start: Int) async throws(StorageError) -> [UInt8] {
    if let size = objects[path]?.size, index * RangeReader.piece + start >= size { return [] }
    let task = fetch(path, index)
    if let size = objects[path]?.size {
      for next in index + 1..<index + 1 + RangeReader.ahead where next * RangeReader.piece < size {
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
      fetchedAhead.append(next)
    }
  }

  private var pieces: Int { objects.values.reduce(0) { $0 + $1.pieces.count } }

  /// Drops the piece that was used longest ago, but none that was fetched for an object that is yet to be read.
  private func makeRoom() {
    while pieces >= RangeReader.limit {
      var oldest: (path: String, index: Int, used: Int)?
      for (path, object) in objects where !fetchedAhead.contains(path) {
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
