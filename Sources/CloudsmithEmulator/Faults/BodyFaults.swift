package import AuditRecord
import Compression

/// Sends the first half of a page as a complete response, so the JSON array is not closed.
package struct InvalidJSON: Behaviour {
  private let schedule: FaultSchedule

  package init(_ schedule: FaultSchedule) {
    self.schedule = schedule
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard schedule.affects(context), response.status == 200 else { return }
    response.body.removeLast((response.body.count + 1) / 2)
  }
}

/// Inserts a byte that is never valid UTF-8 into the first string of a page.
package struct InvalidUTF8: Behaviour {
  private let schedule: FaultSchedule

  package init(_ schedule: FaultSchedule) {
    self.schedule = schedule
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard schedule.affects(context), response.status == 200,
      let quote = response.body.firstIndex(of: UInt8(ascii: "\""))
    else { return }
    response.body.insert(0xFF, at: quote + 1)
  }
}

/// Wraps the array of a page in an object, as a newer version of the API might.
package struct ObjectBody: Behaviour {
  private let schedule: FaultSchedule

  package init(_ schedule: FaultSchedule) {
    self.schedule = schedule
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard schedule.affects(context), response.status == 200 else { return }
    response.body = Array("{\"results\":".utf8) + response.body + Array("}".utf8)
  }
}

/// Truncates a gzip member. `Content-Length` matches, so only the missing trailer shows the loss.
///
/// Affects clients that accept gzip.
package struct TruncatedGzip: Behaviour {
  private let schedule: FaultSchedule
  private let missing: Int?

  /// - Parameter missing: how many bytes are missing; nil means the second half. The trailer (CRC-32 and length, RFC 1952)
  ///   has 8 bytes.
  package init(_ schedule: FaultSchedule, missing: Int? = nil) {
    self.schedule = schedule
    self.missing = missing
  }

  package mutating func deliver(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard schedule.affects(context), response.headers["Content-Encoding"] == "gzip" else { return }
    response.body.removeLast(min(response.body.count, missing ?? response.body.count / 2))
  }
}

/// Sends an empty array full of spaces as gzip, about a thousandth of its inflated size, whatever the client accepts.
package struct GzipBomb: Behaviour {
  private let schedule: FaultSchedule
  private let size: Int
  private var bomb: [UInt8]?

  /// - Parameter size: the inflated size in bytes. The first use needs as much memory.
  package init(_ schedule: FaultSchedule, size: Int = 256 << 20) {
    self.schedule = schedule
    self.size = size
  }

  package mutating func deliver(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard schedule.affects(context) else { return }
    do {
      let body = try bomb ?? packed()
      bomb = body
      response = EmulatedResponse(
        status: 200, headers: [("Content-Type", "application/json"), ("Content-Encoding", "gzip")], body: body
      )
    } catch {
      response = EmulatedResponse(status: 500, detail: "The emulator could not compress the answer.")
    }
  }

  private func packed() throws -> [UInt8] {
    var body = [UInt8](repeating: UInt8(ascii: " "), count: max(2, size))
    body[0] = UInt8(ascii: "[")
    body[body.count - 1] = UInt8(ascii: "]")
    return try Gzip.compress(body)
  }
}

/// Ends the connection within a body.
package struct CutBody: Behaviour {
  private let schedule: FaultSchedule
  private let bytes: Int
  private let ending: Delivery.Ending

  /// - Parameter bytes: how many bytes of the encoded body are sent first.
  package init(_ schedule: FaultSchedule, after bytes: Int, ending: Delivery.Ending = .close) {
    self.schedule = schedule
    self.bytes = bytes
    self.ending = ending
  }

  package mutating func deliver(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard schedule.affects(context), bytes < response.body.count else { return }
    response.delivery.cutAfter = bytes
    response.delivery.ending = ending
  }
}

/// Delays the response and sends its body slowly.
package struct SlowBody: Behaviour {
  private let schedule: FaultSchedule
  private let delay: TimeSpan
  private let bytesPerSecond: Int?

  /// - Parameters:
  ///   - delay: before the first byte.
  ///   - bytesPerSecond: the speed of the body; nil sends it at once.
  package init(_ schedule: FaultSchedule, delay: TimeSpan = .zero, bytesPerSecond: Int? = nil) {
    self.schedule = schedule
    self.delay = delay
    self.bytesPerSecond = bytesPerSecond
  }

  package mutating func deliver(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard schedule.affects(context) else { return }
    response.delivery.delay = max(response.delivery.delay, delay)
    response.delivery.bytesPerSecond = bytesPerSecond ?? response.delivery.bytesPerSecond
  }
}
