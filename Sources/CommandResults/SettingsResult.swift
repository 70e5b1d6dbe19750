import AuditRecord
import AuditReport
package import ExportConfiguration
import HTTP

/// The result of `status --settings`: every setting of an export, with its value and source. Secrets are redacted.
package struct SettingsResult: CommandResult {
  private let rows: [Row]

  private struct Row: Encodable {
    var name: String
    /// As the user wrote it. nil if there is none.
    var value: String?
    var source: String
    /// Why the value is invalid. nil if it is valid.
    var problem: String?
  }

  /// Resolves every setting. An invalid one becomes a row with its problem.
  package init(_ sources: SettingSources) {
    var rows = Settings.ofExport.map { SettingsResult.row($0, sources) } + [SettingsResult.key(sources)]
    if let row = SettingsResult.storeCredentials(sources) { rows.append(row) }
    if !rows.contains(where: { $0.problem != nil }) { SettingsResult.addCommonVariables(&rows, sources) }
    self.rows = rows
  }

  /// Adds what common environment variables, such as `HTTPS_PROXY`, set for every program.
  private static func addCommonVariables(_ rows: inout [Row], _ sources: SettingSources) {
    do throws(Failure) {
      let connection = try sources.connection()
      for index in rows.indices where rows[index].value == nil {
        if rows[index].name == Settings.proxy.name, let proxy = connection.proxy {
          (rows[index].value, rows[index].source) = (proxy.description, connection.proxyVariable ?? "not set")
        } else if rows[index].name == Settings.formats.name {
          rows[index].source = "newest days of the archive (new archive: csv)"
        } else if rows[index].name == Settings.caFile.name, let file = connection.caFile {
          (rows[index].value, rows[index].source) = (file, "SSL_CERT_FILE")
        }
      }
    } catch {
      rows.append(Row(name: "connection", source: "settings above", problem: error.sentence))
    }
  }

  package var failure: Failure? {
    rows.contains { $0.problem != nil } ? .usage("some settings are invalid: see above.") : nil
  }

  private static func row(_ setting: any SettingDefinition, _ sources: SettingSources) -> Row {
    var row = Row(name: setting.name, source: setting.defaultText == nil ? "not set" : "default")
    do throws(Failure) {
      guard let given = try setting.find(in: sources) else {
        row.value = setting.defaultText
        return row
      }
      row.value = setting.shown(given.text)
      row.source = given.source.description
      try setting.check(given.text, at: given.source.place)
    } catch {
      row.problem = error.sentence
    }
    return row
  }

  private static func key(_ sources: SettingSources) -> Row {
    do {
      return Row(name: "api_key", value: "[redacted]", source: try Credentials.find(sources).source)
    } catch {
      return Row(name: "api_key", source: "not set", problem: error.sentence)
    }
  }

  /// Where the credentials of a bucket's store are from. nil for an archive in a folder.
  private static func storeCredentials(_ sources: SettingSources) -> Row? {
    do {
      guard let source = try sources.storeCredentialSource() else { return nil }
      return Row(name: "aws_credentials", value: "[redacted]", source: source)
    } catch {
      return Row(name: "aws_credentials", source: "not set", problem: error.sentence)
    }
  }

  // MARK: - Text

  package var text: String {
    let table = [["setting", "value", "from"]] + rows.map { [$0.name, visible($0.value ?? "-"), $0.source] }
    let widths = (0..<2).map { column in table.map { $0[column].count }.max() ?? 0 }
    let lines = table.map { cells in
      "\(left(cells[0], widths[0]))  \(left(cells[1], widths[1]))  \(cells[2])"
    }
    var problems: [String] = []
    for problem in rows.compactMap(\.problem) where !problems.contains(problem) { problems.append(problem) }
    return (lines + problems.map { "invalid: \($0)" }).joined(separator: "\n")
  }

  private func visible(_ text: String) -> String { String(quoted(text).dropFirst().dropLast()) }

  // MARK: - JSON

  package var document: any Encodable {
    Document(status: status.word, exitStatus: status.rawValue, settings: rows)
  }

  private struct Document: Encodable {
    var status: String
    var exitStatus: Int32
    var settings: [Row]
  }
}
