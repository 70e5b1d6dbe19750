package import AuditArchive
import AuditExport
package import AuditRecord
package import CloudsmithAPI
package import ExportConfiguration

/// What a person reads when something did not go as planned: what, on what, why, what to do; and the exit status.
package struct Messages {
  package let log: LogName
  package let archive: String
  /// Where the key came from, such as `CLOUDSMITH_API_KEY`.
  package var keySource: String
  /// The service account whose token is asked for by the identity token from `keySource`; nil: it is an API key.
  package var service: Slug?
  /// How long the API keeps events, as it is set.
  package var retention: TimeSpan
  /// The export as a command, to be run again; empty for other commands.
  package var command: String

  package init(
    log: LogName, archive: String, keySource: String = "the key", service: Slug? = nil,
    retention: TimeSpan = ExportSettings.Default.retention, command: String = ""
  ) {
    self.log = log
    self.archive = archive
    self.keySource = keySource
    self.service = service
    self.retention = retention
    self.command = command
  }

  // MARK: - The API

  package func failure(_ error: APIError) -> Failure {
    switch error {
    case .keyRefused(let answer) where answer.status == 403:
      Failure(
        status: .keyRefused,
        sentence: """
          The API knows the key from \(keySource) but does not let it read the audit log of '\(log)' (403\(said(answer))): \
          the account needs to be a Manager or Owner of the organisation (Admin of the repository for its log); \
          ask one for that role, or use a key of an account that has it.
          """)
    case .keyRefused(let answer) where service != nil:
      Failure(
        status: .keyRefused,
        sentence: """
          The API gave no token of the service account '\(service?.description ?? "")' for the identity token in \(keySource), or refused \
          that token, for '\(log)' (\(answer.status)\(said(answer))): the identity token may have expired, its issuer or claims may \
          not be those of the organisation's OIDC settings, or the slug is wrong (CLOUDSMITH_SERVICE_SLUG); run again with a new one.
          """)
    case .keyRefused(let answer):
      Failure(
        status: .keyRefused,
        sentence: """
          The API refused the key from \(keySource) for '\(log)' (\(answer.status)\(said(answer))): it is mistyped, expired \
          or revoked, or its account has no access; check that it was copied whole and without blanks, or create a new one \
          under API Settings of a Cloudsmith account that is a Manager or Owner.
          """)
    case .notFound(let answer):
      Failure(
        status: .notFound,
        sentence: """
          The API has no \(log.repository == nil ? "organisation" : "repository") '\(log)' that this key can see \
          (404\(said(answer))): give the slug as in the URL (lower case with hyphens, such as my-org), check it for typos, \
          and that it was not deleted or archived and the account is a member.
          """)
    case .planWithoutAuditLog(let answer):
      Failure(
        status: .planWithoutAuditLog,
        sentence: """
          The plan of '\(log.organization)' has no audit log (402\(said(answer))): it comes with the plans that include audit \
          logs; ask Cloudsmith to activate it.
          """)
    case .requestRefused(let answer):
      Failure(
        status: .failed,
        sentence: """
          The API refused the request for the audit log of '\(log)' (\(answer.status)\(said(answer))), and would refuse it \
          again: check --organization and --api-host; if they are right, this program and the API do not understand each \
          other, please report it\(answer.requestID.map { " with request \($0)" } ?? "").
          """)
    case .unavailable(let fault, let tries):
      Failure(
        status: .unavailable,
        sentence: """
          The API gave no usable answer to the request for the audit log of '\(log)' in \
          \(tries) \(tries == 1 ? "try" : "tries"); the last: \(words(for: fault)). What is complete is kept; run again.
          """)
    case .waitTooLong(let refusal):
      Failure(
        status: .incomplete,
        sentence: """
          The API asks to wait \(refusal.asked), longer than --max-wait allows (\(refusal.limit)): its rate limit is \
          used up or very small. Others may share the key: use a key of its own for this job. What was fetched is kept; run \
          again when the limit has been reset.
          """)
    case .unsafe(.certificate(let problem)):
      Failure(status: .failed, sentence: sentence(on: problem))
    case .unsafe(let hazard):
      Failure(
        status: .failed,
        sentence: "Refused for safety while reading the audit log of '\(log)': \(words(for: hazard)).")
    case .cancelled:
      Failure(
        status: .interrupted, sentence: "Interrupted; all that was complete is kept. Run again to go on.")
    }
  }

  private func said(_ answer: Answer) -> String {
    answer.detail.map { ": \"\($0)\"" } ?? ""
  }

  package func words(for fault: Fault) -> String {
    switch fault {
    case .status(let answer) where answer.status == 429:
      """
      too many requests (429\(said(answer))); perhaps others share the key: use a key of its own, or wait for \
      the limit to be reset
      """
    case .status(let answer): "status \(answer.status)\(said(answer))"
    case .transport(let fault): "\(fault)"
    case .page(let error):
      "an answer that is no page of events: \(error.reason.rawValue), at byte \(error.offset)"
    case .wrongPage(let asked, let answered): "page \(answered) where page \(asked) was asked for"
    }
  }

  private func words(for hazard: Hazard) -> String {
    switch hazard {
    case .redirect(let host):
      "the API redirects to \(quoted(host)), another host, and the key is not sent there; if that is the right one, give it as --api-host"
    case .tooManyRedirects: "the API redirects again and again; check --api-host"
    case .certificate(let problem): "\(problem)"
    case .bodyTooLarge(let limit):
      "an answer larger than \(limit) bytes, also with fewer events: check --api-host and --proxy"
    case .inflation(let ratio):
      """
      a compressed answer that grows more than \(ratio) times, also with fewer events: check --api-host and --proxy
      """
    case .proxy(let why):
      "the proxy refuses (\(why)); check --proxy or HTTPS_PROXY and its user name and password"
    }
  }

  // MARK: - The archive

  package var noArchive: Failure {
    Failure(
      status: .noArchive,
      sentence: """
        No archive of '\(log)' in \(quoted(archive)): check --archive and --organization, or make one with \
        cloudsmith-audit-export export.
        """)
  }

  /// An archive that has to be there is not.
  ///
  /// - Parameter source: where it is said that it has to be.
  package func notExisting(_ source: SettingSource) -> Failure {
    Failure(
      status: .noArchive,
      sentence: """
        No archive of '\(log)' in \(quoted(archive)), and \(source) keeps a run from making one: check --archive and \
        --organization, and that the volume is mounted. To create a new archive there, run once with --no-existing, and with \
        --backfill-start-time if no start is set.
        """)
  }

  package var newArchive: String {
    "a new archive of '\(log)' is made in \(quoted(archive)), where there was none"
  }

  /// A failure of a run that leaves no archive behind: the next run knows nothing of this one, not even where it was to begin.
  package func uncommitted(_ failure: Failure) -> Failure {
    switch failure.status {
    case .interrupted:
      Failure(
        status: .interrupted,
        sentence:
          "Interrupted before anything was committed. To begin again, run the whole command: \(command)")
    case .unavailable, .incomplete, .storage:
      Failure(
        status: failure.status,
        sentence: "\(failure.sentence) Nothing is committed yet, so run the whole command again: \(command)")
    case .done, .failed, .damaged, .quarantined, .noArchive, .locked, .keyRefused, .notFound,
      .planWithoutAuditLog, .usage:
      failure
    }
  }

  package func failure(_ error: ArchiveError) -> Failure {
    switch error {
    case .storage(let failure): self.failure(failure)
    case .locked(let holder):
      Failure(
        status: .locked,
        sentence: """
          Another run holds the archive \(quoted(archive)) for '\(log)'\(holder.map { " (\($0))" } ?? ""): let it finish, \
          then run again.
          """)
    case .outrun: outrun("\(error)")
    case .leaseLost(let path):
      Failure(
        status: .locked,
        sentence: """
          The lock of the archive \(quoted(archive)) for '\(log)' was taken away: \(path) was removed or replaced while this run held \
          it, so that another run may be at work. Nothing more was committed, and what was committed before is kept. Leave that file \
          alone, it ends with its run, and run again.
          """)
    case .lostAfterCommit:
      Failure(
        status: .damaged,
        sentence: """
          The archive \(quoted(archive)) is damaged: \(error). See what else deletes files there, or whether its disk fails; then \
          restore the file, or fetch its day anew with export and --replace.
          """)
    case .otherSpelling(let found, let asked):
      Failure(
        status: .usage,
        sentence: """
          The archive \(quoted(archive)) holds the log of '\(found)', and '\(asked)' was asked for: on that disk, which does not \
          tell upper from lower case, both have the same folders. Give the name as the archive has it: --organization \(found).
          """)
    case .otherKind:
      Failure(
        status: .usage, sentence: "In \(quoted(archive)) \(error): give another folder with --archive.")
    case .otherSource:
      Failure(
        status: .usage,
        sentence: """
          In \(quoted(archive)) \(error): one archive has one host and one query; give the same again (--api-host, --query), or \
          another folder with --archive.
          """)
    case .laterCommit(let asked, let newest):
      Failure(
        status: .usage,
        sentence: """
          --since \(asked): the archive \(quoted(archive)) has no such commit of '\(log)' yet, the newest is \(newest). Was the \
          archive made anew, or the number taken from another? Then load everything, with --since 0.
          """)
    case .newerFormat:
      Failure(
        status: .failed,
        sentence: "In \(quoted(archive)) \(error): install a newer cloudsmith-audit-export.")
    case .stateMissing:
      Failure(status: .damaged, sentence: "In \(quoted(archive)) \(error).")
    case .missingCommits, .olderState:
      Failure(
        status: .damaged,
        sentence: """
          The archive \(quoted(archive)) is not whole: \(error). Nothing in it was changed. Its state, _manifest/\(log)/, is an older \
          copy, or was restored in part: restore all of it from the newest copy. Where those commits are lost, see \
          "Going on without commits that are lost" in Format.md.
          """)
    case .otherCommit(let asked, _):
      Failure(
        status: .usage,
        sentence: """
          --since \(asked): the archive \(quoted(archive)) has another commit of that number than the one that was loaded \
          (--commit-sha256): its history was rewritten, as by a restore of an older copy. Load everything, with --since 0.
          """)
    case .damaged:
      Failure(
        status: .damaged,
        sentence: """
          The archive \(quoted(archive)) is damaged: \(error). Nothing in it was changed; cloudsmith-audit-export verify tells \
          all that is wrong. Restore what is missing or altered from a copy.
          """)
    case .misordered, .outsideDay, .invalidCommit:
      Failure(status: .failed, sentence: "A fault of this program, please report it: \(error)")
    }
  }

  /// That the API will not keep for long what the archive lacks.
  package func loss(_ loss: (lacking: Timestamp, lostAt: Timestamp)) -> String {
    """
    the archive lacks events from \(loss.lacking) on, which Cloudsmith keeps until \(loss.lostAt) (--retention): run again \
    before then, until there is no gap.
    """
  }

  /// - Parameter lead: of this machine's clock; below zero where it is behind.
  package func clock(_ lead: TimeSpan) -> String {
    let difference = "\(lead.rough) \(lead > .zero ? "ahead of" : "behind")"
    return "this machine's clock is \(difference) the API's; the run follows the API's clock."
  }

  /// The API's answers have no `Date`.
  package static let clockUntold = """
    the API does not tell the time, so this machine's clock decides what has settled; make sure that it is right.
    """

  /// No event is visible, and nothing shows that the account may read the log.
  package static let nothingVisible = """
    the API shows no event at all, so nothing is claimed as covered. Either nothing has happened yet, or the key's account \
    may not read the audit log (it takes a Manager or Owner), or audit logging is off.
    """

  package func inFuture(_ time: Timestamp, now: Timestamp) -> Failure {
    .usage(
      "The time \(time) lies in the future: it is \(now) by the API's clock. Give a time that has passed.")
  }

  /// - Parameter untold: of a run that was killed.
  package func quarantined(_ records: Int, untold: Int) -> Failure {
    let earlier = untold == 0 ? "" : ", \(untold) of them by a run that was killed before it could tell"
    return Failure(
      status: .quarantined,
      sentence: """
        \(records + untold) records that could not be read went to quarantine/ in the archive \(quoted(archive))\(earlier); all \
        others are archived. Look at them there; they are not stored again.
        """)
  }

  /// Files that the manifest names and that are missing or altered, told one by one.
  package func damagedFiles(_ files: [Finding], _ manifest: Manifest?, now: Timestamp) -> Failure {
    let names = files.prefix(3).map(\.description).joined(separator: ", ") + (files.count > 3 ? ", …" : "")
    let window = files.compactMap(\.replacement).first
    let cure = window.map {
      """
      , or fetch what Cloudsmith still shows of it anew (records of quarantine that it no longer shows are then given up): \
      \(replaceCommand(manifest, now).text($0))
      """
    }
    return Failure(
      status: .damaged,
      sentence: """
        The archive \(quoted(archive)) is damaged: \(names). Restore what is missing or altered from a copy\(cure ?? ".")
        """)
  }

  /// After a run that met days it could not read.
  package func damagedDays(_ days: [Day], _ manifest: Manifest?, now: Timestamp) -> Failure {
    let names = days.prefix(10).map(\.description).joined(separator: ", ") + (days.count > 10 ? ", …" : "")
    let commands = replaceCommand(manifest, now).texts(days)
    let cure =
      commands.isEmpty
      ? "" : ": " + commands.prefix(3).joined(separator: "; ") + (commands.count > 3 ? "; …" : "")
    return Failure(
      status: .damaged,
      sentence: """
        The archive \(quoted(archive)) is damaged\(days.isEmpty ? "" : " in \(names)"): files that the manifest names are \
        missing or altered; those days were left as they are, the rest is done. cloudsmith-audit-export verify tells all that is \
        wrong. Restore the files from a copy, or fetch each \
        whole day anew, if Cloudsmith still keeps it\(cure.isEmpty ? "." : cure)
        """)
  }

  private func replaceCommand(_ manifest: Manifest?, _ now: Timestamp) -> ReplaceCommand {
    ReplaceCommand(
      log: log, archive: archive, source: manifest?.source, formats: manifest?.partitions.newestFormats ?? [],
      retention: retention, now: now)
  }

  package func incomplete(_ doubt: IncompleteReason) -> Failure {
    let advice =
      switch doubt {
      case .vanished:
        """
        Events received were archived, and nothing new is claimed as covered. Check that the key's account may still read the \
        audit log (Manager or Owner) and that audit logging is on; if the search index is being rebuilt, run again later. If the \
        events are gone for good, accept that with --from, --to and --replace.
        """
      case .replacementUncounted:
        """
        Nothing was changed: events that the answers leave out cannot be told from events that are gone. To drop the rows all the \
        same, add --allow-mass-removal.
        """
      case .replacementTooLarge:
        """
        Nothing was changed. Check that the key's account may still read the whole audit log; to drop the rows all the same, \
        add --allow-mass-removal.
        """
      case .overlap, .uncounted, .headDiffers, .endedEarly, .shrinkingEnd, .listShrank, .unconfirmedEnd,
        .roundCount, .refused, .short, .outrun,
        .pageSizeChanged, .unreconciled, .filterFailed:
        "All events received are kept, and only what was proven is claimed as covered. Run again."
      }
    return Failure(
      status: .incomplete,
      sentence: "The audit log of '\(log)' could not be shown to be complete: \(words(for: doubt)). \(advice)"
    )
  }

  /// What was found of the API's time filter.
  package func sentence(on finding: TimeFilterFinding) -> String {
    let words =
      switch finding {
      case .counts: "counts what the list has"
      case .ignored: "has no effect"
      case .refused: "is refused"
      case .differs: "counts other events than the list has"
      }
    return "the API's time filter \(words); a run uses it only where the API refuses pages far down the list"
  }

  package func words(for doubt: IncompleteReason) -> String {
    switch doubt {
    case .overlap(let page, let expected?, let found):
      "page \(page) repeats \(found) events of the pages before it where the list grew by \(expected)"
    case .overlap(let page, nil, let found):
      "page \(page) repeats \(found) events of the pages before it and the API does not say how the list grew"
    case .uncounted(let page, let missing) where missing > 0:
      "by its place in the list, page \(page) has \(missing) more events above it than were received"
    case .uncounted(let page, let missing):
      "by its place in the list, page \(page) has \(-missing) fewer events above it than were received"
    case .headDiffers(let missing):
      "the first page, read again, does not account for \(missing) events that later pages show to be there"
    case .endedEarly(let page): "the list ended before page \(page), which had been announced"
    case .shrinkingEnd(let before?, let now?):
      "the list ends at \(now) events, and counted \(before) a moment ago"
    case .shrinkingEnd: "the list ends above events that it showed a moment ago"
    case .listShrank(let before, let now):
      "the list counts \(now) events, and counted \(before) a moment ago"
    case .unconfirmedEnd(let page):
      "the list ends after page \(page), which is full, and the API does not say how many events there are"
    case .roundCount(let count):
      "the list ends at exactly \(count) events, where it may have been cut"
    case .refused(let page): "the API refuses page \(page) and those after it"
    case .short(let page, let expected, let found):
      "page \(page) has \(found) events where its own count and size say \(expected)"
    case .outrun(let page):
      "the list grows as fast as it is read: up to page \(page) nothing older came into sight"
    case .pageSizeChanged(let before, let now):
      "the page size changed from \(before) to \(now) while the list was read"
    case .unreconciled(let expected?, let found):
      "the API counts \(expected) events in a list, and showed \(found)"
    case .unreconciled(nil, let found):
      "the API showed \(found) events in a list, and does not say how many there are"
    case .filterFailed: "the API's time filter is refused, or its answers contradict each other"
    case .vanished(let missing, let all):
      "of \(all) archived events that were looked for, the API no longer shows \(missing)"
    case .replacementTooLarge(let dropped, let all):
      "the API no longer shows \(dropped) of the \(all) events that the archive holds of the window"
    case .replacementUncounted(let dropped):
      "the API did not show \(dropped) events that the archive holds, and does not say how many there are"
    }
  }
}
