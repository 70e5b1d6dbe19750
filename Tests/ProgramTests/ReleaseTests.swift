import Foundation
import TestSupport
import Testing

/// Scripts/release with the programs of this build. `.ci/run` makes the real release.
@Suite(
  .fewAtOnce,
  .enabled(
    if: Shell.works("command -v dpkg-deb && command -v dpkg-shlibdeps && command -v strip"),
    "needs dpkg-dev and binutils; Scripts/test installs them"))
struct ReleaseTests {
  /// The variables for a release of the programs of this build in `dist`, as fast as possible.
  private func environment(_ dist: String) throws -> [String: String] {
    [
      "EXPORTER": try Program.exporter.path, "EMULATOR": try Program.emulator.path, "DIST": dist,
      "COMMIT": "0123456789abcdef", "SOURCE_DATE_EPOCH": "1707732000",
      "MAINTAINER": "Some One <one@example.com>",
      "COMPRESSION": "none",
    ]
  }

  @Test func `the package installs, matches the tarball, exports, and is reproducible`()
    throws
  {
    let temporary = try Folder.make()
    defer { temporary.remove() }
    let dist = temporary.path + "/dist"
    let result = try Shell.run(
      "exec \(Repository.path("Scripts/release")) --test", environment: environment(dist))
    #expect(result.status == 0, "\(result.output)\n\(result.log)")
    #expect(result.output.contains("high-water mark"), "\(result.output)")
    // The demo shows a verified archive and the next steps.
    for line in [
      "No findings: the archive matches its commits.", "altered          csv/organization=acme/",
      "(exit status 2)", "export CLOUDSMITH_API_KEY=…", "--organization YOUR-ORG",
    ] { #expect(result.output.contains(line), "\(line): \(result.output)") }

    let names = try FileManager.default.contentsOfDirectory(atPath: dist)
    let package = try #require(names.first { $0.hasSuffix(".deb") })
    let tarball = try #require(names.first { $0.hasSuffix(".tar.gz") })
    let sums = try Shell.run("cd \(dist) && sha256sum --check --strict SHA256SUMS")
    #expect(sums.status == 0 && sums.output.split(separator: "\n").count == 4, "\(sums.log)")

    let fields = try Shell.run("dpkg-deb --field \(dist)/\(package)").output
    #expect(fields.contains(/Depends: [^\n]*libc6/) && fields.contains("zlib1g"), "\(fields)")
    #expect(fields.contains(/Depends: [^\n]*, ca-certificates\n/), "\(fields)")
    let files = try Shell.run("dpkg-deb --contents \(dist)/\(package)").output
    for file in [
      "usr/bin/cloudsmith-audit-export", "usr/share/man/man1/cloudsmith-audit-export.1.gz",
      "usr/share/bash-completion/completions/cloudsmith-audit-export",
      "usr/share/zsh/vendor-completions/_cloudsmith-audit-export",
      "usr/share/fish/vendor_completions.d/cloudsmith-audit-export.fish",
      "usr/lib/systemd/system/cloudsmith-audit-export@.service",
      "usr/lib/systemd/system/cloudsmith-audit-export@.timer",
      "usr/lib/systemd/system/cloudsmith-audit-verify@.service",
      "usr/lib/systemd/system/cloudsmith-audit-verify@.timer",
      "usr/share/doc/cloudsmith-audit-export/README.md",
      "usr/share/doc/cloudsmith-audit-export/VerificationAndSigning.md",
      "usr/share/doc/cloudsmith-audit-export/copyright", "usr/share/doc/cloudsmith-audit-export/NOTICES.gz",
      "usr/share/doc/cloudsmith-audit-export/examples/warehouses/postgresql/load.sh",
    ] {
      #expect(files.contains(" ./\(file)\n"), "\(file)")
    }
    let copyright = try String(
      contentsOfFile: "\(dist)/installed/usr/share/doc/cloudsmith-audit-export/copyright", encoding: .utf8)
    #expect(copyright.contains("Files: *\n") && copyright.contains("\nLicense: Apache-2.0\n"))
    // The files have neutral owners and the time of the commit.
    for line in files.split(separator: "\n") {
      #expect(line.contains(" root/root ") && line.contains(" 2024-02-12 10:00 "), "\(line)")
    }
    let same = try Shell.run(
      """
      cd \(dist) && tar -xzf \(tarball) && cd \(tarball.dropLast(".tar.gz".count)) &&
      grep -q 'Version 2.0, January 2004' LICENSE &&
      cmp cloudsmith-audit-export ../installed/usr/bin/cloudsmith-audit-export &&
      gzip -dc ../installed/usr/share/man/man1/cloudsmith-audit-export.1.gz | cmp - cloudsmith-audit-export.1 &&
      cmp completions/cloudsmith-audit-export.bash \
        ../installed/usr/share/bash-completion/completions/cloudsmith-audit-export
      """)
    #expect(same.status == 0, "\(same.log)\(same.output)")
    let unit = try String(
      contentsOfFile: "\(dist)/installed/usr/lib/systemd/system/cloudsmith-audit-export@.service",
      encoding: .utf8)
    #expect(
      !unit.contains("install -m 644")
        && unit.contains("\nExecStart=/usr/bin/cloudsmith-audit-export export "))
  }

  @Test(
    .needsSeaweedFS, .needs("curl", "openssl"),
    .enabled(if: Shell.works("unshare -m true"), "needs the right to mount"))
  func `the image exports over TLS to a bucket, as an unprivileged user, with a read-only root`()
    async throws
  {
    try await Folder.with { folder in
      let dist = folder.path + "/dist"
      let made = try Shell.run("exec \(Repository.path("Scripts/release"))", environment: environment(dist))
      #expect(made.status == 0, "\(made.output)\n\(made.log)")
      // All that the container shares with this machine.
      let shared = Folder(path: folder.path + "/shared")
      let scratch = shared.path + "/scratch"
      try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
      try FileManager.default.setAttributes(
        [.ownerAccountID: 65532, .groupOwnerAccountID: 65532, .posixPermissions: 0o700], ofItemAtPath: scratch
      )
      try await Bench.with(Bench.generate(50)) { bench in
        try await SeaweedFS.with { store in
          try await TestAuthority.with { authority in
            let certificate = (chain: authority.path("server.pem"), key: authority.path("server.key"))
            let caFile = try shared.write(try Data(contentsOf: URL(filePath: authority.caFile)), to: "ca.pem")
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: caFile)
            try await StoreProxy.with(store, certificate: certificate) { proxy in
              func run(_ command: String, _ options: [String]) throws -> CommandOutcome {
                let environment = bench.environment.merging(proxy.store.environment) { $1 }
                  .merging(["CLOUDSMITH_AUDIT_EXPORT_SCRATCH_DIR": scratch]) { $1 }
                return try Shell.run(
                  """
                  shift; exec python3 -B \(Repository.path("Scripts/packaging/check_image.py")) run \(dist)/*.tar \
                    --mount \(shared.path) \(environment.keys.map { "--env \($0)" }.joined(separator: " ")) -- "$@"
                  """, [command, "-o", "acme", "--archive", store.archive()] + options,
                  environment: environment)
              }
              let untrusted = try run("export", Bench.start)
              #expect(untrusted.status == 1, "\(untrusted.log)")
              #expect(untrusted.log.contains("no trusted authority issued"), "\(untrusted.log)")
              let export = try run("export", Bench.start + ["--ca-file", caFile])
              #expect(export.status == 0, "\(export.log)")
              let verify = try run("verify", ["--ca-file", caFile])
              #expect(verify.status == 0, "\(verify.log)")
              #expect(verify.output.contains("No findings"), "\(verify.output)")
              let report = try run("report", ["--ca-file", caFile, "--html", "/tmp/report.html"])
              #expect(report.log.contains("Read-only file system"), "\(report.log)")
              let foreign = try run("report", ["--ca-file", caFile, "--html", "\(shared.path)/report.html"])
              #expect(foreign.log.contains("Permission denied"), "\(foreign.log)")
            }
          }
        }
      }
    }
  }

  @Test func `a release of Swift packages in other versions is refused until --update lists them`() throws {
    try Folder.with { folder in
      try Command.output("cp", ["-R", Repository.path("Scripts"), folder.path])
      let pins = ["one": "1.2.3", "two": "2.0.0"].map { name, version in
        #"{"identity": "\#(name)", "location": "", "state": {"version": "\#(version)", "revision": "0"}}"#
      }
      let resolved = try folder.write(#"{"pins": [\#(pins.joined(separator: ", "))]}"#, to: "resolved")
      let list = try folder.write(
        "# Why.\none 1.2.2\nthree 3.0.0\n", to: "Scripts/packaging/resolved-versions")
      let environment = try environment(folder.path + "/dist").merging(["RESOLVED": resolved]) { $1 }
      func release(_ option: String = "") throws -> CommandOutcome {
        try Shell.run("exec \(folder.path)/Scripts/release \(option)", environment: environment)
      }
      let refused = try release()
      #expect(refused.status == 1 && !refused.output.contains("package 0."), "\(refused.output)")
      for line in [
        "  one 1.2.3 is listed as 1.2.2", "  two 2.0.0 is not listed",
        "  three 3.0.0 is listed, but not used", "  swift package resolve one --version 1.2.2",
      ] { #expect(refused.log.contains(line + "\n"), "\(refused.log)") }
      let updated = try release("--update")
      #expect(updated.status == 0, "\(updated.log)")
      #expect(try String(contentsOfFile: list, encoding: .utf8) == "# Why.\none 1.2.3\ntwo 2.0.0\n")
    }
  }
}
