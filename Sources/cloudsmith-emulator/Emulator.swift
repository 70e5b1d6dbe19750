import ArgumentParser
import AuditRecord
import CloudsmithEmulator
import Dispatch
import FoundationEssentials
import Platform

@main
struct Emulator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cloudsmith-emulator",
    abstract: "Serve Cloudsmith's audit-log API on this machine, offline, with optional faults.",
    discussion: """
      Use it with any client of the API: set the host to http://127.0.0.1:PORT (with or without /v1) and the key to \
      '\(EmulatorConfiguration.demoKey)'. When ready, the program prints the line 'listening on http://127.0.0.1:PORT'. It runs \
      until SIGINT or SIGTERM.

      EXAMPLES
        Serve the samples:
          cloudsmith-emulator --events samples/pages/page-*.json

        Generate 120,000 events over a month, the same in every run:
          cloudsmith-emulator --generate 120000 --seed 7 \\
            --from 2024-02-01 --to 2024-03-02

        Write the same events as one JSON array, to compare an export with:
          cloudsmith-emulator --generate 120000 --seed 7 \\
            --from 2024-02-01 --to 2024-03-02 --print-events truth.json

        Simulate a bad night: three new events before each request, late
        events, a failure on every 7th request, a cut body on every 11th:
          cloudsmith-emulator --generate 5000 --grow 3 --late 0.05 \\
            --fail-every 7 --fail-status 503 --cut-every 11

        Let two replicas answer in turn, one 7 events behind, with a cached count:
          cloudsmith-emulator --generate 5000 --replica-lag 7 --cached-count 0

      ADDITIONAL ENDPOINTS, ON LOOPBACK ONLY
        GET /emulator/truth/acme/   all events, newest first
        GET /emulator/requests/     all requests and their responses
      """)

  @OptionGroup(title: "Listening") var listening: ListeningOptions
  @OptionGroup(title: "Events") var events: EventOptions
  @OptionGroup(title: "The API") var access: AccessOptions
  @OptionGroup(title: "Behavior and faults") var behaviours: BehaviourOptions
  @OptionGroup(title: "Misleading lists") var lists: ListOptions

  func validate() throws {
    try listening.check()
    try events.check()
    try access.check()
    try behaviours.check()
    try lists.check()
    if lists.filterClock != nil, access.timeFilter != .exact {
      throw ValidationError("Pass --filter-clock or --time-filter, not both.")
    }
  }

  func run() async throws {
    let configuration = try configuration()
    if let path = events.printEvents {
      let api = try EmulatedAPI(configuration)
      try write(api.truth(configuration.logs[0]) ?? [], to: path)
      return
    }
    try await withEmulator(configuration, host: listening.bind, port: listening.port) { emulator in
      print("listening on \(emulator.baseURL)")
      fflush(nil)
      await Signals.untilTerminated()
      if let path = events.writeTruth {
        try write(emulator.truth(configuration.logs[0]) ?? [], to: path)
      }
    }
  }

  private func configuration() throws -> EmulatorConfiguration {
    var configuration = EmulatorConfiguration(logs: access.logs)
    configuration.events = try events.source()
    configuration.seed = events.seed
    configuration.apiKey = access.apiKey
    configuration.furtherKeys = access.furtherKeys
    configuration.identity = access.identity
    configuration.dropsKeys = access.dropKeys
    configuration.access = access.granted
    configuration.rateLimit = access.rateLimit == 0 ? nil : access.rateLimit
    configuration.rateWindow = access.rateWindow
    configuration.timeFilter =
      lists.clock(seed: events.seed).map { .onClock($0) } ?? access.timeFilter.filter
    configuration.maximumPageSize = access.maximumPageSize
    configuration.behaviours = lists.behaviours(seed: events.seed) + behaviours.behaviours(seed: events.seed)
    // Other machines see only the API.
    configuration.servesOwnEndpoints = listening.isLoopback
    configuration.sendsDate = !behaviours.setsTime
    return configuration
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(filePath: path), options: .atomic)
  }
}

enum Signals {
  /// Waits for SIGTERM or SIGINT.
  static func untilTerminated() async {
    let (arrivals, continuation) = AsyncStream.makeStream(of: Void.self)
    let sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { continuation.yield() }
      source.resume()
      return source
    }
    for await _ in arrivals { break }
    for source in sources { source.cancel() }
  }
}
