import AuditRecord
import HTTP
import ObjectStoreFakes
import Testing

@testable import ObjectStore

@Suite struct EndpointTests {
  @Test(
    arguments: [
      ("audit", "eu-central-1", nil, nil, "https://audit.s3.eu-central-1.amazonaws.com/a%3Db"),
      ("my.audit", "us-east-1", nil, nil, "https://s3.us-east-1.amazonaws.com/my.audit/a%3Db"),
      ("audit", "cn-north-1", nil, nil, "https://audit.s3.cn-north-1.amazonaws.com.cn/a%3Db"),
      (
        "audit", "auto", "https://x.r2.cloudflarestorage.com", nil,
        "https://x.r2.cloudflarestorage.com/audit/a%3Db"
      ),
      ("audit", "x", "https://s.example:8443/base/", nil, "https://s.example:8443/base/audit/a%3Db"),
      ("audit", "x", "https://S.example:443", .virtual, "https://audit.s.example/a%3Db"),
      ("audit", "us-east-1", nil, .path, "https://s3.us-east-1.amazonaws.com/audit/a%3Db"),
      ("my_Audit", "us-east-1", nil, nil, "https://s3.us-east-1.amazonaws.com/my_Audit/a%3Db"),
      ("audit", "x", "http://[::1]:9000", nil, "http://[::1]:9000/audit/a%3Db"),
      ("audit", "x", "http://127.0.0.1:9000", nil, "http://127.0.0.1:9000/audit/a%3Db"),
    ] as [(String, String, String?, Endpoint.Addressing?, String)])
  func `a key's URL follows the addressing style`(
    bucket: String, region: String, url: String?, addressing: Endpoint.Addressing?, expected: String
  ) throws {
    let endpoint = try Endpoint(bucket: bucket, region: region, url: url, addressing: addressing)
    #expect("\(endpoint.origin)" + endpoint.path("a=b") == expected)
  }

  @Test(
    arguments: [
      ("arn:aws:s3:x", "x", nil, nil, .unsupported(bucket: "arn:aws:s3:x", kind: "an ARN")),
      ("a--x-s3", "x", nil, nil, .unsupported(bucket: "a--x-s3", kind: "an S3 Express directory bucket")),
      ("ab", "x", nil, nil, .bucket("ab")), ("a/b", "x", nil, nil, .bucket("a/b")),
      ("a..b", "x", nil, nil, .bucket("a..b")),
      ("audit", "", nil, nil, .region("")), ("audit", "a/b", nil, nil, .region("a/b")),
      ("audit", "auto", nil, nil, .needsURL(region: "auto")),
      ("audit", "x", "s.example", nil, .url), ("audit", "x", "ftp://s.example", nil, .url),
      ("audit", "x", "https://u:p@s.example", nil, .url), ("audit", "x", "https://s.example?a", nil, .url),
      ("audit", "x", "https://s.example/a=b", nil, .url),
      ("audit", "x", "http://s.example", nil, .plainHTTP(host: "s.example")),
      ("audit", "x", "http://127.0.0.1.evil.example", nil, .plainHTTP(host: "127.0.0.1.evil.example")),
      ("My_Audit", "x", "https://s.example", .virtual, .notAHostName(bucket: "My_Audit")),
    ] as [(String, String, String?, Endpoint.Addressing?, EndpointError)])
  func `settings without a safe endpoint are refused`(
    bucket: String, region: String, url: String?, addressing: Endpoint.Addressing?, expected: EndpointError
  ) {
    #expect(throws: expected) {
      try Endpoint(bucket: bucket, region: region, url: url, addressing: addressing)
    }
    #expect(!expected.description.contains("u:p"))
  }
}

@Suite struct StoreRequestTests {
  private func sent(_ request: StoreRequest) throws -> (HTTPRequest, HeaderFields) {
    let credentials = try StoreCredentials(accessKeyID: "A", secretAccessKey: "S", source: "")
    let signed = request.signed(try Endpoint(bucket: "audit", region: "us-east-1"), credentials, at: .test)
    return (signed, HeaderFields(signed.headers))
  }

  @Test func `a put has type, hashes, condition and encryption, and no content encoding`() throws {
    let settings = StoreRequest.ObjectSettings(
      contentType: "text/csv", sha256: "ab", encryption: .kms(key: "k"))
    let (request, headers) = try sent(.put("a=1/b.csv.gz", Array("abc".utf8), settings, .absent))
    #expect(request.url == "https://audit.s3.us-east-1.amazonaws.com/a%3D1/b.csv.gz")
    #expect(headers["Content-MD5"] == "kAFQmDzST7DWlj99KOF/cg==" && headers["If-None-Match"] == "*")
    #expect(
      headers["x-amz-content-sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(headers["x-amz-server-side-encryption"] == "aws:kms" && headers["Content-Encoding"] == nil)
    #expect(headers["x-amz-meta-sha256"] == "ab" && headers["Content-Type"] == "text/csv")
    let signed = try #require(headers["Authorization"])
    #expect(
      signed.contains(
        "SignedHeaders=content-md5;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-sha256;"
          + "x-amz-server-side-encryption;x-amz-server-side-encryption-aws-kms-key-id,"))
    #expect(request.headers.first == HeaderField("Host", "audit.s3.us-east-1.amazonaws.com"))
  }

  @Test func `conditions and ranges are sent and not signed`() throws {
    let (_, headers) = try sent(.get("k", range: 5...9, etag: "\"e\"", limit: 5))
    #expect(headers["Range"] == "bytes=5-9" && headers["If-Match"] == "\"e\"")
    #expect(headers["Authorization"]?.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date,") == true)
    #expect(headers["Accept-Encoding"] == nil)
  }

  @Test func `only a quoted ETag loses its quotes`() throws {
    let quoted = StoreRequest.put("k", [], .init(), .etag("\"e\""))
    #expect(try sent(try #require(quoted.withUnquotedETag)).1["If-Match"] == "e")
    #expect(StoreRequest.put("k", [], .init(), .etag("e")).withUnquotedETag == nil)
    #expect(StoreRequest.put("k", [], .init(), .absent).withUnquotedETag == nil)
  }

  @Test func `a completed upload lists its parts, escaped`() {
    let request = StoreRequest.completeUpload("k", upload: "u", etags: ["\"a\"", "<&"], .absent)
    let text = String(decoding: request.body, as: UTF8.self)
    #expect(
      text.contains("<PartNumber>2</PartNumber><ETag>&lt;&amp;</ETag>") && text.contains("&quot;a&quot;"))
  }
}
