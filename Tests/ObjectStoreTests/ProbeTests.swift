import ObjectStoreFakes
import Testing

@testable import ObjectStore

@Suite struct StoreProbeTests {
  private func findings(_ quirks: FakeStore.Quirks) async throws -> (
    findings: [StoreProbe.Finding], left: [String]
  ) {
    let store = FakeStore(quirks: quirks)
    let probe = StoreProbe(try StoreClient(store), prefix: "log/.probe-1/organization=x/")
    let findings = try await probe.run()
    #expect(store.requests.count <= 80)
    return (findings, store.keys)
  }

  private func failure(_ quirks: FakeStore.Quirks) async throws -> StoreProbe.Finding? {
    let (findings, left) = try await findings(quirks)
    #expect(left.isEmpty && findings.last?.property == .delete)
    return findings.first { $0.result != .holds }
  }

  @Test func `a store with all properties passes, and nothing is left behind`() async throws {
    let (findings, left) = try await findings(.init())
    #expect(findings.map(\.property) == StoreProbe.Property.allCases)
    #expect(findings.allSatisfy { $0.result == .holds } && left.isEmpty, "\(findings)")
  }

  @Test func `a store without a required property fails with its name`() async throws {
    let ignoring = try await failure(.init(ignoresIfNoneMatch: true))
    #expect(
      ignoring
        == .init(
          property: .createIfAbsent, result: .fails("the store ignores If-None-Match and overwrites objects"))
    )
    let refusing = try await failure(.init(refusesConditions: true))
    #expect(
      refusing
        == .init(property: .createIfAbsent, result: .fails("the store does not support If-None-Match")))
    let racing = try await failure(.init(winners: 3))
    #expect(
      racing
        == .init(
          property: .exclusiveCreate, result: .fails("3 of 8 concurrent creates of one key succeeded")))
    let matching = try await failure(.init(ignoresIfMatch: true))
    #expect(matching?.property == .replaceIfMatch)
    #expect(try await failure(.init(wantsPlainETags: true)) == nil)
  }

  @Test func `a store that does not check MD5 gets a warning`() async throws {
    let finding = try await failure(.init(ignoresMD5: true))
    guard case .warning? = finding?.result else { return #expect(Bool(false)) }
    #expect(finding?.property == .contentMD5)
  }

  @Test func `the check of each run does not change an existing object`() async throws {
    for ignores in [false, true] {
      let store = FakeStore(quirks: .init(ignoresIfNoneMatch: ignores))
      store.place("lock", [1])
      let refuses = try await StoreProbe.refusesCreate(try StoreClient(store), "lock", [1])
      #expect(refuses == !ignores && store["lock"]?.bytes == [1])
    }
  }
}
