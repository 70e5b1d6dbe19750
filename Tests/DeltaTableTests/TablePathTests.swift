import DeltaTable
import TestSupport
import Testing

@Suite struct `Table paths` {
  @Test func `paths of parts stay as they are`() {
    let path =
      "organization=acme/repository=my-repo_1.0/event_date=2024-02-12/part-00000.r0003-9bb6196f.parquet"
    #expect(TablePath.encode(path) == path)
    #expect(TablePath.decode(path) == path)
  }

  @Test func `every character that RFC 2396 excludes from a path becomes its bytes`() {
    #expect(TablePath.encode(" %?#[]<>\"{}|\\^`:") == "%20%25%3F%23%5B%5D%3C%3E%22%7B%7D%7C%5C%5E%60%3A")
    #expect(TablePath.encode("é😀\n") == "%C3%A9%F0%9F%98%80%0A")
    #expect(TablePath.encode("-_.!~*'();/@&=+$,") == "-_.!~*'();/@&=+$,")
  }

  @Test func `decoding reverses encoding for every byte, and takes either case of digits`() {
    for value in 0...0x2FF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let path = "a\(scalar)=b/\(scalar)"
      #expect(TablePath.decode(TablePath.encode(path)) == path)
    }
    #expect(TablePath.decode("a%3db%3Dc") == "a=b=c")
    #expect(TablePath.decode("a%2520b") == "a%20b")
    #expect(TablePath.decode("a+b") == "a+b")
  }

  @Test func `a percent sign without two digits stays, and bytes that are not UTF-8 are no path`() {
    for path in ["%", "a%", "a%2", "a%zz", "%-1"] { #expect(TablePath.decode(path) == path) }
    #expect(TablePath.decode("%FF") == nil)
    #expect(TablePath.decode("%C3") == nil)
  }
}
