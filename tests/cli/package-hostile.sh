#!/usr/bin/env bash
# Archives made to harm: entries that lead out, links, devices, sparse files, doubles, lies about
# sizes, names of files in a manifest.
. "$(dirname "$0")/lib.sh"
need python3 || skip 'needs python3'

cat >make.py <<'PY'
import hashlib, io, json, sys, tarfile
MODEL = "application/vnd.cncf.model.manifest.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

def digest(b):
    return "sha256:" + hashlib.sha256(b).hexdigest()

def package(names=("model.json",), content=b"x", **changes):
    """Entries (name, bytes) of a package whose files have the names given."""
    config = json.dumps({"descriptor": {"name": changes.get("name", "m")}, "config": {},
                         "modelfs": {"type": "layers", "diffIds": [digest(content)] * len(names)}}).encode()
    layer = lambda n: {"mediaType": "application/vnd.cncf.model.weight.v1.raw",
                       "digest": digest(content), "size": changes.get("size", len(content)),
                       "annotations": {"org.cncf.model.filepath": n, "org.mlp.role": "model"}}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST,
                           "artifactType": changes.get("type", MODEL),
                           "config": {"mediaType": "c", "digest": digest(config), "size": len(config)},
                           "layers": [layer(n) for n in names]}).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [
        {"mediaType": MANIFEST, "digest": digest(manifest), "size": len(manifest),
         "artifactType": MODEL}]}).encode()
    blobs = {digest(b): b for b in (config, manifest, content)}
    entries = [("blobs/sha256/" + d[7:], b) for d, b in sorted(blobs.items())]
    return entries + [("index.json", index), ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')]

def write(path, entries, extra=(), form=tarfile.PAX_FORMAT):
    with tarfile.open(path, "w", format=form) as t:
        for info in extra:
            t.addfile(info, io.BytesIO(b"\0" * info.size) if info.size else None)
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))

def special(name, kind, link="", size=0):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info

good = package()
write("good.mlp", good)
write("good-gnu.mlp", good, form=tarfile.GNU_FORMAT)
write("dot.mlp", [("./" + n, b) for n, b in good])
T = tarfile
for i, info in enumerate([
        special("../../evil", T.REGTYPE), special("/etc/evil", T.REGTYPE),
        special("blobs/sha256/../../evil", T.REGTYPE), special("index.json", T.SYMTYPE, "/etc/passwd"),
        special("blobs", T.SYMTYPE, "/"), special("oci-layout", T.LNKTYPE, "/etc/passwd"),
        special("blobs/sha256/" + "0" * 64, T.CHRTYPE), special("blobs/sha256/" + "1" * 64, T.BLKTYPE),
        special("blobs/sha256/" + "2" * 64, T.FIFOTYPE), special("blobs/sha512/" + "3" * 64, T.REGTYPE),
        special("blobs/sha256/" + "A" * 64, T.REGTYPE), special("blobs/sha256/" + "4" * 63, T.REGTYPE),
        special("x" * 300, T.REGTYPE), special("x" * 3000, T.REGTYPE), special("evil/", T.DIRTYPE)]):
    write(f"entry{i}.mlp", good, [info])
write("double.mlp", good + [good[0]])
write("double-index.mlp", good + [good[-2]])
write("no-layout.mlp", good[:-1])
write("no-index.mlp", good[:-2] + good[-1:])
for i, name in enumerate(["../evil", "/tmp/evil", "a/../../evil", "a//b", "", ".", "..", "a\\b", "a\nb",
                          "x" * 2000, "a/./b"]):
    write(f"name{i}.mlp", package((name,)))
write("same-name.mlp", package(("a", "a")))
write("name-clash.mlp", package(("a", "a/b")))
write("long-size.mlp", package(size=1 << 62))
write("negative.mlp", package(size=-1))
write("other-type.mlp", package(type="application/vnd.example"))
write("bad-name.mlp", package(name="../m"))
write("many.mlp", package(tuple(f"f{i}" for i in range(3000))))
# A header that promises eight petabytes, and one whose pax size is absurd.
raw = bytearray(open("good.mlp", "rb").read())
def forge(path, size_field):
    b = bytearray(raw)
    b[124:136] = size_field
    b[148:156] = b" " * 8
    b[148:156] = b"%06o\0 " % sum(b[:512])
    open(path, "wb").write(b)
forge("huge.mlp", b"\x80" + (1 << 53).to_bytes(11, "big"))
forge("huge8.mlp", b"77777777777\0")
forge("minus.mlp", b"\xff" * 12)
pax = tarfile.TarInfo("blobs/sha256/" + "5" * 64)
pax.pax_headers = {"size": "9" * 18}
write("pax.mlp", good, [pax])
sparse = tarfile.TarInfo("blobs/sha256/" + "6" * 64)
sparse.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                      "GNU.sparse.name": "blobs/sha256/" + "6" * 64, "GNU.sparse.realsize": "1099511627776"}
sparse.size = 512
write("sparse.mlp", good, [sparse])
deep = b"[" * 100000
write("deep.mlp", good[:-2] + [("index.json", deep), good[-1]])
PY
expect 0 python3 make.py

expect 0 mlp-package inspect good.mlp
expect 0 mlp-package inspect good-gnu.mlp
expect 0 mlp-package inspect dot.mlp
expect 6 mlp-package verify good-gnu.mlp
expect 0 mlp-package verify --repacked good-gnu.mlp

refused() { # exit 3 or 6, a message, nothing written, and soon
    for f; do
        timeout 10 mlp-package unpack -o unpacked "$f" >out 2>err
        status=$?
        if { [ $status = 3 ] || [ $status = 6 ]; } && [ -s err ]; then pass; else fail "$f: exit $status"; fi
        ok "$f: nothing unpacked" test ! -e unpacked
        rm -rf unpacked
    done
}
refused entry*.mlp double.mlp double-index.mlp no-layout.mlp no-index.mlp same-name.mlp long-size.mlp \
    negative.mlp other-type.mlp bad-name.mlp huge.mlp huge8.mlp minus.mlp pax.mlp sparse.mlp deep.mlp
for i in 0 1 2 3 5 6 7 8 9 10; do refused name$i.mlp; done
expect 0 mlp-package inspect many.mlp
expect 5 mlp-package unpack -o clash name-clash.mlp
ok 'nothing outside was touched' test ! -e /tmp/evil -a ! -e ../evil -a ! -e evil

# Compressed archives are not unpacked behind the user's back.
gzip -k good.mlp
expect 3 mlp-package inspect good.mlp.gz
finish
