import AuditRecord

/// What was verified, and the findings.
struct VerificationSection {
  let content: ReportContent

  init(_ content: ReportContent) {
    self.content = content
  }

  /// The most findings on the page. `verify` lists all.
  private static let mostFindings = 100

  var markup: Markup {
    switch content.verification {
    case .skipped:
      """
      <p>Skipped (--skip-verification). The files that were read for this report match the hashes in the manifest, but the commits and \
      unlisted files were not checked. Run <code>cloudsmith-audit-export verify</code> to check them.</p>
      """
    case .sound(let checked): "\(table(checked))<p>No findings.</p>"
    case .damaged(let checked, let findings):
      "\(table(checked))\(list(findings))"
    }
  }

  private func table(_ checked: [(what: String, count: String)]) -> Markup {
    let rows = checked.map { "<tr><th scope=\"row\">\($0.what)</th><td>\($0.count)</td></tr>\n" as Markup }
    return "<table class=\"plain\"><tbody>\n\(rows)</tbody></table>"
  }

  private func list(_ findings: [(kind: String, path: String, sentence: String)]) -> Markup {
    let rest = findings.count - Self.mostFindings
    let rows = findings.prefix(Self.mostFindings).map { finding in
      """
      <tr><th scope="row">\(finding.kind)</th><td class="v"><bdi>\(finding.path)</bdi></td>\
      <td class="v"><bdi>\(finding.sentence)</bdi></td></tr>

      """ as Markup
    }
    return """
      <table class="finding"><thead><tr><th scope="col">finding</th><th scope="col">file</th><th scope="col">what</th></tr></thead>
      <tbody>
      \(rows)</tbody></table>
      \(rest > 0 ? "<p>And \(rest.grouped) more. cloudsmith-audit-export verify lists all of them.</p>" : "" as Markup)
      """
  }
}
