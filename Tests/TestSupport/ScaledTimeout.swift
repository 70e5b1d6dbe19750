import Foundation

/// Timeouts for programs and servers, so that a test that hangs fails without blocking the others.
package enum ScaledTimeout {
  /// The timeout in seconds for something that takes `idle` seconds on an idle machine: at least four times as long, and more in
  /// proportion to the load average per processor. Eight times as long if the load is unknown.
  package static func seconds(_ idle: Double) -> Double {
    var load = 0.0
    guard getloadavg(&load, 1) == 1 else { return idle * 8 }
    return idle * max(4, 4 * load / Double(ProcessInfo.processInfo.activeProcessorCount))
  }
}
