internal import AuditRecord
internal import HTTP

/// Uploads in parts, for objects that are too large for one request.
extension StoreClient {
  /// Begins an upload and returns its ID. If an answer is lost, an upload without parts stays behind; `uploads` finds it.
  package func createUpload(_ key: String, _ settings: StoreRequest.ObjectSettings) async throws(StoreError)
    -> String
  {
    let request = StoreRequest.createUpload(key, settings)
    let (verdict, id) = try await settled(request) { response throws(MalformedReply) in
      try XMLReply.uploadID(response.body)
    }
    guard let id else { throw unexpected(request, verdict) }
    return id
  }

  /// Sends a part and returns its ETag. Sending a number again replaces the part.
  ///
  /// - Parameters:
  ///   - number: 1 to 10,000.
  ///   - bytes: at least 5 MiB, except for the last part. Some stores want all of one size.
  package func uploadPart(_ key: String, upload: String, number: Int, _ bytes: [UInt8])
    async throws(StoreError) -> String
  {
    let request = StoreRequest.uploadPart(key, upload: upload, number: number, bytes)
    let (verdict, etag) = try await settled(request) { response throws(MalformedReply) in
      guard let etag = response.headers["ETag"] else { throw MalformedReply("a part has no ETag") }
      return etag
    }
    guard let etag else { throw unexpected(request, verdict) }
    return etag
  }

  /// Makes the object out of its parts, if there is none at the key. Looks at the object and returns what the store says of it.
  ///
  /// Throws `.exists` if the key holds another object, and `.missing` if the upload is gone and there is no object; the caller then
  /// uploads again.
  ///
  /// - Parameters:
  ///   - etags: of the parts 1, 2, 3, ….
  ///   - size: of the whole object, in bytes.
  ///   - sha256: that the upload was created with, by which the object is recognised after a lost answer.
  package func completeUpload(_ key: String, upload: String, etags: [String], size: Int, sha256: String)
    async throws(StoreError) -> ObjectInfo
  {
    let request = StoreRequest.completeUpload(key, upload: upload, etags: etags, .absent)
    let content = Content.hash(sha256, size: size, bytes: nil)
    _ = try await written(request, key: key, content) { response throws(MalformedReply) in
      try XMLReply.completed(response.body)
    }
    return try await verified(request, key, size: size, sha256: sha256)
  }

  /// Drops an upload and its parts. One that is gone counts as dropped.
  package func abortUpload(_ key: String, upload: String) async throws(StoreError) {
    let request = StoreRequest.abortUpload(key, upload: upload)
    switch try await settled(request, { _ throws(MalformedReply) in }).verdict {
    case .done, .missing, .noSuchUpload: return
    case let other: throw unexpected(request, other)
    }
  }

  /// Lists all uploads of a prefix that are neither completed nor aborted, one request for each 1,000.
  package func uploads(prefix: String) async throws(StoreError) -> [MultipartUpload] {
    var uploads: [MultipartUpload] = []
    var next: UploadPage.Marker?
    var seen: Set<UploadPage.Marker> = []
    repeat {
      let request = StoreRequest.listUploads(prefix: prefix, afterKey: next?.key, afterID: next?.id)
      let (verdict, page) = try await settled(request) { response throws(MalformedReply) in
        try UploadPage(response.body)
      }
      guard let page else { throw unexpected(request, verdict) }
      // Some stores ignore the prefix here.
      uploads += page.uploads.filter { $0.key.utf8.starts(with: prefix.utf8) }
      next = page.next
      if let next, !seen.insert(next).inserted {
        throw StoreError(request, at: endpoint, .malformed("the listing of uploads repeats a marker"))
      }
    } while next != nil
    return uploads
  }
}
