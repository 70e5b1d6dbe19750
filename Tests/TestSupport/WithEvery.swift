/// Runs `body` with every value; the first failure ends the run and names its value. For a failed expectation
/// to count as a failure it must be a `try #require`.
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

/// As above, for bodies that wait.
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

/// What `withEvery` throws: which value failed, and how.
package struct FailedCase: Error, CustomStringConvertible {
  package var label: String
  package var value: String
  package var underlying: any Error

  package var description: String { "with \(label) = \(value): \(underlying)" }
}
