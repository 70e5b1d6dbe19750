import ArgumentParser

@main
struct CloudsmithAuditExport: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cloudsmith-audit-export",
    abstract: "Keeps the audit log of a Cloudsmith organisation as gzip CSV, one partition a day.",
    discussion: """
      The first run, and every night after it:
        export CLOUDSMITH_API_KEY=…
        cloudsmith-audit-export export --organization acme --archive /srv/audit \\
          --backfill-start-time 2024-01-01T00:00:00Z

      Whether all is there that it needs, key and archive:
        cloudsmith-audit-export check --organization acme --archive /srv/audit

      What is there:
        cloudsmith-audit-export status --organization acme --archive /srv/audit

      The same and more as an HTML page, to look at:
        cloudsmith-audit-export report --organization acme --archive /srv/audit --html audit.html

      That it is whole, offline and without a key:
        cloudsmith-audit-export verify --organization acme --archive /srv/audit

      What a loader has to load again, after commit 41:
        cloudsmith-audit-export changes --organization acme --archive /srv/audit --since 41 --as json

      Exit statuses:
        \(ExitStatus.table.replacing("\n", with: "\n  "))
      """,
    version: Version.text,
    subcommands: [
      ExportCommand.self, StatusCommand.self, ReportCommand.self, VerifyCommand.self, ChangesCommand.self,
      SchemaCommand.self, CheckCommand.self,
    ])

  static func main() async {
    PageMemory.keep()
    StandardOutput.checkAtExit()
    await main(nil)
  }
}
