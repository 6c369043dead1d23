# Runs a server and ends it when the parent is gone, however the parent went: standard input is a pipe whose other end only
# the parent holds, so its end of file is the parent's end, `kill -9` included. Standard output is the lock file of the
# server's directory: its lock lasts as long as this shell does, and the process ids of the server
# and of the parent are written into it.
# Arguments: the signal that asks the server to stop, the seconds it is given before SIGKILL, the server's command line.
signal=$1 grace=$2
shift 2
exec 3<&0 </dev/null
"$@" >&2 3<&- &
server=$!
echo "$server $PPID"
(
    while read -r _ <&3; do :; done
    kill -s "$signal" "$server"
    tenths=$((grace * 10))
    while [ "$tenths" -gt 0 ] && kill -s 0 "$server"; do
        sleep 0.1
        tenths=$((tenths - 1))
    done
    kill -s KILL "$server"
) >/dev/null 2>&1 &
guard=$!
exec 3<&-
trap '' HUP INT TERM
wait "$server"
status=$?
kill "$guard" 2>/dev/null
exit "$status"
