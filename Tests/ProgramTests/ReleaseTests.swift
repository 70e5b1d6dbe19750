import Foundation
import TestSupport
import Testing

/// Scripts/release, with the program of this build in place of a release build; .ci/run has it make the real thing.
@Suite(.fewAtOnce) struct ReleaseTests {
  @Test(
    .enabled(
      if: Shell.works("command -v dpkg-deb && command -v dpkg-shlibdeps && command -v strip"),
      "needs dpkg-dev and binutils; Scripts/test installs them"))
  func `the package installs, is what the tarball is, and does the main job; two runs give the same bytes`()
    throws
  {
    let dist = NSTemporaryDirectory() + "audit-dist-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: dist) }
    let environment = [
      "EXPORTER": try Program.exporter.path, "EMULATOR": try Program.emulator.path, "DIST": dist,
      "COMMIT": "0123456789abcdef", "SOURCE_DATE_EPOCH": "1707732000",
      "MAINTAINER": "Some One <one@example.com>",
      "COMPRESSION": "none",
    ]
    let result = try Shell.run(
      "exec \(Repository.path("Scripts/release")) --test", environment: environment)
    #expect(result.status == 0, "\(result.output)\n\(result.log)")
    #expect(result.output.contains("high-water mark"), "\(result.output)")
    // The demo shows the promise, and what comes next.
    for line in [
      "No finding: the archive is what its commits say.", "altered          csv/organization=acme/",
      "(exit status 2)", "export CLOUDSMITH_API_KEY=…", "--organization YOUR-ORG",
    ] { #expect(result.output.contains(line), "\(line): \(result.output)") }

    let names = try FileManager.default.contentsOfDirectory(atPath: dist)
    let package = try #require(names.first { $0.hasSuffix(".deb") })
    let tarball = try #require(names.first { $0.hasSuffix(".tar.gz") })
    let sums = try Shell.run("cd \(dist) && sha256sum --check --strict SHA256SUMS")
    #expect(sums.status == 0 && sums.output.split(separator: "\n").count == 2, "\(sums.log)")

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
    // Nobody of this machine, and no other time than the commit's.
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
}
