package import AuditRecord
package import HTTP
internal import Synchronization

/// The pace of one key. All clients of the process that use the key take turns at it, so that together they keep the limits
/// that each of them was given.
///
/// Several clients at once obey the slowest of their rules and the largest of their reserves. A client's rule counts from its creation
/// until it is released; what is known of the key's rate limit stays.
package final class SharedPace: Sendable {
  private let clock: any RunClock
  private let state: Mutex<State>

  private struct State {
    var pace = Pace(rule: .unlimited)
    var members: [Int: (rule: PaceRule, reserve: RateReserve)] = [:]
    var nextMember = 0

    mutating func follow() {
      // Without a member nothing starts, and the next member sets the rule.
      guard !members.isEmpty else { return }
      pace.follow(members.values.map(\.rule), reserve: members.values.map(\.reserve).max() ?? .fifth)
    }
  }

  /// - Parameter clock: the clock of every client.
  package init(clock: any RunClock) {
    self.clock = clock
    state = Mutex(State())
  }

  /// A client of the pace. Its rule counts until this is released.
  final class Member: Sendable {
    private let pace: SharedPace
    private let id: Int

    fileprivate init(_ pace: SharedPace, _ id: Int) {
      self.pace = pace
      self.id = id
    }

    deinit {
      pace.state.withLock {
        $0.members[id] = nil
        $0.follow()
      }
    }

    /// Whether no other client uses the key now.
    var isAlone: Bool { pace.state.withLock { $0.members.count == 1 } }

    /// See `Pace`.
    func join() -> Pace.Ticket { pace.state.withLock { $0.pace.join() } }
    func leave(_ ticket: Pace.Ticket) { pace.state.withLock { $0.pace.leave(ticket) } }

    /// Whether the ticket's request may start now, and how long the API asks it to wait.
    func ask(_ ticket: Pace.Ticket) -> (action: Pace.Action, asked: TimeSpan) {
      let now = pace.clock.elapsed
      return pace.state.withLock { ($0.pace.ask(ticket, at: now), $0.pace.pauseAsked(at: now)) }
    }

    func ended(_ rate: RateLimit?) {
      let now = pace.clock.elapsed
      pace.state.withLock { $0.pace.ended(rate, at: now) }
    }

    func hold(for span: TimeSpan) {
      let now = pace.clock.elapsed
      pace.state.withLock { $0.pace.hold(until: now + span) }
    }
  }

  /// Adds a client.
  func member(_ rule: PaceRule, _ reserve: RateReserve) -> Member {
    let id = state.withLock { state in
      state.nextMember += 1
      state.members[state.nextMember] = (rule, reserve)
      state.follow()
      return state.nextMember
    }
    return Member(self, id)
  }
}

/// The paces of a process: one for each key and host.
package final class SharedPaces: Sendable {
  private struct Account: Hashable {
    var host: APIHost
    var key: APIKey
    var organization: Slug?
  }

  private let clock: any RunClock
  private let paces = Mutex<[Account: SharedPace]>([:])

  /// - Parameter clock: the clock of every client that uses one of the paces.
  package init(clock: any RunClock) {
    self.clock = clock
  }

  /// The pace of a key.
  ///
  /// - Parameter organization: that of the service account for which an identity token is exchanged; nil for an API key. Each service
  ///   account has a limit of its own.
  package func pace(of key: APIKey, at host: APIHost, organization: Slug? = nil) -> SharedPace {
    let account = Account(host: host, key: key, organization: organization)
    return paces.withLock { paces in
      if let pace = paces[account] { return pace }
      let pace = SharedPace(clock: clock)
      paces[account] = pace
      return pace
    }
  }
}
