import AuditArchive
import Foundation
import TestSupport
import Testing

/// A disk of one megabyte.
@Suite(
  .fewAtOnce,
  .serialized,
  .enabled(
    if: Shell.works("unshare -m sh -c 'mount -t tmpfs -o size=1m none /mnt'"),
    "needs the right to mount a disk of its own"))
struct FullDiskTests {
  @Test func `a full disk is status 74, harms nothing, and the next run with room completes`() async throws {
    let day = 86_400.0
    let today = (Date().timeIntervalSince1970 / day).rounded(.down) * day
    func text(_ days: Double) -> String {
      Date(timeIntervalSince1970: today - days * day).formatted(.iso8601)
    }
    try await Bench.with([
      "--generate", "40000", "--seed", "3", "--from", text(12), "--to", text(1), "--rate-limit", "1000000",
    ]) { bench in
      let disk = bench.folder + "/disk"
      let script = """
        out=\(bench.folder)
        mkdir "$out/disk" && mount -t tmpfs -o size=1m none "$out/disk" || exit 99
        export_() { "$@" --archive "$out/disk/archive"; }
        export_ "$@" --from \(text(2)) --to \(text(1)); echo "first $?"; cp -r "$out/disk/archive" "$out/first"
        export_ "$@" --from \(text(12)) --to \(text(1)); echo "full $?"; cp -r "$out/disk/archive" "$out/full"
        mount -o remount,size=64m "$out/disk" || exit 98
        export_ "$@" --from \(text(12)) --to \(text(1)); echo "roomy $?"; cp -r "$out/disk/archive" "$out/roomy"
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
        ArchiveLook(folder: bench.folder + "/first"), ArchiveLook(folder: bench.folder + "/full"),
        ArchiveLook(folder: bench.folder + "/roomy")
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
