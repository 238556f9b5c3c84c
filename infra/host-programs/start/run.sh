# What the engine starts for a resource: `sh run.sh PROGRAM ACTION`, its spec on standard input; see start.ts.
# A Perl, which nearly every machine has, starts with a third of a Node's processor time.
here=${0%/*}
if [ -S "${LATHE_COMMANDS:-}" ] && command -v perl >/dev/null; then exec perl "$here/ask.pl" "$@"; fi
exec node "$here/$1.ts" "$2"
