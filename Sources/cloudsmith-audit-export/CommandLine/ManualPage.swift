import AuditRecord
import CommandResults
import ExportConfiguration

/// The manual page: the help of every command, and what is common to all of them.
struct ManualPage {
  let program: CommandTree
  let date: Day

  var text: String {
    [
      ".Dd \(writtenDate)\n.Dt CLOUDSMITH-AUDIT-EXPORT 1\n.Os",
      ".Sh NAME\n.Nm \(program.commandName)\n.Nd \(name)",
      ".Sh SYNOPSIS\n" + synopsis,
      ".Sh DESCRIPTION\n" + description,
      ".Sh COMMANDS\n" + program.commands.map(command).joined(separator: "\n"),
      ".Sh ENVIRONMENT\n" + environment,
      ".Sh FILES\n" + files,
      ".Sh EXIT STATUS\n" + exitStatuses,
      ".Sh EXAMPLES\n" + Manual.paragraphs(examples),
      ".Sh SEE ALSO\n.Xr gzip 1 ,\n.Xr jq 1 ,\n.Xr sha256sum 1 ,\n.Xr systemd.timer 5",
    ].joined(separator: "\n")
  }

  /// The date in mdoc's form: `November 22, 2026`.
  private var writtenDate: String {
    let months = [
      "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
      "November", "December",
    ]
    let parts = date.description.split(separator: "-").compactMap { Int($0) }
    return "\(months[parts[1] - 1]) \(parts[2]), \(parts[0])"
  }

  /// The line that whatis(1) shows: the abstract without its full stop.
  private var name: String {
    let abstract = program.abstract ?? ""
    return Manual.text(abstract.hasSuffix(".") ? String(abstract.dropLast()) : abstract)
  }

  private var synopsis: String {
    program.commands.map { ".Nm\n.Cm \($0.commandName)\n.Op Ar options" }.joined(separator: "\n")
      + "\n.Nm\n.Fl \\-version\n.Nm\n.Op Ar command\n.Fl \\-help"
  }

  private var description: String {
    Manual.paragraphs(
      """
      A run, scheduled or manual, fetches new events of the audit log through the API of Cloudsmith, flattens every event into a \
      row with a fixed schema, and writes compressed files, one partition per UTC day. A manifest records which time is covered. \
      Events in covered time are complete, without duplicates, and intact.

      The result of a command is on standard output. Progress, log and errors are on standard error.
      """)
  }

  private func command(_ command: CommandTree) -> String {
    var groups: [(title: String, options: [CommandTree.Argument])] = []
    let all = Set(command.options)
    for option in command.arguments ?? [] where option.shouldDisplay && !isAboutTheProgram(option) {
      // The entry of `--existing` also shows `--no-existing`.
      if option.options.contains(where: {
        all.contains($0.replacing("--no-", with: "--")) && $0.hasPrefix("--no-")
      }) {
        continue
      }
      let title = option.sectionTitle ?? "Options"
      if let index = groups.firstIndex(where: { $0.title == title }) {
        groups[index].options.append(option)
      } else {
        groups.append((title, [option]))
      }
    }
    return
      ([
        ".Ss \(command.commandName)", Manual.text(command.abstract ?? ""),
        Manual.paragraphs(command.discussion ?? ""),
      ]
      + groups.map { group in
        ".Pp\n\(group.title.prefix(1).uppercased() + group.title.dropFirst().lowercased()):\n"
          + Manual.list(group.options.map { (tag($0, among: all), $0.abstract ?? "") })
      }).filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private func isAboutTheProgram(_ option: CommandTree.Argument) -> Bool {
    !Set(option.options).isDisjoint(with: ["--help", "--version"])
  }

  /// The names of an option with its value, and `--no-…` where it has that form too.
  private func tag(_ option: CommandTree.Argument, among all: Set<String>) -> String {
    let inverse = option.options.filter { $0.hasPrefix("--") }
      .map { $0.replacing("--", with: "--no-", maxReplacements: 1) }.filter(all.contains)
    let names = (option.options + inverse).map { "Fl " + Manual.word(String($0.dropFirst())) }.joined(
      separator: " , ")
    return option.takesValue ? "\(names) Ar \(Manual.word(option.valueName ?? "value"))" : names
  }

  private var exitStatuses: String {
    Manual.list(
      ExitStatus.allCases.map {
        (String($0.rawValue), $0.meaning.prefix(1).uppercased() + $0.meaning.dropFirst() + ".")
      })
  }

  /// The examples of the program's help, before its exit statuses.
  private var examples: String {
    let discussion = program.discussion ?? ""
    return discussion.firstRange(of: "\n\nExit statuses:").map { String(discussion[..<$0.lowerBound]) }
      ?? discussion
  }

  private var environment: String {
    Manual.text("Options take precedence over variables.") + "\n"
      + Manual.list(
        ManualPage.variables.map { ("Ev \(Manual.word($0.name))", $0.text) })
  }

  private var files: String {
    Manual.list(ManualPage.files.map { ("Pa \(Manual.word($0.name))", $0.text) })
  }
}

/// The environment variables and files of the program, for the manual page.
extension ManualPage {
  static let variables: [(name: String, text: String)] = [
    ("CLOUDSMITH_API_KEY", "The API key."),
    ("CLOUDSMITH_WORKSPACE", "The organization, as --organization. CLOUDSMITH_ORG is used if it is not set."),
    ("CLOUDSMITH_API_HOST", "The URL of the API, as --api-host."),
    (
      "CLOUDSMITH_PROXY",
      """
      The proxy, as --proxy. If it is not set, CLOUDSMITH_API_PROXY, HTTPS_PROXY and ALL_PROXY are used, in this order. NO_PROXY \
      lists hosts, domains and address ranges for which HTTPS_PROXY and ALL_PROXY do not apply, as for curl.
      """
    ),
    ("CLOUDSMITH_PROFILE", "The profile in config.ini and credentials.ini, as --profile."),
    (
      "CLOUDSMITH_OIDC_TOKEN",
      """
      An identity token. Without an API key, it is exchanged for a token of the service account given by CLOUDSMITH_SERVICE_SLUG \
      or --oidc-service-slug.
      """
    ),
    (
      "CREDENTIALS_DIRECTORY",
      "The folder of systemd credentials. The credential cloudsmith-api-key is the API key."
    ),
    ("JOB_COMPLETION_INDEX", "The number of the shard for --shard /N. Kubernetes sets it in an Indexed Job."),
    (
      "CLOUDSMITH_CONFIG_FILE and CLOUDSMITH_CREDENTIALS_FILE",
      "The files of cloudsmith-cli to read before those below."
    ),
    (
      "CLOUDSMITH_AUDIT_EXPORT_*",
      "Any other option that takes a value, with the option's name in capitals, such as CLOUDSMITH_AUDIT_EXPORT_ARCHIVE for --archive."
    ),
  ]

  static let files: [(name: String, text: String)] = [
    (
      "ARCHIVE/csv/organization=ORG/event_date=DATE/",
      "The rows of a day as gzip CSV. Only files that the manifest lists are part of the archive."
    ),
    ("ARCHIVE/parquet/organization=ORG/event_date=DATE/", "The rows of a day as Parquet (--format)."),
    ("ARCHIVE/quarantine/organization=ORG/", "Records that could not be converted to rows, as JSON lines."),
    (
      "ARCHIVE/_manifest/ORG/manifest.json",
      "The coverage, the high-water mark, and every file with its SHA-256."
    ),
    ("ARCHIVE/_manifest/ORG/commits/", "One record per commit, chained by SHA-256."),
    (
      "job.yaml",
      "Logs and their settings, for --config. The file can have any name. schema --as job-file prints its JSON Schema."
    ),
    (
      "/usr/share/doc/cloudsmith-audit-export/",
      "The documentation of the Debian package. Its folder examples has the samples: job.yaml, warehouses, scheduling, monitoring."
    ),
    (
      "config.ini and credentials.ini",
      """
      The settings and the API key of cloudsmith-cli: in the current folder, in the folder cloudsmith of XDG_CONFIG_HOME or \
      ~/.config, or in ~/.cloudsmith.
      """
    ),
  ]
}
