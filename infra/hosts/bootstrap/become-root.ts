/** Shell: `$sudo` before a command makes it root's, where the user is root or may be without a password; and root's programs are found. */
export const ROOT_SCRIPT = `PATH=$PATH:/usr/sbin:/sbin; sudo=; [ "$(id -u)" = 0 ] || sudo="sudo -n"`;
