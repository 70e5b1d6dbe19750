import AuditRecord
import Foundation
import HTTP
import ObjectStoreFakes
import TestSupport
import Testing

@testable import ObjectStore

/// The cases of AWS's own signing tests, for signatures in headers.
@Suite struct SigningVectorTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors")
  static let cases: [String] = {
    // A folder that cannot be read fails the count below.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { !$0.contains(".") && $0 != "LICENSE" }.sorted()
  }()

  private struct Context: Decodable {
    struct Credentials: Decodable {
      var accessKeyId: String
      var secretAccessKey: String
      var token: String?
    }
    var credentials: Credentials
    var normalize: Bool
    var region: String
    var service: String
    var signBody: Bool
    var timestamp: String
    var omitSessionToken: Bool?
  }

  @Test func `all 38 cases are present`() {
    #expect(Self.cases.count == 38)
  }

  /// The signer always signs the token; in the case where it is added to the request later, the signature is that of a request
  /// without one.
  @Test(arguments: cases) func `signatures and their intermediate texts equal those of AWS`(name: String)
    throws
  {
    func text(_ file: String) throws -> String {
      String(decoding: try Data(contentsOf: Self.folder.appending(path: "\(name)/\(file)")), as: UTF8.self)
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let context = try decoder.decode(Context.self, from: Data(text("context.json").utf8))
    let request = try Request(try text("request.txt"))
    // What is not normalised is signed as it is sent; the cases have their paths before they are encoded.
    let path = context.normalize ? request.path : PercentEncoding.encode(request.path, keepsSlash: true)
    let signer = Signer(
      service: context.service, region: context.region, pathRule: context.normalize ? .normalized : .asSent,
      sendsPayloadHash: context.signBody)
    let credentials = try StoreCredentials(
      accessKeyID: context.credentials.accessKeyId,
      secretAccessKey: context.credentials.secretAccessKey,
      sessionToken: context.omitSessionToken == true ? nil : context.credentials.token, source: "")
    let input = Signer.Input(
      method: request.method, path: path, query: request.query, headers: request.headers,
      payloadHash: sha256(request.body))
    let signature = signer.sign(
      input, with: credentials, at: try #require(Timestamp(rfc3339: context.timestamp)))
    #expect(signature.canonicalRequest == (try text("header-canonical-request.txt")))
    #expect(signature.stringToSign == (try text("header-string-to-sign.txt")))
    #expect(signature.hex == (try text("header-signature.txt")))
  }

  /// A request as the cases write it, before anything is encoded.
  private struct Request {
    var method: String
    var path: String
    var query: [(name: String, value: String)] = []
    var headers: [HeaderField] = []
    var body: [UInt8]

    init(_ text: String) throws {
      let halves = text.components(separatedBy: "\n\n")
      body = halves.count > 1 ? Array(halves[1].utf8) : []
      var lines = halves[0].components(separatedBy: "\n").filter { !$0.isEmpty }
      let first = lines.removeFirst()
      method = String(first.prefix { $0 != " " })
      let target = first.dropFirst(method.count + 1).dropLast(" HTTP/1.1".count)
      let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
      path = String(parts[0])
      for item in parts.count > 1 ? parts[1].split(separator: "&") : [] {
        let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let value = pair.count > 1 ? String(pair[1]) : ""
        query.append(
          (
            try #require(PercentEncoding.decode(String(pair[0]))), try #require(PercentEncoding.decode(value))
          ))
      }
      for line in lines {
        if line.first == " " {
          headers[headers.count - 1].value += "\n" + line
        } else {
          let name = line.prefix { $0 != ":" }
          headers.append(HeaderField(String(name), String(line.dropFirst(name.count + 1))))
        }
      }
    }
  }
}

/// Requests as this target makes them, against botocore's signer for S3.
@Suite(.fewAtOnce, .needsPython)
struct SigningDifferentialTests {
  private struct Facts: Codable {
    var method, endpoint, bucket, key, region, accessKeyID, secret, time: String
    var isVirtual: Bool
    var token: String?
    var query: [[String]]
    var headers: [[String]]
    var body: [UInt8]
  }

  private struct Answer: Codable {
    var url, authorization, hash: String
  }

  @Test func `10,000 random requests have the signatures of botocore`() throws {
    try expectSignatures(made)
  }

  @Test func `10,000 random queries and header fields have the signatures of botocore`() throws {
    try expectSignatures(madeFreely)
  }

  private func expectSignatures(_ make: (_ seed: Int) throws -> (Facts, Answer)) throws {
    var facts: [Facts] = []
    var own: [Answer] = []
    for seed in 1...10_000 {
      let (fact, answer) = try make(seed)
      facts.append(fact)
      own.append(answer)
    }
    let others = try signed(facts)
    try #require(others.count == own.count)
    for (index, (one, other)) in zip(own, others).enumerated() {
      let isSame = one.url == other.url && one.authorization == other.authorization && one.hash == other.hash
      #expect(isSame, "seed \(index + 1): \(facts[index])\n\(one)\n\(other)")
    }
  }

  /// A request that this target does not make: names and values of any query, and of header fields with any white space.
  private func madeFreely(_ seed: Int) throws -> (Facts, Answer) {
    var random = SeededRandom(seed: seed)
    let url = "https://store.test"
    let endpoint = try Endpoint(bucket: "my-bucket", region: "eu-west-1", url: url, addressing: .path)
    let key = text(&random, longest: 60)
    let query = (0..<Int.random(in: 0...6, using: &random)).map { _ in
      (name: text(&random, longest: 4), value: random.once(in: 4) ? "" : text(&random, longest: 20))
    }
    let headers = (0..<Int.random(in: 0...8, using: &random)).map { number in
      let value = (0..<Int.random(in: 0...8, using: &random)).map { _ in
        random.pick(["a", "B", " ", "  ", "\t", ",", ";", "=", "\"", "/", "%", "~"])
      }
      let prefix = random.pick(["X-Amz-Meta-", "x-amz-meta-", "X-Other", "Content-"])
      return HeaderField("\(prefix)\(random.pick(["a", "B", "-", "_"]))\(number)", value.joined())
    }
    let credentials = try StoreCredentials(
      accessKeyID: "AKID\(seed)", secretAccessKey: text(ascii: &random), sessionToken: nil, source: "")
    let time = Timestamp(microseconds: Int64.random(in: 0...4_102_444_800_000_000, using: &random))
    let path = endpoint.path(key)
    let hash = sha256([])
    let signature = Signer.s3(region: "eu-west-1").sign(
      Signer.Input(
        method: "GET", path: path, query: query,
        headers: [HeaderField("Host", endpoint.origin.authority)] + headers, payloadHash: hash),
      with: credentials, at: time)
    return (
      Facts(
        method: "GET", endpoint: url, bucket: "my-bucket", key: key, region: "eu-west-1",
        accessKeyID: credentials.accessKeyID, secret: credentials.secretAccessKey,
        time: HTTPDate.amz(time).time, isVirtual: false, token: nil,
        query: query.map { [$0.name, $0.value] },
        headers: headers.map { [$0.name, $0.value] }, body: []),
      Answer(
        url: url + path + (query.isEmpty ? "" : "?" + PercentEncoding.query(query)),
        authorization: HeaderFields(signature.fields)["Authorization"] ?? "", hash: hash)
    )
  }

  private func made(_ seed: Int) throws -> (Facts, Answer) {
    var random = SeededRandom(seed: seed)
    let isVirtual = random.once(in: 2)
    let region = random.pick(["us-east-1", "eu-central-1", "auto"])
    let url = random.pick(["https://store.test", "https://store.test:8443", "http://127.0.0.1:9000"])
    let endpoint = try Endpoint(
      bucket: "my-bucket", region: region, url: url, addressing: isVirtual ? .virtual : .path)
    let key = text(&random, longest: 60)
    let hash = sha256(Array(key.utf8))
    let settings = StoreRequest.ObjectSettings(
      contentType: random.pick(["application/vnd.apache.parquet", "text/csv;  header=present"]),
      sha256: random.once(in: 2) ? hash : nil,
      encryption: random.pick([nil, .aes256, .kms(key: nil), .kms(key: "arn:aws:kms:x:1:key/a  b")]))
    let body = (0..<Int.random(in: 0...40, using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
    let request: StoreRequest =
      switch Int.random(in: 0..<9, using: &random) {
      case 0: .put(key, body, settings, random.pick([.absent, .etag("\"a b\""), nil]))
      case 1: .get(key, range: 1...9, limit: 9)
      case 2: .head(key)
      case 3:
        .list(
          prefix: text(&random, longest: 40), after: random.once(in: 2) ? text(&random, longest: 40) : nil,
          delimiter: random.once(in: 2) ? "/" : nil, continuation: text(&random, longest: 90), limit: 7)
      case 4: .delete(key)
      case 5: .createUpload(key, settings)
      case 6: .uploadPart(key, upload: text(&random, longest: 50), number: 3, body)
      case 7: .completeUpload(key, upload: text(&random, longest: 50), etags: ["\"a\"", "b&<"], .absent)
      default: .listUploads(prefix: text(&random, longest: 30), afterKey: key, afterID: "x/y+z=")
      }
    let credentials = try StoreCredentials(
      accessKeyID: "AKID\(seed)", secretAccessKey: "s/\(text(ascii: &random))+",
      sessionToken: random.once(in: 2) ? "t/+=\(seed)" : nil, source: "")
    let time = Timestamp(
      microseconds: Int64.random(in: 0...4_102_444_800_000_000, using: &random))
    let signed = request.signed(endpoint, credentials, at: time)
    let headers = HeaderFields(signed.headers)
    return (
      Facts(
        method: request.method, endpoint: url, bucket: "my-bucket", key: request.key ?? "", region: region,
        accessKeyID: credentials.accessKeyID, secret: credentials.secretAccessKey,
        time: HTTPDate.amz(time).time, isVirtual: isVirtual, token: credentials.sessionToken,
        query: request.query.map { [$0.name, $0.value] },
        headers: request.signedHeaders.map { [$0.name, $0.value] }, body: request.body),
      Answer(
        url: signed.url, authorization: headers["Authorization"] ?? "",
        hash: headers["x-amz-content-sha256"] ?? "")
    )
  }

  /// Letters, what must be escaped, and what must not; never empty. Keys do not begin with a slash.
  private func text(_ random: inout SeededRandom, longest: Int) -> String {
    let pieces = [
      "a", "Z", "0", "-", "_", ".", "~", "/", "=", "+", " ", "%", "%3D", "&", "?", "#", "*", "(", ")", "'",
      "\"", ":",
      ";", "@", "!", "$", ",", "[", "]", "{", "}", "|", "\\", "^", "`", "<", ">", "é", "日", "😀", "\u{301}",
      "..",
      "//", "organization=acme/event_date=2024-02-12",
    ]
    let count = Int.random(in: 1...longest, using: &random)
    return "k" + (0..<count).map { _ in random.pick(pieces) }.joined()
  }

  private func text(ascii random: inout SeededRandom) -> String {
    String(decoding: (0..<30).map { _ in UInt8.random(in: 0x21...0x7e, using: &random) }, as: UTF8.self)
  }

  private func signed(_ facts: [Facts]) throws -> [Answer] {
    let file = FileManager.default.temporaryDirectory.appending(path: "sign-\(UUID().uuidString).json")
    try JSONEncoder().encode(facts).write(to: file)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
    let outcome = try Python.run("sign-requests.py", [file.path])
    try #require(outcome.status == 0, "\(outcome.log)")
    return try JSONDecoder().decode([Answer].self, from: Data(outcome.outputBytes))
  }
}

@Suite struct StoreCredentialsTests {
  @Test func `credentials are redacted however they are printed`() throws {
    let credentials = try StoreCredentials(
      accessKeyID: "AKIDX", secretAccessKey: "hush", sessionToken: "tokn", source: "environment")
    var dumped = ""
    dump(credentials, to: &dumped)
    let clock = ManualClock()
    let request = StoreRequest.get("k", limit: 1).signed(
      try Endpoint(bucket: "bucket", region: "us-east-1"), credentials, at: clock.now)
    dump(request, to: &dumped)
    for text in ["\(credentials)", String(reflecting: credentials), dumped, "\(request)", "\([credentials])"]
    {
      #expect(!text.contains("hush") && !text.contains("tokn") && !text.contains("AKIDX"), "\(text)")
    }
    #expect(credentials.redacted(from: "a hush b tokn AKIDX") == "a [redacted] b [redacted] [redacted]")
  }

  @Test(arguments: ["", " ", "a b", "a\nb", "a\u{7f}", "é", "a\0"])
  func `text that cannot be in a header is refused`(text: String) {
    #expect(throws: MalformedCredentials.self) {
      try StoreCredentials(accessKeyID: text, secretAccessKey: "s", source: "")
    }
    #expect(throws: MalformedCredentials.self) {
      try StoreCredentials(accessKeyID: "a", secretAccessKey: text, source: "")
    }
  }
}
