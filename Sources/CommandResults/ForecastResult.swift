import AuditArchive
package import AuditExport
package import AuditRecord
import ExportConfiguration

/// What a run would do.
package struct ForecastResult: CommandResult {
  package let forecast: ExportForecast
  package let log: LogName
  package let archive: String

  package init(forecast: ExportForecast, log: LogName, archive: String) {
    self.forecast = forecast
    self.log = log
    self.archive = archive
  }

  private var notes: [String] {
    forecast.plan.notes.map { PlanMessages.sentence($0, log: log, archive: archive) }
  }

  package var text: String {
    var lines = notes
    let windows = forecast.plan.wanted.intervals
    if windows.isEmpty {
      lines.append("\(log): nothing would be fetched.")
    } else {
      lines.append("\(log): would fetch \(forecast.days) \(forecast.days == 1 ? "day" : "days"):")
      for window in windows { lines.append("  from \(window.from) to \(window.to)") }
    }
    if let requests = forecast.requests {
      let time = forecast.seconds.map { ", \(TimeSpan.seconds($0.rounded(.up))) at the present pace" } ?? ""
      lines.append("about \(requests.grouped) \(requests == 1 ? "request" : "requests")\(time)")
    }
    return lines.joined(separator: "\n")
  }

  package var document: any Encodable {
    Document(
      status: "planned", exitStatus: ExitStatus.done.rawValue, notes: notes, source: log.description,
      windows: forecast.plan.wanted.intervals.map(WindowText.init), days: forecast.days,
      requestsExpected: forecast.requests, secondsExpected: forecast.seconds)
  }

  private struct Document: Encodable {
    var status: String
    var exitStatus: Int32
    var notes: [String]
    var source: String
    var windows: [WindowText]
    var days: Int
    var requestsExpected: Int?
    var secondsExpected: Double?
  }
}
