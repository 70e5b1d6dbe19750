import CloudsmithAPI
import Testing

struct APIHostTests {
  @Test(arguments: [
    "https://api.cloudsmith.io", "https://api.cloudsmith.io/", "https://api.cloudsmith.io/v1",
    "https://api.cloudsmith.io/v1/", "api.cloudsmith.io", "api.cloudsmith.io/v1", " API.Cloudsmith.IO\n",
    "HTTPS://api.cloudsmith.io:443/v1",
  ])
  func `every way to write the host has one canonical text`(text: String) throws {
    #expect(try APIHost(text).description == "https://api.cloudsmith.io")
    #expect(try APIHost(text) == .cloudsmith)
  }

  @Test(arguments: [
    ("http://localhost:8080", "http://localhost:8080"),
    ("http://127.0.0.1:19000/v1", "http://127.0.0.1:19000"),
    ("http://127.255.0.9", "http://127.255.0.9"), ("http://[::1]:80/", "http://[::1]"),
    ("localhost:8443", "https://localhost:8443"), ("https://api.example:8443/", "https://api.example:8443"),
  ])
  func `plain http reaches this machine, and ports are kept unless they are the default`(
    text: String, canonical: String
  ) throws {
    #expect(try APIHost(text).description == canonical)
  }

  @Test(
    arguments: [
      ("", .empty), (" \n", .empty), ("https://", .notAHost), ("https://host:0", .notAHost),
      ("https://host:65536", .notAHost), ("https://host:80x", .notAHost), ("https://ho st", .notAHost),
      ("https://höst", .notAHost), ("https://[::1", .notAHost), ("https://[nothex]:1", .notAHost),
      ("https://a\\b", .notAHost), ("-://x", .notAHost), ("ftp://api.cloudsmith.io", .scheme),
      ("https://user:pass@api.cloudsmith.io", .userInfo), ("https://api.cloudsmith.io/v2", .path),
      ("https://api.cloudsmith.io/v1/audit-log", .path), ("https://api.cloudsmith.io?x=1", .path),
      ("http://api.cloudsmith.io", .plainHTTP(host: "api.cloudsmith.io")),
      ("http://127.0.0.1.evil.example", .plainHTTP(host: "127.0.0.1.evil.example")),
      ("http://127.1", .plainHTTP(host: "127.1")),
      ("http://localhost.evil", .plainHTTP(host: "localhost.evil")),
      ("http://1270.0.0.1", .plainHTTP(host: "1270.0.0.1")),
      ("http://127.0.0.300", .plainHTTP(host: "127.0.0.300")),
    ] as [(String, APIHostError)])
  func `what is not a host to send a key to is refused by its cause`(text: String, error: APIHostError) {
    #expect(throws: error) { try APIHost(text) }
  }

  @Test func `a refusal never repeats a password`() {
    for text in ["https://user:hunter2@api.cloudsmith.io", "http://u:hunter2@x/y z", "ftp://u:hunter2@x"] {
      #expect {
        try APIHost(text)
      } throws: { error in
        !Sample.everyText(of: error).contains("hunter2")
      }
    }
  }
}
