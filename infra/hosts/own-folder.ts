/**
 * Shell: `alone FOLDER` fails, and says why on standard error, where anyone but root and this user may change what lies in a folder, or
 * what its path leads to: who owns a folder, or may write to one, can put another in the place of what is in it. A folder above with
 * the sticky bit (/tmp) is well, since only a name's owner can change it there. What is not there yet is not looked at.
 */
export const OWN_FOLDER = String.raw`
stranger() {
  at=$1 above=$2
  while :; do
    if [ -e "$at" ] || [ -L "$at" ]; then
      set -- $(stat -c '%u %g %a' "$at")
      if [ "$1" != 0 ] && [ "$1" != "$(id -u)" ]; then echo "$at is of another user (number $1)"; return; fi
      others=
      case $3 in *[2367]) others=1 ;; esac
      # In a group of the user's own, as Debian makes one for each, there is nobody else.
      case $3 in *[2367]?) [ "$2" = 0 ] || [ "$2 $(id -gn)" = "$(id -g) $(id -un)" ] || others=1 ;; esac
      case $3 in [1357]???) [ -z "$above" ] || others= ;; esac
      if [ -n "$others" ] && [ ! -L "$at" ]; then echo "others may write to $at (mode $3)"; return; fi
    fi
    [ "$at" != / ] || return 0
    at=${"$"}{at%/*} above=above
    [ -n "$at" ] || at=/
  done
}
alone() {
  who=$(stranger "$1" "")
  there=$1 above=
  while [ ! -d "$there" ]; do above=above there=${"$"}{there%/*}; [ -n "$there" ] || there=/; done
  [ -n "$who" ] || who=$(stranger "$(cd "$there" && pwd -P)" "$above")
  [ -z "$who" ] || { echo "$1 is not Lathe's alone: $who. Name another folder (lathe:workspace)" >&2; return 1; }
}
`;
