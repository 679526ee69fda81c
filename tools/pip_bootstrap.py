# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Give pip to a virtual environment of ansible-test: pip_bootstrap.py OPTION... REQUIREMENT...

ansible-test would download a script for that from a host that is no package registry. This one, laid into its cache,
starts from the pip that Python itself carries and installs what ansible-test asks for.
"""

from __future__ import annotations

import subprocess
import sys

OWN_OPTIONS = ("--no-setuptools", "--no-wheel")

if __name__ == "__main__":
    wanted = [argument for argument in sys.argv[1:] if argument not in OWN_OPTIONS]
    subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    install = [sys.executable, "-m", "pip", "install", "--upgrade", "--quiet", *wanted]
    sys.exit(subprocess.run(install, check=False).returncode)
