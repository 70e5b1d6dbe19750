"""The software bill of materials of the container image, in SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/)."""

import hashlib
import json
import pathlib
import re
import urllib.parse
import uuid

import debian
import swift_packages

NAME = "cloudsmith-audit-export"
BORINGSSL = r"revision (\w+)", "google/boringssl", "Apache-2.0"
# The C libraries that Swift packages contain a copy of: the package, a file that names the version, a pattern for it, the library's
# repository on GitHub, and its license.
COPIES = (
    ("swift-crypto", "Sources/CCryptoBoringSSL/hash.txt", *BORINGSSL),
    ("swift-nio-ssl", "Sources/CNIOBoringSSL/hash.txt", *BORINGSSL),
    ("swift-nio", "Sources/CNIOLLHTTP/include/c_nio_llhttp.h",
     r"VERSION_MAJOR (\d+)\n.*VERSION_MINOR (\d+)\n.*VERSION_PATCH (\d+)", "nodejs/llhttp", "MIT"),
    ("swift-nio-extras", "Sources/CNIOExtrasZlib/include/nioextras-zlib.h", r'ZLIB_VERSION "([^"]+)"', "madler/zlib", "Zlib"),
)


class Document:
    """Packages and relationships, in the order in which they are added."""

    def __init__(self):
        self.packages, self.relationships = [], []

    def add(self, identifier: str, name: str, version: str, purpose: str, license: str = "NOASSERTION", **more) -> str:
        identifier = "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", identifier)
        purl = more.pop("purl", None)
        if purl:
            more["externalRefs"] = [
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]
        self.packages.append({
            "SPDXID": identifier, "name": name, "versionInfo": version, "primaryPackagePurpose": purpose,
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": license, "copyrightText": "NOASSERTION", **more})
        return identifier

    def relate(self, element: str, kind: str, related: str):
        self.relationships.append({"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": related})


def debian_purl(package: debian.Package) -> str:
    system = debian.release()
    query = f"arch={package.field('Architecture')}&distro={system['ID']}-{system['VERSION_ID']}"
    return f"pkg:deb/{system['ID']}/{package.name}@{urllib.parse.quote(package.version, safe='')}?{query}"


def describe(
    program: bytes, version: str, commit: str, architecture: str, created: str, swift: str,
    packages: list[swift_packages.SwiftPackage], checkouts: pathlib.Path, linked: set[debian.Package], others: set[debian.Package],
) -> bytes:
    """The document. `swift` is the version of Swift, whose libraries are linked in. `linked` are the packages of the
    distribution whose libraries the program loads, and `others` the rest of those in the image."""
    document = Document()
    image = document.add("image", f"{NAME}-image", version, "CONTAINER")
    document.relate("SPDXRef-DOCUMENT", "DESCRIBES", image)
    application = document.add(
        "program", NAME, version, "APPLICATION", "Apache-2.0", purl=f"pkg:generic/{NAME}@{version}",
        sourceInfo=f"built from commit {commit}",
        checksums=[{"algorithm": "SHA256", "checksumValue": hashlib.sha256(program).hexdigest()}])
    document.relate(image, "CONTAINS", application)
    compiler = document.add(
        "swift", "swift", swift, "LIBRARY", "Apache-2.0 WITH Swift-exception",
        purl=f"pkg:github/swiftlang/swift@swift-{swift}-RELEASE",
        comment="the standard library, the concurrency library and Foundation Essentials")
    document.relate(application, "DEPENDS_ON", compiler)
    for package in packages:
        license = checkouts / package.name / "LICENSE.txt"
        apache = license.exists() and "Apache License" in license.read_text()[:200]
        address = package.location.removeprefix("https://")
        identifier = document.add(
            f"swift-{package.name}", package.name, package.version, "LIBRARY", "Apache-2.0" if apache else "NOASSERTION",
            purl=f"pkg:swift/{address}@{package.version}", downloadLocation=f"git+{package.location}@{package.version}",
            sourceInfo=f"revision {package.revision}")
        document.relate(application, "DEPENDS_ON", identifier)
        for owner, path, pattern, repository, terms in COPIES:
            file = checkouts / package.name / path
            if owner != package.name or not file.exists():
                continue
            found = re.search(pattern, file.read_text())
            if not found:
                raise SystemExit(f"error: {file} names no version of {repository}")
            name, copied = repository.split("/")[1], ".".join(found.groups())
            copy = document.add(f"{owner}-{name}", name, copied, "LIBRARY", terms, purl=f"pkg:github/{repository}@{copied}")
            document.relate(identifier, "CONTAINS", copy)
    for package in sorted(linked | others):
        identifier = document.add(
            f"deb-{package.name}", package.name, package.version, "LIBRARY" if package in linked else "OTHER",
            purl=debian_purl(package), licenseComments=f"see /usr/share/doc/{package.name}/copyright in the image",
            sourceInfo=f"built from the source package {package.source} of {debian.release()['NAME']}")
        document.relate(image, "CONTAINS", identifier)
        if package in linked:
            document.relate(application, "DYNAMIC_LINK", identifier)
    body = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{NAME}-{version}-{architecture}",
        "creationInfo": {"created": created, "creators": [f"Tool: Scripts/release of {NAME}"]},
        "packages": document.packages, "relationships": document.relationships,
    }
    # The same contents have the same name.
    name = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(body))
    return (json.dumps({**body, "documentNamespace": f"urn:uuid:{name}"}, indent=1) + "\n").encode()
