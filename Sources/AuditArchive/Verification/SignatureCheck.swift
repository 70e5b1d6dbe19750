/// Checks that every commit record, from one of them on, has a signature by a key.
struct SignatureCheck {
  private let storage: any ArchiveStorage
  private var paths: ArchivePaths { storage.paths }
  private let key: VerificationKey
  private let first: Int

  private(set) var findings: [Finding] = []
  /// How many records are signed by the key, of those that there are.
  private(set) var count = VerificationReport.Count()

  /// `first`: the first commit that has to be signed.
  init(storage: any ArchiveStorage, key: VerificationKey, from first: Int) {
    self.storage = storage
    self.key = key
    self.first = first
  }

  /// `record`: the bytes of the record's file.
  mutating func check(_ record: [UInt8], of number: Int) async {
    guard number >= first else { return }
    let flaw = await flaw(of: record, number)
    count.add(flaw == nil)
    if let flaw { findings.append(Finding(flaw, at: paths.commit(number), commit: number)) }
  }

  private func flaw(of record: [UInt8], _ number: Int) async -> Flaw? {
    do {
      let signature = try await storage.read(paths.signature(number))?.bytes
      return switch CommitSignature.verify(record, signature: signature, key: key) {
      case .good: nil
      case .unsigned: .unsigned
      case .bad: .badSignature
      }
    } catch {
      return .unreadable(error)
    }
  }
}
