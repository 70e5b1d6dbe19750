import AuditRecord

/// The command that fetches a window anew, to be pasted.
struct ReplaceCommand {
  let log: LogName
  let archive: String

  /// `cloudsmith-audit-export export -o acme --archive /srv/audit --from 2024-02-12 --to 2024-02-14 --replace`
  func text(from: some CustomStringConvertible, to: some CustomStringConvertible) -> String {
    "cloudsmith-audit-export export -o \(log) --archive \(shell(archive)) --from \(from) --to \(to) --replace"
  }

  /// One for each run of days that follow one another.
  func texts(_ days: some Sequence<Day>) -> [String] {
    var runs: [(first: Day, last: Day)] = []
    for day in Set(days).sorted() {
      if let run = runs.last, run.last.next == day {
        runs[runs.count - 1].last = day
      } else {
        runs.append((day, day))
      }
    }
    return runs.map { text(from: $0.first, to: $0.last.next) }
  }

  /// A word as a shell reads it.
  private func shell(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "-"):
        true
      default: false
      }
    }
    return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
