"""Runs Cloudsmith's own command line (PyPI: cloudsmith-cli) against an API host and prints what it said.

    official_cli.py BASE_URL API_KEY
    official_cli.py BASE_URL --oidc ORGANIZATION SERVICE TOKEN

One JSON object per command on stdout: {"command": …, "status": …, "output": …}. The commands are those that need no
endpoint beyond the emulator's; for the audit log there is none.
"""

import json
import os
import subprocess
import sys
import tempfile

# `check limits` of 1.30.0 cannot print its answer as JSON.
COMMANDS = [
    ["whoami", "--output-format", "json"],
    ["check", "service", "--output-format", "json"],
    ["check", "limits"],
]


def main():
    base_url, *proof = sys.argv[1:]
    with tempfile.TemporaryDirectory() as home:
        # A home of its own, so that no configuration or key ring of this machine is used.
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": home,
            "XDG_CONFIG_HOME": home,
            "CLOUDSMITH_API_HOST": base_url,
            "CLOUDSMITH_NO_KEYRING": "1",
            "CLOUDSMITH_NO_UPDATE_CHECK": "1",
            "CLOUDSMITH_NO_TELEMETRY": "1",
        }
        if proof[0] == "--oidc":
            names = ("CLOUDSMITH_WORKSPACE", "CLOUDSMITH_SERVICE_SLUG", "CLOUDSMITH_OIDC_TOKEN")
            environment |= dict(zip(names, proof[1:], strict=True))
        else:
            environment |= {"CLOUDSMITH_API_KEY": proof[0], "CLOUDSMITH_OIDC_DISCOVERY_DISABLED": "1"}
        program = os.path.join(os.path.dirname(sys.executable), "cloudsmith")
        for command in COMMANDS:
            # It imports for seconds; on a busy machine for as much longer as programs wait for a processor.
            patience = 120 * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))
            try:
                done = subprocess.run(
                    [program, *command, "--without-rate-limit"], env=environment, cwd=home,
                    capture_output=True, text=True, timeout=patience, check=False)
                status, output = done.returncode, done.stdout.strip() or done.stderr.strip()
            except subprocess.TimeoutExpired:
                status, output = None, f"no end after {patience:.0f} s"
            print(json.dumps({"command": " ".join(command), "status": status, "output": output}), flush=True)


if __name__ == "__main__":
    main()
