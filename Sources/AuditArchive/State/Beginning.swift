/// What a log's first commit is about to put in its place: written before the first file gets there, deleted after
/// the commit.
///
/// Where there is no commit at all, nothing but this tells the leftovers of a first run that died from an archive
/// whose state was taken away. Only what it names may be deleted then.
struct Beginning: Codable {
  var format = ArchiveJSON.format
  /// Sorted.
  var files: [String]

  init(files: [String]) {
    self.files = files.sorted()
  }
}
