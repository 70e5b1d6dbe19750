/// A log's commit records from the newest back to the first, each proven by the hash that its follower gives of it.
struct CommitChain {
  private let opening: Opening
  /// Of the next record that `next` returns; 0 after the first of all. `sha256` is what its follower says that it has.
  private var number: Int
  private(set) var sha256: String?

  init(_ opening: Opening, from manifest: Manifest) {
    self.opening = opening
    self.number = manifest.commit
    self.sha256 = manifest.commitSHA256
  }

  /// nil after the first of all. Throws `.brokenChain` where a record is missing or is not the one that was followed.
  mutating func next() async throws(ArchiveError) -> Commit? {
    guard number > 0 else { return nil }
    let path = opening.paths.commit(number)
    guard let (commit, found) = try await opening.commit(number) else {
      throw .damaged(Finding(.brokenChain(.absent(upTo: number)), at: path, commit: number))
    }
    guard found == sha256 else {
      let flaw = Flaw.brokenChain(.altered(expected: sha256 ?? "null", found: found))
      throw .damaged(Finding(flaw, at: path, commit: number))
    }
    guard commit.commit == number else {
      let flaw = Flaw.brokenChain(.otherNumber(expected: number, found: commit.commit))
      throw .damaged(Finding(flaw, at: path, commit: number))
    }
    number -= 1
    sha256 = commit.previousCommitSHA256
    return commit
  }
}
