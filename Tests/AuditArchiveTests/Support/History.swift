import AuditArchive
import AuditRecord
import Crypto

/// Six commits with something of everything: days, an empty one, a revision, late rows, a gap and its closing,
/// quarantine, an emptied day, nothing at all.
func writeHistory(
  _ folder: String, _ source: ArchiveSource = acme,
  settings: WriterSettings = WriterSettings(toolVersion: "1.0.0"),
  fileSystem: any FileSystem = PosixFileSystem()
) async throws {
  try await withWriter(folder, source, settings: settings, fileSystem: fileSystem) { writer in
    try await writer.commit(["2024-02-12": events("2024-02-12", 7)], at: "2024-02-13T00:10:00Z")
    try await writer.commit(
      ["2024-02-13": [], "2024-02-15": events("2024-02-15", 4)], at: "2024-02-16T00:10:00Z",
      quarantine: [record("\"a\""), record("[1]"), record("\"a\"")])
  }
  try await withWriter(folder, source, settings: settings, fileSystem: fileSystem) { writer in
    try await writer.commit(["2024-02-12": events("2024-02-12", 9), "2024-02-14": events("2024-02-14", 1)])
    try await writer.commit(
      ["2024-02-15": events("2024-02-15", 4)], quarantine: [record("[1]"), record("[2]")])
    try await writer.commit(["2024-02-14": []])
    try await writer.commit([:])
  }
}

func record(_ json: String) -> QuarantinedRecord {
  QuarantinedRecord(reason: .notAnObject, json: Array(json.utf8))
}

func sha256(_ bytes: some Sequence<UInt8>) -> String {
  SHA256.hash(data: Array(bytes)).map { byte in
    let text = String(byte, radix: 16)
    return text.count == 1 ? "0\(text)" : text
  }.joined()
}
