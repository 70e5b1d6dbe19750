"""Makes the container image of a release: one archive that is both an OCI layout and what `docker load` reads, and beside it the
software bill of materials. The image is made from scratch. It contains the program, the libraries that it loads, CA certificates,
time zones, and the licenses of all of these. The same inputs give the same bytes."""

import argparse
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import posixpath
import re
import tarfile
import tempfile

import debian
import sbom
import swift_packages

NAME = sbom.NAME
USER = 65532
HOME = "/home/nonroot"
LICENSES = ("Apache-2.0 AND MIT AND Zlib AND MPL-2.0 AND LGPL-2.1-or-later AND GPL-3.0-or-later WITH GCC-exception-3.1"
            " AND Apache-2.0 WITH Swift-exception")
ACCOUNTS = {
    "passwd": f"root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:{USER}:{USER}:nonroot:{HOME}:/sbin/nologin\n",
    "group": f"root:x:0:\nnonroot:x:{USER}:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


class Tree:
    """The root file system: folders, files and links by path. Parents of a path are added with it."""

    def __init__(self, time: int):
        self.time, self.entries = time, {}

    def add(self, path: str, kind: bytes, mode: int, content: bytes = b"", target: str = "", owner: int = 0):
        path = path.strip("/")
        parent = posixpath.dirname(path)
        if parent and parent not in self.entries:
            self.folder(parent)
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode, entry.size, entry.linkname, entry.mtime = kind, mode, len(content), target, self.time
        entry.uid = entry.gid = owner
        self.entries[path] = entry, content

    def folder(self, path: str, mode: int = 0o755, owner: int = 0):
        self.add(path, tarfile.DIRTYPE, mode, owner=owner)

    def file(self, path: str, content: bytes, mode: int = 0o644):
        self.add(path, tarfile.REGTYPE, mode, content)

    def link(self, path: str, target: str):
        self.add(path, tarfile.SYMTYPE, 0o777, target=target)

    def tar(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for path in sorted(self.entries):
                entry, content = self.entries[path]
                tar.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()


def certificates(package: debian.Package) -> bytes:
    """The certificates of the package. /etc/ssl/certs also has those that were added to this machine."""
    paths = sorted(path for path in package.paths if path.startswith("/usr/share/ca-certificates/") and path.endswith(".crt"))
    if not paths:
        raise SystemExit("error: the package ca-certificates contains no certificates")
    return b"".join(package.read(path).strip() + b"\n" for path in paths)


def add_time_zones(tree: Tree, package: debian.Package):
    """Adds the time zones. posix/ has the same again, and right/ has them with leap seconds."""
    for path in package.paths:
        if not re.match(r"/usr/share/zoneinfo/(?!posix/|right/)", path):
            continue
        place = package.place(path)
        if place.is_symlink():
            # An absolute target is a setting of this machine: localtime.
            if not os.readlink(place).startswith("/"):
                tree.link(path, os.readlink(place))
        elif place.is_file():
            tree.file(path, place.read_bytes())


def root(arguments: argparse.Namespace, authorities: debian.Package, time: int, created: str) -> tuple[bytes, bytes]:
    """The root file system as a tar, and the bill of materials that it contains."""
    tree, program = Tree(time), arguments.program.read_bytes()
    for folder in ("dev", "etc", "proc", "run", "sys"):
        tree.folder(folder)
    tree.folder("tmp", 0o1777)
    tree.folder(HOME, 0o700, USER)
    tree.file(f"usr/bin/{NAME}", program, 0o755)
    linked = set()
    for path in debian.libraries(arguments.program):
        tree.file(path, pathlib.Path(path).read_bytes(), 0o755 if "/ld-" in path else 0o644)
        if package := debian.owner(path):
            linked.add(package)
    for name, text in ACCOUNTS.items():
        tree.file(f"etc/{name}", text.encode())
    tree.file("usr/lib/os-release", pathlib.Path("/etc/os-release").read_bytes())
    tree.link("etc/os-release", "../usr/lib/os-release")
    others = {debian.Package.installed(name) for name in ("tzdata", "base-files")}
    add_time_zones(tree, next(package for package in others if package.name == "tzdata"))
    tree.file("etc/ssl/certs/ca-certificates.crt", certificates(authorities))
    others.add(authorities)
    texts = set()
    for package in linked | others:
        tree.file(f"usr/share/doc/{package.name}/copyright", package.copyright)
        # Scanners read the packages of an image without dpkg here.
        tree.file(f"var/lib/dpkg/status.d/{package.name}", package.control.encode())
        texts |= set(re.findall(rb"/usr/share/common-licenses/[\w.+-]*\w", package.copyright))
    for text in sorted(text.decode() for text in texts):
        tree.file(text, pathlib.Path(text).read_bytes())
    for source in arguments.document:
        tree.file(f"usr/share/doc/{NAME}/{source.name}", source.read_bytes())

    bill = sbom.describe(
        program, arguments.version, arguments.commit, arguments.architecture, created, arguments.swift,
        swift_packages.resolved(arguments.resolved), arguments.checkouts, linked, others)
    tree.file(f"usr/share/doc/{NAME}/sbom.spdx.json", bill)
    return tree.tar(), bill


class Layout:
    """An OCI layout: a file for each path, blobs by their digest."""

    def __init__(self):
        self.files = {}

    def blob(self, kind: str, content: bytes) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    def document(self, path: str, value):
        self.files[path] = encoded(value)


def encoded(value) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def path_of(descriptor: dict) -> str:
    return "blobs/" + descriptor["digest"].replace(":", "/")


def image(layer: bytes, arguments: argparse.Namespace, created: str) -> Layout:
    labels = {
        "title": NAME, "description": "Export the audit log of a Cloudsmith organization to files", "version": arguments.version,
        "revision": arguments.commit, "created": created, "licenses": LICENSES,
        **({"source": arguments.source} if arguments.source else {})}
    labels = {f"org.opencontainers.image.{key}": value for key, value in labels.items()}
    layout = Layout()
    # The header of gzip has no time and no name.
    compressed = layout.blob("layer.v1.tar+gzip", gzip.compress(layer, arguments.level, mtime=0))
    config = layout.blob("config.v1+json", encoded({
        "created": created, "architecture": arguments.architecture, "os": "linux",
        "config": {
            "User": f"{USER}:{USER}", "Env": ["PATH=/usr/bin"], "Entrypoint": [f"/usr/bin/{NAME}"], "WorkingDir": HOME,
            "Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created": created, "created_by": "Scripts/release"}]}))
    manifest = layout.blob("manifest.v1+json", encoded({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": [compressed],
        "annotations": labels}))
    layout.document("oci-layout", {"imageLayoutVersion": "1.0.0"})
    layout.document("index.json", {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            **manifest, "annotations": {"org.opencontainers.image.ref.name": f"{NAME}:{arguments.version}"},
            "platform": {"architecture": arguments.architecture, "os": "linux"}}]})
    # What docker load reads.
    layout.document("manifest.json", [{
        "Config": path_of(config), "RepoTags": [f"{NAME}:{arguments.version}"], "Layers": [path_of(compressed)]}])
    return layout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path, help="the archive to write, .tar; the bill of materials is .spdx.json")
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--swift", required=True, help="the version of Swift, whose libraries are linked in")
    parser.add_argument("--architecture", required=True, help="amd64 or arm64")
    parser.add_argument("--resolved", required=True, help="Package.resolved of the build")
    parser.add_argument("--checkouts", type=pathlib.Path, required=True, help="the folder of the Swift packages")
    parser.add_argument(
        "--ca-certificates", type=pathlib.Path, help="the package ca-certificates as a file, instead of the installed one")
    parser.add_argument("--document", type=pathlib.Path, action="append", default=[], help="a file for /usr/share/doc")
    parser.add_argument("--source", help="the URL of the repository")
    parser.add_argument("--level", type=int, default=9, help="the level of gzip")
    arguments = parser.parse_args()
    time = int(os.environ["SOURCE_DATE_EPOCH"])
    created = datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    with tempfile.TemporaryDirectory() as folder:
        file = arguments.ca_certificates
        authorities = debian.Package.unpacked(file, pathlib.Path(folder)) if file else debian.Package.installed("ca-certificates")
        layer, bill = root(arguments, authorities, time, created)
    archive = Tree(time)
    for path, content in image(layer, arguments, created).files.items():
        archive.file(path, content)
    arguments.output.write_bytes(archive.tar())
    arguments.output.with_suffix(".spdx.json").write_bytes(bill)


if __name__ == "__main__":
    main()
