import AuditRecord
import Platform

/// Reads small text files, pipes and stdin, up to a limit.
package enum SmallFile {
  /// The default limit in bytes, far above the size of any key, certificate or ini file.
  package static let limit = 256 << 10

  /// The text of a file.
  ///
  /// - Parameter contents: What the file contains, for messages.
  /// - Throws: A usage failure if the file cannot be read, is too large, or is not UTF-8.
  package static func text(of path: String, contents: String) throws(Failure) -> String {
    try text(of: path, subject: subject(path, contents))
  }

  /// The text of a file.
  ///
  /// - Parameter subject: How messages name the file, at the beginning of a sentence.
  /// - Throws: As above.
  package static func text(of path: String, subject: String) throws(Failure) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(subject, String(cString: strerror(errno))) }
    defer { close(descriptor) }
    return try read(descriptor, subject) { unreadable(subject, $0) }
  }

  private static func subject(_ path: String, _ contents: String) -> String {
    "The file \(quoted(path)) with \(contents)"
  }

  /// The text of a file. nil if the file does not exist.
  ///
  /// - Parameter limit: Bytes.
  package static func textIfThere(of path: String, contents: String, limit: Int) throws(Failure) -> String? {
    let subject = subject(path, contents)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw unreadable(subject, String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    return try read(descriptor, subject, limit: limit) { unreadable(subject, $0) }
  }

  /// Whether a path names an existing folder.
  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The text on stdin. It is read once and kept.
  ///
  /// - Throws: A usage failure if stdin is a terminal or cannot be read.
  package static func standardInput(contents: String) throws(Failure) -> String {
    guard isatty(STDIN_FILENO) == 0 else {
      throw .usage(
        "stdin is a terminal, which would show \(contents). Pipe it in, or pass a file.")
    }
    return try piped.get()
  }

  private static let piped = Result { () throws(Failure) in
    try read(STDIN_FILENO, "The input on stdin") { cause in
      .usage("stdin cannot be read (\(cause)). Pipe the text in, or pass a file.")
    }
  }

  private static func read(
    _ descriptor: Int32, _ subject: String, limit: Int = limit, failure: (String) -> Failure
  ) throws(Failure) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count <= limit {
      let count = chunk.withUnsafeMutableBytes { systemRead(descriptor, $0) }
      guard count >= 0 else { throw failure(String(cString: strerror(errno))) }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    guard bytes.count <= limit else {
      throw .usage("\(subject) is larger than \(limit >> 10) KiB, so it is probably the wrong file.")
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw failure("it is UTF-16 text, as saved by some Windows programs, not UTF-8")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("it is not UTF-8 text") }
    return text
  }

  private static func unreadable(_ subject: String, _ cause: String) -> Failure {
    .usage(
      "\(subject) cannot be read (\(cause)). Check that it exists, is text, and that this user may read it.")
  }
}

/// read(2), repeated if a signal interrupts it.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
  while true {
    let count = read(descriptor, buffer.baseAddress, buffer.count)
    if count >= 0 || errno != EINTR { return count }
  }
}
