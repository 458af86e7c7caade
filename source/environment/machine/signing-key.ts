/**
`pinned_key FILE FINGERPRINT` prints the one OpenPGP key that an armored file holds, and nothing else of it, where its fingerprint is that one
(RFC 4880, 12.2: 40 hexadecimal digits in upper case). Fails where it is not, with `found` set to what it is instead. Needs no gpg: machine
images come without.
*/
export const signingKeyFunction = `pinned_key() {
  found='no key'
  tr -d '\\r' < "$1" | awk '
    /^-----BEGIN PGP PUBLIC KEY BLOCK-----$/ {begun++; state = 1; next}
    /^-----END PGP PUBLIC KEY BLOCK-----$/ {ended++; state = 0; next}
    state == 1 && /^ *$/ {state = 2; next}
    state == 2 && /^=[A-Za-z0-9+\\/]+$/ {sum = $0; state = 3; next}
    state == 2 && /^[A-Za-z0-9+\\/]+=*$/ {print; next}
    state == 2 {exit 1}
    END {if (sum != "") print sum; exit !(begun == 1 && ended == 1)}' > "$1.body" || return 1
  sed '/^=/d' "$1.body" | base64 -d > "$1.bin" 2>/dev/null || return 1
  # The packets: one primary key, the first, and what belongs to it.
  place=$(od -An -v -tu1 "$1.bin" | awk '
    {for (i = 1; i <= NF; i++) b[n++] = $i}
    END {
      at = 0
      while (at < n) {
        type = b[at]
        if (type < 128) exit 1
        if (type >= 192) {
          tag = type - 192; size = b[at + 1]; head = 2
          if (size >= 192 && size < 224) {size = (size - 192) * 256 + b[at + 2] + 192; head = 3}
          else if (size == 255) {size = ((b[at + 2] * 256 + b[at + 3]) * 256 + b[at + 4]) * 256 + b[at + 5]; head = 6}
          else if (size >= 224) exit 1
        } else {
          tag = int((type - 128) / 4); head = 2; size = b[at + 1]
          if (type % 4 == 1) {size = size * 256 + b[at + 2]; head = 3}
          else if (type % 4 == 2) {size = ((size * 256 + b[at + 2]) * 256 + b[at + 3]) * 256 + b[at + 4]; head = 5}
          else if (type % 4 == 3) exit 1
        }
        if (tag == 6) {
          if (at != 0 || b[head] != 4 || size > 65535) exit 1
          first = head; length_of = size
        } else if (at == 0 || (tag != 2 && tag != 13 && tag != 14 && tag != 17)) exit 1
        at += head + size
      }
      if (at != n || first == "") exit 1
      print first, length_of
    }') || return 1
  found=$(
    size=\${place#* }
    {
      printf '\\231'
      printf "\\\\$(printf %03o "$((size / 256))")\\\\$(printf %03o "$((size % 256))")"
      tail -c "+$((\${place% *} + 1))" "$1.bin" | head -c "$size"
    } | sha1sum | cut -c 1-40 | tr a-f A-F
  )
  [ "$found" = "$2" ] || return 1
  echo '-----BEGIN PGP PUBLIC KEY BLOCK-----'
  echo
  cat "$1.body"
  echo '-----END PGP PUBLIC KEY BLOCK-----'
}
`;
