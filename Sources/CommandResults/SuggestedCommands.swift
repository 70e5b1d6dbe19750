package import AuditArchive
import AuditExport
package import AuditRecord
package import ExportConfiguration

/// The command that exports a window again, to be pasted into a shell. It has every setting in which the archive differs from the
/// defaults.
package struct ReplaceCommand {
  package let log: LogName
  /// The archive as given by the user.
  package let archive: String
  /// The source of the archive. nil if it cannot be read.
  package var source: ArchiveSource?
  /// The formats of its newest days.
  package var formats: Set<PartFormat> = []
  /// `--retention` as set here, for example by the environment.
  package var retention: TimeSpan
  /// The present time, from which the retention to pass is computed.
  package let now: Timestamp

  package init(
    log: LogName, archive: String, source: ArchiveSource? = nil, formats: Set<PartFormat> = [],
    retention: TimeSpan = ExportSettings.Default.retention, now: Timestamp
  ) {
    self.log = log
    self.archive = archive
    self.source = source
    self.formats = formats
    self.retention = retention
    self.now = now
  }

  /// How long after `now` the command stays valid. A retention that is too long is harmless: only what the API shows counts.
  private static let margin = TimeSpan.days(30)

  /// `cloudsmith-audit-export export -o acme --archive /srv/audit --from 2024-02-12 --to 2024-02-14 --replace`
  package func text(_ window: Window) -> String {
    var words = [
      "cloudsmith-audit-export", "export", "-o", "\(log)", "--archive", archive, "--from", time(window.from),
      "--to", time(window.to), "--replace",
    ]
    let needed = now - window.from + Self.margin
    if needed > min(retention, ExportSettings.Default.retention) {
      words += ["--retention", "\(-(-needed.microseconds).flooredDivision(by: Day.microseconds).quotient)d"]
    }
    if !formats.isEmpty, formats != [.csv] {
      words += [
        "--format", PartFormat.allCases.filter(formats.contains).map(\.rawValue).joined(separator: ","),
      ]
    }
    if let source {
      if source.apiHost != Settings.apiHost.defaultText { words += ["--api-host", source.apiHost] }
      if let query = source.query { words += ["--query", query] }
      if let redaction = source.redaction {
        words += [Settings.redact.option, redaction.text]
        // The archive does not record where its key is.
        if redaction.keyFingerprint != nil { words += [Settings.redactionKeyFile.option, "KEY_FILE"] }
      }
    }
    return words.map(shell).joined(separator: " ")
  }

  /// One command for each range of consecutive days, oldest first.
  package func texts(_ days: some Sequence<Day>) -> [String] {
    var runs: [(first: Day, last: Day)] = []
    for day in Set(days).sorted() {
      if let run = runs.last, run.last.next == day {
        runs[runs.count - 1].last = day
      } else {
        runs.append((day, day))
      }
    }
    return runs.map { text(Window(from: $0.first.start, to: $0.last.end)) }
  }

  /// A date if the time is the start of a day (UTC).
  private func time(_ time: Timestamp) -> String {
    let day = Day(containing: time)
    return day.start == time ? "\(day)" : "\(time)"
  }
}

/// The command line that repeats an export, to be pasted into a shell. It has the options that were given, and every setting that a
/// new archive is created with, wherever it was set.
package struct ExportCommandLine {
  /// `cloudsmith-audit-export export -o acme --archive /srv/audit --backfill-start-time 2024-01-01`
  package let text: String

  /// - Parameters:
  ///   - config: The path of the job file, if there is one. It has the other settings.
  ///   - isReplacing: Whether `--replace` was given.
  /// - Throws: A usage failure if a setting cannot be read.
  package init(
    _ sources: SettingSources, log: LogName, archive: String, config: String?, isReplacing: Bool
  ) throws(Failure) {
    var words = ["cloudsmith-audit-export", "export"]
    if let config { words += [Settings.config.option, shell(config)] }
    words += ["-o", "\(log)"]
    if config == nil { words += [Settings.archive.option, shell(archive)] }
    let named = [Settings.log.option] + (config == nil ? [Settings.archive.option] : [])
    // Another shell may lack the variables of this one.
    let ofArchive = [
      Settings.archive.option, Settings.query.option, Settings.redact.option,
      Settings.redactionKeyFile.option,
      Settings.backfillStart.option,
    ]
    for setting in Settings.ofExport where !named.contains(setting.option) {
      guard let given = try setting.find(in: sources) else { continue }
      switch given.source {
      case .option: break
      case .variable: guard ofArchive.contains(setting.option) else { continue }
      case .file: continue
      }
      if case .boolean? = setting.jobForm {
        words.append(given.text == "true" ? setting.option : "--no-\(setting.option.dropFirst(2))")
      } else {
        words += [setting.option, shell(setting.shown(given.text))]
      }
    }
    if isReplacing { words.append("--replace") }
    text = words.joined(separator: " ")
  }
}

/// A word, quoted for a shell where necessary.
private func shell(_ word: String) -> String {
  let isPlain = word.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: ","):
      true
    default: false
    }
  }
  return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}
