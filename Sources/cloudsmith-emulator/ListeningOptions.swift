import ArgumentParser

struct ListeningOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The port. 0 means any free port.", valueName: "port"))
  var port = 8080

  @Option(help: ArgumentHelp("The address to listen on.", valueName: "address"))
  var bind = "127.0.0.1"

  @Flag(help: "Allow an address that other machines can reach, without TLS and real access control.")
  var allowOtherMachines = false

  var isLoopback: Bool { bind == "localhost" || bind == "::1" || bind.hasPrefix("127.") }

  func check() throws {
    guard (0...65_535).contains(port) else {
      throw ValidationError("'\(port)' is not a port: it must be 0 to 65535.")
    }
    guard isLoopback || allowOtherMachines else {
      throw ValidationError(
        "Other machines could reach '\(bind)'. Pass --allow-other-machines if that is intended, or leave out --bind."
      )
    }
  }
}
