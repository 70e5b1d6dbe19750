// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Code that the tests run millions of times is optimized in debug builds too. All tests then take 452 s instead of 765.
let fast = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
  name: "cloudsmith-audit-export",
  platforms: [.macOS("26.0")],
  products: [
    .executable(name: "cloudsmith-audit-export", targets: ["cloudsmith-audit-export"]),
    .executable(name: "cloudsmith-emulator", targets: ["cloudsmith-emulator"]),
  ],
  traits: [
    .trait(name: "zstd", description: "Parquet compressed with zstd, written and read; needs libzstd-dev."),
    .trait(name: "libdeflate", description: "CSV parts compressed faster; needs libdeflate-dev."),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.90.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.30.0"),
  ],
  targets: [
    // The system's calls that Swift's C library does not show, and the commit that a release was built from.
    // (swift-system has a target CSystem, and target names are unique in the whole graph of packages.)
    .systemLibrary(name: "CPlatform"),

    // The operating system under one name: the C library, the essentials of Foundation and CPlatform, re-exported.
    .target(name: "Platform", dependencies: ["CPlatform"], swiftSettings: strict),

    // Events, times, days, columns, rows: a page's bytes in, flat rows out. No input or output.
    .target(
      name: "AuditRecord",
      dependencies: [.product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: fast),

    // zlib, from the system.
    .systemLibrary(
      name: "CZlib",
      pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),

    // zstd, from the system; only the trait of that name needs it.
    .systemLibrary(
      name: "CZstd",
      pkgConfig: "libzstd",
      providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),

    // libdeflate, from the system; only the trait of that name needs it.
    .systemLibrary(
      name: "CLibdeflate",
      pkgConfig: "libdeflate",
      providers: [.apt(["libdeflate-dev"]), .brew(["libdeflate"])]),

    // Compressed bytes: gzip, deflate and zstd, by the libraries of the system.
    .target(
      name: "Compression",
      dependencies: [
        "CZlib",
        .target(name: "CLibdeflate", condition: .when(traits: ["libdeflate"])),
        .target(name: "CZstd", condition: .when(traits: ["zstd"])),
      ],
      swiftSettings: fast),

    // Parquet files of any table: columns and trees of values to bytes and back.
    .target(name: "Parquet", dependencies: ["Compression"], swiftSettings: fast),

    // Part files: rows of the audit log to CSV and Parquet and back.
    .target(
      name: "PartitionFormats",
      dependencies: [
        "AuditRecord", "Compression", "Parquet", "Platform",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: fast),

    // The log of a Delta Lake table: versions, snapshots and checkpoints to bytes and back. No input or output.
    .target(name: "DeltaTable", dependencies: ["AuditRecord", "Parquet"], swiftSettings: fast),

    // HTTP for the API and for stores: messages, addresses, connection settings, backoff, and the transport over async-http-client.
    .target(
      name: "HTTP",
      dependencies: [
        "AuditRecord", "Compression", "Platform",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: fast),

    // Where events come from: pages of the audit log, paced, retried, in order.
    .target(name: "CloudsmithAPI", dependencies: ["AuditRecord", "HTTP", "Platform"], swiftSettings: fast),

    // Where files go: sealed parts, commits, the manifest, coverage.
    .target(
      name: "AuditArchive",
      dependencies: [
        "AuditRecord", "DeltaTable", "Parquet", "PartitionFormats", "Platform",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: fast),

    // Objects in an S3-compatible bucket: signatures, credentials, requests and what answers mean.
    .target(
      name: "ObjectStore",
      dependencies: ["AuditRecord", "HTTP", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: fast),

    // An archive in a bucket: what AuditArchive asks of a storage, done with objects.
    .target(
      name: "BucketArchive",
      dependencies: [
        "AuditArchive", "AuditRecord", "HTTP", "ObjectStore",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: fast),

    // The run: plan the windows, drive the walk, commit each day, summarise.
    .target(
      name: "AuditExport",
      dependencies: [
        "AuditRecord", "CloudsmithAPI", "AuditArchive", "HTTP",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: fast),

    // What people look at: the calendar of coverage and what is counted, for a terminal and as a page. No input or output.
    .target(
      name: "AuditReport",
      dependencies: [
        "AuditRecord", "AuditArchive", "Platform",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: fast),

    // Job files: a part of YAML that every reader understands alike. No input or output, and no ICU.
    .target(name: "StrictYAML", swiftSettings: fast),

    // Settings, and where their values come from: options, environment, job files, cloudsmith-cli's files. Exit statuses.
    .target(
      name: "ExportConfiguration",
      dependencies: [
        "AuditArchive", "AuditExport", "AuditRecord", "BucketArchive", "CloudsmithAPI", "HTTP", "ObjectStore",
        "PartitionFormats", "Platform", "StrictYAML",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),

    // The results of commands, as text and as JSON, and the messages. No input or output.
    .target(
      name: "CommandResults",
      dependencies: [
        "AuditArchive", "AuditExport", "AuditRecord", "AuditReport", "CloudsmithAPI", "ExportConfiguration",
        "HTTP", "Platform",
      ],
      swiftSettings: strict),

    // The commands.
    .executableTarget(
      name: "cloudsmith-audit-export",
      dependencies: [
        "AuditArchive", "AuditExport", "AuditRecord", "AuditReport", "CloudsmithAPI", "CommandResults",
        "ExportConfiguration", "HTTP", "Platform",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),

    // The API, offline: what the tests and the demo export from.
    .target(
      name: "CloudsmithEmulator",
      dependencies: [
        "AuditRecord", "Compression", "Platform",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: fast),

    // The emulator as a program.
    .executableTarget(
      name: "cloudsmith-emulator",
      dependencies: [
        "AuditRecord", "CloudsmithEmulator", "Platform",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    // The parts of an export, measured one by one, and archives to measure exports on: Scripts/benchmark --micro, --guard, --history.
    .executableTarget(
      name: "cloudsmith-benchmark",
      dependencies: [
        "AuditArchive", "AuditExport", "AuditRecord", "CloudsmithEmulator", "Compression",
        "PartitionFormats", "Platform",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),

    // Fakes, seeded randomness and a server of bytes that the test targets share.
    .target(
      name: "TestSupport",
      dependencies: [
        "AuditArchive", "AuditRecord", "BucketArchive", "DeltaTable", "HTTP", "ObjectStore",
        "ObjectStoreFakes",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      path: "Tests/TestSupport",
      swiftSettings: fast),

    // An object store in memory, with faults, for the tests of what uses one.
    .target(
      name: "ObjectStoreFakes",
      dependencies: [
        "AuditRecord", "HTTP", "ObjectStore", .product(name: "Crypto", package: "swift-crypto"),
      ],
      path: "Tests/ObjectStoreFakes",
      swiftSettings: fast),

    .testTarget(
      name: "AuditRecordTests", dependencies: ["AuditRecord", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "HTTPTests",
      dependencies: [
        "AuditRecord", "HTTP", "TestSupport", .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "CloudsmithAPITests",
      dependencies: ["AuditRecord", "CloudsmithAPI", "HTTP", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CompressionTests", dependencies: ["CZlib", "Compression", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "ParquetTests", dependencies: ["Compression", "Parquet", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "DeltaTableTests", dependencies: ["AuditRecord", "DeltaTable", "Parquet", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "PartitionFormatsTests",
      dependencies: [
        "AuditRecord", "Compression", "Parquet", "PartitionFormats", "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "AuditArchiveTests",
      dependencies: [
        "AuditRecord", "AuditArchive", "Compression", "DeltaTable", "ObjectStoreFakes", "PartitionFormats",
        "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "BucketArchiveTests",
      dependencies: ["AuditArchive", "AuditRecord", "BucketArchive", "ObjectStoreFakes", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ObjectStoreTests",
      dependencies: [
        "AuditRecord", "HTTP", "ObjectStore", "ObjectStoreFakes", "TestSupport",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      exclude: ["Vectors"],
      swiftSettings: fast),
    .testTarget(
      name: "AuditExportTests",
      dependencies: [
        "AuditRecord", "CloudsmithAPI", "AuditArchive", "AuditExport", "Compression",
        "CloudsmithEmulator", "HTTP", "ObjectStoreFakes", "TestSupport",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: fast),
    .testTarget(
      name: "AuditReportTests",
      dependencies: ["AuditRecord", "AuditArchive", "AuditReport", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "StrictYAMLTests", dependencies: ["StrictYAML", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "ProgramTests",
      dependencies: [
        "AuditArchive", "AuditRecord", "cloudsmith-audit-export", "cloudsmith-benchmark",
        "cloudsmith-emulator",
        "HTTP", "ObjectStore", "ObjectStoreFakes", "TestSupport",
      ], swiftSettings: strict),
    .testTarget(
      name: "CloudsmithEmulatorTests",
      dependencies: ["AuditRecord", "CloudsmithEmulator", "Compression", "TestSupport"],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
