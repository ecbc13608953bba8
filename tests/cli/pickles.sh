#!/usr/bin/env bash
# Hostile and odd pickles: refused with a reason, nothing run, nothing opened but the file.
. "$(dirname "$0")/lib.sh"

refused() { # FILE WORDS
    expect 3 timeout 20 mlp-serve inspect "$1"
    has err "$2"
    hasnt err 'please report'
}

# The classic of every protocol, and names that hide behind others.
printf "cposix\nsystem\n(S'touch pwned'\ntR." >v0.pkl
refused v0.pkl 'posix.system'
has err 'byte 0'
printf '\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x0btouch pwned\x85R.' >v4.pkl
refused v4.pkl 'posix.system'
printf "\x80\x02c__builtin__\neval\nX\x01\x00\x00\x001\x85R." >eval.pkl
refused eval.pkl '__builtin__.eval'
printf '\x80\x04c__builtin__\ngetattr\ncposix\nsystem\n\x86R.' >getattr.pkl
refused getattr.pkl '__builtin__.getattr'
printf '\x80\x04cpkgutil\nresolve_name\n\x8c\x09os:system\x85R\x8c\x02id\x85R.' >resolve.pkl
refused resolve.pkl 'pkgutil.resolve_name'
printf '\x80\x04csklearn.datasets\nfetch_openml\n)R.' >openml.pkl
refused openml.pkl 'sklearn.datasets.fetch_openml'
printf '\x80\x04csklearn.utils\ncheck_array\n)R.' >called.pkl
refused called.pkl 'sklearn.utils.check_array'
printf '\x80\x04cnumpy.testing._private.utils\nrunstring\n(tR.' >numpy.pkl
refused numpy.pkl 'numpy.testing._private.utils.runstring'

# What the language offers beyond: INST, OBJ, persistent ids, extensions, buffers.
printf "(S'touch pwned'\niposix\nsystem\n." >inst.pkl
expect 3 mlp-serve inspect inst.pkl
printf '\x80\x02(cposix\nsystem\nX\x01\x00\x00\x00ao.' >obj.pkl
refused obj.pkl 'posix.system'
printf '\x80\x02X\x01\x00\x00\x00aQ.' >persid.pkl
refused persid.pkl 'persistent ids'
printf '\x80\x02\x82\x01.' >ext.pkl
refused ext.pkl 'opcode 0x82'
printf '\x80\x05\x97.' >buffer.pkl
refused buffer.pkl 'opcode 0x97'

# The stream: bytes after STOP, a second pickle, arguments across a frame, frames in frames.
printf '\x80\x04N.N.' >second.pkl
refused second.pkl 'after STOP'
printf '\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00\x8c\x05abcde.' >across.pkl
refused across.pkl 'across the end of its frame'
printf '\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x95\x01\x00\x00\x00\x00\x00\x00\x00NN.' >nested.pkl
refused nested.pkl 'inside a frame'
printf '\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.' >longframe.pkl
refused longframe.pkl 'passes the end of the file'
printf '\x80\x09N.' >protocol.pkl
expect 3 mlp-serve inspect protocol.pkl
printf '\x80\x04h\x07.' >memo.pkl
refused memo.pkl 'memo number 7'
printf '\x80\x04Nr\xff\xff\xff\xff.' >bigmemo.pkl
refused bigmemo.pkl 'out of range'
printf '\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff.' >length.pkl
refused length.pkl 'passes the end of the file'
printf '\x80\x04.' >empty.pkl
refused empty.pkl 'stack empty'
printf '\x80\x04c../etc\npasswd\n.' >path.pkl
refused path.pkl 'no plain dotted name'
printf '\x80\x04' >cut.pkl
expect 3 mlp-serve inspect cut.pkl
head -c 100000 /dev/zero | tr '\0' '(' | { printf '\x80\x04'; cat; } >marks.pkl
expect 3 mlp-serve inspect marks.pkl
{ printf '\x80\x04]'; head -c 200000 /dev/zero | tr '\0' '2'; printf '.'; } >dup.pkl
expect 3 mlp-serve inspect dup.pkl

# Benign, and no model.
printf '\x80\x04}\x8c\x01a\x8c\x01bs.' >dict.pkl
refused dict.pkl 'no estimator'
ok 'nothing was run' test ! -e pwned

# A bomb stops at its bound.
if need python3; then
    python3 -c 'import zlib,sys;sys.stdout.buffer.write(zlib.compress(b"\x80\x04"+bytes(700<<20),9))' >bomb.joblib
    refused bomb.joblib 'decompresses to more than'
fi

# The file is opened, and nothing else: no program, no socket, no file for writing.
if need strace && strace -f -o trace true 2>/dev/null; then
    strace -f -e trace=execve,socket,connect,openat -o trace mlp-serve inspect v4.pkl >out 2>err
    ok 'no program runs' test "$(grep -c 'execve(' trace)" = 1
    ok 'no socket' test "$(grep -c -E 'socket\(|connect\(' trace)" = 0
    ok 'nothing is opened for writing' test "$(grep -cE 'O_WRONLY|O_RDWR|O_CREAT' trace)" = 0
fi

# Other people's collection (MIT, picklescan's tests): every one is refused, by name or as damaged.
cases=$SHARED/conformance/pickles
if [ -d "$cases" ]; then
    while IFS= read -r file; do
        got=0
        timeout 20 mlp-serve inspect "$file" >out 2>err || got=$?
        ok "$(basename "$file") is refused" test "$got" = 3
        ok "$(basename "$file") with a reason" test -s err
    done < <(find "$cases" -type f \( -name '*.p*' -o -name '*.bin' -o -name '*.zip' -o -name '*.np*' -o -name '*.7z' \))
else
    echo "pickles: skipped: no collection in $cases"
fi
finish
