import AuditArchive
import AuditRecord
import CloudsmithAPI

/// Looks at an archive's folder as a run will find it, and leaves it as it is.
struct ArchiveCheck {
  /// nil when no archive was named.
  let archive: ArchiveLocation?
  let log: LogName
  let host: APIHost
  /// Where it is said that the archive has to be there already.
  let existing: SettingSource?
  let words: Words

  func lines() async -> [CheckLine] {
    guard let location = archive else {
      return CheckLine.Subject.ofArchive.map {
        CheckLine(subject: $0, finding: .open("no --archive was given"))
      }
    }
    let archive = Archive(location, log: log)
    var largestDay = 0
    return [
      CheckLine(subject: .archive, finding: await state(archive, &largestDay)),
      CheckLine(subject: .archiveWritable, finding: await writing(archive)),
      CheckLine(subject: .lock, finding: await lock(archive)),
      CheckLine(subject: .diskSpace, finding: await space(archive, largestDay: largestDay)),
    ]
  }

  private func state(_ archive: Archive, _ largestDay: inout Int) async -> CheckLine.Finding {
    do {
      guard let (manifest, damaged) = try await archive.inspect() else {
        if let existing { return .bad(words.notExisting(existing)) }
        return .good("none of '\(log)' in \(quoted(words.archive)) yet: the first export makes it")
      }
      largestDay =
        manifest.partitions.map { $0.files.reduce(0) { $0 + $1.uncompressedBytes } }.max() ?? 0
      guard manifest.source.apiHost == host.description else {
        let asked = ArchiveSource(apiHost: host.description, log: log, query: manifest.source.query)
        return .bad(words.failure(.otherSource(found: manifest.source, asked: asked)))
      }
      let now = SystemClock().now
      guard damaged.isEmpty else { return .bad(words.damagedFiles(damaged, manifest, now: now)) }
      let lag = (now - manifest.highWaterMark).rough
      let gaps = manifest.gaps.count
      return .good(
        """
        commit \(manifest.commit), high-water mark \(manifest.highWaterMark) (\(lag) ago), \
        \(gaps == 0 ? "no gaps" : gaps == 1 ? "1 gap" : "\(gaps) gaps")
        """)
    } catch {
      return .bad(words.failure(error))
    }
  }

  private func writing(_ archive: Archive) async -> CheckLine.Finding {
    do {
      let trial = try await archive.tryWriting()
      let made =
        trial.folder == words.archive
        ? "files and folders were made in \(quoted(words.archive)), moved and removed"
        : "it would be made in \(quoted(trial.folder)), where files were made, moved and removed"
      return .good(made + (trial.lacksDurableNames ? "; \(Words.lacksDurableNames)" : ""))
    } catch {
      return .bad(words.notWritable(error))
    }
  }

  private func lock(_ archive: Archive) async -> CheckLine.Finding {
    do {
      switch try await archive.leaseState() {
      case .free, .never: return .good("no run holds it")
      case .held(let holder): return .bad(words.failure(.locked(holder)))
      }
    } catch {
      return .bad(words.failure(error))
    }
  }

  /// Room for a day like the largest, staged beside what is there, and for what goes with it.
  private func space(_ archive: Archive, largestDay: Int) async -> CheckLine.Finding {
    let needed = ArchiveCheck.leastSpace + 2 * largestDay
    do {
      guard let space = try await archive.space() else { return .good("there is no end to it") }
      guard space.free >= needed, space.freeFiles != 0 else {
        return .bad(words.fullDisk(space, needed: needed))
      }
      return .good("\(space.free.asBytes) are free")
    } catch {
      return .bad(words.notWritable(error))
    }
  }

  private static let leastSpace = 64 << 20
}
