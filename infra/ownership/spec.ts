import { z } from "zod";
import { SshTarget } from "../hosts/target.ts";

/** Input of every program that makes something on a host and undoes it. */
export const Owned = z.object({
  target: SshTarget.nullable(),
  /** `PROJECT/STACK`: whose it is, and whose config says whether its machine was given up. */
  owner: z.string().min(1),
  /** Tells deployments of one name apart: two people's, or one's that lost its state. */
  id: z.string().min(1),
});
export type Owned = z.infer<typeof Owned>;

/** A folder on the host that is Lathe's alone, and the files a server reads in it. */
export const WorkspaceSpec = Owned.extend({
  /** Absolute. */
  workspace: z.string().startsWith("/"),
  /** Files below the models folder; `keepWhere` is how one begins that must be left as it is. */
  files: z.array(z.object({ name: z.string(), content: z.string(), keepWhere: z.string().optional() })),
});
export type WorkspaceSpec = z.infer<typeof WorkspaceSpec>;

/** A server's names and ports on its host. */
export const ReservationSpec = Owned.extend({
  /** The server's resource: tells the servers of one deployment apart. */
  server: z.string().min(1),
  container: z.string().min(1),
  /** Id of a container that an interrupted `up` left, or empty. */
  leftover: z.string(),
  /** Whether a proxy with a name of its own stands before the container. */
  proxy: z.boolean(),
  /** Of the open endpoints, on the host. */
  ports: z.array(z.object({ protocol: z.string(), port: z.number().int().positive() })),
  /** What an interrupted `up` left of what stands beside the container: its proxy and their own network. Absent where there is neither. */
  beside: z.object({ workspace: z.string().startsWith("/"), proxy: z.string(), network: z.string() }).optional(),
});
export type ReservationSpec = z.infer<typeof ReservationSpec>;

/**
 * File of a folder on a host with its owner: `PROJECT/STACK`, and the deployment's id. The same machine under another spelling
 * of `lathe:host` is another deployment, which may have the folder by now: what the old one undoes must not be the new one's.
 */
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

/** Folder of the workspace that says of each delivered version how its files looked, and where they lie: `MODEL/VERSION`. */
export const LOOKS_FOLDER = ".looks";

/** A shell function: what tells a folder's files from changed ones without reading them (names, sizes, modes, times). */
export const LOOKS = `looks() { find "$1" -type f -printf '%P %s %m %T@\\n' 2>/dev/null | sort | sha256sum | cut -d ' ' -f 1; }`;
