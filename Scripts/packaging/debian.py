"""Files of this distribution and the packages that they belong to, read with ldd and dpkg's programs."""

import dataclasses
import os
import pathlib
import re
import subprocess


def output(*command: str | os.PathLike) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@dataclasses.dataclass(frozen=True, order=True)
class Package:
    """A package with its fields in dpkg's database. Its files are below `root`."""

    name: str
    control: str
    paths: tuple[str, ...]
    root: pathlib.Path = pathlib.Path("/")

    @staticmethod
    def installed(name: str) -> "Package":
        control = output("dpkg-query", "--status", name)
        return Package(name.split(":")[0], control, tuple(output("dpkg-query", "--listfiles", name).splitlines()))

    @staticmethod
    def unpacked(file: pathlib.Path, root: pathlib.Path) -> "Package":
        """The package in this file, extracted to the folder `root`."""
        subprocess.run(["dpkg-deb", "--extract", file, root], check=True)
        control = output("dpkg-deb", "--field", file)
        paths = sorted(f"/{path.relative_to(root)}" for path in root.rglob("*"))
        return Package(re.search(r"^Package: (\S+)$", control, re.M)[1], control, tuple(paths), root)

    def field(self, name: str) -> str | None:
        found = re.search(rf"^{name}: (.*)$", self.control, re.M)
        return found[1] if found else None

    @property
    def version(self) -> str:
        return self.field("Version")

    @property
    def source(self) -> str:
        """The name and the version of the source package."""
        source = self.field("Source") or self.name
        return source.replace("(", "").replace(")", "") if " " in source else f"{source} {self.version}"

    @property
    def copyright(self) -> bytes:
        return self.read(f"/usr/share/doc/{self.name}/copyright")

    def read(self, path: str) -> bytes:
        return self.place(path).read_bytes()

    def place(self, path: str) -> pathlib.Path:
        """Where the file with this path is on this machine."""
        return self.root / path.lstrip("/")


def libraries(program: str | os.PathLike) -> list[str]:
    """The paths of the shared libraries that the program loads, and of the loader itself."""
    found = re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$", output("ldd", program), re.M)
    if not found:
        raise SystemExit(f"error: ldd names no library of {program}")
    return sorted(found)


def owner(path: str) -> Package | None:
    """The package that contains the file, or None. /lib can be a link to /usr/lib, and dpkg knows one of the two paths."""
    for name in (path, f"/usr{path}", os.path.realpath(path)):
        found = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True)
        if found.returncode == 0:
            return Package.installed(found.stdout.split(": ", 1)[0])
    return None


def release() -> dict[str, str]:
    """The fields of os-release, such as ID and VERSION_ID."""
    lines = pathlib.Path("/etc/os-release").read_text().splitlines()
    return {key: value.strip('"') for key, value in (line.split("=", 1) for line in lines if "=" in line)}
