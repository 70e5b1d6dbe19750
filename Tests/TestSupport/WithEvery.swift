/// Runs `body` with every value, up to the first error, which is rethrown with its value as `FailedCase`.
///
/// Use `try #require` in `body`: a failed `#expect` is not an error, so its value is not named.
package func withEvery<Value>(
  _ label: String, in values: some Sequence<Value>, _ body: (Value) throws -> Void
) throws {
  for value in values {
    do {
      try body(value)
    } catch {
      throw FailedCase(label: label, value: "\(value)", underlying: error)
    }
  }
}

/// The same for an asynchronous body.
package func withEvery<Value>(
  _ label: String, in values: some Sequence<Value>, _ body: (Value) async throws -> Void
) async throws {
  for value in values {
    do {
      try await body(value)
    } catch {
      throw FailedCase(label: label, value: "\(value)", underlying: error)
    }
  }
}

/// The value with which `withEvery` failed, and the error.
package struct FailedCase: Error, CustomStringConvertible {
  package var label: String
  package var value: String
  package var underlying: any Error

  package var description: String { "with \(label) = \(value): \(underlying)" }
}
