import { z } from "zod";

/** How to reach a machine by OpenSSH. */
export const SshTarget = z.object({
  /** Destination as `ssh` takes it: `user@host`, a Host alias of the ssh config, or `ssh://user@host:port`. */
  destination: z.string().min(1),
  /** An ssh config file to use instead of the user's own (`ssh -F`), where the stack's config names one. */
  configFile: z.string().optional(),
});
export type SshTarget = z.infer<typeof SshTarget>;
