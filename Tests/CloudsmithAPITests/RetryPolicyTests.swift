import AuditRecord
import CloudsmithAPI
import Testing

struct RetryPolicyTests {
  private let policy = RetryPolicy()

  private func next(
    _ policy: RetryPolicy = RetryPolicy(), after number: Int, asked: TimeSpan? = nil,
    waited: TimeSpan = .zero,
    random: Double = 0.5
  ) -> RetryPolicy.Action {
    policy.next(afterTry: number, asked: asked, waited: waited, random: random)
  }

  @Test func `the most that is waited doubles with each try, up to the cap`() {
    let policy = RetryPolicy(tries: 100)
    let most = [1, 2, 4, 8, 16, 32, 64, 120, 120, 120].map(TimeSpan.seconds)
    for (index, span) in most.enumerated() {
      #expect(next(policy, after: index + 1, random: 1) == .backOff(span))
      #expect(next(policy, after: index + 1, random: 0.5) == .backOff(.seconds(span.seconds / 2)))
      #expect(next(policy, after: index + 1, random: 0) == .backOff(.zero))
    }
    #expect(next(policy, after: 99, random: 1) == .backOff(.seconds(120)))
  }

  @Test func `the sixth failure is the last`() {
    #expect(next(after: 5) != .giveUp)
    #expect(next(after: 6) == .giveUp)
    #expect(next(after: 6, asked: .seconds(1)) == .giveUp)
    #expect(next(RetryPolicy(tries: 1), after: 1) == .giveUp)
  }

  @Test func `what the API asks for is obeyed to the hour and beyond`() {
    #expect(next(after: 1, asked: .seconds(3_304)) == .obey(.seconds(3_304)))
    #expect(next(after: 1, asked: .hours(2)) == .obey(.hours(2)))
  }

  @Test func `a short request of the API does not cut the backoff short`() {
    #expect(next(after: 5, asked: .seconds(1), random: 0.5) == .backOff(.seconds(8), asked: .seconds(1)))
    #expect(next(after: 5, asked: .zero, random: 0.5) == .backOff(.seconds(8)))
  }

  @Test func `all that one page waits for the API is bounded`() {
    #expect(next(after: 1, asked: .seconds(7_200.000001)) == .refuseToWait(.seconds(7_200.000001)))
    #expect(next(after: 2, asked: .hours(1), waited: .hours(1)) == .obey(.hours(1)))
    #expect(next(after: 2, asked: .hours(1), waited: .hours(1.5)) == .refuseToWait(.hours(1)))
    #expect(next(RetryPolicy(maxWait: .zero), after: 1, asked: .seconds(1)) == .refuseToWait(.seconds(1)))
    #expect(next(RetryPolicy(maxWait: .zero), after: 1, random: 0.5) == .backOff(.seconds(0.5)))
  }
}
