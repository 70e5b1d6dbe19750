import Foundation

extension Collection {
  /// The element so many places from the first, of what came from outside: the output of a program, the requests that a server
  /// saw. A subscript that is out of range would end the process, and with it all tests that run beside this one.
  package func at(_ offset: Int) throws -> Element {
    guard offset >= 0, let index = index(startIndex, offsetBy: offset, limitedBy: endIndex), index < endIndex
    else {
      throw OffsetOutOfRange(offset: offset, count: count, contents: "\(self)")
    }
    return self[index]
  }
}

/// What `at` throws.
package struct OffsetOutOfRange: Error, CustomStringConvertible {
  package var offset: Int
  package var count: Int
  package var contents: String

  package var description: String { "no element \(offset) of \(count): \(contents.prefix(2_000))" }
}

/// How long a test waits for what is outside of it, so that one that hangs fails and the others go on.
package enum ScaledTimeout {
  /// Many times what an idle machine needs, and more in proportion to the programs that wait for a processor now.
  package static func seconds(_ idle: Double) -> Double {
    var load = 0.0
    guard getloadavg(&load, 1) == 1 else { return idle * 8 }
    return idle * max(4, 4 * load / Double(ProcessInfo.processInfo.activeProcessorCount))
  }
}
