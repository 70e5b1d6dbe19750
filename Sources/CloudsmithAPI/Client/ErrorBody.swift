internal import Platform

/// The body of an answer that refuses: `{"detail": …}`, with `fields` when members were invalid (422).
struct ErrorBody: Decodable {
  private var detail: String?
  private var fields: [String: [String]]

  private enum CodingKeys: CodingKey { case detail, fields }

  /// `fields` in an unexpected form does not hide `detail`.
  init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    self.detail = try members.decodeIfPresent(String.self, forKey: .detail)
    do {
      self.fields = try members.decodeIfPresent([String: [String]].self, forKey: .fields) ?? [:]
    } catch is DecodingError {
      self.fields = [:]
    }
  }

  /// nil when the body is anything else, as from a proxy or a content network, or longer than 64 KiB.
  init?(_ body: [UInt8]) {
    guard body.count <= 65_536 else { return nil }
    do {
      self = try JSONDecoder().decode(ErrorBody.self, from: Data(body))
    } catch {
      return nil
    }
  }

  /// `Invalid input. page_size: A valid integer is required.`
  var text: String? {
    let faults = fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.joined(separator: " "))" }
    let parts = [detail].compactMap(\.self) + faults
    return parts.isEmpty ? nil : parts.joined(separator: " ")
  }
}
