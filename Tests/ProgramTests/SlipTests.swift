import Foundation
import TestSupport
import Testing

/// Characters that people copy along with a value are named and never become part of it.
@Suite(.fewAtOnce) struct SlipTests {
  private static let key = ["CLOUDSMITH_API_KEY": "k-123456"]

  @Test(arguments: [
    ("S3://bucket/audit", "is not the URL of a bucket"), ("s3:/bucket/audit", "is not the URL of a bucket"),
    ("s3://bucket/a//b", "has an empty folder"), ("s3://bucket/../a", "has an empty folder"),
    ("s3://bucket/a?b", "has a '?' or '#'"), ("s3://key:secret@bucket/a", "has a user or a port"),
    ("gs://bucket", "is a URL (gs)"),
    ("file:///srv/audit", "is a URL (file)"),
    ("https://example.com/audit", "is a URL (https)"), ("abfss://a@b.example/c", "is a URL (abfss)"),
    ("x-other+1.0://audit", "is a URL (x-other+1.0)"), ("~", "begins with '~'"),
    ("~/audit", "begins with '~'"),
    ("~jane/audit", "begins with '~'"), ("$HOME/audit", "contains a variable that was not expanded"),
    ("${HOME}/audit", "contains a variable that was not expanded"),
    ("/srv/$ORG/audit", "contains a variable that was not expanded"),
    ("$(pwd)/audit", "contains a variable that was not expanded"),
    ("\"/srv/audit\"", "is in quotes"), ("'/srv/audit'", "is in quotes"), ("“/srv/audit”", "is in quotes"),
    ("/srv/audit ", "has spaces or a line break around it"),
    ("/srv/audit\r", "has spaces or a line break around it"),
    ("\n/srv/audit", "has spaces or a line break around it"),
    ("/srv/\taudit", "contains a control character"),
    ("\u{FEFF}/srv/audit", "begins with a byte order mark"),
    ("CLOUDSMITH_AUDIT_EXPORT_ARCHIVE=/srv/audit", "begins with 'CLOUDSMITH_AUDIT_EXPORT_ARCHIVE='"),
    ("", "expected a folder such as /srv/audit"),
  ])
  func `a copying mistake in the archive's path is refused before anything is created`(
    path: String, words: String
  ) throws {
    try Folder.with { folder in
      for command in [["export", "--backfill-start-time", "2024-01-01"], ["check"], ["status"], ["verify"]] {
        let option = try Program.exporter.run(
          command + ["-o", "acme", "--archive", path], environment: SlipTests.key, in: folder.path)
        #expect(option.status == 64 && option.log.contains("--archive"), "\(command): \(option.log)")
        #expect(option.log.contains(words), "\(option.log)")
      }
      if !path.isEmpty {
        let variable = try Program.exporter.run(
          ["export", "-o", "acme"],
          environment: SlipTests.key.merging(["CLOUDSMITH_AUDIT_EXPORT_ARCHIVE": path]) { $1 },
          in: folder.path)
        #expect(
          variable.status == 64 && variable.log.contains("CLOUDSMITH_AUDIT_EXPORT_ARCHIVE"), "\(variable.log)"
        )
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  @Test(arguments: ["s3:/bucket/audit", "~/audit", "$HOME/audit", "' /srv/audit'"])
  func `a mistyped path in a job file is reported with its line and not made relative`(path: String)
    throws
  {
    try Folder.with { folder in
      let file = try folder.write("archive: \(path)\nlogs: [{organization: acme}]\n", to: "job.yaml")
      let result = try Program.exporter.run(
        ["export", "--config", file], environment: SlipTests.key, in: folder.path)
      #expect(result.status == 64 && result.log.contains("job.yaml:1:10: archive"), "\(result.log)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["job.yaml"])
    }
  }

  @Test(arguments: ["--api-key-file", "--ca-file", "--signing-key-file", "--metrics-file", "--config"])
  func `every option for a file refuses the same copying mistakes`(option: String) throws {
    for path in ["s3://bucket/file", "~/file", "$HOME/file", "'file'"] {
      let result = try Program.exporter.run(
        ["export", "-o", "acme", "--archive", "/tmp/never-made", option, path], environment: SlipTests.key)
      #expect(
        result.status == 64 && result.log.contains("error: \(option) "), "\(option) \(path): \(result.log)")
    }
  }

  @Test func `names with these characters in other positions are valid paths`() throws {
    try Folder.with { folder in
      for path in ["./~audit", "a$b", "./$x", "it's", "organization=acme", "a:b", "x//y"] {
        let result = try Program.exporter.run(["status", "-o", "acme", "--archive", path], in: folder.path)
        #expect(result.status == 10, "\(path): \(result.log)")
      }
    }
  }

  @Test(arguments: [
    ("\"k-123456\"", "it is in quotes"), ("'k-123456'", "it is in quotes"), ("'k-123456", "it is in quotes"),
    ("“k-123456”", "it is in quotes"), ("\u{FEFF}k-123456", "a byte order mark"),
    ("CLOUDSMITH_API_KEY=k-123456", "begins with 'CLOUDSMITH_API_KEY='"),
    ("export CLOUDSMITH_API_KEY=k-123456", "begins with 'export CLOUDSMITH_API_KEY='"),
    ("MY_KEY = k-123456", "begins with 'MY_KEY ='"), ("api_key = k-123456", "begins with 'api_key ='"),
    ("X-Api-Key: k-123456", "begins with 'X-Api-Key:'"), ("Bearer k-123456", "begins with 'Bearer "),
    ("$CLOUDSMITH_API_KEY", "the name of a variable"), ("${CLOUDSMITH_API_KEY}", "the name of a variable"),
  ])
  func `a key copied with surrounding text is refused and not repeated`(
    text: String, words: String
  )
    throws
  {
    try Folder.with { folder in
      let options = ["export", "-o", "acme", "--archive", folder.path + "/archive"]
      let file = try folder.write(text + "\r\n", to: "key")
      let (inFile, inVariable) = (
        try Program.exporter.run(options + ["--api-key-file", file]),
        try Program.exporter.run(options, environment: ["CLOUDSMITH_API_KEY": text])
      )
      for result in [inFile, inVariable] {
        #expect(result.status == 64 && result.log.contains(words), "\(result.log)")
        #expect(!result.log.contains("k-123456"))
      }
    }
  }

  @Test func `a key file in UTF-16 is reported as such`() throws {
    try Folder.with { folder in
      for bytes in [Data([0xFF, 0xFE]), Data([0xFE, 0xFF])] {
        let file = try folder.write(bytes + Data("k\0e\0y\0".utf8), to: "key")
        let result = try Program.exporter.run(
          ["export", "-o", "acme", "--archive", "/tmp/never-made", "--api-key-file", file])
        #expect(
          result.status == 64
            && result.log.contains("it is UTF-16 text, as saved by some Windows programs, not UTF-8"),
          "\(result.log)")
      }
    }
  }

  @Test(arguments: [
    (["-o", "'acme'"], "is in quotes"), (["-o", "acme\n"], "has spaces or a line break around it"),
    (["-o", "CLOUDSMITH_WORKSPACE=acme"], "begins with 'CLOUDSMITH_WORKSPACE='"),
    (["--page-size", "\"50\""], "is in quotes"),
    (["--query", "\u{FEFF}actor:a"], "begins with a byte order mark"),
    (["--query", "CLOUDSMITH_AUDIT_EXPORT_QUERY=actor:a"], "begins with 'CLOUDSMITH_AUDIT_EXPORT_QUERY='"),
    (["--api-host", "'https://api.example'"], "is in quotes"),
    (["--backfill-start-time", "\"2024-01-01\""], "is in quotes"),
    (["--notify-url", "'https://hc-ping.com/5up3r-53cr3t'"], "--notify-url is in quotes"),
    (["--proxy", "http://u:5up3r%-53cr3t@proxy.example:3128"], "write % as %25"),
    (["--proxy", "http://u:5up3r#53cr3t@proxy.example:3128"], "write % as %25"),
    (["--proxy", "http://u:5up3r/53cr3t@proxy.example:3128"], "write % as %25"),
  ])
  func `a copying mistake in any other value is named`(options: [String], words: String) throws {
    let result = try Program.exporter.run(
      ["export", "-o", "acme", "--archive", "/tmp/never-made"] + options, environment: SlipTests.key)
    #expect(result.status == 64 && result.log.contains(words), "\(result.log)")
    #expect(!result.log.contains("53cr3t"))
  }

  @Test func `an unusable proxy from the environment is reported with its variable`() throws {
    for (name, proxy) in [
      ("HTTPS_PROXY", "http://u:5up3r%zz53cr3t@p:1"), ("all_proxy", "socks5://u:53cr3t@p:1"),
      ("ALL_PROXY", "'http://p:1'"),
    ] {
      let result = try Program.exporter.run(
        ["export", "-o", "acme", "--archive", "/tmp/never-made"],
        environment: SlipTests.key.merging([name: proxy]) { $1 })
      #expect(result.status == 64 && result.log.hasPrefix("error: \(name): "), "\(result.log)")
      #expect(!result.log.contains("53cr3t"))
    }
  }

  @Test(arguments: [[], [""], ["--"]]) func `a missing command is an error that prints the help on stderr`(
    arguments: [String]
  ) throws {
    let result = try Program.exporter.run(arguments)
    #expect(result.status == 64 && result.output.isEmpty, "\(result.output)")
    #expect(result.log.hasPrefix("error: "), "\(result.log)")
    if arguments.isEmpty { #expect(result.log.contains("USAGE: cloudsmith-audit-export")) }
  }
}
