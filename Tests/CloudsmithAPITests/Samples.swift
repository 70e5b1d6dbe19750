import AuditRecord
import CloudsmithAPI

enum Sample {
  static let keyText = "0123456789abcdef-the-secret-key"
  static let key = try! APIKey(keyText)
  static let log = LogName("acme")!
  static let record =
    #"{"uuid":"a","event_at":"2024-02-12T10:30:45.123456Z","event":"action.login","context":""}"#
  static let page = "[\(record)]"
  static let origin = APIHost.cloudsmith.origin

  static func request(_ target: String = "/v1/audit-log/acme/?page=1&page_size=500") -> APIRequest {
    APIRequest(origin: origin, target: target, key: key)
  }

  /// Everything Swift can make of a value in text.
  static func everyText(of value: Any) -> String {
    var dumped = ""
    dump(value, to: &dumped)
    return "\(value)" + String(reflecting: value) + String(describing: value) + dumped
  }
}
