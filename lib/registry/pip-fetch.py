"""Fetches one archive of a Python package as pip would find it, and runs none of its code.

`pip download` makes a source archive's metadata, which runs its set-up code; so pip's own finder and session are used, and
with them its indexes, proxies, certificates and logins. Written for pip 20.3 to 26.
"""

import hashlib
import logging
import os
import sys

from pip._internal.cli.cmdoptions import make_target_python
from pip._internal.commands import create_command

# Data files are the same in all wheels: the same one is taken on every machine.
GLIBC = ["2_28", "2_27", "2_17"]
TARGET = ["--implementation", "cp", "--python-version", "3.11"]
PLATFORMS = [f"--platform={name}_x86_64" for name in ["manylinux2014", *(f"manylinux_{v}" for v in GLIBC)]]


def main(package, version, kind, filename, target):
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    command = create_command("download")
    wheel = ["--no-deps", "--only-binary=:all:", *TARGET, *PLATFORMS]
    options, _ = command.parse_args(["--no-deps", "--no-binary=:all:"] if kind == "sdist" else wheel)
    session = command._build_session(options)
    finder = command._build_package_finder(
        options=options, session=session, target_python=make_target_python(options), ignore_requires_python=True
    )
    listed = finder.find_all_candidates(package)
    links = [c.link for c in listed if c.version == type(c.version)(version) and filename in ("", c.link.filename)]
    if not links:
        sys.exit(f"no {kind} of {package} {version} among the {len(listed)} archives that fit")
    fetch(session, min(links, key=lambda link: (not link.filename.endswith("-none-any.whl"), link.filename)), target)


def fetch(session, link, target):
    response = session.get(link.url.split("#")[0], stream=True, headers={"Accept-Encoding": "identity"})
    response.raise_for_status()
    total = response.headers.get("content-length", "")
    digest = hashlib.new(link.hash_name) if link.hash_name else None
    done = 0
    with open(target, "wb") as file:
        for chunk in response.raw.stream(1 << 18, decode_content=False):
            file.write(chunk)
            done += len(chunk)
            if digest:
                digest.update(chunk)
            print(done, total, flush=True)
    if total and done != int(total):
        sys.exit(f"{link.filename}: got {done} of {total} bytes")
    if digest and digest.hexdigest() != link.hash:
        os.remove(target)
        sys.exit(f"{link.filename}: {link.hash_name} is {digest.hexdigest()}, the index promised {link.hash}")


main(*sys.argv[1:])
