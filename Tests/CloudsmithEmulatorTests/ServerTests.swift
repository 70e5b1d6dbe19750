import AuditRecord
import CloudsmithEmulator
import Foundation
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `The server` {
  static func configuration(_ behaviours: [any Behaviour] = []) throws -> EmulatorConfiguration {
    var configuration = EmulatorConfiguration(logs: [try log()])
    let window = Window(from: try time("2024-02-01T00:00:00Z"), to: try time("2024-03-01T00:00:00Z"))
    configuration.events = .generated(Generation(count: 100, window: window))
    configuration.behaviours = behaviours
    return configuration
  }

  @Test func `responses arrive over a socket byte for byte`() async throws {
    let configuration = try Self.configuration()
    var api = try EmulatedAPI(configuration)
    let now = try time("2024-03-01T12:00:00Z")
    let expected = api.respond(
      to: EmulatedRequest(log: try log(), apiKey: EmulatorConfiguration.demoKey), at: now)
    let clock: @Sendable () -> Timestamp = { now }
    try await withEmulator(configuration, clock: clock) { emulator in
      let answer = await RawConnection.exchange(port: emulator.port, requestText())
      #expect(answer.error == 0)
      #expect(answer.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(answer.text.contains("\r\nX-Pagination-Count: 100\r\n"))
      #expect(answer.text.contains("\r\nContent-Length: \(expected.body.count)\r\n"))
      #expect(answer.body == expected.text)
      #expect(emulator.requests.map(\.time) == [now])
    }
  }

  @Test func `a connection serves several requests, also when they are pipelined`() async throws {
    try await withEmulator(Self.configuration()) { emulator in
      let text =
        requestText("/audit-log/acme/?page=1", close: false)
        + requestText("/audit-log/acme/?page=2", close: false)
        + requestText("/audit-log/acme/?page=3")
      let answer = await RawConnection.exchange(port: emulator.port, text)
      #expect(answer.text.components(separatedBy: "HTTP/1.1 200 OK").count == 4)
      #expect(emulator.requests.map(\.page) == ["1", "2", "3"])
    }
  }

  @Test func `many connections are served concurrently`() async throws {
    try await withEmulator(Self.configuration()) { emulator in
      await withTaskGroup(of: Bool.self) { group in
        for page in 1...20 {
          group.addTask {
            let text = requestText("/audit-log/acme/?page_size=5&page=\(page)")
            return await RawConnection.exchange(port: emulator.port, text).text.hasPrefix("HTTP/1.1 200")
          }
        }
        for await isServed in group { #expect(isServed) }
      }
      #expect(Set(emulator.requests.map(\.page)).count == 20)
    }
  }

  @Test func `a cut body ends early with an orderly close`() async throws {
    try await withEmulator(Self.configuration([CutBody(FaultSchedule(every: 1), after: 123)])) { emulator in
      let answer = await RawConnection.exchange(port: emulator.port, requestText(close: false))
      #expect(answer.error == 0)
      #expect(answer.body.utf8.count == 123)
    }
  }

  @Test func `a client sees a reset connection as an error`() async throws {
    let behaviour = CutBody(FaultSchedule(every: 1), after: 123, ending: .reset)
    try await withEmulator(Self.configuration([behaviour])) { emulator in
      let answer = await RawConnection.exchange(port: emulator.port, requestText(close: false))
      #expect(answer.isReset)
    }
  }

  @Test func `a slow body arrives late but complete`() async throws {
    let behaviour = SlowBody(FaultSchedule(every: 1), delay: .seconds(0.05), bytesPerSecond: 200_000)
    try await withEmulator(Self.configuration([behaviour])) { emulator in
      let start = ContinuousClock.now
      let answer = await RawConnection.exchange(port: emulator.port, requestText())
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      let count = try records(Array(answer.body.utf8)).count
      #expect(count == 30)
      #expect(seconds > 0.05 + Double(answer.body.utf8.count) / 200_000 * 0.9)
    }
  }

  @Test func `events and faults can be changed while the emulator runs`() async throws {
    try await withEmulator(Self.configuration()) { emulator in
      let name = try log()
      emulator.withAPI { api in
        api.change(name) { $0.insert(record: record("new", at: "2024-03-02T00:00:00Z")) }
      }
      let grown = await RawConnection.exchange(port: emulator.port, requestText())
      #expect(grown.text.contains("X-Pagination-Count: 101\r\n"))
      emulator.withAPI { $0.setBehaviours([Failures(FaultSchedule(every: 1), status: 502)]) }
      let failed = await RawConnection.exchange(port: emulator.port, requestText())
      #expect(failed.text.hasPrefix("HTTP/1.1 502 "))
      let count = try records(emulator.truth(name) ?? []).count
      #expect(count == 101)
    }
  }

  @Test func `the port is closed after the closure returns or throws`() async throws {
    struct Stop: Error {}
    for throwing in [false, true] {
      var port = 0
      do {
        port = try await withEmulator(Self.configuration()) { emulator in
          _ = await RawConnection.exchange(port: emulator.port, requestText())
          port = emulator.port
          if throwing { throw Stop() }
          return emulator.port
        }
      } catch is Stop {}
      let answer = await RawConnection.exchange(port: port, requestText())
      #expect(answer.error == ECONNREFUSED)
    }
  }

  @Test func `a request that is not HTTP is refused without harm`() async throws {
    try await withEmulator(Self.configuration()) { emulator in
      let nonsense = await RawConnection.exchange(port: emulator.port, "what is this?\r\n\r\n")
      #expect(nonsense.text.hasPrefix("HTTP/1.1 400") || nonsense.text.isEmpty)
      #expect(await RawConnection.exchange(port: emulator.port, requestText()).text.hasPrefix("HTTP/1.1 200"))
    }
  }
}
