import Foundation
import TestSupport
import Testing

/// The sources of settings and their precedence.
@Suite(.fewAtOnce) struct SettingsTests {
  private static let job =
    "page_size: 3\nmax_attempts: 3\nlogs:\n  - organization: acme\n    max_attempts: 4\n"

  @Test func `options override the environment, which overrides the job file, then the default`()
    throws
  {
    try Folder.with { folder in
      let file = try folder.write(SettingsTests.job, to: "job.yaml")
      let variable = ["CLOUDSMITH_AUDIT_EXPORT_PAGE_SIZE": "2"]
      let archive = try folder.settings(["--config", file, "--archive", "/a"])["archive"]
      #expect(archive?.value == "/a" && archive?.source == "--archive")
      let fromVariable = try folder.settings(["--config", file], environment: variable)
      #expect(fromVariable["page_size"]?.value == "2")
      #expect(fromVariable["page_size"]?.source == "CLOUDSMITH_AUDIT_EXPORT_PAGE_SIZE")
      // A setting of a log overrides the setting for all logs.
      let attempts = fromVariable["max_attempts"]
      #expect(attempts?.value == "4" && attempts?.source == "\(file):5")
      let fromFile = try folder.settings(["--config", file])
      #expect(fromFile["page_size"]?.value == "3" && fromFile["page_size"]?.source == "\(file):1")
      #expect(fromFile["settle"]?.value == "10m" && fromFile["settle"]?.source == "default")
      #expect(fromFile["query"]?.value == nil && fromFile["query"]?.source == "not set")
    }
  }

  @Test func `the former name of --max-attempts still works in every source`() throws {
    try Folder.with { folder in
      let variable = ["CLOUDSMITH_AUDIT_EXPORT_RETRIES": "5"]
      let fromVariable = try folder.settings(["-o", "acme"], environment: variable)["max_attempts"]
      #expect(fromVariable?.value == "5" && fromVariable?.source == "CLOUDSMITH_AUDIT_EXPORT_RETRIES")
      let file = try folder.write("retries: 3\nlogs:\n  - organization: acme\n", to: "job.yaml")
      let fromFile = try folder.settings(["--config", file])["max_attempts"]
      #expect(fromFile?.value == "3" && fromFile?.source == "\(file):1")
      let option = try Program.exporter.run(
        ["export", "-o", "acme", "--archive", "archive", "--retries", "0"],
        environment: ["CLOUDSMITH_API_KEY": "k-123456"], in: folder.path)
      #expect(option.status == 64 && option.log.hasPrefix("error: --max-attempts '0': "), "\(option.log)")
    }
  }

  @Test func `cloudsmith-cli files are merged key by key, and a profile overrides the default`() throws {
    try Folder.with { folder in
      try folder.write("[default]\nworkspace = here\napi_host =\n", to: "config.ini")
      try folder.write(
        "[default]\norg = user\napi_host = https://user.example\n[profile:night]\nproxy = 'p:1'\n",
        to: "home/.config/cloudsmith/config.ini")
      try folder.write(
        "[default]\nproxy = q:2\noidc_service_slug = svc\n[profile:night]\nworkspace = night\n",
        to: "home/.cloudsmith/config.ini")
      var environment = ["HOME": folder.path + "/home"]
      let plain = try folder.settings(environment: environment)
      #expect(plain["organization"]?.value == "here" && plain["organization"]?.source == "config.ini:2")
      #expect(plain["api_host"]?.value == "https://user.example")
      #expect(plain["api_host"]?.source == folder.path + "/home/.config/cloudsmith/config.ini:3")
      #expect(plain["proxy"]?.value == "q:2")
      #expect(plain["oidc_service_slug"]?.value == "svc")
      environment["CLOUDSMITH_PROFILE"] = "night"
      let night = try folder.settings(environment: environment)
      #expect(night["organization"]?.value == "night")
      #expect(night["proxy"]?.value == "p:1")
      // A named file overrides all others. A named folder is searched first.
      try folder.write("[default]\nworkspace = named\nproxy = r:3\n", to: "named/config.ini")
      for named in ["named", "named/config.ini"] {
        environment["CLOUDSMITH_CONFIG_FILE"] = named
        let settings = try folder.settings(environment: environment)
        #expect(settings["organization"]?.value == "night", "the profile is still first")
        environment["CLOUDSMITH_PROFILE"] = nil
        let plain = try folder.settings(environment: environment)
        #expect(plain["organization"]?.source == "named/config.ini:2")
        #expect(plain["proxy"]?.value == "r:3")
        environment["CLOUDSMITH_PROFILE"] = "night"
      }
      // The environment counts before them.
      environment["CLOUDSMITH_ORG"] = "org"
      #expect(try folder.settings(environment: environment)["organization"]?.source == "CLOUDSMITH_ORG")
    }
  }

  @Test(arguments: [
    ("api_host = https://evil.example", "api_host is not read from a file in the current directory"),
    ("api_host = https://cloudsmith.io.evil.example", "api_host is not read"),
    ("api_host = https://notcloudsmith.io", "api_host is not read"),
    ("api_host = https://api.cloudsmith.io@evil.example", "api_host is not read"),
    ("proxy = http://evil.example:3128", "proxy is not read from a file in the current directory"),
    ("api_proxy = http://evil.example:3128", "proxy is not read"),
  ])
  func `a config.ini in the current directory cannot send the key to another host`(
    line: String, sentence: String
  )
    throws
  {
    try Folder.with { folder in
      try folder.write("[default]\n\(line)\n", to: "config.ini")
      let result = try Program.exporter.run(
        ["export", "-o", "acme", "--archive", "archive"], environment: ["CLOUDSMITH_API_KEY": "k-123456"],
        in: folder.path)
      #expect(result.status == 64)
      #expect(result.log.hasPrefix("error: config.ini:2: \(sentence)"), "\(result.log)")
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/archive"))
      // A file that the user names is trusted.
      let settings = try folder.settings(environment: ["CLOUDSMITH_CONFIG_FILE": "config.ini"])
      #expect(settings[sentence.hasPrefix("api") ? "api_host" : "proxy"]?.source == "config.ini:2")
    }
  }

  @Test(arguments: ["https://api.cloudsmith.io", "eu.api.cloudsmith.com/v1"])
  func `a host of Cloudsmith is accepted from a config.ini in the current directory`(host: String) throws {
    try Folder.with { folder in
      try folder.write("[default]\napi_host = \(host)\n", to: "config.ini")
      #expect(try folder.settings()["api_host"]?.source == "config.ini:2")
    }
  }

  @Test func `no secret is shown`() throws {
    try Folder.with { folder in
      let environment = [
        "CLOUDSMITH_API_KEY": "secret-1", "CLOUDSMITH_PROXY": "http://user:secret-2@proxy.example:3128",
        "CLOUDSMITH_OIDC_TOKEN": "secret-3", "CLOUDSMITH_API_HOST": "https://user:secret-4@host.example",
      ]
      for format in ["text", "json"] {
        let result = try Program.exporter.run(
          ["status", "--settings", "-o", "acme", "--output-format", format], environment: environment)
        #expect(!(result.output + result.log).contains("secret-"), "\(result.output)")
        #expect(result.output.contains("http://[redacted]@proxy.example:3128"))
        // The host is invalid, because it holds a password.
        #expect(result.status == 64)
      }
    }
  }

  @Test func `every setting is shown as text, a wrong one with its error`() throws {
    let result = try Program.exporter.run(
      ["status", "--settings", "-o", "acme"],
      environment: ["CLOUDSMITH_API_KEY": "k-123456", "CLOUDSMITH_AUDIT_EXPORT_PAGE_SIZE": "9000"])
    #expect(result.status == 64)
    let lines = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.first == ["setting", "value", "from"])
    #expect(lines.contains(["page_size", "9000", "CLOUDSMITH_AUDIT_EXPORT_PAGE_SIZE"]))
    #expect(lines.contains(["api_key", "[redacted]", "CLOUDSMITH_API_KEY"]))
    #expect(lines.contains(["max_attempts", "6", "default"]))
    #expect(
      result.output.contains("invalid: CLOUDSMITH_AUDIT_EXPORT_PAGE_SIZE '9000': expected a whole number"))
  }

  @Test func `the machine's proxy and CA settings are shown too`() throws {
    try Folder.with { folder in
      let settings = try folder.settings(
        ["-o", "acme"],
        environment: [
          "CLOUDSMITH_API_KEY": "k-123456", "HTTPS_PROXY": "http://u:secret@p.example:1",
          "SSL_CERT_FILE": "/ca.pem",
        ])
      #expect(settings["proxy"]?.value == "http://p.example:1" && settings["proxy"]?.source == "HTTPS_PROXY")
      let other = try folder.settings(
        ["-o", "acme"],
        environment: ["CLOUDSMITH_API_KEY": "k-123456", "all_proxy": "http://u:secret@q.example:1"])
      #expect(other["proxy"]?.value == "http://q.example:1" && other["proxy"]?.source == "all_proxy")
      #expect(settings["ca_file"]?.value == "/ca.pem" && settings["ca_file"]?.source == "SSL_CERT_FILE")
    }
  }

  @Test func `help and documentation rank every exit status alike`() throws {
    let help = try Program.exporter.run(["help", "export"]).output.split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    let page = try Document("Configuration").text
    let order = try #require(
      help.firstMatch(of: /exits with the worst status, from best to worst: ([0-9, ]+)\./)?.output.1)
    #expect(page.contains("the worst status of its logs, from best to worst: \(order)."))
    #expect(Set(order.split(separator: ", ")).count == 14)
  }
}

extension Folder {
  /// The output of `status --settings` in this folder: value and source by name.
  func settings(
    _ options: [String] = [], environment: [String: String] = [:]
  ) throws -> [String: (value: String?, source: String?)] {
    let result = try Program.exporter.run(
      ["status", "--settings", "--output-format", "json"] + options, environment: environment, in: path)
    let document = try result.json
    let first = (document["logs"] as? [[String: Any]])?.first ?? document
    let rows = first["settings"] as? [[String: Any]] ?? []
    return Dictionary(
      rows.map { row in
        (row["name"] as? String ?? "", (row["value"] as? String, row["source"] as? String))
      }, uniquingKeysWith: { $1 })
  }
}
