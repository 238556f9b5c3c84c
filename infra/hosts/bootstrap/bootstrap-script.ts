import { quote } from "../../../lib/quote.ts";
import { ENGINE_SECONDS } from "../../deadlines.ts";
import { ROOT_SCRIPT } from "../firewall.ts";

/** Where a wrapper is found before Docker's own command, by every shell that sshd starts. */
export const WRAPPER = "/usr/local/bin/docker";

/** The line by which Lathe knows its own wrapper: any other file of that name is somebody else's. */
const WRAPPER_MARK = "# Made by Lathe (lathe:bootstrap sudo); pulumi destroy removes it.";

/**
 * Shell functions for a user who is root or may become it: `as CMD…` runs as root. Where sudo asks for a password there is
 * nobody to type it, and the script ends with `@@sudo REASON`.
 */
const AS_ROOT = String.raw`
${ROOT_SCRIPT}
as() { $sudo "$@"; }
if [ -n "$sudo" ]; then
  command -v sudo >/dev/null 2>&1 || { echo "@@sudo there is no sudo"; exit 3; }
  said=$(sudo -n true 2>&1) || { echo "@@sudo $(printf '%s' "$said" | tail -n 1)"; exit 3; }
fi
`;

/**
 * Makes a stock Debian or Ubuntu host one with a Docker engine that the SSH user can use: installs the distribution's
 * package where there is none, starts the engine, and lets the user in. `$1` is how: `true` by the group docker, `sudo`
 * by a wrapper. It does what is missing only, tells each thing done as a line `@@did …`, and may be run again at any time.
 */
export const BOOTSTRAP_SCRIPT = String.raw`
LC_ALL=C; export LC_ALL
how=$1 user=$(id -un)
${AS_ROOT}
fail() { echo "@@failed $1"; exit 4; }
# An engine that hangs takes a connection and never answers.
answers() { as timeout ${ENGINE_SECONDS} docker version >/dev/null 2>&1; }
apt() { as env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a apt-get -q -o DPkg::Lock::Timeout=300 "$@" >&2; }

if ! answers && ! command -v dockerd >/dev/null 2>&1; then
  command -v apt-get >/dev/null 2>&1 || fail "no apt-get: Lathe can install Docker on Debian and Ubuntu only"
  # A machine that has just been made is often busy with updates of its own.
  for try in 1 2 3 4 5 6; do apt update && break; [ "$try" = 6 ] && fail "apt-get update does not work"; sleep 10; done
  packages=docker.io
  # Newer releases have the command in a package of its own, which the engine's only recommends.
  apt-cache show docker-cli >/dev/null 2>&1 && packages="$packages docker-cli"
  # Where the kernel enforces AppArmor, the engine starts no container without its tools.
  [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] && packages="$packages apparmor"
  apt install -y --no-install-recommends $packages ca-certificates || fail "apt-get install $packages does not work"
  echo "@@did installed $packages"
fi

if ! answers; then
  if [ -d /run/systemd/system ]; then as systemctl enable --now docker; else as service docker start; fi >&2 || true
  for second in $(seq 60); do answers && break; sleep 1; done
  answers || fail "the engine does not answer after 60 s: $(as docker version 2>&1 | tail -n 1)"
  echo "@@did started the engine"
fi

if [ "$(id -u)" != 0 ] && [ "$how" = true ]; then
  case " $(id -nG "$user") " in
  *" docker "*) ;;
  *)
    # A user of a directory service is in no file here, which usermod insists on and gpasswd does not.
    as usermod -aG docker "$user" 2>/dev/null || as gpasswd -a "$user" docker >/dev/null 2>&1 ||
      fail "$user cannot be added to the group docker: npx lathe pulumi config set lathe:bootstrap sudo"
    echo "@@did added $user to the group docker"
    ;;
  esac
fi
`;

/** How the wrapper says who wants it, a line each: it is everyone's on the host, whoever's user it was made for. */
const WANTED_BY = "# for";

/**
 * Edits the wrapper, as root: `$1` is the file, `$2` whether to `add` or to `remove`, `$3` who wants it (nothing: nobody yet),
 * `$4` Docker's own command. It goes with the last who wanted it.
 */
export const EDIT_WRAPPER = String.raw`
file=$1 act=$2 who=$3 docker=$4
# Two stacks may come or go at once. Only root may open the lock, or any user could hold it; whoever has it removes it at the end.
lock=$file.lock
while :; do
  umask 077; exec 9>> "$lock"
  flock -w 60 9 || { echo "@@failed $file has been held by another stack for 60 s"; exit 4; }
  [ ! "$lock" -ef /proc/self/fd/9 ] || break
done
trap 'rm -f "$lock"' EXIT
umask 022
if [ ! -e "$file" ]; then
  [ "$act" = add ] || exit 0
  [ -n "$docker" ] || { echo "@@failed no docker command"; exit 4; }
  printf '%s\n' '#!/bin/sh' '${WRAPPER_MARK}' "[ \"\$(id -u)\" = 0 ] && exec $docker \"\$@\"" "exec sudo -n $docker \"\$@\"" > "$file.new"
  echo "@@did let users reach docker through sudo ($file)"
elif grep -q '^${WRAPPER_MARK}' "$file"; then
  grep -vxF -e "${WANTED_BY} $who" "$file" > "$file.new"
elif [ "$act" = add ]; then
  echo "@@failed $file is there and is not Lathe's"; exit 4
else
  exit 0
fi
if [ "$act" = add ]; then
  [ -z "$who" ] || printf '%s\n' "${WANTED_BY} $who" >> "$file.new"
elif ! grep -q '^${WANTED_BY} ' "$file.new"; then
  rm "$file" "$file.new"; exit 0
fi
chmod 755 "$file.new"
mv "$file.new" "$file"
`;

/** Lets the user reach the engine through sudo; `$1` is who wants it (nothing: nobody yet). */
export const WRAP_SCRIPT = String.raw`
LC_ALL=C; export LC_ALL
who=$1 wrapper=${WRAPPER}
[ "$(id -u)" != 0 ] || exit 0
${AS_ROOT}
docker=$(PATH=/usr/bin:/bin:/usr/sbin:/sbin:/snap/bin command -v docker) || docker=
as sh -euc ${quote(EDIT_WRAPPER)} lathe "$wrapper" add "$who" "$docker"
`;

/** Takes the wrapper away once no stack of anyone's wants it any more. */
export const UNWRAP_SCRIPT = String.raw`
LC_ALL=C; export LC_ALL
who=$1 wrapper=${WRAPPER}
[ "$(id -u)" != 0 ] || exit 0
grep -q '^${WRAPPER_MARK}' "$wrapper" 2>/dev/null || exit 0
${AS_ROOT}
as sh -euc ${quote(EDIT_WRAPPER)} lathe "$wrapper" remove "$who" ""
`;
