/*
 * Whose a folder on a host is. Its file says `PROJECT/STACK` and the deployment's id. The same machine under another spelling
 * of `lathe:host` is another deployment, which may have the folder by now: what the old one undoes must not be the new one's.
 */

/** Says whose the folder is; nothing is ever removed from a folder of somebody else's. */
export const OWNER_FILE = ".lathe-owner";

/**
 * Lines of a script: it ends, well, where a folder is of another deployment.
 *
 * @param folder how the script names it
 * @param id how the script names the deployment's id
 */
export function unlessAnothers(folder: string, id: string): string {
  return `which=$(sed -n 2p "${folder}/${OWNER_FILE}" 2>/dev/null || true)
if [ -n "$which" ] && [ "$which" != "${id}" ]; then exit 0; fi`;
}
