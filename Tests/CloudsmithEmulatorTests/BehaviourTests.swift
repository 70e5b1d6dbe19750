import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

/// What holds for all behaviours together.
@Suite(.fewAtOnce) struct `Behaviours` {
  @Test func `faults affect only the audit log`() throws {
    var emulation = try Emulation { $0.behaviours = [Failures(FaultSchedule(every: 1), status: 500)] }
    #expect(emulation.get("/user/self/").status == 200)
    #expect(emulation.get("/status/check/basic/").status == 200)
    #expect(emulation.get().status == 500)
  }

  @Test func `a seeded run is reproducible, including its faults`() throws {
    let run = {
      var emulation = try Emulation(generated: 200, ties: 3) {
        $0.behaviours = [
          Growth(events: 2), LateEvents(chance: 0.5, by: .hours(2), seed: 5),
          Failures(FaultSchedule(every: 5), status: 503), CutBody(FaultSchedule(every: 4), after: 10),
        ]
      }
      return (1...20).map { page in
        emulation.now = emulation.now + .seconds(1)
        return emulation.get(page: page % 7, size: 30)
      }
    }
    #expect(try run() == run())
  }

  @Test func `a thousand emulated runs need little time and no clock`() throws {
    var served = 0
    for night in 0..<1_000 {
      var emulation = try Emulation(generated: 40) {
        $0.seed = UInt64(night)
        $0.behaviours = [Growth(events: 1)]
      }
      served += try emulation.walk(size: 20).count
    }
    #expect(served > 40_000)
  }

  @Test func `behaviours combine, and a seeded run is reproducible`() throws {
    let run = {
      var emulation = try Emulation(generated: 200, ties: 3) {
        $0.timeFilter = .onClock(FilterClock(shift: .hours(1), chance: 0.3))
        $0.behaviours = [
          Growth(events: 1), ErasedEvents(chance: 0.2, seed: 1),
          MovedEvent(chance: 0.2, by: .days(1), seed: 2),
          MisplacedEvents(3, ofNewest: 100, seed: 3), ShuffledTies(seed: 4),
          LaggingReplica([.events(0), .events(5), .span(.seconds(9))], choice: .random(seed: 5)),
          ThinnedList(to: .every(2), during: RequestRange(from: 6, length: 3)),
          CutList(to: 20, growingBy: 30, during: RequestRange(from: 12)), ShiftedPages(after: 1, count: 2),
          CountCap(60), DeepPageLimit(.pages(5)), RefusedPage(2), CachedCount(.answers(4)),
          EmptyList(during: RequestRange(from: 18, length: 1)), DateField(ahead: .minutes(3)),
        ]
      }
      return (1...40).map { number in
        emulation.now = emulation.now + .seconds(1)
        let query = number % 5 == 0 ? #"event_at:>="2024-02-10""# : nil
        return emulation.get(page: 1 + number % 7, size: 15, query: query)
      }
    }
    let answers = try run()
    #expect(try run() == answers)
    #expect(Set(answers.map(\.status)) == [200, 404])
  }

  @Test func `faults of lists leave an error response unchanged`() throws {
    var emulation = try Emulation {
      $0.access = .forbidden
      $0.behaviours = [
        LaggingReplica([.events(1)], sharesCount: true), CachedCount(.forever), EmptyList(),
        ThinnedList(to: .every(2)), CutList(to: 1), CountCap(1), DeepPageLimit(.pages(1), refusal: .empty),
        RefusedPage(1), ShortPage(1, missing: 0), PaginationFields.absent, ShiftedPages(after: 1, count: 1),
      ]
    }
    #expect(emulation.get().status == 403)
  }

  @Test func `faults of pages leave an error response unchanged`() throws {
    var emulation = try Emulation {
      $0.access = .forbidden
      $0.behaviours = [
        InvalidJSON(FaultSchedule(every: 1)), InvalidUTF8(FaultSchedule(every: 1)),
        ObjectBody(FaultSchedule(every: 1)),
        EmptyPastEnd(), AscendingOrder(), Retention(.days(1)), TruncatedGzip(FaultSchedule(every: 1)),
      ]
    }
    let response = emulation.get()
    #expect(response.status == 403)
    #expect(try response.detail == "You do not have permission to perform this action.")
  }
}
