# The provider's notice that it takes a spot machine back, by IMDSv2 with whatever there is to ask with; one second for each answer.

# METHOD PATH HEADER: the body of an answer that is 200, at most 1024 bytes.
fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl -sf --noproxy '*' -m 1 -X "$1" -H "$3" "http://$metadata$2"
  elif wget --version 2>/dev/null | grep -q GNU; then
    timeout 1 wget -q -O - --no-proxy -t 1 --method="$1" --header="$3" "http://$metadata$2"
  else
    case $metadata in *:*) where=$metadata ;; *) where=$metadata:80 ;; esac
    timeout 1 bash -c 'IFS=: read -r host port <<<"$1"
      exec 3<>"/dev/tcp/$host/$port" && printf "%s %s HTTP/1.0\r\nHost: %s\r\n%s\r\n\r\n" "$2" "$3" "$1" "$4" >&3 && cat <&3' \
      guard "$where" "$1" "$2" "$3" 2>/dev/null | awk 'NR == 1 && $2 != 200 { exit } body; /^\r?$/ { body = 1 }'
  fi | head -c 1024
}

notice() {
  if [ -z "$token" ] || [ "$((up - fetched))" -ge 300 ]; then
    token=$(fetch PUT /latest/api/token 'X-aws-ec2-metadata-token-ttl-seconds: 21600')
    fetched=$up
  fi
  case $token in '' | *[!A-Za-z0-9_=+/.-]*) token= ; return ;; esac
  body=$(fetch GET /latest/meta-data/spot/instance-action "X-aws-ec2-metadata-token: $token" | tr -d '\n')
  action=$(printf '%s' "$body" | sed -n 's/.*"action" *: *"\([a-z-]\{1,20\}\)".*/\1/p')
  [ -n "$action" ] || return
  time=$(printf '%s' "$body" | sed -n 's/.*"time" *: *"\([0-9]\{4\}-[0-9][0-9]-[0-9][0-9]\)T\([0-9:]\{8\}\)[0-9.]*Z".*/\1 \2/p')
  [ -z "$time" ] || time=$(date -u -d "$time" +%s 2>/dev/null)
  put "$run/notice" "$action $time"
}
