import AuditExport
import AuditRecord
import Testing

/// Which logs of a job belong to which shard.
struct LogShardTests {
  /// Computed with Python's hashlib.
  @Test(arguments: [
    ("acme", 0, 0, 2, 872), ("globex", 1, 3, 2, 599), ("initech", 1, 3, 1, 763), ("my-org", 1, 3, 5, 459),
    ("my-org/my-repo", 1, 3, 4, 59), ("org-1", 0, 0, 3, 740), ("org-2", 1, 3, 1, 63), ("org-3", 0, 2, 3, 586),
  ])
  func `the shard of a log never changes`(
    name: String, of2: Int, of4: Int, of7: Int, of1000: Int
  ) throws {
    let log = try #require(LogName(name))
    for (count, index) in [(2, of2), (4, of4), (7, of7), (1_000, of1000)] {
      #expect(try #require(LogShard(index: index, of: count)).contains(log), "\(count)")
    }
  }

  @Test func `every log is in exactly one shard, and shards are about as large`() throws {
    let logs = try (1...2_000).map { try #require(LogName("org-\($0)")) }
    let shards = try (0..<4).map { try #require(LogShard(index: $0, of: 4)) }
    for log in logs { #expect(shards.filter { $0.contains(log) }.count == 1) }
    #expect(shards.map { shard in logs.filter { shard.contains($0) }.count } == [507, 493, 498, 502])
  }

  @Test func `one shard has every log, and a number beyond the count is no shard`() throws {
    #expect(try #require(LogShard(index: 0, of: 1)).contains(try #require(LogName("acme"))))
    for (index, count) in [(0, 0), (1, 1), (4, 4), (-1, 4), (0, -1)] {
      #expect(LogShard(index: index, of: count) == nil)
    }
    #expect(LogShard(index: 3, of: 4)?.description == "3/4")
  }
}
