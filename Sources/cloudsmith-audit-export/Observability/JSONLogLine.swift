import AuditRecord
import Logging
import Platform

/// One line of log as one JSON object: `time`, `level`, `message`, `program`, and whatever belongs to the line besides.
struct JSONLogLine {
  let text: String

  init(_ level: Logger.Level, _ message: String, time: Timestamp, fields: Logger.Metadata = [:]) {
    var members = fields.mapValues(Value.init)
    members["time"] = .string(time.description)
    members["level"] = .string(level.rawValue)
    members["message"] = .string(message)
    members["program"] = .string("cloudsmith-audit-export")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      text = JSONText.escaped(String(decoding: try encoder.encode(members), as: UTF8.self))
    } catch {
      fatalError("a line of log has no JSON form: \(error)")
    }
  }

  private enum Value: Encodable {
    case string(String)
    case number(Double)

    init(_ value: Logger.MetadataValue) {
      if case .stringConvertible(let number as Double) = value, number.isFinite {
        self = .number(number)
      } else {
        self = .string("\(value)")
      }
    }

    func encode(to encoder: any Encoder) throws {
      var value = encoder.singleValueContainer()
      switch self {
      case .string(let text): try value.encode(text)
      case .number(let number):
        if let whole = Int(exactly: number) { try value.encode(whole) } else { try value.encode(number) }
      }
    }
  }
}
