// The operating system, on every platform that this package builds for. A file that needs the C library, the essentials of
// Foundation or the calls in CPlatform imports this module and nothing else.
//
// It takes FoundationEssentials where there is one: all of Foundation would link ICU and triple the size of the program.
// It must never import anything that pulls in FoundationInternationalization.

@_exported public import CPlatform

#if canImport(FoundationEssentials)
  @_exported public import FoundationEssentials
#else
  @_exported public import Foundation
#endif

#if canImport(Glibc)
  @_exported public import Glibc
#elseif canImport(Musl)
  @_exported public import Musl
#elseif canImport(Darwin)
  @_exported public import Darwin
#endif
