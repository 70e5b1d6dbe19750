/// The words of made-up events. Kinds and verbs of `event` are such as real logs show.
extension EventVocabulary {
  static let people = [
    "ada-quill", "ben-harrow", "carla-oduya", "dmitri-vale", "elif-sandoz", "farah-lindqvist", "gus-tanaka",
    "hana-brisk", "ivo-marchetti", "june-okafor", "kasper-dunn", "lena-roth", "milo-achterberg", "nadia-west",
    "oskar-finch", "priya-holm", "quentin-mbeki", "rosa-keller", "sami-laine", "tove-garrick",
  ]

  static let services = ["ci-deploy", "nightly-build", "release-bot", "terraform", "mirror-sync"]

  static let repositories = ["platform", "platform-dev", "mobile", "data-tools", "third-party", "sandbox"]

  static let packages = ["libparse", "webfront", "orders-api", "ledger", "ingest", "auth-proxy", "charts"]

  /// Places as `actor_location` gives them: all members, coordinates as text with six decimals.
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

  struct Happening {
    var event: String
    var object: String
    var bySystem = false
  }

  static let happenings = [
    Happening(event: "action.login", object: "user"),
    Happening(event: "action.login", object: "user"),
    Happening(event: "action.login", object: "user"),
    Happening(event: "read.package_downloaded", object: "package"),
    Happening(event: "create.package_created", object: "package"),
    Happening(event: "delete.package_deleted", object: "package"),
    Happening(event: "create.entitlement_created", object: "repository_token"),
    Happening(event: "update.entitlement_refreshed", object: "repository_token", bySystem: true),
    Happening(event: "create.repository_gpg_key_created", object: "repository_gpg_key"),
    Happening(event: "create.repository_created", object: "repository"),
    Happening(event: "delete.repository_deleted", object: "repository"),
    Happening(event: "update.repository_retention_updated", object: "repository", bySystem: true),
    Happening(event: "update.scim_blocked", object: "organization"),
    Happening(event: "update.package_vulnerability_policy_updated", object: "organization"),
    Happening(event: "update.api_key_refreshed", object: "user", bySystem: true),
    Happening(event: "delete.service", object: "service"),
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
