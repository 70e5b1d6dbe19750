import AuditRecord
import Synchronization

/// The prepared pieces of text that generated events are assembled from.
///
/// People and names are invented. Addresses come from the ranges for documentation (RFC 5737, RFC 3849). Members have
/// the order of the published schema and no white space, as the API writes them.
struct EventVocabulary: Sendable {
  /// What happened, and to what.
  struct ActionTemplate: Sendable {
    var isSystem: Bool
    /// From `event` to the opening quote of the time.
    var beforeTime: [UInt8]
    /// From the closing quote of the time to the opening quote of the uuid.
    var beforeUUID: [UInt8]
  }

  /// An unusual record without its time and uuid.
  struct RecordTemplate: Sendable {
    var beforeTime: [UInt8]
    var beforeUUID: [UInt8]
    var afterUUID: [UInt8]
  }

  /// The members up to `context`, for a person or service at one address.
  let actors: [[UInt8]]
  /// The same for actions of Cloudsmith itself.
  let system: [UInt8]
  let actions: [ActionTemplate]
  let unusual: [RecordTemplate]

  static let end = Array("\"}".utf8)
  static let ordinaryPerUnusual = 32

  /// The vocabulary of a log. It is prepared once, because a simulation makes thousands of emulators.
  static func shared(for log: LogName) -> EventVocabulary {
    prepared.withLock { prepared in
      let vocabulary = prepared[log] ?? EventVocabulary(log: log)
      prepared[log] = vocabulary
      return vocabulary
    }
  }

  private static let prepared = Mutex<[LogName: EventVocabulary]>([:])

  private init(log: LogName) {
    var random = SplitMix64(seed: 0x6163_6D65)
    self.actors = EventVocabulary.actors(&random)
    self.system = Array(
      """
      {"actor":null,"actor_ip_address":null,"actor_kind":"system","actor_location":null,\
      "actor_slug_perm":null,"actor_url":null,"context":"",
      """.utf8)
    self.actions = EventVocabulary.actions(log, &random)
    self.unusual = UnusualRecords.templates(log)
  }

  private static func actors(_ random: inout SplitMix64) -> [[UInt8]] {
    var actors: [[UInt8]] = []
    for slug in people + services {
      let kind = services.contains(slug) ? "service_account" : "user"
      let slugPerm = slugPerm(&random)
      for _ in 0..<12 {
        actors.append(
          Array(
            """
            {"actor":"\(slug)","actor_ip_address":"\(address(&random))","actor_kind":"\(kind)",\
            "actor_location":\(random.pick(places)),"actor_slug_perm":"\(slugPerm)",\
            "actor_url":"https://api.cloudsmith.io/v1/users/profile/\(slug)/","context":"",
            """.utf8))
      }
    }
    return actors
  }

  private static func actions(_ log: LogName, _ random: inout SplitMix64) -> [ActionTemplate] {
    var actions: [ActionTemplate] = []
    let organizationPerm = slugPerm(&random)
    for kind in eventKinds {
      for _ in 0..<32 {
        let objectPerm = slugPerm(&random)
        let object =
          switch kind.object {
          case "user": random.pick(people)
          case "organization": log.organization.description
          case "repository": random.pick(repositories)
          case "package": "\(random.pick(packages))-\(random.below(20)).\(random.below(30)).tar.gz"
          default: objectPerm
          }
        let target =
          log.repository == nil
          ? """
          "target":"\(log.organization)","target_kind":"namespace","target_slug_perm":"\(organizationPerm)",
          """ : ""
        actions.append(
          ActionTemplate(
            isSystem: kind.bySystem,
            beforeTime: Array("\"event\":\"\(kind.event)\",\"event_at\":\"".utf8),
            beforeUUID: Array(
              """
              ","object":"\(object)","object_kind":"\(kind.object)","object_slug_perm":"\(objectPerm)",\
              \(target)"uuid":"
              """.utf8)))
      }
    }
    return actions
  }

  /// A permanent slug of Cloudsmith: twelve letters and digits.
  private static func slugPerm(_ random: inout SplitMix64) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    return String((0..<12).map { _ in random.pick(alphabet) })
  }

  private static func address(_ random: inout SplitMix64) -> String {
    switch random.below(4) {
    case 0: "192.0.2.\(1 + random.below(254))"
    case 1: "198.51.100.\(1 + random.below(254))"
    case 2: "203.0.113.\(1 + random.below(254))"
    default:
      "2001:db8:\(String(random.below(0xFFFF), radix: 16)):\(String(1 + random.below(0xFFFE), radix: 16))::"
        + String(1 + random.below(0xFFFE), radix: 16)
    }
  }
}

/// The words of generated events. The values of `event` occur in real logs.
extension EventVocabulary {
  static let people = [
    "ada-quill", "ben-harrow", "carla-oduya", "dmitri-vale", "elif-sandoz", "farah-lindqvist", "gus-tanaka",
    "hana-brisk", "ivo-marchetti", "june-okafor", "kasper-dunn", "lena-roth", "milo-achterberg", "nadia-west",
    "oskar-finch", "priya-holm", "quentin-mbeki", "rosa-keller", "sami-laine", "tove-garrick",
  ]

  static let services = ["ci-deploy", "nightly-build", "release-bot", "terraform", "mirror-sync"]

  static let repositories = ["platform", "platform-dev", "mobile", "data-tools", "third-party", "sandbox"]

  static let packages = ["libparse", "webfront", "orders-api", "ledger", "ingest", "auth-proxy", "charts"]

  /// Places in the form of `actor_location`, with coordinates as text of six decimals.
  static let places = [
    place("Belfast", "Europe", "United Kingdom", "GB", "BT1", "54.539600", "-5.975000"),
    place("Lisbon", "Europe", "Portugal", "PT", "1100-148", "38.722252", "-9.139337"),
    place("Tallinn", "Europe", "Estonia", "EE", "10111", "59.437000", "24.753500"),
    place("São Paulo", "South America", "Brazil", "BR", "01000-000", "-23.550520", "-46.633308"),
    place("Zürich", "Europe", "Switzerland", "CH", "8001", "47.376900", "8.541700"),
    place("Portland", "North America", "United States", "US", "97204", "45.520200", "-122.674200"),
    place("Nairobi", "Africa", "Kenya", "KE", nil, "-1.286400", "36.817200"),
    place("大阪市", "Asia", "Japan", "JP", "530-0001", "34.693700", "135.502300"),
    place("Wellington", "Oceania", "New Zealand", "NZ", "6011", "-41.286500", "174.776200"),
    place("Reykjavík", "Europe", "Iceland", "IS", "101", "64.135480", "-21.895410"),
    place(nil, "North America", "Canada", "CA", nil, "43.631900", "-79.371600"),
    place("Montréal", "North America", "Canada", "CA", "H2Y", "45.501700", "-73.567300"),
  ]

  struct EventKind {
    var event: String
    var object: String
    var bySystem = false
  }

  static let eventKinds = [
    EventKind(event: "action.login", object: "user"),
    EventKind(event: "action.login", object: "user"),
    EventKind(event: "action.login", object: "user"),
    EventKind(event: "read.package_downloaded", object: "package"),
    EventKind(event: "create.package_created", object: "package"),
    EventKind(event: "delete.package_deleted", object: "package"),
    EventKind(event: "create.entitlement_created", object: "repository_token"),
    EventKind(event: "update.entitlement_refreshed", object: "repository_token", bySystem: true),
    EventKind(event: "create.repository_gpg_key_created", object: "repository_gpg_key"),
    EventKind(event: "create.repository_created", object: "repository"),
    EventKind(event: "delete.repository_deleted", object: "repository"),
    EventKind(event: "update.repository_retention_updated", object: "repository", bySystem: true),
    EventKind(event: "update.scim_blocked", object: "organization"),
    EventKind(event: "update.package_vulnerability_policy_updated", object: "organization"),
    EventKind(event: "update.api_key_refreshed", object: "user", bySystem: true),
    EventKind(event: "delete.service", object: "service"),
  ]

  private static func place(
    _ city: String?, _ continent: String, _ country: String, _ code: String, _ postalCode: String?,
    _ latitude: String, _ longitude: String
  ) -> String {
    let quoted = { (text: String?) in text.map { "\"\($0)\"" } ?? "null" }
    return """
      {"city":\(quoted(city)),"continent":"\(continent)","country":"\(country)","country_code":"\(code)",\
      "latitude":"\(latitude)","longitude":"\(longitude)","postal_code":\(quoted(postalCode))}
      """
  }
}
