internal import AuditRecord
internal import HTTP

/// What the answer to a request means for it, or that there was none. A decision without I/O.
///
/// Sources: Amazon S3 API Reference, "List of error codes"; Amazon S3 User Guide, "How to prevent object overwrites with conditional
/// writes". Codes count before statuses: stores agree on the former more often.
enum StoreVerdict: Hashable, Sendable {
  case done
  /// `If-None-Match: *` found an object.
  case exists
  /// `If-Match` found another version, or none.
  case changed
  /// There is no such object.
  case missing
  /// The upload is completed, aborted or expired.
  case noSuchUpload
  /// The range begins at or after the object's end.
  case outOfRange
  /// The token expired; others may be accepted.
  case expiredToken(StoreError)
  case retry(Retryable)
  /// Repeating does not help.
  case refused(StoreError)

  /// A failure that another attempt may not have.
  struct Retryable: Hashable, Sendable {
    /// What to throw if there are no attempts left.
    var error: StoreError
    /// Whether the request may have been carried out.
    var mayBeDone: Bool
    /// Of `Retry-After`.
    var pause: TimeSpan?
  }

  /// - Parameters:
  ///   - credentials: those of the request, which are removed from the store's words.
  ///   - now: the wall clock.
  init(
    _ request: StoreRequest, at endpoint: Endpoint,
    _ outcome: Result<HTTPResponse, TransportFault>, hiding credentials: StoreCredentials,
    now: Timestamp
  ) {
    let blank = StoreError(request, at: endpoint)
    switch outcome {
    case .failure(let failure): self.init(failure, blank)
    case .success(let response): self.init(request, response, blank, credentials, now)
    }
  }

  private init(_ failure: TransportFault, _ error: StoreError) {
    switch failure {
    case .unreachable, .interrupted, .timedOut, .undecodable:
      self = .retry(
        Retryable(
          error: error.with(.unavailable(failure.description)), mayBeDone: failure.mayBeCarriedOut))
    case .untrusted(let problem): self = .refused(error.with(.certificate(problem)))
    case .proxyRefused(let cause): self = .refused(error.with(.proxy(cause)))
    case .bodyTooLarge(let limit, _): self = .refused(error.with(.tooLarge(limit: limit)))
    // Contents of stores are not decompressed.
    case .inflatedTooFar: self = .refused(error.with(.malformed(failure.description)))
    case .cancelled: self = .refused(error.with(.cancelled))
    }
  }

  private init(
    _ request: StoreRequest, _ response: HTTPResponse, _ blank: StoreError,
    _ credentials: StoreCredentials, _ now: Timestamp
  ) {
    let status = response.status
    // CompleteMultipartUpload answers 200 before it knows whether it succeeds (its reference page).
    let isSuccess = (200..<300).contains(status)
    if isSuccess, request.operation != .completeUpload || ErrorReply(response.body) == nil {
      self = .done
      return
    }
    let reply = ErrorReply(response.body)
    var error = blank
    error.status = status
    // Stores send parts of requests back, in any of their words.
    error.code = reply.map { credentials.redacted(from: $0.code) }
    error.message = credentials.redacted(from: reply?.message ?? "")
    error.requestID = (response.headers["x-amz-request-id"] ?? reply?.requestID).map(credentials.redacted)
    let region = (response.headers["x-amz-bucket-region"] ?? reply?.region).map(credentials.redacted)
    func retry(_ kind: StoreError.Kind, mayBeDone: Bool) -> StoreVerdict {
      .retry(
        Retryable(
          error: error.with(kind), mayBeDone: mayBeDone, pause: response.headers.retryAfter(now: now)))
    }

    switch reply?.code {
    case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired":
      self = .expiredToken(error.with(.expiredToken))
    case "RequestTimeTooSkewed":
      let theirs = reply?.serverTime ?? response.headers.date
      self = .refused(error.with(.clockSkew(ours: now, theirs: theirs)))
    case "AuthorizationHeaderMalformed" where region != nil, "PermanentRedirect", "TemporaryRedirect",
      "IllegalLocationConstraintException":
      self = .refused(error.with(.wrongRegion(region)))
    case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AuthorizationHeaderMalformed",
      "InvalidSecurity", "NotSignedUp", "InvalidClientTokenId":
      self = .refused(error.with(.credentialsRefused))
    case "AccessDenied", "AllAccessDisabled", "AccountProblem": self = .refused(error.with(.denied))
    case "NoSuchBucket": self = .refused(error.with(.noSuchBucket))
    case "NoSuchUpload": self = .noSuchUpload
    case "NoSuchKey": self = request.isConditionalWrite ? .changed : .missing
    case "PreconditionFailed": self = StoreVerdict.conditionFailed(request)
    case "ConditionalRequestConflict", "OperationAborted": self = retry(.conflict, mayBeDone: false)
    case "InvalidRange": self = .outOfRange
    case "NotImplemented", "MethodNotAllowed": self = .refused(error.with(.unsupported))
    case "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch": self = .refused(error.with(.badDigest))
    case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests":
      self = retry(.throttled, mayBeDone: false)
    case "RequestTimeout", "InternalError", "ServiceUnavailable":
      self = retry(.unavailable("the store could not finish it"), mayBeDone: true)
    default: self = StoreVerdict.byStatus(request, status, region, error, retry)
    }
  }

  /// Without a code that is known: HEAD has no body, and proxies have bodies of their own.
  private static func byStatus(
    _ request: StoreRequest, _ status: Int, _ region: String?, _ error: StoreError,
    _ retry: (StoreError.Kind, _ mayBeDone: Bool) -> StoreVerdict
  ) -> StoreVerdict {
    switch status {
    // A completed upload whose body says otherwise, with a code that is none of the above.
    case 200..<300: retry(.unavailable("the store could not finish it"), true)
    case 400 where region != nil && region != error.region, 301, 302, 303, 307, 308:
      .refused(error.with(.wrongRegion(region)))
    case 401, 403: .refused(error.with(.denied))
    case 404:
      switch request.operation {
      case .list, .listUploads, .createUpload: .refused(error.with(.noSuchBucket))
      case .uploadPart, .completeUpload, .abortUpload: .noSuchUpload
      case .put: request.isConditionalWrite ? .changed : .refused(error.with(.noSuchBucket))
      case .get, .head, .delete: .missing
      }
    case 412: conditionFailed(request)
    case 416: .outOfRange
    case 429: retry(.throttled, false)
    case 409: retry(.conflict, false)
    case 405, 501: .refused(error.with(.unsupported))
    case 407: .refused(error.with(.proxy("status 407")))
    case 408, 500...599: retry(.unavailable("the store could not finish it"), true)
    default: .refused(error.with(.refused))
    }
  }

  private static func conditionFailed(_ request: StoreRequest) -> StoreVerdict {
    request.condition == .absent ? .exists : .changed
  }
}

extension StoreRequest {
  /// Whether it writes only over a certain version.
  fileprivate var isConditionalWrite: Bool {
    if case .etag = condition { operation != .get } else { false }
  }
}

extension StoreError {
  /// An error of that request, without a cause yet.
  init(_ request: StoreRequest, at endpoint: Endpoint, _ kind: Kind = .refused) {
    self.init(
      kind: kind, operation: request.operation, bucket: endpoint.bucket, key: request.key,
      endpoint: endpoint.name, region: endpoint.region, message: "")
  }

  func with(_ kind: Kind) -> StoreError {
    var error = self
    error.kind = kind
    return error
  }
}
