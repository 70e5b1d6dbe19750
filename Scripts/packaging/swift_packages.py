"""The Swift packages that a build resolved, as SwiftPM records them in Package.resolved.

    swift_packages.py PACKAGE-RESOLVED            prints a line for each: its name and its version
    swift_packages.py PACKAGE-RESOLVED LIST       compares these lines with the file LIST, and exits with status 1 if they differ"""

import dataclasses
import json
import pathlib
import sys


@dataclasses.dataclass(frozen=True, order=True)
class SwiftPackage:
    name: str
    version: str
    revision: str
    location: str

    @property
    def line(self) -> str:
        """The revision is not part of it, because a mirror of a repository can have other revisions."""
        return f"{self.name} {self.version}"


def resolved(path: str) -> list[SwiftPackage]:
    pins = json.loads(pathlib.Path(path).read_text())["pins"]
    return sorted(
        # A package that is resolved to a branch has no version.
        SwiftPackage(pin["identity"], pin["state"].get("version") or pin["state"]["revision"], pin["state"]["revision"],
                     pin["location"].removesuffix(".git"))
        for pin in pins)


def compare(packages: list[SwiftPackage], path: str):
    """Exits if the packages are not those of the list, and prints how to go on."""
    lines = pathlib.Path(path).read_text().splitlines()
    listed = dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    found = {package.name: package.version for package in packages}
    if listed == found:
        return
    message = [f"error: the resolved versions of the Swift packages differ from {path}:"]
    for name in sorted(listed.keys() | found.keys()):
        if listed.get(name) != found.get(name):
            message.append(f"  {name}: listed {listed.get(name, 'not')}, resolved {found.get(name, 'not')}")
    message.append("Review the changes of these packages, run Scripts/release --update, and commit the list.")
    back = [name for name in sorted(listed.keys() & found.keys()) if listed[name] != found[name]]
    if back:
        message.append("To build with a listed version instead:")
        message += [f"  swift package resolve {name} --version {listed[name]}" for name in back]
    raise SystemExit("\n".join(message))


if __name__ == "__main__":
    packages = resolved(sys.argv[1])
    if len(sys.argv) > 2:
        compare(packages, sys.argv[2])
    else:
        print("\n".join(package.line for package in packages))
