import AuditArchive
import AuditRecord
internal import Crypto
import ObjectStore

/// Puts sealed files into a bucket, several at a time. Memory: at most about two pieces of a file.
struct PartUpload {
  /// A file of up to this many bytes is one request. A larger one is uploaded in pieces of this size.
  static let piece = 16 << 20

  private let bucket: Bucket
  private let paths: ArchivePaths
  private let scratch: Scratch

  init(_ bucket: Bucket, _ paths: ArchivePaths, _ scratch: Scratch) {
    self.bucket = bucket
    self.paths = paths
    self.scratch = scratch
  }

  /// Each file is atomic by itself. Throws `.exists`, and changes nothing, if a path holds other bytes.
  func put(_ files: [(file: ScratchFile, path: String)]) async throws(StorageError) {
    var batch: [(bytes: [UInt8], sha256: String, path: String)] = []
    var size = 0
    for (file, path) in files {
      let content = try read(file)
      // Paths hold the beginning of the hash that the file was sealed with.
      let hash = paths.partName(path)?.hash ?? paths.quarantineName(path)?.hash
      guard hash.map({ $0 == ArchivePaths.shortHash(content.sha256) }) ?? true else {
        throw StorageError(
          operation: .read, path: path, reason: .other,
          detail: "the local file for it has changed since it was sealed")
      }
      guard let bytes = content.bytes else {
        try await putInPieces(file, content.size, content.sha256, path)
        continue
      }
      if size + bytes.count > PartUpload.piece, !batch.isEmpty {
        try await putTogether(batch)
        (batch, size) = ([], 0)
      }
      batch.append((bytes, content.sha256, path))
      size += bytes.count
    }
    try await putTogether(batch)
  }

  /// - Returns: the bytes too, if they fit into one piece.
  private func read(_ file: ScratchFile) throws(StorageError) -> (bytes: [UInt8]?, size: Int, sha256: String)
  {
    var hash = SHA256()
    var kept: [UInt8]? = []
    var size = 0
    while true {
      let bytes = try scratch.read(file, at: size, count: 1 << 20)
      if bytes.isEmpty { break }
      size += bytes.count
      hash.update(data: bytes)
      if size <= PartUpload.piece { kept? += bytes } else { kept = nil }
    }
    return (kept, size, hash.finalize().hex)
  }

  private func settings(_ path: String, _ sha256: String) -> StoreRequest.ObjectSettings {
    var settings = bucket.settings
    settings.sha256 = sha256
    settings.contentType =
      path.hasSuffix(".gz")
      ? "application/gzip"
      : path.hasSuffix(".parquet") ? "application/vnd.apache.parquet" : "application/octet-stream"
    return settings
  }

  private func putTogether(_ files: [(bytes: [UInt8], sha256: String, path: String)])
    async throws(StorageError)
  {
    let failures = await inParallel(files, atOnce: 16) { [bucket] file in
      let settings = settings(file.path, file.sha256)
      do throws(StorageError) {
        _ = try await bucket.call(.write, file.path) { (client) throws(StoreError) in
          try await client.put(bucket.key(file.path), file.bytes, settings, .absent)
        }
        return StorageError?.none
      } catch {
        return error
      }
    }
    if let failure = failures.compactMap(\.self).first { throw failure }
  }

  /// An upload that is not completed is aborted. One that a killed run leaves is dropped by the next run.
  private func putInPieces(
    _ file: ScratchFile, _ size: Int, _ sha256: String, _ path: String
  ) async throws(StorageError) {
    let key = bucket.key(path)
    // An upload that is gone before it is completed is made again.
    for attempt in 1... {
      let id = try await bucket.call(.write, path) { (client) throws(StoreError) in
        try await client.createUpload(key, settings(path, sha256))
      }
      do throws(StorageError) {
        var etags: [String] = []
        while etags.count * PartUpload.piece < size {
          let bytes = try scratch.read(file, at: etags.count * PartUpload.piece, count: PartUpload.piece)
          let number = etags.count + 1
          etags.append(
            try await bucket.call(.write, path) { (client) throws(StoreError) in
              try await client.uploadPart(key, upload: id, number: number, bytes)
            })
        }
        _ = try await bucket.call(.write, path) { [etags] (client) throws(StoreError) in
          try await client.completeUpload(key, upload: id, etags: etags, size: size, sha256: sha256)
        }
        return
      } catch {
        do throws(StorageError) {
          try await bucket.with(.tidying).call(.write, path) { (client) throws(StoreError) in
            try await client.abortUpload(key, upload: id)
          }
        } catch {}  // the next run drops it
        guard error.reason == .missing, attempt < 3 else { throw error }
      }
    }
  }
}

/// Runs `body` for all elements, some at once. The results are in the order of the elements.
func inParallel<Element: Sendable, Result: Sendable>(
  _ elements: [Element], atOnce limit: Int, _ body: @Sendable @escaping (Element) async -> Result
) async -> [Result] {
  await withTaskGroup(of: (Int, Result).self) { group in
    var results: [Result?] = Array(repeating: nil, count: elements.count)
    for (index, element) in elements.enumerated() {
      if index >= limit, let (done, result) = await group.next() { results[done] = result }
      group.addTask { (index, await body(element)) }
    }
    for await (done, result) in group { results[done] = result }
    return results.compactMap(\.self)
  }
}
