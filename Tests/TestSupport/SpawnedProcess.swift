import Foundation

/// A process that `posix_spawn` has started, with the read ends of its stdout and stderr.
///
/// Foundation's `Process` is not used: it traps instead of throwing in a process with more than some 1,350 open files.
struct SpawnedProcess {
  let id: pid_t
  /// Owned by the caller, like `log`.
  let output: Int32
  let log: Int32

  /// - Throws: `CommandNotStarted`.
  init(_ command: Command) throws {
    func check(_ code: Int32) throws {
      if code != 0 { throw CommandNotStarted(program: command.program, code: code) }
    }
    func checkErrno(_ result: Int32) throws { try check(result == -1 ? errno : 0) }

    var toClose: [Int32] = []
    var toCloseOnError: [Int32] = []
    var isStarted = false
    defer { for descriptor in toClose + (isStarted ? [] : toCloseOnError) { close(descriptor) } }

    let input = SpawnedProcess.openInput(command.input)
    try checkErrno(input)
    toClose.append(input)
    func pipeEnds() throws -> (read: Int32, write: Int32) {
      var ends: [Int32] = [-1, -1]
      try checkErrno(pipe(&ends))
      toCloseOnError.append(ends[0])
      toClose.append(ends[1])
      return (ends[0], ends[1])
    }
    let (output, log) = (try pipeEnds(), try pipeEnds())

    var actions = SpawnedProcess.noActions
    try check(posix_spawn_file_actions_init(&actions))
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (own, child) in [(input, 0), (output.write, 1), (log.write, 2)] as [(Int32, Int32)] {
      try check(posix_spawn_file_actions_adddup2(&actions, own, child))
    }
    try check(SpawnedProcess.addCloseFrom3(&actions))
    if let folder = command.folder { try check(SpawnedProcess.addChangeFolder(&actions, folder)) }

    var attributes = SpawnedProcess.noAttributes
    try check(posix_spawnattr_init(&attributes))
    defer { posix_spawnattr_destroy(&attributes) }
    // A test may ignore or block signals. The program must not inherit that.
    var signals = sigset_t()
    sigemptyset(&signals)
    try check(posix_spawnattr_setsigmask(&attributes, &signals))
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2] {
      sigaddset(&signals, signal)
    }
    try check(posix_spawnattr_setsigdefault(&attributes, &signals))
    try check(posix_spawnattr_setpgroup(&attributes, 0))
    try check(posix_spawnattr_setflags(&attributes, SpawnedProcess.flags))

    let environment = command.environment ?? ProcessInfo.processInfo.environment
    var arguments = ([command.program] + command.arguments).map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var id: pid_t = 0
    try check(posix_spawnp(&id, command.program, &actions, &attributes, &arguments, &variables))
    isStarted = true
    self.id = id
    (self.output, self.log) = (output.read, log.read)
  }

  /// A file without a name, so that no writer can block and no SIGPIPE can arise; -1 with `errno` on failure.
  private static func openInput(_ bytes: [UInt8]) -> Int32 {
    guard !bytes.isEmpty else { return open("/dev/null", O_RDONLY) }
    var path = Array("\(NSTemporaryDirectory())input-XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    guard descriptor >= 0 else { return -1 }
    unlink(path)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let code = errno
        close(descriptor)
        errno = code
        return -1
      }
      rest = rest.dropFirst(count)
    }
    lseek(descriptor, 0, SEEK_SET)
    return descriptor
  }

  #if canImport(Darwin)
    private static var noActions: posix_spawn_file_actions_t? { nil }
    private static var noAttributes: posix_spawnattr_t? { nil }
    private static let flags = Int16(
      POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_CLOEXEC_DEFAULT)

    /// `POSIX_SPAWN_CLOEXEC_DEFAULT` does it.
    private static func addCloseFrom3(_ actions: inout posix_spawn_file_actions_t?) -> Int32 { 0 }

    private static func addChangeFolder(_ actions: inout posix_spawn_file_actions_t?, _ folder: String)
      -> Int32
    {
      posix_spawn_file_actions_addchdir(&actions, folder)
    }
  #else
    private static var noActions: posix_spawn_file_actions_t { posix_spawn_file_actions_t() }
    private static var noAttributes: posix_spawnattr_t { posix_spawnattr_t() }
    private static let flags = Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)

    private typealias CloseFrom =
      @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    private typealias ChangeFolder =
      @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32

    /// Closes everything but stdin, stdout and stderr. A program that inherited the pipe of another would keep it open.
    ///
    /// Swift does not import this GNU function (glibc 2.34).
    private static func addCloseFrom3(_ actions: inout posix_spawn_file_actions_t) -> Int32 {
      guard let function = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return ENOSYS }
      return unsafeBitCast(function, to: CloseFrom.self)(&actions, 3)
    }

    /// Swift does not import this GNU function (glibc 2.29).
    private static func addChangeFolder(_ actions: inout posix_spawn_file_actions_t, _ folder: String)
      -> Int32
    {
      guard let function = dlsym(nil, "posix_spawn_file_actions_addchdir_np") else { return ENOSYS }
      return unsafeBitCast(function, to: ChangeFolder.self)(&actions, folder)
    }
  #endif
}
