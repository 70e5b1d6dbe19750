import Testing

@testable import BucketArchive

@Suite struct BucketAddressTests {
  @Test(arguments: [
    ("s3://my-bucket", "my-bucket", ""), ("s3://my-bucket/", "my-bucket", ""),
    ("s3://my-bucket/audit", "my-bucket", "audit"), ("s3://my-bucket/a/b c/é+%/", "my-bucket", "a/b c/é+%"),
  ]) func `an address has a bucket and a prefix without slashes at its ends`(
    text: String, bucket: String, prefix: String
  ) throws {
    let address = try BucketAddress(text)
    #expect(address.bucket == bucket && address.prefix == prefix)
    // One spelling for each place.
    #expect(try BucketAddress(address.description) == address)
  }

  @Test(arguments: [
    ("s3:/my-bucket/audit", BucketAddressError.form), ("s3://", .form), ("S3://my-bucket", .form),
    ("s3:///audit", .form), ("s3://b/a?x", .query), ("s3://b/a#x", .query), ("s3://key:secret@b/a", .host),
    ("s3://b:9000/a", .host), ("s3://b//a", .segment), ("s3://b/./a", .segment), ("s3://b/a/..", .segment),
    ("s3://b/a\u{7f}", .segment), ("s3://b/" + String(repeating: "x", count: 601), .long),
  ]) func `other texts are refused, and no message repeats a secret`(
    text: String, expected: BucketAddressError
  ) throws {
    let error = try #require(throws: BucketAddressError.self) { try BucketAddress(text) }
    #expect(error == expected)
    #expect(!"\(error)".contains("secret"))
  }
}
