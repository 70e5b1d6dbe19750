import AuditArchive
import Foundation
import TestSupport
import Testing

/// The built program, killed or failed at one system call after the other.
///
///     STRACE_STRIDE=1 swift test --filter SystemCallTests     at every call, and not at some of them
@Suite(
  .fewAtOnce,
  .serialized,
  .enabled(if: Shell.works("strace -qq -o /dev/null true"), "needs strace, and the right to trace"))
struct SystemCallTests {
  private static let stride = ProcessInfo.processInfo.environment["STRACE_STRIDE"].flatMap { Int($0) }

  /// The names of a call on all machines. `?` makes strace ignore a name that the machine does not have.
  private enum Call: String, CaseIterable {
    case write
    case fsync
    case rename = "?rename,?renameat,?renameat2"
    case link = "?link,?linkat"
    case makeFolder = "?mkdir,?mkdirat"
    case delete = "?unlink,?unlinkat,?rmdir"
  }

  private static let recent = (from: Past.midnight(daysAgo: 6), to: Past.midnight(daysAgo: 3))

  private static let events = [
    "--generate", "120", "--seed", "7", "--from", recent.from, "--to", recent.to, "--rate-limit", "1000000",
  ]

  /// A first run of some days into `archive`, with a fault at the n-th call of its kind by any thread.
  private func run(
    _ bench: Bench, _ archive: String, _ call: Call, _ fault: String, at number: String
  ) throws -> CommandOutcome {
    // Only writes to staged files count, not those to sockets and stderr.
    let paths =
      call == .write
      ? (1...40).map { "-P \(archive)/_staging/acme/spool-000000\($0 < 10 ? "0" : "")\($0)" } : []
    let arguments = bench.arguments([
      "--backfill-start-time", Self.recent.from, "--archive", archive, "--quiet", "--page-size", "40",
    ])
    return try Shell.run(
      """
      exec strace -f -qq -o /dev/null \(paths.joined(separator: " ")) \
      -e trace=\(call.rawValue) -e inject=\(call.rawValue):\(fault):when=\(number) "$@"
      """, arguments,
      // strace counts calls per thread, so all tasks must run on one thread.
      environment: bench.environment.merging(["LIBDISPATCH_COOPERATIVE_POOL_STRICT": "1"]) { $1 })
  }

  private func complete(_ bench: Bench, _ archive: String) throws -> CommandOutcome {
    try bench.export(["--backfill-start-time", Self.recent.from, "--archive", archive])
  }

  @Test func `after a kill at any system call, the next run completes the archive`() async throws {
    try await Bench.with(Self.events) { bench in
      #expect(try complete(bench, bench.archive).status == 0)
      let whole = try await ArchiveOnDisk(bench.archive).content
      var points: [String] = []
      for call in Call.allCases {
        var kills = 0
        for number in Swift.stride(from: 1, through: 400, by: Self.stride ?? (call == .fsync ? 3 : 1)) {
          let archive = "\(bench.folder)/\(call)-\(number)"
          let result = try run(bench, archive, call, "signal=SIGKILL", at: "\(number)")
          guard result.wasKilled || result.status == 128 + SIGKILL else {
            #expect(result.status == 0, "\(call) \(number): \(result.log)")
            break
          }
          kills += 1
          let look = ArchiveOnDisk(archive)
          #expect(try await look.problems(mayHaveLeftovers: true) == [], "\(call) \(number)")
          let next = try complete(bench, archive)
          #expect(next.status == 0, "\(call) \(number): \(next.log)")
          await #expect(try look.content == whole, "\(call) \(number)")
          #expect(try await look.problems() == [], "\(call) \(number)")
        }
        #expect(kills > 0, "\(call)")
        points.append("\(kills) at \(call)")
      }
      print("kill points: \(points.joined(separator: ", ")); no violation")
    }
  }

  @Test func `status and runs without news list no commits and read the manifest once`()
    async throws
  {
    try await Bench.with(Self.events) { bench in
      for _ in 1...8 { #expect(try complete(bench, bench.archive).status == 0) }
      let (trace, state) = ("\(bench.folder)/trace", "\(bench.archive)/_manifest/acme")
      let wrongKey = ["CLOUDSMITH_API_KEY": "wrong"]
      for (command, more, status) in [
        (bench.arguments([]), [:], 0), (bench.arguments([]), wrongKey, 20),
        (["status", "-o", "acme", "--archive", bench.archive], [:], 0),
        (["verify", "-o", "acme", "--archive", bench.archive, "--quick"], [:], 0),
        (["changes", "-o", "acme", "--archive", bench.archive, "--since", "0"], [:], 0),
      ] as [([String], [String: String], Int32)] {
        let result = try Shell.run(
          "exec strace -f -qq -y -o '\(trace)' -e trace=openat,getdents64 \"$@\"", command,
          environment: bench.environment.merging(more) { $1 })
        #expect(result.status == status, "\(command): \(result.log)")
        let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
        #expect(calls.count { $0.hasSuffix("<\(state)/manifest.json>") } == 1, "\(command)")
        #expect(
          !calls.contains { $0.contains("getdents64(") && $0.contains("<\(state)/commits>") }, "\(command)")
      }
      #expect(try await ArchiveOnDisk(bench.archive).problems() == [])
    }
  }

  @Test func `a failed call ends the run with status 74 and a message, and the next run completes it`()
    async throws
  {
    try await Bench.with(Self.events) { bench in
      #expect(try complete(bench, bench.archive).status == 0)
      let whole = try await ArchiveOnDisk(bench.archive).content
      var points: [String] = []
      for (call, fault, words) in [
        (Call.fsync, "EIO", "Input/output error"), (.write, "ENOSPC", "No space left on device"),
        (.rename, "EIO", "Input/output error"), (.link, "EIO", "Input/output error"),
        (.makeFolder, "ENOSPC", "No space left on device"),
      ] {
        var failures = 0
        for number in Swift.stride(from: 1, through: 400, by: Self.stride ?? (call == .fsync ? 7 : 3)) {
          let archive = "\(bench.folder)/\(call)-\(number)"
          let result = try run(bench, archive, call, "error=\(fault)", at: "\(number)")
          if result.status == 0 { break }
          failures += 1
          #expect(result.status == 74, "\(call) \(number): \(result.log)")
          #expect(
            result.log.contains(words) && result.log.lowercased().contains("could not")
              && result.log.contains(bench.folder),
            "\(call) \(number): \(result.log)")
          let look = ArchiveOnDisk(archive)
          #expect(try await look.problems(mayHaveLeftovers: true) == [], "\(call) \(number)")
          let next = try complete(bench, archive)
          #expect(next.status == 0, "\(call) \(number): \(next.log)")
          await #expect(try look.content == whole, "\(call) \(number)")
        }
        #expect(failures > 0, "\(call)")
        points.append("\(failures) \(fault) at \(call)")
      }
      print("failing calls: \(points.joined(separator: ", ")); no violation")
    }
  }

  @Test func `a failed deletion is only a warning, and the next run repeats it`() async throws {
    try await Bench.with(Self.events) { bench in
      #expect(try complete(bench, bench.archive).status == 0)
      let whole = try await ArchiveOnDisk(bench.archive).content
      for number in 1...2 {
        let archive = "\(bench.folder)/delete-\(number)"
        let result = try run(bench, archive, .delete, "error=EIO", at: "\(number)+")
        #expect(result.status == 0, "\(number): \(result.log)")
        // strace counts the calls of each thread alone: the first to fail deletes a file or a folder.
        #expect(
          result.log.contains(#/warning cleanup failed: could not (?:delete|remove the folder) /#)
            && result.log.contains(" \(archive)/") && result.log.contains("Input/output error"),
          "\(number): \(result.log)")
        await #expect(try ArchiveOnDisk(archive).content == whole, "\(number)")
        #expect(try complete(bench, archive).status == 0)
        #expect(try await ArchiveOnDisk(archive).problems() == [], "\(number)")
      }
    }
  }

  @Test func `an interrupted call is retried`() async throws {
    try await Bench.with(Self.events) { bench in
      #expect(try complete(bench, bench.archive).status == 0)
      let whole = try await ArchiveOnDisk(bench.archive).content
      for call in Call.allCases {
        let archive = "\(bench.folder)/\(call)"
        let result = try run(bench, archive, call, "error=EINTR", at: "1+2")
        #expect(result.status == 0, "\(call): \(result.log)")
        await #expect(try ArchiveOnDisk(archive).content == whole, "\(call)")
        #expect(try await ArchiveOnDisk(archive).problems() == [], "\(call)")
      }
    }
  }

  @Test func `on a file system without hard links, files are committed by renames`() async throws {
    try await Bench.with(Self.events) { bench in
      #expect(try complete(bench, bench.archive).status == 0)
      let archive = "\(bench.folder)/no-links"
      let result = try run(bench, archive, .link, "error=EPERM", at: "1+")
      #expect(result.status == 0, "\(result.log)")
      await #expect(try ArchiveOnDisk(archive).content == ArchiveOnDisk(bench.archive).content)
      #expect(try await ArchiveOnDisk(archive).problems() == [])
    }
  }
}

/// Exports to a disk of one megabyte.
@Suite(
  .fewAtOnce,
  .serialized,
  .enabled(
    if: Shell.works("unshare -m sh -c 'mount -t tmpfs -o size=1m none /mnt'"),
    "needs the right to mount a disk of its own"))
struct FullDiskTests {
  @Test func `a full disk is status 74 and harms nothing, and the next run with space completes`()
    async throws
  {
    try await Bench.with([
      "--generate", "40000", "--seed", "3", "--from", Past.midnight(daysAgo: 12), "--to",
      Past.midnight(daysAgo: 1), "--rate-limit", "1000000",
    ]) { bench in
      let disk = bench.folder + "/disk"
      let script = """
        out=\(bench.folder)
        mkdir "$out/disk" && mount -t tmpfs -o size=1m none "$out/disk" || exit 99
        export_() { "$@" --archive "$out/disk/archive"; }
        export_ "$@" --from \(Past.midnight(daysAgo: 2)) --to \(Past.midnight(daysAgo: 1)); echo "first $?"; cp -r "$out/disk/archive" "$out/first"
        export_ "$@" --from \(Past.midnight(daysAgo: 12)) --to \(Past.midnight(daysAgo: 1)); echo "full $?"; cp -r "$out/disk/archive" "$out/full"
        mount -o remount,size=64m "$out/disk" || exit 98
        export_ "$@" --from \(Past.midnight(daysAgo: 12)) --to \(Past.midnight(daysAgo: 1)); echo "roomy $?"; cp -r "$out/disk/archive" "$out/roomy"
        """
      let arguments = [
        "export", "--organization", "acme", "--max-requests-per-second", "unlimited", "--quiet",
      ]
      let result = try Shell.run(
        "exec unshare -m sh -c '\(script)' sh \"$@\"", arguments, environment: bench.environment)
      let statuses = result.output.split(separator: "\n").filter {
        ["first", "full", "roomy"].contains($0.prefix { $0 != " " })
      }
      #expect(statuses == ["first 0", "full 74", "roomy 0"], "\(result.output)\(result.log)")
      #expect(
        result.log.contains("The disk of the archive '\(disk)/archive' is full: could not write"),
        "\(result.log)")
      #expect(result.log.contains(/spool-\d+ \(it needs at least \d+ bytes\): No space left on device/))

      let (first, full, roomy) = (
        ArchiveOnDisk(bench.folder + "/first"), ArchiveOnDisk(bench.folder + "/full"),
        ArchiveOnDisk(bench.folder + "/roomy")
      )
      let found = try await full.problems()
      #expect(found == [], "\(result.log) \(result.output)")
      await #expect(try Set(first.content).isSubset(of: full.content))
      await #expect(try full.content.count < roomy.content.count)
      #expect(try await roomy.problems() == [])
      await #expect(try roomy.manifest?.partitions.reduce(0) { $0 + $1.rows } == 40_000)
    }
  }
}
