"""Checks and runs the container image that image.py makes, without a container engine: with runc or crun, or with unshare and
chroot if neither works on this machine. It must be run as root.

    check_image.py check ARCHIVE [--release]
    check_image.py run ARCHIVE [--mount FOLDER] [--env NAME] -- ARGUMENT…

The root file system is read-only, the user is that of the image and has no capability, and the network is that of this machine."""

import argparse
import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import time

USER = 65532
# What a release must not exceed: bytes of the unpacked image, and seconds until --version has ended, the runtime included.
SIZE, START = 60_000_000, 0.1
PROGRAM = "cloudsmith-audit-export"


def expect(condition: bool, text: str):
    if not condition:
        raise SystemExit(f"error: the image is wrong: {text}")


class Image:
    """An image in an archive. Every blob that is read is compared with its descriptor."""

    def __init__(self, archive: str):
        self.tar = tarfile.open(archive)
        self.names = self.tar.getnames()
        self.manifest = self.document(self.index["manifests"][0])
        self.config = self.document(self.manifest["config"])

    @property
    def index(self) -> dict:
        return json.loads(self.file("index.json"))

    def file(self, path: str) -> bytes:
        return self.tar.extractfile(path).read()

    def blob(self, descriptor: dict) -> bytes:
        content = self.file("blobs/" + descriptor["digest"].replace(":", "/"))
        expect(f"sha256:{hashlib.sha256(content).hexdigest()}" == descriptor["digest"], f"the digest of {descriptor}")
        expect(len(content) == descriptor["size"], f"the size of {descriptor}")
        return content

    def document(self, descriptor: dict) -> dict:
        return json.loads(self.blob(descriptor))

    def layer(self) -> bytes:
        return gzip.decompress(self.blob(self.manifest["layers"][0]))


def check(archive: str, image: Image) -> int:
    """Checks the layout, the configuration, and the files of the root. Returns the size of the unpacked layer."""
    expect(json.loads(image.file("oci-layout")) == {"imageLayoutVersion": "1.0.0"}, "oci-layout")
    expect(len(image.index["manifests"]) == 1 and len(image.manifest["layers"]) == 1, "more than one image or layer")
    config, layer = image.config["config"], image.layer()
    digest = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    expect(image.config["rootfs"]["diff_ids"] == [digest], "the digest of the unpacked layer")
    [loaded] = json.loads(image.file("manifest.json"))
    for path, descriptor in ((loaded["Config"], image.manifest["config"]), (loaded["Layers"][0], image.manifest["layers"][0])):
        expect(path == "blobs/" + descriptor["digest"].replace(":", "/"), f"manifest.json names {path}")
    blobs = {name for name in image.names if re.fullmatch("blobs/sha256/[0-9a-f]{64}", name)}
    expect(len(blobs) == 3 and image.names[-3:] == ["index.json", "manifest.json", "oci-layout"], f"its files: {image.names}")
    expect(config["User"] == f"{USER}:{USER}" and config["Entrypoint"] == [f"/usr/bin/{PROGRAM}"], f"its configuration: {config}")
    labels = config["Labels"]
    for name in ("title", "description", "version", "revision", "created", "licenses"):
        expect(bool(labels.get(f"org.opencontainers.image.{name}")), f"no label {name}")
    version = labels["org.opencontainers.image.version"]
    expect(loaded["RepoTags"] == [f"{PROGRAM}:{version}"], f"its tag: {loaded['RepoTags']}")

    with tempfile.TemporaryFile() as file:
        file.write(layer)
        file.seek(0)
        with tarfile.open(fileobj=file) as root:
            entries = {entry.name: entry for entry in root}
            bill = json.load(root.extractfile(f"usr/share/doc/{PROGRAM}/sbom.spdx.json"))
            authorities = root.extractfile("etc/ssl/certs/ca-certificates.crt").read().decode()
    expect(list(entries) == sorted(entries), "its files are not sorted")
    expect(len({entry.mtime for entry in entries.values()}) == 1, "its files have several times")
    for name, entry in entries.items():
        owner = USER if name == "home/nonroot" else 0
        expect((entry.uid, entry.gid, entry.uname, entry.gname) == (owner, owner, "", ""), f"the owner of {name}")
        expect(entry.isdir() or entry.isfile() or entry.issym(), f"the type of {name}")
        expect(entry.mode & 0o6022 == 0 or entry.issym() or name == "tmp", f"the permissions of {name}: {entry.mode:o}")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=authorities)
        expect(len(context.get_ca_certs()) > 100, "it has few CA certificates")
    except ssl.SSLError as error:
        expect(False, f"its CA certificates: {error}")
    beside = pathlib.Path(archive).with_suffix(".spdx.json")
    expect(json.loads(beside.read_text()) == bill, f"{beside} is not the bill of materials in the image")
    check_bill(bill, entries)
    return len(layer)


def check_bill(bill: dict, entries: dict):
    """Checks that the bill names each listed version and each package of the distribution, and that its references are in it."""
    found = {(package["name"], package["versionInfo"]) for package in bill["packages"]}
    listed = pathlib.Path(__file__).with_name("resolved-versions").read_text().splitlines()
    for line in listed:
        if line and not line.startswith("#"):
            expect(tuple(line.split(" ")) in found, f"the bill of materials does not name {line}")
    names = {name for name, _ in found}
    for entry in entries:
        if match := re.fullmatch("var/lib/dpkg/status.d/(.+)", entry):
            expect(match[1] in names, f"the bill of materials does not name {match[1]}")
    identifiers = [package["SPDXID"] for package in bill["packages"]]
    expect(len(set(identifiers)) == len(identifiers), "two packages have the same SPDXID")
    for relationship in bill["relationships"]:
        for end in ("spdxElementId", "relatedSpdxElement"):
            expect(relationship[end] in [*identifiers, "SPDXRef-DOCUMENT"], f"{relationship} names no package")


# The names of hosts. Every container engine mounts such files.
HOSTS = [path for path in ("/etc/hosts", "/etc/resolv.conf") if os.path.exists(path)]

# Runs the arguments after $1 and $2 with the root $1, in which the paths in the lines of $2 are mounted.
MOUNT = """
set -e
root=$1
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
printf '%s' "$2" | while IFS= read -r path; do mount --bind "$path" "$root$path"; done
shift 2
exec "$@"
"""


class NoRuntime(Exception):
    pass


class Bundle:
    """The image, unpacked to a folder, and the first runtime that works on this machine."""

    def __init__(self, image: Image, folder: str):
        self.config, self.folder = image.config["config"], pathlib.Path(folder)
        self.root = self.folder / "rootfs"
        self.root.mkdir()
        subprocess.run(
            ["tar", "--extract", "--preserve-permissions", "--directory", self.root], input=image.layer(), check=True)
        failures = []
        for self.runtime in ("runc", "crun", "unshare"):
            if not shutil.which(self.runtime):
                failures.append(f"{self.runtime} is not installed")
                continue
            tried = subprocess.run(self.command(["--version"]), capture_output=True, text=True)
            if tried.returncode == 0:
                return
            failures.append(f"{self.runtime}: {tried.stderr.strip()}")
        raise NoRuntime("no runtime works for this user on this machine:\n" + "\n".join(failures))

    def command(self, arguments: list[str], mounts: list[str] = [], variables: list[str] = []) -> list:
        """The command that runs the program. Each of the folders `mounts` has the same path in the container, and is writable."""
        process = [*self.config["Entrypoint"], *arguments]
        environment = self.config["Env"] + [f"{name}={os.environ[name]}" for name in variables]
        if self.runtime == "unshare":
            for folder in mounts:
                (self.root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
            for path in HOSTS:
                (self.root / path.lstrip("/")).touch()
            return ["unshare", "--mount", "sh", "-c", MOUNT, "sh", self.root, "".join(f"{path}\n" for path in HOSTS + mounts),
                    "env", "-i", *environment, "/usr/sbin/chroot", f"--userspec={USER}:{USER}", self.root, *process]
        (self.folder / "config.json").write_text(json.dumps(self.configuration(process, environment, mounts)))
        return [self.runtime, "--root", self.folder / "state", "run", "--bundle", self.folder, f"image-{os.getpid()}"]

    def configuration(self, arguments: list[str], environment: list[str], mounts: list[str]) -> dict:
        """The configuration for an OCI runtime (config.json of the runtime specification)."""
        return {
            "ociVersion": "1.0.0", "root": {"path": "rootfs", "readonly": True}, "hostname": "image",
            "linux": {"namespaces": [{"type": kind} for kind in ("mount", "pid", "ipc", "uts")]},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
                *({"destination": path, "type": "bind", "source": path, "options": ["bind", option, "nosuid", "nodev"]}
                  for paths, option in ((HOSTS, "ro"), (mounts, "rw")) for path in paths)],
            "process": {
                "user": {"uid": USER, "gid": USER}, "args": arguments, "cwd": self.config["WorkingDir"], "env": environment,
                "noNewPrivileges": True,
                "capabilities": {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")}}}

    def start_time(self) -> float:
        """The seconds that the container needs for --version: the least of ten runs, because other programs only add to it."""
        command, times = self.command(["--version"]), []
        for _ in range(10):
            began = time.monotonic()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.monotonic() - began)
        return min(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["check", "run"])
    parser.add_argument("archive")
    parser.add_argument("--release", action="store_true", help="also check the size and the time to start")
    parser.add_argument("--mount", action="append", default=[], help="a folder that has the same path in the container")
    parser.add_argument("--env", action="append", default=[], help="a variable to pass on")
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    arguments = parser.parse_args(words[:end])
    image = Image(arguments.archive)
    if arguments.action == "check":
        size = check(arguments.archive, image)
        expect(size <= SIZE or not arguments.release, f"it has {size:,} bytes unpacked, more than {SIZE:,}")
    with tempfile.TemporaryDirectory() as folder:
        # The user of the image must reach the root.
        os.chmod(folder, 0o755)
        try:
            bundle = Bundle(image, folder)
        except NoRuntime as error:
            if arguments.action == "run":
                raise SystemExit(f"error: {error}") from None
            return print(f"the image was not run: {error}")
        if arguments.action == "run":
            raise SystemExit(subprocess.run(bundle.command(words[end + 1:], arguments.mount, arguments.env)).returncode)
        start = bundle.start_time()
    print(f"the image has {size:,} bytes unpacked; with {bundle.runtime}, it needs {start * 1000:.0f} ms to print its version")
    expect(start <= START or not arguments.release, f"it needs more than {START * 1000:.0f} ms to start")


if __name__ == "__main__":
    main()
