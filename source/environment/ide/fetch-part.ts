/** The script ends so where nothing in the environment can download, or be trusted with it: the client may, and send it. */
export const needsClientCode = 75;

/** `fetch` and `accept` end so where what came is not what it has to be. */
export const refusedCode = 77;

const python = `import os, ssl, sys, urllib.error, urllib.request
url, part, head = sys.argv[1:]
at = os.path.getsize(part) if os.path.exists(part) else 0
def note(status, headers):
    with open(head, 'a') as file:
        file.write('HTTP/1.1 %d\\n%s' % (status, headers))
class Noting(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, file, code, message, headers, place):
        note(code, headers)
        return super().redirect_request(request, file, code, message, headers, place)
try:
    answer = urllib.request.build_opener(Noting).open(urllib.request.Request(url, headers={'Range': 'bytes=%d-' % at} if at else {}), timeout=10)
    note(answer.status, answer.headers)
    if url.startswith('https:') and not answer.geturl().startswith('https:'):
        sys.exit('sent away from https')
    size, count = answer.headers.get('Content-Length'), 0
    with open(part, 'ab' if answer.status == 206 else 'wb') as file:
        while True:
            piece = answer.read(1 << 16)
            if not piece:
                break
            file.write(piece)
            count += len(piece)
    sys.exit(18 if size is not None and count < int(size) else 0)
except urllib.error.HTTPError as error:
    note(error.code, error.headers)
    sys.exit(22)
except OSError as error:
    print(error, file=sys.stderr)
    sys.exit(60 if isinstance(getattr(error, 'reason', error), ssl.SSLCertVerificationError) else 7)
`;

/**
Functions of a script that fetch a file: `fetch URL FILE NAME SUM PLACE`, with progress, on from where an earlier try was cut. `SUM` is the
SHA-256 checksum that it had the first time, and `PLACE` where that is kept; '' where it never came. They need \`$work\`, a folder of their own.
Fails with `reason` set; with ${needsClientCode} where nothing here can fetch it; with ${refusedCode} and `advice` where it is not what it has to be.
*/
export const fetchPart = `# Busybox' wget is none: it does not check certificates.
choose_downloader() {
  downloader=
  if command -v curl >/dev/null 2>&1; then downloader=curl
  elif command -v wget >/dev/null 2>&1 && wget --version 2>/dev/null | head -n 1 | grep -q 'GNU Wget'; then downloader=wget
  elif command -v python3 >/dev/null 2>&1 && python3 -c 'import ssl, urllib.request' >/dev/null 2>&1; then downloader=python3
  fi
}

# Where a name server is out of reach, this is what is waited for.
export RES_OPTIONS="\${RES_OPTIONS:-timeout:2 attempts:1}"

download() {
  case "$1" in https:*) only='--proto =https --proto-redir =https' ;; *) only= ;; esac
  case "$downloader" in
    curl) curl -fsSL $only --max-redirs 5 --connect-timeout 5 --speed-limit 1000 --speed-time 15 -C - -D "$work/head" -o "$2" "$1" ;;
    wget)
      wget -nv -S -c -t 1 --max-redirect=5 --dns-timeout=5 --connect-timeout=5 --read-timeout=15 -O "$2" "$1" 2> "$work/head" || return
      # It has no word against being sent away from https.
      if [ -n "$only" ] && grep -qi '^ *location: *http:' "$work/head"; then rm -f "$2"; echo 'sent away from https' >&2; return 1; fi
      ;;
    python3) python3 - "$1" "$2" "$work/head" <<'PYTHON'
${python}PYTHON
      ;;
  esac
}

size_of() { if [ -f "$1" ]; then wc -c < "$1" | tr -d ' '; else echo 0; fi; }

# The last answer's: a redirection has a head of its own.
status_of_answer() { sed -n 's/^ *HTTP\\/[0-9.]* \\([0-9]*\\).*/\\1/p' "$work/head" 2>/dev/null | tail -n 1; }

header() { tr -d '\\r' < "$work/head" 2>/dev/null | sed -n "s/^ *$1: *//p" | tail -n 1; }

size_of_whole() {
  case "$(status_of_answer)" in
    206 | 416) header '[Cc]ontent-[Rr]ange' | sed -n 's/.*\\/\\([0-9][0-9]*\\)$/\\1/p' ;;
    200) header '[Cc]ontent-[Ll]ength' ;;
  esac
}

progress() {
  [ -n "$STEP_FOLDER" ] || return 0
  printf '%s %s %s\\n' "$1" "\${2:-0}" "$3" > "$STEP_FOLDER/progress.new" && mv "$STEP_FOLDER/progress.new" "$STEP_FOLDER/progress"
}

# The publisher's checksum, in the answer that leads to the file, which may lie with somebody else: VS Code's update server gives it in
# \`x-sha256\` (microsoft/vscode-test, lib/download.ts, checks the same).
told_sum() { tr -d '\\r' < "$work/head" 2>/dev/null | sed -n 's/^ *[Xx]-[Ss][Hh][Aa]256: *//p' | grep -E '^[0-9a-fA-F]{64}$' | head -n 1 | tr A-F a-f; }

can_sum() { command -v sha256sum >/dev/null 2>&1 || command -v openssl >/dev/null 2>&1 || command -v python3 >/dev/null 2>&1; }

sum_of() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum < "$1"
  elif command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 -r < "$1"
  elif command -v python3 >/dev/null 2>&1; then python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())' < "$1"
  fi | sed -n 's/^\\([0-9a-f]\\{64\\}\\).*/\\1/p'
}

# \`accept FILE NAME TOLD KEPT PLACE SENT\`: whether a file is what it has to be: as its publisher told, else as the first time. What it is
# goes into the log, and into \`sum\`. SENT is its checksum as the sender knows it, for where nothing here can work it out.
accept() {
  sum=
  if can_sum; then sum=$(sum_of "$1"); else sum=$6; fi
  if [ -z "$sum" ]; then
    reason="the checksum of the $2 cannot be worked out"
  elif [ -n "$3" ] && [ "$3" != "$sum" ]; then
    reason="what came is not the $2: its SHA-256 checksum is $sum, and its publisher says $3"
    advice="Start again, to fetch it anew. Where it stays so, something between here and its publisher (a proxy, a mirror) gives out another file: do not connect with $name before you know what, it would fetch the same."
  elif [ -z "$3" ] && [ -n "$4" ] && [ "$4" != "$sum" ]; then
    reason="the $2 has changed although its version has not: its SHA-256 checksum is $sum, and was $4 when it first came"
    advice="Its publisher gives no checksum to compare. Where you know that it was made anew, remove $5 and start again; do not connect with $name before, it would fetch the same."
  else
    echo "The $2 has the SHA-256 checksum $sum, $([ -n "$3" ] && echo 'as its publisher says' || { [ -n "$4" ] && echo 'as before' || echo 'its publisher gives none'; })."
    return 0
  fi
  rm -f "$1"
  return ${refusedCode}
}

# Runs a command; after so many seconds it is ended, which is 124. \`each_moment\` is called while it runs.
limited() {
  seconds=$1
  shift
  rm -f "$work/over" "$work/over.new"
  { "$@"; echo $? > "$work/over.new"; mv "$work/over.new" "$work/over"; } &
  command=$!
  moments=0
  until [ -f "$work/over" ]; do
    sleep 0.2 2>/dev/null || sleep 1
    moments=$((moments + 1))
    each_moment
    if [ "$((moments / 5))" -ge "$seconds" ]; then
      kill "$command" $(descendants "$command") 2>/dev/null
      wait "$command" 2>/dev/null
      return 124
    fi
  done
  wait "$command"
  return "$(cat "$work/over")"
}

descendants() {
  for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do echo "$child"; descendants "$child"; done
}

each_moment() { :; }

fetch() {
  url=$1 file=$2 what=$3 reason= told=
  place=$(echo "$url" | sed 's,^\\([a-z]*://[^/]*\\).*,\\1,')
  mkdir -p "\${file%/*}" || { reason="\${file%/*} cannot be written"; return 1; }
  choose_downloader
  if [ -z "$downloader" ]; then
    reason='the image has neither curl nor wget nor Python to download with'
    return ${needsClientCode}
  fi
  if ! can_sum; then
    reason='nothing in the image can work out a checksum (sha256sum, openssl or Python)'
    return ${needsClientCode}
  fi
  resumed=$(size_of "$file.part")
  for try in 1 2 3; do
    rm -f "$work/head"
    before=$(size_of "$file.part")
    each_moment() { progress "$(size_of "$file.part")" "$(size_of_whole)" "the $what"; }
    limited 1200 download "$url" "$file.part" 2> "$work/complaint"
    code=$?
    each_moment() { :; }
    [ -z "$STEP_FOLDER" ] || rm -f "$STEP_FOLDER/progress"
    status=$(status_of_answer)
    [ -z "$(told_sum)" ] || told=$(told_sum)
    # Nothing is left to fetch: it is all there, or it is something else.
    if [ "$status" = 416 ]; then
      code=22
      [ "$(size_of "$file.part")" != "$(size_of_whole)" ] || code=0
    fi
    if [ "$code" -eq 0 ]; then
      if accept "$file.part" "$what" "$told" "$4" "$5"; then
        [ -n "$told" ] || [ -z "$STEP_FOLDER" ] || echo "$url $sum" >> "$STEP_FOLDER/sums"
        mv "$file.part" "$file" && return 0
        reason="the $what cannot be written: is there room in $HOME?"
        return 1
      fi
      # Its beginning may have been another's.
      [ "$resumed" -gt 0 ] || return ${refusedCode}
      resumed=0
      continue
    fi
    cat "$work/complaint"
    [ "$downloader" != wget ] || tail -n 1 "$work/head"
    # It cannot go on from there.
    if [ "$before" -gt 0 ] && [ "$status" = 200 ]; then rm -f "$file.part"; fi
    case "$downloader $code" in
      'curl 60' | 'curl 77' | 'wget 5' | 'python3 60')
        reason="the image does not trust $place (\\\`ca-certificates\\\` may be missing)"
        return ${needsClientCode}
        ;;
      'curl 23' | 'wget 3') reason="the $what cannot be written: is there room in $HOME?"; return 1 ;;
    esac
    case "$status" in
      4[0-9][0-9])
        rm -f "$file.part"
        case "$status" in
          408 | 416 | 429) ;;
          *) reason="$place has no $what (it answered $status)"; return 1 ;;
        esac
        ;;
    esac
    case "$status" in
      '' | 3*)
        if [ "$(size_of "$file.part")" -eq "$before" ]; then
          led=$(header '[Ll]ocation' | sed -n 's,^\\([a-z]*://[^/ ]*\\).*,\\1,p')
          reason="\${led:-$place} does not answer"
          return 1
        fi
        ;;
    esac
    [ "$try" -eq 3 ] || sleep "$try"
  done
  reason="the $what could not be fetched from $place\${status:+ (it answered $status)}"
  case "$status" in 2*) reason="the connection to $place broke off, three times" ;; esac
  return 1
}
`;
