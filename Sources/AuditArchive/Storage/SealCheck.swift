import AuditRecord
import Crypto

extension ArchiveStorage {
  /// Whether a sealed file is, byte for byte, the one that was put there; nil when it is.
  func damage(to file: some SealedFile) throws(ArchiveError) -> Damage? {
    if let damage = Damage(to: try stored(entry(file.path)), bytes: file.bytes) { return damage }
    let size = file.bytes
    var hash = SHA256()
    var offset = 0
    while offset < size {
      let bytes = try stored(read(file.path, at: offset, count: 1 << 20))
      guard !bytes.isEmpty else { return .size(expected: file.bytes, found: offset) }
      hash.update(bytes)
      offset += bytes.count
    }
    let found = hash.finalize().hex
    return found == file.sha256 ? nil : .altered(expected: file.sha256, found: found)
  }
}

/// A file that the state names with its size and hash.
protocol SealedFile {
  var path: String { get }
  var bytes: Int { get }
  var sha256: String { get }
}

extension PartFile: SealedFile {}
extension QuarantineFile: SealedFile {}

/// In lower-case hex.
func sha256Hex(_ bytes: some Collection<UInt8>) -> String {
  var hash = SHA256()
  hash.update(Array(bytes))
  return hash.finalize().hex
}

extension SHA256 {
  fileprivate mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update(bufferPointer: $0) }
  }
}
