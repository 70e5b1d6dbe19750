import CloudsmithAPI
import HTTP
import Testing

struct APIHostTests {
  @Test(arguments: [
    "https://api.cloudsmith.io", "https://api.cloudsmith.io/", "https://api.cloudsmith.io/v1",
    "https://api.cloudsmith.io/v1/", "api.cloudsmith.io", "api.cloudsmith.io/v1", " API.Cloudsmith.IO\n",
    "HTTPS://api.cloudsmith.io:443/v1",
  ])
  func `every spelling of the host has one canonical form`(text: String) throws {
    #expect(try APIHost(text).description == "https://api.cloudsmith.io")
    #expect(try APIHost(text) == .cloudsmith)
  }

  @Test(arguments: [
    ("http://localhost:8080", "http://localhost:8080"),
    ("http://127.0.0.1:19000/v1", "http://127.0.0.1:19000"),
    ("http://127.255.0.9", "http://127.255.0.9"), ("http://[::1]:80/", "http://[::1]"),
    ("localhost:8443", "https://localhost:8443"), ("https://api.example:8443/", "https://api.example:8443"),
  ])
  func `plain HTTP is allowed to this machine, and ports are kept unless default`(
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
  func `a host that must not receive the key is refused with a reason`(text: String, error: APIHostError) {
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

struct ConnectionSettingsTests {
  private func proxy(
    for host: String = "https://api.cloudsmith.io", option: String? = nil, _ environment: [String: String]
  ) throws -> String? {
    try ConnectionSettings(host: APIHost(host), proxy: option, environment: environment, version: "1.0.0")
      .proxy?.description
  }

  @Test func `an https host uses HTTPS_PROXY, the lower-case name first`() throws {
    #expect(try proxy(["HTTPS_PROXY": "http://one:1", "HTTP_PROXY": "http://two:2"]) == "http://one:1")
    #expect(try proxy(["HTTPS_PROXY": "http://one:1", "https_proxy": "three:3"]) == "http://three:3")
    #expect(try proxy(["HTTP_PROXY": "http://two:2"]) == nil)
    #expect(try proxy(["HTTPS_PROXY": "http://one:1", "https_proxy": ""]) == "http://one:1")
    #expect(try proxy([:]) == nil)
  }

  @Test(arguments: [
    ("*", true), ("api.cloudsmith.io", true), ("API.Cloudsmith.IO", true), ("cloudsmith.io", true),
    (".cloudsmith.io", true), ("other,.io", true), ("other cloudsmith.io:443", true),
    ("api.cloudsmith.io:8443", false),
    ("smith.io", false), ("xapi.cloudsmith.io", false), ("", false), (",,", false), ("[", false),
  ])
  func `NO_PROXY names hosts, domains and ports`(list: String, isDirect: Bool) throws {
    for name in ["NO_PROXY", "no_proxy"] {
      #expect(try (proxy(["HTTPS_PROXY": "http://one:1", name: list]) == nil) == isDirect)
    }
  }

  @Test(arguments: [
    ("203.0.113.7", "203.0.113.7", true), ("203.0.113.7", "203.0.113.0/24", true),
    ("203.0.113.7", "203.0.113.99/24", true), ("203.0.113.7", "203.0.113.0/32", false),
    ("203.0.113.7", "10.0.0.0/8,203.0.0.0/8", true), ("203.0.113.7", "0.0.0.0/0", true),
    ("203.0.113.7", "::/0", false), ("203.0.113.7", "203.0.113.4/30", true),
    ("203.0.113.7", "203.0.113.0/30", false),
    ("203.0.113.7", "203.0.113.0/33", false), ("203.0.113.7", "203.0.113.0/", false),
    ("203.0.113.7", "/24", false),
    ("203.0.113.7", "203.0.113.0/-1", false), ("203.0.113.7", "203.0.113.0/+24", false),
    ("203.0.113.7", "203.0.*", false),
    ("203.0.113.7", "203.0.113", false), ("203.0.113.7", "113.7", false),
    ("203.0.113.7", "203.0.113.7:443", true),
    ("203.0.113.7", "203.0.113.7:8443", false), ("203.0.113.7", "::ffff:203.0.113.7", true),
    ("[2001:db8::7]", "2001:db8::7", true), ("[2001:db8::7]", "[2001:db8::7]", true),
    ("[2001:db8::7]", "2001:0DB8:0:0:0:0:0:7", true), ("[2001:db8::7]", "2001:db8::/32", true),
    ("[2001:db8::7]", "[2001:db8::]/32", true), ("[2001:db8::7]", "2001:db8::/129", false),
    ("[2001:db8::7]", "2001:db9::/32", false), ("[2001:db8::7]", "[2001:db8::7]:443", true),
    ("[2001:db8::7]", "[2001:db8::7]:444", false), ("[2001:db8::7]", "0.0.0.0/0", false),
    ("api.x.example", "*.x.example", true), ("a.b.x.example", "*.x.example", true),
    ("x.example", "*.x.example", false),
    ("x.example", ".x.example", true), ("api.x.example", "api.x.example.", true),
    ("api.x.example.", "api.x.example", true),
    ("api.x.example.", "x.example.", true), ("api.x.example", ".x.example.", true),
    ("api.x.example", "*x.example", false),
    ("api.x.example", "*.x.example:443", true), ("api.x.example", "*.x.example:444", false),
    ("api.x.example", ".", false), ("api.x.example", "*.", false), ("api.x.example", "0.0.0.0/0", false),
  ])
  func `NO_PROXY is read as curl and Go read it`(host: String, list: String, isDirect: Bool) throws {
    let environment = ["HTTPS_PROXY": "http://one:1", "NO_PROXY": "other.example, " + list]
    #expect(try (proxy(for: "https://" + host, environment) == nil) == isDirect)
  }

  @Test func `ALL_PROXY ranks after the scheme's own variable and obeys NO_PROXY`() throws {
    #expect(try proxy(["ALL_PROXY": "http://all:1"]) == "http://all:1")
    #expect(try proxy(["ALL_PROXY": "http://all:1", "all_proxy": "low:2"]) == "http://low:2")
    #expect(try proxy(["ALL_PROXY": "http://all:1", "HTTPS_PROXY": "http://one:1"]) == "http://one:1")
    #expect(try proxy(["ALL_PROXY": "http://all:1", "NO_PROXY": "cloudsmith.io"]) == nil)
    #expect(try proxy(for: "https://localhost", ["ALL_PROXY": "http://all:1"]) == nil)
    #expect(throws: ConnectionSettingsError.inVariable("ALL_PROXY", .proxyScheme)) {
      try proxy(["ALL_PROXY": "socks5://all:1"])
    }
  }

  @Test func `this machine is reached without a proxy unless the option sets one`() throws {
    #expect(try proxy(for: "https://localhost:8443", ["HTTPS_PROXY": "http://one:1"]) == nil)
    #expect(try proxy(for: "http://127.0.0.1:80", ["HTTP_PROXY": "http://one:1"]) == nil)
    #expect(try proxy(for: "https://localhost", option: "http://two:2", [:]) == "http://two:2")
    #expect(try proxy(for: "http://localhost", option: "http://127.0.0.1:2", [:]) == "http://127.0.0.1:2")
    let role = ServerRole(name: "API host", secret: "the API key")
    let error = #expect(throws: ConnectionSettingsError.plainHTTPThroughProxy(role)) {
      try proxy(for: "http://localhost", option: "http://proxy.example:2", [:])
    }
    #expect(
      error?.description
        == "an http API host cannot be used with a proxy on another machine, which would send the API key in the clear"
    )
  }

  @Test func `the option overrides the environment`() throws {
    let environment = ["HTTPS_PROXY": "http://one:1", "NO_PROXY": "*"]
    #expect(try proxy(option: "http://two:2", environment) == "http://two:2")
  }

  @Test(
    arguments: [
      ("", .notAProxy), ("http://", .notAProxy), ("http://proxy/path", .notAProxy),
      ("http://u%zz@proxy", .proxyEscape), ("http://u:50%@proxy", .proxyEscape),
      ("http://u%4@proxy", .proxyEscape), ("http://u:%ff@proxy", .proxyEscape),
      ("u:a/b@proxy:1", .proxyEscape),
      ("http://u:a#b@proxy:1", .proxyEscape), ("http://proxy:1/a@b", .proxyEscape),
      ("https://proxy:1", .proxyScheme),
      ("socks5://proxy:1", .proxyScheme),
    ] as [(String, ConnectionSettingsError)])
  func `a proxy that is not an http proxy is refused`(text: String, error: ConnectionSettingsError) {
    #expect(throws: error) { try proxy(option: text, [:]) }
  }

  @Test func `a proxy never shows its user name and password`() throws {
    let settings = try ConnectionSettings(
      host: .cloudsmith, proxy: "http://jane:hunter2@proxy.example:3128", version: "1.0.0")
    let text = Sample.everyText(of: settings)
    #expect(text.contains("http://proxy.example:3128"))
    #expect(!text.contains("hunter2"))
    #expect(!text.contains("jane"))
  }

  @Test func `the option's CA file overrides SSL_CERT_FILE`() throws {
    let environment = ["SSL_CERT_FILE": "/one.pem"]
    func file(_ option: String?) throws -> String? {
      try ConnectionSettings(host: .cloudsmith, caFile: option, environment: environment, version: "1").caFile
    }
    #expect(try file(nil) == "/one.pem")
    #expect(try file("/two.pem") == "/two.pem")
  }

  @Test func `compressed responses are requested, except from this machine`() throws {
    #expect(try ConnectionSettings(host: .cloudsmith, version: "1").acceptEncoding == "gzip")
    #expect(
      try ConnectionSettings(host: APIHost("http://127.0.0.1:8080"), version: "1").acceptEncoding
        == "identity")
  }

  @Test func `the user agent names the product and its version`() throws {
    #expect(
      try ConnectionSettings(host: .cloudsmith, version: "1.2.3").userAgent == "cloudsmith-audit-export/1.2.3"
    )
  }
}
