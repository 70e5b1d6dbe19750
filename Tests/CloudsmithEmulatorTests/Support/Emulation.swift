import AuditRecord
import CloudsmithEmulator
import Foundation
import Testing

/// A time by its RFC 3339 form.
func time(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

func log(_ text: String = "acme") throws -> LogName { try #require(LogName(text)) }

/// A minimal record; `name` is its uuid.
func record(_ name: String, at time: String, event: String = "action.login", actor: String? = "ada")
  -> [UInt8]
{
  let actor = actor.map { "\"\($0)\"" } ?? "null"
  return Array(#"{"actor":\#(actor),"event":"\#(event)","event_at":"\#(time)","uuid":"\#(name)"}"#.utf8)
}

/// An emulator of one log and a client with the right key, on a manual clock.
struct Emulation {
  var api: EmulatedAPI
  let name: LogName
  var now: Timestamp

  init(
    _ records: [[UInt8]] = [], log text: String = "acme",
    _ change: (inout EmulatorConfiguration) throws -> Void = { _ in }
  ) throws {
    name = try log(text)
    now = try time("2024-03-01T12:00:00Z")
    var configuration = EmulatorConfiguration(logs: [name])
    configuration.events = .records(records)
    try change(&configuration)
    api = try EmulatedAPI(configuration)
  }

  /// An emulator of this many generated events in February 2024.
  init(generated count: Int, ties: Int = 1, _ change: (inout EmulatorConfiguration) throws -> Void = { _ in })
    throws
  {
    let window = Window(from: try time("2024-02-01T00:00:00Z"), to: try time("2024-03-01T00:00:00Z"))
    try self.init { configuration in
      configuration.events = .generated(Generation(count: count, window: window, ties: ties))
      try change(&configuration)
    }
  }

  /// An emulator of so many made-up events, with these behaviours from now on, and the names of its events, newest first.
  static func withNames(_ count: Int, _ behaviours: any Behaviour...) throws -> (Emulation, [String]) {
    var emulation = try Emulation(generated: count)
    let all = try emulation.walk(size: 500)
    emulation.api.setBehaviours(behaviours)
    return (emulation, all)
  }

  mutating func get(page: Int? = nil, size: Int? = nil, query: String? = nil) -> EmulatedResponse {
    api.respond(
      to: EmulatedRequest(
        log: name, page: page, pageSize: size, query: query, apiKey: EmulatorConfiguration.demoKey), at: now)
  }

  mutating func get(_ target: String, _ headers: HTTPFields = [("X-Api-Key", EmulatorConfiguration.demoKey)])
    -> EmulatedResponse
  {
    api.respond(to: EmulatedRequest(target: target, headers: headers), at: now)
  }

  /// The uuids of the records on all pages, in the order of a walk.
  mutating func walk(size: Int, query: String? = nil) throws -> [String] {
    var names: [String] = []
    var page = 1
    while true {
      let response = get(page: page, size: size, query: query)
      names += try response.uuids
      guard let total = response.headers["X-Pagination-PageTotal"].flatMap({ Int($0) }), page < total else {
        return names
      }
      page += 1
    }
  }
}

extension EmulatedResponse {
  var records: [[String: Any]] { get throws { try CloudsmithEmulatorTests.records(body) } }
  var uuids: [String] { get throws { try records.compactMap { $0["uuid"] as? String } } }
  var text: String { String(decoding: body, as: UTF8.self) }
  /// What an answer says about pages: count, pages, page and size. An element is nil if the field is absent.
  var pagination: [String?] {
    ["Count", "PageTotal", "Page", "PageSize"].map { headers["X-Pagination-\($0)"] }
  }
  var detail: String? {
    get throws {
      (try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])?["detail"] as? String
    }
  }
}

/// The objects of a JSON array, read with Foundation's parser.
func records(_ json: [UInt8]) throws -> [[String: Any]] {
  try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [[String: Any]])
}
