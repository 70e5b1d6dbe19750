import Platform

/// The JSON Schema of job files, generated from the table of settings.
package enum JobSchema {
  /// The schema as JSON.
  package static var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(document), as: UTF8.self)
    } catch {
      fatalError("cannot encode the schema as JSON: \(error)")
    }
  }

  private static var document: Schema {
    let settings = Dictionary(
      uniqueKeysWithValues: Settings.ofJobFile.flatMap { setting in
        setting.jobNames.map { ($0, property(setting, isFormer: $0 != setting.name)) }
      })
    var log = Schema(
      type: "object", description: "One log. Its settings take precedence over those for all logs.")
    log.properties = settings.filter { !Settings.ofWholeJob.contains($0.key) }.merging([
      Settings.log.name: Schema(
        type: "string", description: "\(Settings.log.help) Expected: \(Settings.log.expected).",
        pattern: "^[-a-zA-Z0-9_.]+(/[-a-zA-Z0-9_.]+)?$")
    ]) { $1 }
    log.required = [Settings.log.name]
    log.additionalProperties = false
    log.not = onlyOneKey

    var document = Schema(
      type: "object",
      description: "The logs that cloudsmith-audit-export --config exports, with their settings.")
    document.schema = "https://json-schema.org/draft/2020-12/schema"
    document.title = "Job file of cloudsmith-audit-export"
    document.properties = settings.merging([
      "logs": Schema(
        type: "array", description: "The logs, in the order in which they are exported.", minItems: 1,
        items: [log])
    ]) { $1 }
    document.required = ["logs"]
    document.additionalProperties = false
    document.not = onlyOneKey
    return document
  }

  private static let onlyOneKey = [
    Schema(required: [Settings.apiKeyFile.name, Settings.apiKeyVariable.name])
  ]

  private static func property(_ setting: any SettingDefinition, isFormer: Bool) -> Schema {
    var schema =
      switch setting.jobForm {
      case .text?, .path?, nil: Schema(type: "string", minLength: 1)
      case .boolean?: Schema(type: "boolean")
      case .integer(let range)?:
        Schema(type: "integer", minimum: range.lowerBound, maximum: range.upperBound)
      case .choice(let words)?: Schema(type: "string", enumeration: words)
      case .number(let words)?:
        Schema(oneOf: [
          Schema(type: "number", exclusiveMinimum: 0), Schema(type: "string", enumeration: words),
        ])
      case .list(let words)?:
        Schema(oneOf: [
          Schema(
            type: "string",
            pattern: "^(\(words.joined(separator: "|")))(,(\(words.joined(separator: "|"))))*$"),
          Schema(
            type: "array", minItems: 1, uniqueItems: true, items: [Schema(type: "string", enumeration: words)]
          ),
        ])
      case .mapping(let words)?:
        Schema(oneOf: [Schema(type: "string", minLength: 1), Schema(words)])
      }
    schema.description =
      "\(setting.help) Expected: \(setting.expected)."
      + (setting.defaultText.map { " Default: \($0)." } ?? "")
    if isFormer {
      schema.description = "Former name of \(setting.name)."
      schema.deprecated = true
    }
    return schema
  }

  /// The keywords of JSON Schema that are used. An array of one element stands for a nested schema, because a struct cannot contain
  /// itself.
  private struct Schema: Encodable {
    var schema: String?
    var title: String?
    var type: String?
    var description: String?
    var pattern: String?
    var enumeration: [String]?
    var minLength: Int?
    var minimum: Int?
    var maximum: Int?
    var exclusiveMinimum: Int?
    var minItems: Int?
    var uniqueItems: Bool?
    var items: [Schema]?
    var oneOf: [Schema]?
    var not: [Schema]?
    var minProperties: Int?
    var properties: [String: Schema]?
    var required: [String]?
    var additionalProperties: Bool?
    var deprecated: Bool?

    init(
      type: String? = nil, description: String? = nil, pattern: String? = nil, enumeration: [String]? = nil,
      minLength: Int? = nil, minimum: Int? = nil, maximum: Int? = nil, exclusiveMinimum: Int? = nil,
      minItems: Int? = nil, uniqueItems: Bool? = nil, items: [Schema]? = nil, oneOf: [Schema]? = nil,
      required: [String]? = nil
    ) {
      self.type = type
      self.description = description
      self.pattern = pattern
      self.enumeration = enumeration
      self.minLength = minLength
      self.minimum = minimum
      self.maximum = maximum
      self.exclusiveMinimum = exclusiveMinimum
      self.minItems = minItems
      self.uniqueItems = uniqueItems
      self.items = items
      self.oneOf = oneOf
      self.required = required
    }

    /// A mapping with at least one of these keys, each with one of its words.
    init(_ words: [String: [String]]) {
      self.init(type: "object")
      minProperties = 1
      properties = words.mapValues { Schema(type: "string", enumeration: $0) }
      additionalProperties = false
    }

    private enum CodingKeys: String, CodingKey {
      case schema = "$schema"
      case enumeration = "enum"
      case title, type, description, pattern, minLength, minimum, maximum, exclusiveMinimum
      case minItems, uniqueItems, items, oneOf, not, minProperties, properties, required,
        additionalProperties, deprecated
    }

    func encode(to encoder: any Encoder) throws {
      var members = encoder.container(keyedBy: CodingKeys.self)
      try members.encodeIfPresent(schema, forKey: .schema)
      try members.encodeIfPresent(title, forKey: .title)
      try members.encodeIfPresent(type, forKey: .type)
      try members.encodeIfPresent(description, forKey: .description)
      try members.encodeIfPresent(pattern, forKey: .pattern)
      try members.encodeIfPresent(enumeration, forKey: .enumeration)
      try members.encodeIfPresent(minLength, forKey: .minLength)
      try members.encodeIfPresent(minimum, forKey: .minimum)
      try members.encodeIfPresent(maximum, forKey: .maximum)
      try members.encodeIfPresent(exclusiveMinimum, forKey: .exclusiveMinimum)
      try members.encodeIfPresent(minItems, forKey: .minItems)
      try members.encodeIfPresent(uniqueItems, forKey: .uniqueItems)
      try members.encodeIfPresent(items?.first, forKey: .items)
      try members.encodeIfPresent(oneOf, forKey: .oneOf)
      try members.encodeIfPresent(not?.first, forKey: .not)
      try members.encodeIfPresent(minProperties, forKey: .minProperties)
      try members.encodeIfPresent(properties, forKey: .properties)
      try members.encodeIfPresent(required, forKey: .required)
      try members.encodeIfPresent(additionalProperties, forKey: .additionalProperties)
      try members.encodeIfPresent(deprecated, forKey: .deprecated)
    }
  }
}
