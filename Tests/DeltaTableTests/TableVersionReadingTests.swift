import AuditRecord
import DeltaTable
import TestSupport
import Testing

/// Versions of other producers: what is tolerated, and what is refused.
@Suite struct `Reading table versions` {
  private func read(_ text: String) throws -> TableVersion {
    try TableVersion(reading: Array(text.utf8))
  }

  private func error(_ text: String) -> TableLogError? {
    do throws(TableLogError) {
      _ = try TableVersion(reading: Array(text.utf8))
      return nil
    } catch { return error }
  }

  @Test func `unknown actions and members, null, white space and any order are tolerated`() throws {
    let version = try read(
      #"{"domainMetadata":{"domain":"d","configuration":"{}","removed":false}}"# + "\n"
        + #" { "add" : {"dataChange":true, "path":"a%20b", "size":3, "partitionValues":{"d":null,"o":"x"}, "#
        + #""modificationTime":5,"stats":null,"tags":{"t":null,"u":"1"},"deletionVector":null,"baseRowId":4,"#
        + #""x":[{}]}, "remove":null}"# + "\r\n\n"
        + #"{"cdc":{"path":"_change_data/x","partitionValues":{},"size":1,"dataChange":false}}"# + "\n"
        + #"{"commitInfo":{"timestamp":"now","operation":"MERGE","operationParameters":{"a":1,"b":"c"},"n":{"id":[1]}}}"#
    )
    #expect(
      version.actions == [
        .commitInfo(CommitInfo(operation: "MERGE", operationParameters: ["b": "c"])),
        .add(
          AddFile(
            path: "a%20b", partitionValues: ["d": nil, "o": "x"], size: 3, modificationTime: 5,
            tags: ["u": "1"])),
      ])
  }

  @Test func `versions of Spark and delta-rs are read`() throws {
    let spark = try read(
      #"""
      {"commitInfo":{"timestamp":1515491537026,"userId":"100121","operation":"INSERT","operationParameters":{"mode":"Append","partitionBy":"[]"},"notebook":{"notebookId":"4443029"},"readVersion":3,"isolationLevel":"Serializable","isBlindAppend":true,"operationMetrics":{"numFiles":"1"},"engineInfo":"Apache-Spark/3.5.0 Delta-Lake/3.0.0","txnId":"33b9e22f"}}
      {"metaData":{"id":"af23c9d7-fff1-4a5a-a2c8-55c59bd782aa","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"e\",\"type\":{\"type\":\"array\",\"elementType\":\"integer\",\"containsNull\":true},\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{"delta.appendOnly":"false"}}}
      {"remove":{"path":"part-00001-9.snappy.parquet","deletionTimestamp":1515488792485,"baseRowId":4071,"dataChange":true}}
      """#)
    #expect(spark.commitInfo?.engineInfo == "Apache-Spark/3.5.0 Delta-Lake/3.0.0")
    #expect(spark.actions.count == 3)
    #expect(
      spark.actions.last
        == .remove(
          RemoveFile(
            path: "part-00001-9.snappy.parquet", deletionTimestamp: 1_515_488_792_485, dataChange: true)))
  }

  @Test func `later versions of the protocol and table features are refused`() {
    func reason(_ members: String) -> TableLogError? { error(#"{"protocol":{\#(members)}}"#) }
    #expect(
      reason(#""minReaderVersion":2,"minWriterVersion":5"#)
        == .unsupported(.protocolVersion(TableProtocol(minReaderVersion: 2, minWriterVersion: 5))))
    #expect(
      reason(#""minReaderVersion":1,"minWriterVersion":3"#)
        == .unsupported(.protocolVersion(TableProtocol(minReaderVersion: 1, minWriterVersion: 3))))
    let features = reason(
      #""minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors","appendOnly"]"#
    )
    #expect(features == .unsupported(.features(["appendOnly", "deletionVectors"])))
    #expect(
      features.map { "\($0)" }
        == "the table needs the table features appendOnly, deletionVectors, which this program does not support"
    )
    #expect(reason(#""minReaderVersion":1,"minWriterVersion":1"#) == nil)
    #expect(
      reason(#""minReaderVersion":1,"minWriterVersion":2,"readerFeatures":null,"writerFeatures":[]"#) == nil)
  }

  @Test func `deletion vectors are refused in either kind of file action`() {
    let vector = #""deletionVector":{"storageType":"u","pathOrInlineDv":"x","sizeInBytes":1,"cardinality":1}"#
    #expect(
      error(
        #"{"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true,\#(vector)}}"#
      )
        == .unsupported(.deletionVector))
    #expect(error(#"{"remove":{"path":"a","dataChange":true,\#(vector)}}"#) == .unsupported(.deletionVector))
  }

  @Test func `other formats, append-only tables and invariants are refused`() {
    func reason(_ provider: String, _ metadata: String, _ configuration: String) -> TableLogError? {
      let schema = #"{\"fields\":[{\"name\":\"c\",\"metadata\":{\#(metadata)}}]}"#
      return error(
        #"{"metaData":{"id":"i","format":{"provider":"\#(provider)"},"schemaString":"\#(schema)","partitionColumns":[],"configuration":{\#(configuration)}}}"#
      )
    }
    #expect(reason("parquet", "", "") == nil)
    #expect(reason("orc", "", "") == .unsupported(.format("orc")))
    #expect(
      reason("parquet", "", #""delta.appendOnly":"true""#) == .unsupported(.property("delta.appendOnly")))
    #expect(
      reason("parquet", #"\"delta.invariants\":\"x > 3\""#, "") == .unsupported(.invariant(column: "c")))
  }

  @Test func `a missing or mistyped member is refused, with its line`() throws {
    let good = [
      #"{"txn":{"appId":"a","version":1}}"#,
      #"{"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true}}"#,
      #"{"remove":{"path":"b","dataChange":true}}"#,
      #"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#,
      #"{"metaData":{"id":"i","format":{"provider":"parquet"},"schemaString":"{\"fields\":[]}","partitionColumns":[]}}"#,
    ]
    #expect(try read(good.joined(separator: "\n")).actions.count == good.count)
    let edits: [(line: Int, from: String, to: String, action: String, member: String)] = [
      (0, #""appId":"a","#, "", "txn", "appId"), (0, #""version":1"#, #""version":"1""#, "txn", "version"),
      (0, #""version":1"#, #""version":1.5"#, "txn", "version"),
      (0, #""version":1"#, #""version":9223372036854775808"#, "txn", "version"),
      (0, #"{"appId":"a","version":1}"#, "[]", "txn", "txn"),
      (1, #""path":"a","#, "", "add", "path"), (1, #""path":"a""#, #""path":"%FF""#, "add", "path"),
      (1, #""partitionValues":{}"#, #""partitionValues":{"a":1}"#, "add", "partitionValues"),
      (1, #""partitionValues":{},"#, "", "add", "partitionValues"),
      (1, #""size":1"#, #""size":-1"#, "add", "size"), (1, #""size":1"#, #""size":null"#, "add", "size"),
      (1, #""modificationTime":1,"#, "", "add", "modificationTime"),
      (1, #""dataChange":true"#, #""dataChange":"true""#, "add", "dataChange"),
      (2, #""path":"b","#, "", "remove", "path"), (2, #","dataChange":true"#, "", "remove", "dataChange"),
      (3, #""minReaderVersion":1,"#, "", "protocol", "minReaderVersion"),
      (4, #""id":"i","#, "", "metaData", "id"), (4, #""provider":"parquet""#, "", "format", "provider"),
      (4, #"{\"fields\":[]}"#, #"{}"#, "metaData", "schemaString"),
      (4, #","partitionColumns":[]"#, "", "metaData", "partitionColumns"),
      (4, #""partitionColumns":[]"#, #""partitionColumns":[1]"#, "metaData", "partitionColumns"),
    ]
    try withEvery("edit", in: edits) { edit in
      var lines = good
      lines[edit.line].replace(edit.from, with: edit.to)
      try #require(lines != good)
      try #require(
        error(lines.joined(separator: "\n"))
          == .malformed(.member(action: edit.action, name: edit.member), line: edit.line + 1))
    }
  }

  @Test func `damaged lines are refused, wherever the file is cut`() throws {
    #expect(error("[]") == .malformed(.notAnObject, line: 1))
    #expect(error("{}\n{") == .malformed(.json(.text(.unexpectedEnd, at: 1)), line: 2))
    let bytes = `Table versions`.full.bytes
    let ends = bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }
    for length in bytes.indices where !ends.contains(length) && length > 0 && !ends.contains(length - 1) {
      #expect(throws: TableLogError.self) { try TableVersion(reading: Array(bytes[..<length])) }
    }
  }

  @Test func `a file or a single action that a version has twice is refused`() {
    let add =
      #"{"add":{"path":"a%2Db","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true}}"#
    let remove = #"{"remove":{"path":"a-b","dataChange":true}}"#
    #expect(error("\(add)\n\(add)") == .malformed(.repeatedPath("a%2Db")))
    #expect(error("\(remove)\n\(remove)") == .malformed(.repeatedPath("a-b")))
    #expect(error("\(remove)\n\(add)") == .malformed(.repeatedPath("a%2Db")))
    let versions = #"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#
    #expect(error("\(versions)\n\(versions)") == .malformed(.repeatedAction("protocol")))
  }

  @Test func `mutated versions are read or refused, and what is read is written as the same actions`() throws
  {
    for seed in 0..<3_000 {
      var random = SeededRandom(seed: seed)
      var bytes = `Table versions`.full.bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = random.pick(Array("{}[]\":,\\u0an1\n".utf8))
      }
      do throws(TableLogError) {
        let version = try TableVersion(reading: bytes)
        #expect(try TableVersion(reading: version.bytes) == version, "seed \(seed)")
      } catch { continue }
    }
  }
}
