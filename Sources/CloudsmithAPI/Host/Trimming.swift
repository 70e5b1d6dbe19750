extension StringProtocol where SubSequence == Substring {
  /// Without the characters at both ends that satisfy `predicate`.
  func trimming(while predicate: (Character) -> Bool) -> Substring {
    var rest = drop(while: predicate)
    while let last = rest.last, predicate(last) { rest.removeLast() }
    return rest
  }
}
