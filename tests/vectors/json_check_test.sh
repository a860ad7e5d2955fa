#!/bin/sh
# json-check as it is called: exit codes, and what goes to which stream.
#
#     json_check_test.sh JSON_CHECK
set -u

check=$(realpath "$1") || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
count=0
failed=0

# row NAME WANTED_CODE WANTED_LINE [ARGUMENT...]: nothing goes to standard output
row() {
    name=$1
    wanted_code=$2
    wanted_line=$3
    shift 3
    (cd "$dir" && "$check" "$@" >out 2>err)
    code=$?
    count=$((count + 1))
    if [ "$code" -eq "$wanted_code" ] && [ "$(cat "$dir/err")" = "$wanted_line" ] &&
        [ ! -s "$dir/out" ]; then
        echo "ok $count - json-check: $name"
    else
        echo "not ok $count - json-check: $name"
        echo "# exit code $code, wanted $wanted_code"
        sed 's/^/# stderr: /' "$dir/err"
        sed 's/^/# stdout: /' "$dir/out"
        failed=1
    fi
}

printf '{"a":1,"a":[]}' >"$dir/good.json"
printf '[1,' >"$dir/bad.json"
: >"$dir/empty.json"
head -c 16777214 /dev/zero | tr '\0' ' ' >"$dir/large.json"
printf '[]' >>"$dir/large.json"
{
    cat "$dir/large.json"
    printf ' '
} >"$dir/larger.json"

row "JSON is answered with silence, and a key may come twice" 0 "" good.json
row "what is not JSON gets one line that says where" \
    1 "json-check: bad.json: json: a value is missing at byte 3" bad.json
row "an empty file is not JSON" \
    1 "json-check: empty.json: json: a value is missing at byte 0" empty.json
row "a file as long as the limit" 0 "" large.json
row "a file of one byte more than the limit" \
    1 "json-check: larger.json: json text: limit 16777216, asked 16777217" larger.json
row "a file that is not there is an error of the caller" \
    2 "json-check: no.json: No such file or directory" no.json
row "a folder is no file" 2 "json-check: .: Is a directory" .
row "no file is wrong usage" 2 "usage: json-check FILE"
row "two files are wrong usage" 2 "usage: json-check FILE" good.json good.json

echo "1..$count"
exit "$failed"
