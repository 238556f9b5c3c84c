import { homedir } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";

/**
 * Whether `ssh` takes a text for a destination, in every version: newer ones refuse what means something to a shell. Neither user nor
 * host may begin with a hyphen: without brackets and URL, what is left would be an option to it (`[-oProxyCommand=…]`).
 */
export function isDestination(text: string): boolean {
  const [, user = "", host = ""] = /^(?:ssh:\/\/)?(?:(.+)@)?([^@]*)$/.exec(text) ?? [];
  const plain = (word: string) => !/[\s\p{Cc}'"`;&<>|(){}]/u.test(word) && !/^\[?-/.test(word);
  return plain(user) && !user.endsWith("\\") && host !== "" && plain(host) && !/[$\\]/.test(host);
}

/** How to reach a machine by OpenSSH. */
export const SshTarget = z.object({
  /** Destination as `ssh` takes it: `user@host`, a Host alias of the ssh config, or `ssh://user@host:port`. */
  destination: z.string().refine(isDestination, "an SSH destination that is no option"),
  /** An ssh config file to use instead of the user's own (`ssh -F`), where the stack's config names one. */
  configFile: z.string().optional(),
});
export type SshTarget = z.infer<typeof SshTarget>;

/**
 * The same with its config file as an absolute path: the engine, the provider and the bench each run in a folder of their own.
 *
 * @param folder that a relative path begins at
 */
export function withAbsoluteConfig({ destination, configFile }: SshTarget, folder: string): SshTarget {
  if (configFile === undefined) return { destination };
  return { destination, configFile: resolve(folder, configFile.replace(/^~(?=\/)/, homedir())) };
}
