import AuditRecord
import ObjectStoreFakes
import TestSupport
import Testing

@testable import ObjectStore

@Suite struct XMLReplyTests {
  private func read(_ text: String, _ limits: XMLLimits = XMLLimits()) throws(XMLError) -> XMLElement {
    try XMLElement(document: Array(text.utf8), limits: limits)
  }

  private func reason(_ text: String, _ limits: XMLLimits = XMLLimits()) -> XMLError.Reason? {
    do throws(XMLError) {
      _ = try read(text, limits)
      return nil
    } catch {
      return error.reason
    }
  }

  @Test func `elements, entities, CDATA and references are read, comments and prefixes are ignored`() throws {
    let root = try read(
      """
      \u{FEFF}<?xml version="1.0"?><!-- a -->
      <s:R xmlns:s="x" b='>"'>
        <A>&lt;&amp;&gt;&quot;&apos;&#65;&#x1F600;<![CDATA[<&]]>é</A><B/><A></A> <C><D>x</D> </C>
      </s:R>
      """)
    #expect(root.name == "R" && root.text.isEmpty)
    #expect(root.all("A").map(\.text) == ["<&>\"'A😀<&é", ""])
    #expect(root["B"]?.text == "" && root["C"]?["D"]?.text == "x" && root["E"] == nil)
  }

  @Test(arguments: [
    ("", XMLError.Reason.root), (" ", .root), ("a", .root), ("<a/><b/>", .root), ("<a/>b", .root),
    ("<a>", .cut), ("<a", .cut), ("<a b", .syntax), ("<a b=", .cut), ("<a b='", .cut), ("<!--", .cut),
    ("<a><![CDATA[", .cut), ("<a></b>", .mismatch), ("</a>", .mismatch), ("<a></a b>", .syntax),
    ("<a b=c/>", .syntax), ("<a b/>", .syntax), ("<1/>", .syntax), ("<a b='<'/>", .syntax),
    ("< a/>", .syntax),
    ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", .documentType), ("<a><!ELEMENT b></a>", .documentType),
    ("<a>&b;</a>", .reference), ("<a>&</a>", .reference), ("<a>&amp</a>", .reference),
    ("<a>&#0;</a>", .reference),
    ("<a>&#xD800;</a>", .reference), ("<a>&#x110000;</a>", .reference), ("<a>&#+65;</a>", .reference),
    ("<a>&#99999999999;</a>", .reference), ("<a>\u{1}</a>", .character),
  ])
  func `a document that is not well-formed is refused with its reason`(
    text: String, expected: XMLError.Reason
  ) {
    #expect(reason(text) == expected, "\(text)")
  }

  @Test func `size, depth and number of elements are limited, and bytes must be UTF-8`() {
    let deep = { (count: Int) in
      String(repeating: "<a>", count: count) + String(repeating: "</a>", count: count)
    }
    #expect(reason(deep(16)) == nil && reason(deep(17)) == .tooDeep && reason(deep(100_000)) == .tooDeep)
    let wide = { (count: Int) in "<a>" + String(repeating: "<b/>", count: count) + "</a>" }
    #expect(reason(wide(49_999)) == nil && reason(wide(50_000)) == .tooMany)
    #expect(reason(wide(3), XMLLimits(size: 10)) == .tooLarge)
    #expect(throws: XMLError(reason: .notUTF8, offset: 4)) {
      try XMLElement(document: Array("<a>".utf8) + [0xFF] + Array("</a>".utf8))
    }
  }

  private static let replies = [
    """
    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>\
    <IsTruncated>true</IsTruncated><NextContinuationToken>a=</NextContinuationToken><Contents>\
    <Key>p/a%3D1+2%2B%C3%A9</Key><Size>12</Size><ETag>&quot;x&quot;</ETag></Contents><Contents><Key>p/folder/</Key>\
    <Size>0</Size></Contents><CommonPrefixes><Prefix>p/b%20/</Prefix></CommonPrefixes></ListBucketResult>
    """,
    """
    <ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>u</UploadId><Initiated>2024-02-12T10:30:45.000Z\
    </Initiated></Upload><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>\
    <NextUploadIdMarker>u</NextUploadIdMarker></ListMultipartUploadsResult>
    """,
    "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
    "<CompleteMultipartUploadResult><ETag>&#34;e&#34;</ETag></CompleteMultipartUploadResult>",
    """
    <Error><Code>RequestTimeTooSkewed</Code><Message>m</Message><ServerTime>2024-02-12T10:30:45Z</ServerTime>\
    <Region>eu-west-1</Region><RequestId>r</RequestId></Error>
    """,
    """
    <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>\
    <AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>\
    <Expiration>2024-02-12T10:30:45Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
    """,
  ].map { Array($0.utf8) }

  @Test func `each reply is read in the form that stores write`() throws {
    let page = try ObjectPage(Self.replies[0])
    #expect(page.objects == [ListedObject(key: "p/a=1 2+é", size: 12, etag: "\"x\"")])
    #expect(page.prefixes == ["p/b /"] && page.continuation == "a=")
    let uploads = try UploadPage(Self.replies[1])
    #expect(
      uploads.uploads == [
        MultipartUpload(key: "k", id: "u", initiated: Timestamp(rfc3339: "2024-02-12T10:30:45Z"))
      ])
    #expect(uploads.next == UploadPage.Marker(key: "k", id: "u"))
    #expect(try XMLReply.uploadID(Self.replies[2]) == "u")
    #expect(try XMLReply.completed(Self.replies[3]) == "\"e\"")
    let error = try #require(ErrorReply(Self.replies[4]))
    #expect(error.code == "RequestTimeTooSkewed" && error.region == "eu-west-1" && error.requestID == "r")
    #expect(error.serverTime == Timestamp(rfc3339: "2024-02-12T10:30:45Z"))
    let role = try XMLReply.assumedRole(Self.replies[5], action: "AssumeRole", source: "role")
    #expect(role.accessKeyID == "A" && role.secretAccessKey == "S" && role.sessionToken == "T")
  }

  @Test(arguments: [
    "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
    "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
    "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    "<ListBucketResult><IsTruncated>yes</IsTruncated></ListBucketResult>",
    "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%</Key><Size>1</Size></Contents></ListBucketResult>",
    "<html/>",
  ])
  func `an incomplete listing is refused, never shortened`(text: String) {
    #expect(throws: MalformedReply.self) { try ObjectPage(Array(text.utf8)) }
  }

  @Test func `damaged bytes give a reply or an error, never a crash`() throws {
    let tokens = [
      "<", ">", "</", "/>", "<![CDATA[", "]]>", "<!--", "-->", "<?", "?>", "&#", "&#x", "&amp;", "&", ";",
      "<!DOCTYPE a>",
      "<a>", "</a>", "<Key>", "%", "+", "'", "=",
    ].map { Array($0.utf8) }
    let mutator = Mutator(corpus: Self.replies, tokens: tokens, longest: 1 << 14)
    var accepted = 0
    for seed in 1...20_000 {
      var random = SeededRandom(seed: seed)
      let mutant = mutator.mutant(&random)
      do throws(XMLError) {
        _ = try XMLElement(document: mutant)
        accepted += 1
      } catch {
        #expect((0...mutant.count).contains(error.offset), "seed \(seed)")
      }
      _ = ErrorReply(mutant)
      func tried(_ body: () throws(MalformedReply) -> Void) {
        do throws(MalformedReply) {
          try body()
        } catch {
          #expect(error.description.utf8.count < 300, "seed \(seed)")
        }
      }
      tried { () throws(MalformedReply) in _ = try ObjectPage(mutant) }
      tried { () throws(MalformedReply) in _ = try UploadPage(mutant) }
      tried { () throws(MalformedReply) in _ = try XMLReply.completed(mutant) }
      tried { () throws(MalformedReply) in
        _ = try XMLReply.assumedRole(mutant, action: "AssumeRole", source: "")
      }
    }
    #expect(accepted > 1_000)
  }
}
