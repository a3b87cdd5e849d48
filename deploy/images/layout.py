# SPDX-License-Identifier: Apache-2.0
"""Writes an OCI image layout (image-spec 1.0): oci-layout, index.json, blobs.

Deterministic: the same files give the same digests (no times, sorted names,
owner root). One layer of BusyBox with its applets as links, and above it one
of a folder's files and links and one of the given files, if any. The folder
appears complete or not at all.

usage: layout.py FOLDER --busybox PATH [--tree FOLDER] [--file SOURCE=/PATH]... --command PATH...
"""

import argparse
import gzip
import hashlib
import io
import json
import pathlib
import platform
import shutil
import subprocess
import tarfile

MEDIA = "application/vnd.oci.image."
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ETC = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}


def entry(name, kind, mode, content=b"", target=""):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size, info.linkname = kind, mode, len(content), target
    info.uname = info.gname = "root"
    return info, content


def folders_of(names):
    found = set()
    for name in names:
        found.update(str(parent) for parent in pathlib.PurePosixPath(name).parents if str(parent) != ".")
    return [entry(name, tarfile.DIRTYPE, 0o755) for name in sorted(found)]


def busybox_entries(busybox):
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    links = [entry(f"bin/{name}", tarfile.SYMTYPE, 0o777, target="busybox")
             for name in sorted(set(applets) - {"busybox"})]
    files = [entry("bin/busybox", tarfile.REGTYPE, 0o755, pathlib.Path(busybox).read_bytes())]
    files += [entry(name, tarfile.REGTYPE, 0o644, text.encode()) for name, text in sorted(ETC.items())]
    empty = [entry(name, tarfile.DIRTYPE, 0o755) for name in ("dev", "proc", "root", "sys", "var")]
    tmp = [entry("tmp", tarfile.DIRTYPE, 0o1777)]
    return folders_of(["bin/x", "etc/x"]) + empty + tmp + files + links


def file_entries(pairs):
    places = [pair.split("=/", 1) for pair in pairs]
    files = [entry(place, tarfile.REGTYPE, 0o755, pathlib.Path(source).read_bytes()) for source, place in places]
    return folders_of([place for _, place in places]) + files


def tree_entries(top):
    """Regular files, links and folders, which is all that a package's files are."""
    found = []
    for path in sorted(top.rglob("*")):
        name = str(path.relative_to(top))
        if path.is_symlink():
            found.append(entry(name, tarfile.SYMTYPE, 0o777, target=str(path.readlink())))
        elif path.is_dir():
            found.append(entry(name, tarfile.DIRTYPE, 0o755))
        elif path.is_file():
            found.append(entry(name, tarfile.REGTYPE, path.stat().st_mode & 0o777, path.read_bytes()))
    return found


def tar(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Layout:
    def __init__(self, folder):
        self.folder = folder
        (folder / "blobs" / "sha256").mkdir(parents=True)

    def blob(self, content, kind):
        digest = hashlib.sha256(content).hexdigest()
        (self.folder / "blobs" / "sha256" / digest).write_bytes(content)
        return {"mediaType": MEDIA + kind, "digest": "sha256:" + digest, "size": len(content)}

    def layer(self, entries):
        """(descriptor of the compressed layer, digest of the plain one)"""
        plain = tar(entries)
        packed = gzip.compress(plain, compresslevel=6, mtime=0)
        return self.blob(packed, "layer.v1.tar+gzip"), "sha256:" + hashlib.sha256(plain).hexdigest()

    def json(self, value, kind):
        return self.blob(json.dumps(value, sort_keys=True, indent=1).encode(), kind)


def config_of(command, diff_ids):
    return {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Env": [PATH], "Entrypoint": command, "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }


def write(folder, layers, command):
    layout = Layout(folder)
    packed = [layout.layer(entries) for entries in layers]
    config = layout.json(config_of(command, [diff for _, diff in packed]), "config.v1+json")
    manifest = layout.json(
        {"schemaVersion": 2, "mediaType": MEDIA + "manifest.v1+json", "config": config,
         "layers": [descriptor for descriptor, _ in packed]}, "manifest.v1+json")
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    manifest["platform"] = {"architecture": config_of([], [])["architecture"], "os": "linux"}
    index = {"schemaVersion": 2, "mediaType": MEDIA + "index.v1+json", "manifests": [manifest]}
    (folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
    (folder / "index.json").write_text(json.dumps(index, sort_keys=True, indent=1))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--busybox", required=True)
    options.add_argument("--tree", type=pathlib.Path)
    options.add_argument("--file", action="append", default=[], metavar="SOURCE=/PATH")
    options.add_argument("--command", nargs="+", required=True)
    given = options.parse_args()
    layers = [busybox_entries(given.busybox)]
    layers += [tree_entries(given.tree)] if given.tree else []
    layers += [file_entries(given.file)] if given.file else []
    fresh = given.folder.with_name(given.folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    write(fresh, layers, given.command)
    shutil.rmtree(given.folder, ignore_errors=True)
    fresh.rename(given.folder)


main()
