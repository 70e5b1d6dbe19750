import ArgumentParser
import Platform

@main
struct Benchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cloudsmith-benchmark",
    abstract: "Measures the parts of an export one by one, over made-up events, without network and disk.",
    subcommands: [MakeHistory.self])

  @Option(help: ArgumentHelp("Make up so many events; the same every time.", valueName: "count"))
  var events = 100_000

  @Option(help: ArgumentHelp("Do each part so often; the median counts.", valueName: "count"))
  var rounds = 5

  func validate() throws {
    if events < 1 { throw ValidationError("--events needs a count of at least 1.") }
    if rounds < 1 { throw ValidationError("--rounds needs a count of at least 1.") }
  }

  func run() throws {
    var benchmark = try PartBenchmark(events: events)
    print("part             MB in      MB/s    ns/row")
    for part in Part.allCases {
      var times: [Double] = []
      for _ in 0..<rounds {
        let start = Benchmark.processorSeconds
        try benchmark.run(part)
        times.append(Benchmark.processorSeconds - start)
      }
      let seconds = times.sorted()[rounds / 2]
      let size = Double(benchmark.size(part)) / 1e6
      print(
        part.rawValue + String(repeating: " ", count: 12 - part.rawValue.count), Benchmark.column(size),
        Benchmark.column(size / seconds), Benchmark.column(seconds * 1e9 / Double(events)))
    }
  }

  private static func column(_ number: Double) -> String {
    let text = String(Int(number.rounded()))
    return String(repeating: " ", count: max(0, 9 - text.count)) + text
  }

  /// The processor time of this process in seconds, user and system.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
