import AuditRecord
import HTTP
import ObjectStoreFakes
import Testing

@testable import ObjectStore

@Suite struct StoreVerdictTests {
  private static let create = StoreRequest.put("k", [], .init(), .absent)
  private static let replace = StoreRequest.put("k", [], .init(), .etag("\"e\""))
  private static let get = StoreRequest.get("k", limit: 1)
  private static let head = StoreRequest.head("k")
  private static let list = StoreRequest.list(prefix: "p")
  private static let complete = StoreRequest.completeUpload("k", upload: "u", etags: [], .absent)
  private static let abort = StoreRequest.abortUpload("k", upload: "u")

  private func verdict(
    _ request: StoreRequest, _ status: Int, _ code: String? = nil, body: String = "",
    headers: [(String, String)] = []
  ) throws -> StoreVerdict {
    let text =
      code.map { "<Error><Code>\($0)</Code><Message>of AKIDX, hush</Message>\(body)</Error>" } ?? body
    let response = HTTPResponse(status: status, headers: HeaderFields(headers), body: Array(text.utf8))
    return try verdict(request, .success(response))
  }

  private func verdict(_ request: StoreRequest, _ outcome: Result<HTTPResponse, TransportFault>)
    throws
    -> StoreVerdict
  {
    let credentials = try StoreCredentials(accessKeyID: "AKIDX", secretAccessKey: "hush", source: "")
    return StoreVerdict(
      request, at: try Endpoint(bucket: "audit", region: "us-east-1"), outcome, hiding: credentials,
      now: .test)
  }

  private func kind(_ verdict: StoreVerdict) -> StoreError.Kind? {
    switch verdict {
    case .refused(let error), .expiredToken(let error): error.kind
    case .retry(let reason): reason.error.kind
    default: nil
    }
  }

  @Test func `a final response is judged by status and condition`() throws {
    for status in [200, 204, 206] { #expect(try verdict(Self.get, status) == .done) }
    #expect(try verdict(Self.create, 412) == .exists)
    #expect(try verdict(Self.create, 412, "PreconditionFailed") == .exists)
    #expect(try verdict(Self.complete, 412, "PreconditionFailed") == .exists)
    #expect(try verdict(Self.replace, 412) == .changed)
    #expect(try verdict(Self.replace, 404, "NoSuchKey") == .changed)
    #expect(try verdict(Self.get, 404) == .missing)
    #expect(try verdict(Self.head, 404) == .missing)
    #expect(try verdict(Self.get, 416, "InvalidRange") == .outOfRange)
    #expect(try verdict(Self.abort, 404, "NoSuchUpload") == .noSuchUpload)
    #expect(try verdict(Self.complete, 404) == .noSuchUpload)
    #expect(try verdict(.get("k", etag: "\"e\"", limit: 1), 404, "NoSuchKey") == .missing)
    #expect(try verdict(.get("k", etag: "\"e\"", limit: 1), 412) == .changed)
  }

  @Test(
    arguments: [
      (403, "AccessDenied", StoreError.Kind.denied), (403, nil, .denied), (401, nil, .denied),
      (403, "SignatureDoesNotMatch", .credentialsRefused), (403, "InvalidAccessKeyId", .credentialsRefused),
      (404, "NoSuchBucket", .noSuchBucket), (501, "NotImplemented", .unsupported), (501, nil, .unsupported),
      (405, nil, .unsupported), (400, "BadDigest", .badDigest), (400, "Other", .refused),
      (307, nil, .wrongRegion(nil)),
      (407, nil, .proxy("status 407")),
    ] as [(Int, String?, StoreError.Kind)])
  func `a permanent failure is refused with its cause`(
    status: Int, code: String?, expected: StoreError.Kind
  ) throws {
    let verdict = try verdict(Self.create, status, code)
    guard case .refused(let error) = verdict else { return #expect(Bool(false), "\(verdict)") }
    #expect(error.kind == expected && error.status == status && error.code == code)
    #expect(!error.description.contains("AKIDX") && !error.description.contains("hush"), "\(error)")
  }

  @Test(
    arguments: [
      (429, nil, false), (503, "SlowDown", false), (409, "ConditionalRequestConflict", false),
      (409, nil, false),
      (500, "InternalError", true), (503, "ServiceUnavailable", true), (503, nil, true), (502, nil, true),
      (504, nil, true), (408, nil, true), (400, "RequestTimeout", true),
    ] as [(Int, String?, Bool)])
  func `a retryable response says whether the write may have happened`(
    status: Int, code: String?, mayBeDone: Bool
  ) throws {
    let verdict = try verdict(Self.create, status, code, headers: [("Retry-After", "7")])
    guard case .retry(let reason) = verdict else { return #expect(Bool(false), "\(verdict)") }
    #expect(reason.mayBeDone == mayBeDone && reason.pause == .seconds(7))
  }

  @Test func `a completed upload with status 200 and an error in the body is retried`() throws {
    let verdict = try verdict(Self.complete, 200, "InternalError")
    guard case .retry(let reason) = verdict else { return #expect(Bool(false), "\(verdict)") }
    #expect(reason.mayBeDone)
    #expect(try self.verdict(Self.complete, 200, "NoSuchUpload") == .noSuchUpload)
    #expect(try self.verdict(Self.complete, 200, body: "<CompleteMultipartUploadResult/>") == .done)
  }

  @Test func `a wrong region is named, from a header or the body`() throws {
    let header = [("x-amz-bucket-region", "eu-west-1")]
    #expect(kind(try verdict(Self.head, 301, headers: header)) == .wrongRegion("eu-west-1"))
    #expect(kind(try verdict(Self.head, 400, headers: header)) == .wrongRegion("eu-west-1"))
    let malformed = try verdict(
      Self.list, 400, "AuthorizationHeaderMalformed", body: "<Region>eu-west-1</Region>")
    guard case .refused(let error) = malformed else { return #expect(Bool(false)) }
    #expect(
      error.description
        == "ListObjectsV2 of s3://audit at audit.s3.us-east-1.amazonaws.com failed: the bucket is not in region us-east-1 but in "
        + "eu-west-1. Set the region to eu-west-1.")
    #expect(kind(try verdict(Self.list, 301, "PermanentRedirect")) == .wrongRegion(nil))
  }

  @Test func `clock skew is reported with both times, and an expired token has its own verdict`() throws {
    let skewed = try verdict(
      Self.create, 403, "RequestTimeTooSkewed", body: "<ServerTime>2015-08-30T13:36:00Z</ServerTime>")
    #expect(kind(skewed) == .clockSkew(ours: .test, theirs: .test + .hours(1)))
    let byDate = try verdict(
      Self.create, 403, "RequestTimeTooSkewed", headers: [("date", "Sun, 30 Aug 2015 11:36:00 GMT")])
    #expect(kind(byDate) == .clockSkew(ours: .test, theirs: .test - .hours(1)))
    for status in [400, 403] {
      guard case .expiredToken = try verdict(Self.create, status, "ExpiredToken")
      else { return #expect(Bool(false)) }
    }
  }

  @Test func `a failure of the connection says whether the request may have arrived`() throws {
    let failures: [(TransportFault, Bool?)] = [
      (.unreachable("x"), false), (.interrupted("x"), true), (.timedOut(.seconds(1)), true),
      (.undecodable("x"), true),
      (.untrusted(.notTLS), nil), (.proxyRefused("x"), nil), (.bodyTooLarge(limit: 1), nil),
      (.inflatedTooFar(ratio: 1), nil),
      (.cancelled, nil),
    ]
    for (failure, mayBeDone) in failures {
      switch try verdict(Self.create, .failure(failure)) {
      case .retry(let reason): #expect(reason.mayBeDone == mayBeDone)
      case .refused(let error): #expect(mayBeDone == nil && !error.description.isEmpty)
      case let other: #expect(Bool(false), "\(other)")
      }
    }
  }

  @Test func `secrets that a store echoes appear in no error`() throws {
    let all = "hush AKIDX"
    for code in ["AccessDenied", "AuthorizationHeaderMalformed", "Other \(all)", "SlowDown"] {
      let body =
        "<Region>\(all)</Region><RequestId>\(all)</RequestId><StringToSign>\(all)</StringToSign>"
      for headers in [[], [("x-amz-request-id", all), ("x-amz-bucket-region", all)]] {
        let verdict = try verdict(Self.create, 400, code, body: body, headers: headers)
        var dumped = "\(verdict)"
        dump(verdict, to: &dumped)
        if case .refused(let error) = verdict { dumped += error.description }
        #expect(!dumped.contains("hush") && !dumped.contains("AKIDX"), "\(dumped)")
      }
    }
  }

  @Test func `a denied request names the permissions that it needs`() throws {
    for (request, permission) in [
      (Self.create, "s3:PutObject"), (Self.get, "s3:ListBucket"), (Self.list, "s3:ListBucket"),
      (.delete("k"), "s3:DeleteObject"), (Self.abort, "s3:AbortMultipartUpload"),
      (.listUploads(prefix: ""), "s3:ListBucketMultipartUploads"),
    ] {
      guard case .refused(let error) = try verdict(request, 403, "AccessDenied")
      else { return #expect(Bool(false)) }
      #expect(error.description.contains("Allow ") && error.description.contains(permission))
    }
  }
}
