import Foundation
import TestSupport
import Testing

/// The scripts of this repository: their effects and their output.
@Suite(.fewAtOnce) struct ScriptsTests {
  private func source(_ script: String, _ arguments: [String] = [], environment: [String: String] = [:])
    throws
    -> CommandOutcome
  {
    let common = Repository.path("Scripts/common.sh")
    return try Shell.run(
      "shift; exec bash -c '. \(common)\n'\"$1\" bash \"$@\"", [script] + arguments, environment: environment)
  }

  @Test(arguments: [true, false])
  func `installing the package of a server neither starts it nor leaves it enabled`(hasPolicy: Bool) throws {
    try Folder.with { folder in
      let root = folder.path + "/root"
      let units = root + "/etc/systemd/system/multi-user.target.wants"
      try folder.write("#!/bin/sh\nexit 101\n", to: "root/usr/sbin/other")
      if hasPolicy { try folder.write("#!/bin/sh\nexit 0\n", to: "root/usr/sbin/policy-rc.d") }
      try folder.write("", to: "root/etc/systemd/system/multi-user.target.wants/unit")
      try FileManager.default.createSymbolicLink(
        atPath: units + "/before.service", withDestinationPath: "/lib/systemd/system/before.service")
      // Do what dpkg does: the package's script asks the policy before it starts and enables its units.
      for (name, text) in [
        ("id", "echo 0"),
        (
          "apt-get",
          """
          [ "$1" = install ] || exit 0
          \(root)/usr/sbin/policy-rc.d; echo "policy $?" >>\(folder.path)/log
          ln -s /lib/systemd/system/new.service \(units)/new.service
          mkdir -p \(root)/etc/rc3.d && ln -s ../init.d/new \(root)/etc/rc3.d/S01new
          echo "$*" >>\(folder.path)/log
          """
        ),
        ("systemctl", "echo \"systemctl $*\" >>\(folder.path)/log"),
        ("update-rc.d", "echo \"update-rc.d $*\" >>\(folder.path)/log"),
      ] {
        let file = try folder.write("#!/bin/sh\n\(text)\n", to: "bin/\(name)")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
      }
      let policy = root + "/usr/sbin/policy-rc.d"
      if hasPolicy { try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: policy) }
      let result = try source(
        "install server",
        environment: ["INSTALL_ROOT": root, "PATH": "\(folder.path)/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
      #expect(result.status == 0, "\(result.log)\(result.output)")
      let log = try String(contentsOfFile: folder.path + "/log", encoding: .utf8).split(separator: "\n")
      // An existing policy belongs to the machine.
      #expect(
        log == [
          hasPolicy ? "policy 0" : "policy 101", "install -y -qq --no-install-recommends server",
          "update-rc.d new disable", "systemctl disable --quiet new.service",
        ], "\(log)")
      #expect(FileManager.default.fileExists(atPath: policy) == hasPolicy)
    }
  }

  @Test func `--help prints the usage of each script and does nothing else`() throws {
    for script in ["benchmark", "demo", "fuzz", "release", "test"] {
      for option in ["--help", "-h"] {
        let result = try Shell.run("cd / && exec \(Repository.path("Scripts/\(script)")) \(option)")
        #expect(result.status == 0 && result.log.isEmpty, "\(result.log)")
        #expect(result.output.contains("Scripts/\(script)"), "\(result.output)")
        #expect(!result.output.contains("#") && !result.output.contains("=="), "\(result.output)")
      }
    }
  }

  /// Runs `run_tests` with a program that prints these lines and exits with this status.
  private func runTests(
    _ lines: [String], status: Int = 0, then last: String = "", environment: [String: String] = [:]
  ) throws -> (result: CommandOutcome, log: String) {
    try Folder.with { folder in
      let output = try folder.write(lines.joined(separator: "\n"), to: "output")
      let result = try source(
        #"cd "$2" && run_tests log 3 sh -c "cat '$3'; $4 exit $5""#,
        [folder.path, output, last, "\(status)"],
        environment: environment)
      return (result, try String(contentsOfFile: folder.path + "/log", encoding: .utf8))
    }
  }

  @Test func `Scripts/test shows only relevant output of the tests and keeps the rest`()
    throws
  {
    let lines = [
      "◇ Test run started.", "◇ Test \"one\" started.", "◇ Test case passing 1 argument text → \"a",
      "b\" started.",
      "✔ Test \"one\" passed after 0.1 seconds.",
      "✘ Test \"two\" recorded an issue at A.swift:1:2: Expectation failed", "↳ why,", "in two lines",
      "✘ Test \"two\" failed after 0.1 seconds with 1 issue.", "◇ Test \"three\" started.", "warning: odd",
      "➜ Test \"three\" skipped: \"needs jq\"",
      "✘ Test run with 3 tests in 1 suite failed after 0.1 seconds with 1 issue.",
      "error: no newline at the end",
    ]
    let (result, log) = try runTests(lines, status: 1)
    #expect(result.status == 1, "\(result.log)")
    let shown = result.output.split(separator: "\n").map(String.init)
    #expect(
      shown == lines[5...7] + lines[10...13]
        + ["1 skipped, for the reasons above", "== failed:", "  \"two\""], "\(result.output)")
    #expect(log == lines.joined(separator: "\n"))
  }

  @Test func `tests that crash their process are named`() throws {
    let (result, _) = try runTests(
      [
        "◇ Test \"one\" started.", "◇ Test \"two\" started.", "✔ Test \"one\" passed after 0.1 seconds.",
        "A.swift:1: Fatal error: Index out of range",
      ], status: 4)
    #expect(result.status == 1, "\(result.log)")
    #expect(
      result.output.contains("Index out of range") && result.output.hasSuffix("at work in it:\n  \"two\"\n"))
  }

  @Test func `tests that hang are ended and named`() throws {
    let (result, _) = try runTests(
      ["◇ Test \"one\" started."], then: "sleep 600;", environment: ["STANDSTILL": "1"])
    #expect(result.status == 1, "\(result.log)")
    #expect(result.output.contains("they are ended") && result.output.hasSuffix("\n  \"one\"\n"))
  }

  @Test func `the remaining time of the tests is estimated from the last run`() throws {
    try Folder.with { folder in
      let times = try folder.write("10 15\n600 400\n1200 500\n", to: "times")
      func left(_ done: Int, _ elapsed: Int) throws -> String {
        try source(#"seconds_left "$2" "$3" "$4""#, [times, "\(done)", "\(elapsed)"]).output
      }
      #expect(try [left(600, 400), left(700, 800), left(600, 200), left(1, 5)] == ["100", "200", "100", ""])
      #expect(try source(#"seconds_left "$2" 1 2"#, [folder.path + "/none"]).output == "")
    }
  }

  @Test func `a build prints little, and its errors at the end`() throws {
    try Folder.with { folder in
      let log = folder.path + "/logs/build.log"
      let good = try source(#"quietly "$2" echo built"#, [log])
      #expect(
        good.status == 0 && !good.output.contains("built") && good.output.contains(log), "\(good.output)")
      #expect(try String(contentsOfFile: log, encoding: .utf8) == "built\n")
      let bad = try source(#"quietly "$2" sh -c 'echo wrong; exit 3'"#, [log])
      #expect(bad.status == 1 && bad.log.contains("wrong") && bad.log.contains("status 3"), "\(bad.log)")
    }
  }
}
