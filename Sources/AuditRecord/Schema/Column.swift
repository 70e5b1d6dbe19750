/// The columns of schema `audit-log-1`, in the order in which every file has them.
///
/// The JSON path of a column is its name; the columns `actor_location_…` are members of the object `actor_location`.
package enum Column: Int, CaseIterable, Sendable {
  case uuid, eventAt, event, context
  case actor, actorKind, actorSlugPerm, actorURL, actorIPAddress
  case actorLocationContinent, actorLocationCountry, actorLocationCountryCode
  case actorLocationCity, actorLocationPostalCode, actorLocationLatitude, actorLocationLongitude
  case object, objectKind, objectSlugPerm
  case target, targetKind, targetSlugPerm
  case additionalFields

  /// The type of a column's values. The raw value is its name in the output of `schema`.
  package enum Kind: String, Sendable {
    /// UTF-8 text.
    case string
    /// UTC, microseconds.
    case timestamp
    /// IEEE 754 binary64, always finite.
    case float64
  }

  /// The name of the schema, which every manifest and Parquet file records.
  package static let schemaName = "audit-log-1"

  /// The name in every file, such as `event_at`.
  package var name: String { Column.names[rawValue] }

  package var kind: Kind {
    switch self {
    case .eventAt: .timestamp
    case .actorLocationLatitude, .actorLocationLongitude: .float64
    default: .string
    }
  }

  /// Whether the column never holds NULL: `uuid` and `event_at`.
  package var isRequired: Bool { self == .uuid || self == .eventAt }

  /// The column with this name; nil if there is none.
  package init?(name: String) {
    guard let index = Column.names.firstIndex(of: name) else { return nil }
    self.init(rawValue: index)
  }

  private static let names = [
    "uuid", "event_at", "event", "context",
    "actor", "actor_kind", "actor_slug_perm", "actor_url", "actor_ip_address",
    "actor_location_continent", "actor_location_country", "actor_location_country_code",
    "actor_location_city", "actor_location_postal_code",
    "actor_location_latitude", "actor_location_longitude",
    "object", "object_kind", "object_slug_perm",
    "target", "target_kind", "target_slug_perm",
    "additional_fields",
  ]
}

/// The twenty text columns, in file order. The raw value is the index into a row's cells of a `RowBatch`.
package enum TextColumn: Int, CaseIterable, Sendable {
  case uuid, event, context
  case actor, actorKind, actorSlugPerm, actorURL, actorIPAddress
  case actorLocationContinent, actorLocationCountry, actorLocationCountryCode
  case actorLocationCity, actorLocationPostalCode
  case object, objectKind, objectSlugPerm
  case target, targetKind, targetSlugPerm
  case additionalFields

  /// The number of text columns, which is the number of cells per row of a `RowBatch`.
  package static let count = 20
}
