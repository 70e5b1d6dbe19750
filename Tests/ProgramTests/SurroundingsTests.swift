import Foundation
import TestSupport
import Testing

/// Unusual disks and folders: `export` and `check` explain each alike.
@Suite(.fewAtOnce, .serialized) struct SurroundingsTests {
  private static let recent = Past.time(daysAgo: 3)
  private static let mayMount = Shell.works("unshare -m sh -c 'mount -t tmpfs -o size=1m none /mnt'")

  /// Runs a command after the shell line `prepare`, in a mount namespace of its own.
  private func run(_ bench: Bench, _ prepare: String, _ arguments: [String]) throws -> CommandOutcome {
    try Shell.run(
      "exec unshare -m sh -c '\(prepare) || exit 99; exec \"$@\"' sh \"$@\"", arguments,
      environment: bench.environment)
  }

  /// Runs `check` and `export` after `prepare`, and expects both to end with `status` and this text.
  private func expect(
    _ text: String, status: Int32, _ bench: Bench, after prepare: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let check = try run(bench, prepare, ["check", "-o", "acme", "--archive", bench.archive])
    #expect(check.status == status, "\(check.output)\(check.log)", sourceLocation: sourceLocation)
    #expect(check.output.contains(text), "\(check.output)", sourceLocation: sourceLocation)
    let export = try run(bench, prepare, bench.arguments(["--backfill-start-time", Self.recent]))
    #expect(export.status == status, "\(export.output)\(export.log)", sourceLocation: sourceLocation)
    #expect(export.log.contains(text), "\(export.log)", sourceLocation: sourceLocation)
  }

  @Test(
    .enabled(if: mayMount, "needs the right to mount"),
    arguments: ["csv", "parquet", "_manifest", "_staging", "quarantine"])
  func `a folder of the archive on another volume is refused`(folder: String) throws {
    try Bench.with(["--generate", "20"]) { bench in
      for mount in ["-t tmpfs none", "--bind \(bench.folder)/elsewhere"] {
        let prepare =
          "mkdir -p \(bench.archive)/\(folder) \(bench.folder)/elsewhere && mount \(mount) \(bench.archive)/\(folder)"
        try expect(
          """
          ove the whole archive to one volume, not only one of its folders: the folders of an archive (csv, parquet, \
          quarantine, _manifest, _staging) must be on one volume
          """, status: 74, bench, after: prepare)
      }
      let whole = "mkdir -p \(bench.archive) && mount -t tmpfs none \(bench.archive)"
      try expect("acme", status: 0, bench, after: whole)
    }
  }

  @Test(.enabled(if: mayMount, "needs the right to mount"))
  func `a disk that is full, read-only or out of inodes gets its own advice`() throws {
    try Bench.with(["--generate", "20"]) { bench in
      func mount(_ options: String) -> String {
        "mkdir -p \(bench.archive) && mount -t tmpfs -o \(options) none \(bench.archive)"
      }
      try expect("its inodes are used up", status: 74, bench, after: mount("size=100m,nr_inodes=1"))
      try expect("mounted read-only", status: 74, bench, after: mount("ro"))
      let full = mount("size=100k") + " && ! head -c 200000 /dev/zero 2>/dev/null > \(bench.archive)/fill"
      try expect("ree up space", status: 74, bench, after: full)
    }
  }

  @Test func `each process limit gets its own advice`() throws {
    try Bench.with(["--generate", "2000"]) { bench in
      func export(_ limit: String, _ archive: String) throws -> CommandOutcome {
        try Shell.run(
          "\(limit); exec \"$@\"",
          bench.arguments(["--backfill-start-time", "2020-01-01", "--archive", archive]),
          environment: bench.environment)
      }
      let large = try export("ulimit -f 8", bench.archive)
      #expect(large.status == 74 && !large.wasKilled, "\(large.log)")
      #expect(large.log.contains("aise the limit of the file size (ulimit -f)"), "\(large.log)")
      for limit in 8...34 {
        let few = try export("ulimit -n \(limit)", "\(bench.folder)/few-\(limit)")
        #expect(!few.wasKilled && [0, 64, 74].contains(few.status), "\(limit): \(few.status) \(few.log)")
        if few.status != 0 {
          #expect(few.log.contains("Raise it (ulimit -n, or LimitNOFILE="), "\(limit): \(few.log)")
        }
        #expect((few.status == 0) == (limit == 34), "\(limit): \(few.log)")
      }
      let long = try export("true", bench.folder + "/" + String(repeating: "n", count: 300))
      #expect(long.status == 74 && long.log.contains("ass a shorter path with --archive"), "\(long.log)")
    }
  }

  /// A failing call of the C library, and the messages of `export` and `check`.
  @Test(
    .enabled(if: FaultyCall.isPossible, "needs a C compiler"),
    arguments: [
      ("flock", "ENOLCK", "urn on locks for that file system, or keep the archive on another one"),
      ("flock", "EINVAL", "urn on locks for that file system, or keep the archive on another one"),
      ("flock", "ENOTSUP", "urn on locks for that file system, or keep the archive on another one"),
      ("mkdir", "EMFILE", "aise the limit of open files (ulimit -n"),
      ("mkdir", "ENFILE", "aise the limit of open files (ulimit -n"),
      ("mkdir", "EDQUOT", "ree up space, or have the quota raised: the quota of this user"),
      ("mkdir", "ESTALE", "ount the file system again"), ("mkdir", "ENOTCONN", "ount the file system again"),
      ("mkdir", "ENAMETOOLONG", "ass a shorter path with --archive"),
      ("mkdir", "EROFS", "is mounted read-only"),
      ("mkdir", "EACCES", "permission to write there"),
      (
        "mkdir", "EIO",
        "ook at the system's log (dmesg), and check the disk and its file system: one of them reports an error"
      ),
      ("mkdir", "ENOSPC", "ree up space"),
      ("fsyncfile", "EFBIG", "aise the limit of the file size (ulimit -f)"),
      ("fsyncfile", "EINVAL", "eep the archive on another file system"),
      ("fsyncdir", "EIO", "reports an error"),
      ("link", "EXDEV", "must be on one volume"), ("link", "EACCES", "permission to write there"),
    ])
  func `export and check explain a refused call and its remedy alike`(
    call: String, code: String, advice: String
  ) throws {
    try Bench.with(["--generate", "20"]) { bench in
      let environment = bench.environment.merging(try FaultyCall(call, code, in: bench.folder).environment) {
        $1
      }
      let check = try Program.exporter.run(
        ["check", "-o", "acme", "--archive", bench.archive], environment: environment)
      #expect(check.status == 74 && check.output.contains(advice), "\(check.output)\(check.log)")
      let export = try bench.export(["--backfill-start-time", Self.recent], environment: environment)
      #expect(export.status == 74 && export.log.contains(advice), "\(export.log)")
    }
  }

  @Test(.enabled(if: FaultyCall.isPossible, "needs a C compiler"))
  func `a failed clean-up is a warning with file and cause, and the run succeeds`() throws {
    try Bench.with(["--generate", "2000"]) { bench in
      let start = ["--backfill-start-time", Self.recent]
      let refused = try FaultyCall("unlink", "EPERM", in: bench.folder).environment
      let file = bench.folder + "/figures.prom"
      // A first run, a run that replaces every file, and a run without work.
      for more in [["--format", "parquet"], ["--format", "csv"], []] {
        let result = try bench.export(
          start + more + ["-q", "--metrics-file", file, "--compression-level", "1"], environment: refused)
        #expect(result.status == 0 && result.output.isEmpty, "\(result.log)\(result.output)")
        let lines = result.log.split(separator: "\n")
        #expect(!lines.isEmpty)
        for line in lines {
          if line.contains(" warning --format leaves out parquet") { continue }
          #expect(
            line.contains(" warning cleanup failed: could not delete \(bench.archive)/")
              && line.contains(": Operation not permitted. The archive is not affected"), "\(line)")
        }
        #expect(
          try String(contentsOfFile: file, encoding: .utf8).contains(
            "last_run_exit_status{organization=\"acme\"} 0\n"))
      }
      let verify = ["verify", "-o", "acme", "--archive", bench.archive]
      let found = try Program.exporter.run(verify)
      #expect(
        found.status == 2 && found.log.contains("has additional files that no commit lists"), "\(found.log)")
      #expect(try bench.export(start).status == 0)
      #expect(try Program.exporter.run(verify).status == 0)
    }
  }

  @Test(.enabled(if: FaultyCall.isPossible, "needs a C compiler"))
  func `a conflict with another run is reported as such`() throws {
    try Bench.with(["--generate", "20"]) { bench in
      #expect(try bench.export(["--backfill-start-time", Self.recent]).status == 0)
      // Another run's commit is in the place of this one, which is not a fault of the disk.
      for (call, code, status, advice) in [
        ("link", "EEXIST", 11, "is writing to the archive"),
        ("rename", "ENOENT", 74, "another run, or another program, removed it"),
      ] {
        let environment = try FaultyCall(call, code, in: bench.folder).environment
        let export = try bench.export(environment: environment)
        #expect(export.status == status && export.log.contains(advice), "\(export.log)")
      }
      #expect(try bench.export().status == 0)
    }
  }

  @Test(
    .enabled(if: FaultyCall.isPossible, "needs a C compiler"),
    arguments: ["EINVAL", "ENOTSUP", "ENOSYS", "EBADF"])
  func `a file system without fsync of folders is used, with one warning`(code: String) throws {
    try Bench.with(["--generate", "20"]) { bench in
      let environment = try FaultyCall("fsyncdir", code, in: bench.folder).environment
      let sentence =
        """
        cannot fsync folders, so a power failure may lose the last files of a run; run verify after a power failure
        """
      let check = try Program.exporter.run(
        ["check", "-o", "acme", "--archive", bench.archive],
        environment: bench.environment.merging(environment) { $1 })
      #expect(check.status == 0 && check.output.contains(sentence), "\(check.output)")
      for _ in 1...2 {
        let export = try bench.export(["--backfill-start-time", Self.recent], environment: environment)
        #expect(export.status == 0, "\(export.log)")
        #expect(export.log.components(separatedBy: sentence).count == 2, "\(export.log)")
        #expect(export.log.contains("notice the archive's file system"), "\(export.log)")
      }
      #expect(try bench.verify().status == 0)
    }
  }

  @Test func `every command refuses a file in place of the archive as a usage error`() throws {
    try Bench.with(["--generate", "20"]) { bench in
      try Data("x".utf8).write(to: URL(filePath: bench.archive))
      let sentence =
        "There is no archive at '\(bench.archive)': it is a file, but an archive is a folder. Pass a folder"
      for command in ["status", "verify", "changes --since 0", "check", "export"] {
        let arguments =
          command.split(separator: " ").map(String.init) + ["-o", "acme", "--archive", bench.archive]
        let result = try Program.exporter.run(arguments, environment: bench.environment)
        #expect(result.status == 64, "\(command): \(result.log)\(result.output)")
        #expect((result.log + result.output).contains(sentence), "\(command): \(result.log)\(result.output)")
        #expect(!result.log.contains("damaged") && !result.output.contains("damaged"), "\(result.log)")
      }
    }
  }

  @Test func `verify notes files that others left, and they are not part of the archive`() throws {
    try Bench.with(["--generate", "20"], isDamaged: true) { bench in
      #expect(try bench.export(["--backfill-start-time", Self.recent]).status == 0)
      let folder = "csv/organization=acme"
      for name in [".DS_Store", "Thumbs.db"] {
        try Data("x".utf8).write(to: URL(filePath: "\(bench.archive)/\(folder)/\(name)"))
      }
      let verify = ["verify", "-o", "acme", "--archive", bench.archive]
      let text = try Program.exporter.run(verify)
      #expect(text.status == 0 && text.log.isEmpty, "\(text.log)")
      #expect(
        text.output.hasPrefix(
          """
          note             \(folder)/.DS_Store
                           was left by another program; readers of tables skip it; you can delete it
          note             \(folder)/Thumbs.db
                           was left by a file manager or a storage system; delete it, because a reader that takes every file may fail on it

          archive          acme at
          """), "\(text.output)")
      #expect(text.output.contains("No findings: the archive matches its commits."), "\(text.output)")
      let json = try Program.exporter.run(verify + ["--output-format", "json"]).json
      let notes = try #require(json["notes"] as? [[String: String]])
      #expect(notes.map { $0["path"] } == ["\(folder)/.DS_Store", "\(folder)/Thumbs.db"])
      #expect(notes.map { $0["kind"] } == ["hidden", "of-system"])

      // An unknown name is a finding, but not damage.
      try Data("x".utf8).write(to: URL(filePath: "\(bench.archive)/\(folder)/notes.txt"))
      let stray = try Program.exporter.run(verify)
      #expect(stray.status == 2, "\(stray.log)")
      #expect(
        stray.log.contains(
          "matches its commits, but has additional files that no commit lists (1 finding: 1 unlisted)."),
        "\(stray.log)")
    }
  }
}
