import { z } from "zod";
import { Owned } from "../ownership/spec.ts";

/* What the programs of this folder are told on their standard input, where no other room says it: written by resources, read by the programs. */

/** `sudo`: the SSH user's `docker` goes through sudo. */
export const SudoSpec = Owned;
export type SudoSpec = z.infer<typeof SudoSpec>;

/** The config's key that names an image. */
export const ImageKey = z.enum(["image", "proxyImage"]);
export type ImageKey = z.infer<typeof ImageKey>;

/** `image`: an image on the host. */
export const ImageSpec = Owned.omit({ id: true }).extend({
  /** With its digest. */
  reference: z.string().regex(/@sha256:[0-9a-f]{64}$/),
  key: ImageKey,
});
export type ImageSpec = z.infer<typeof ImageSpec>;

/** `secrets`: files that one container's user alone may read. The whole spec is a secret. */
export const SecretsSpec = Owned.extend({
  workspace: z.string().startsWith("/"),
  /** The container that they are for: the name of their folder. */
  container: z.string().min(1),
  /** `UID:GID` that the files are handed to where the SSH user is root; empty: left to root. */
  user: z.string(),
  files: z.array(z.object({ name: z.string(), content: z.string() })),
});
export type SecretsSpec = z.infer<typeof SecretsSpec>;

/** `firewall`: who is let at a server's ports. */
export const FirewallSpec = Owned.extend({
  bridge: z.string().min(1).max(15),
  ports: z.array(z.number().int().positive()).min(1),
  bind: z.array(z.string()).min(1),
  allow: z.array(z.string()),
  /** The host's boot: rules are gone after the next one. */
  boot: z.string(),
  /** File on the host, absolute, that tells how often they were set, and what they were then. */
  note: z.string().startsWith("/"),
  setting: z.number().int().positive(),
});
export type FirewallSpec = z.infer<typeof FirewallSpec>;
