import AuditRecord
import CloudsmithAPI
import Testing

struct SystemClockTests {
  @Test func `the wall clock is past this program's first year, and elapsed time only grows`() throws {
    let clock = SystemClock()
    #expect(clock.now > (try #require(Day("2025-01-01"))).start)
    let first = clock.elapsed
    #expect(first >= .zero)
    #expect(clock.elapsed >= first)
  }

  @Test func `a cancelled sleep ends at once`() async {
    let task = Task { try await SystemClock().sleep(for: .hours(1)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}
