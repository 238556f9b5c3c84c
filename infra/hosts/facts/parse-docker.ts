import { ENGINE_SECONDS } from "../../deadlines.ts";
import { CONTROLLERS, type Controller } from "../controllers.ts";
import { lastLine, nameOf } from "../bounds.ts";
import type { HostFacts } from "../facts.ts";

/** Why a host's Docker engine cannot be used. */
export type DockerProblem =
  | { readonly kind: "no-docker" }
  | { readonly kind: "docker-permission"; readonly detail: string }
  | { readonly kind: "docker-down"; readonly detail: string }
  | { readonly kind: "docker-old"; readonly version: string }
  /** The command `docker`, or the engine behind it, is Podman's. */
  | { readonly kind: "podman" };

/** The oldest engine API that Lathe is used with: Docker 20.10, which every supported Debian and Ubuntu has. */
const OLDEST_API = [1, 41] as const;

/** What the facts script's sections say of Docker. */
export interface DockerSections {
  /** Undefined: there is no such section. */
  readonly docker: string | undefined;
  /** What the command `docker` really is, where it is another program. */
  readonly command: string;
  readonly storage: string;
}

/** A host's engine, all "none" where it cannot be used, and why it cannot. Pure. */
export function parseDocker(said: DockerSections): { docker: HostFacts["docker"]; problem?: DockerProblem } {
  const problem = problemOf(said);
  if (problem !== undefined) return { docker: { version: "none", apiVersion: "none", storageDriver: "none" }, problem };
  const [version, apiVersion] = versionsOf(said.docker ?? "");
  const lacks = CONTROLLERS.filter((name: Controller) => new RegExp(`^${name} false$`, "m").test(said.storage));
  const storageDriver = nameOf(said.storage.split("\n", 1)[0] ?? "") || "unknown";
  return { docker: { version, apiVersion, storageDriver, ...(lacks.length === 0 ? {} : { lacks }) } };
}

/** The engine's version and its API's, whatever the command warns of before. */
function versionsOf(text: string): [version: string, api: string] {
  const last = [...text.matchAll(/^(\S{1,100}) (\d{1,5}\.\d{1,5})$/gm)].at(-1);
  return [last?.[1] ?? "", last?.[2] ?? ""];
}

function problemOf({ docker: text, command }: DockerSections): DockerProblem | undefined {
  if (text === undefined) return { kind: "docker-down", detail: "it says nothing" };
  if (/^exit 127$/m.test(text)) return { kind: "no-docker" };
  if (/podman/.test(command) || /^(Emulate Docker CLI using podman|component Podman)/m.test(text))
    return { kind: "podman" };
  const detail = lastLine(text.replace(/^(exit \d+|arch .*|component .*)$/gm, ""));
  if (/^exit 0$/m.test(text)) {
    const [version, api] = versionsOf(text);
    if (api === "") return { kind: "docker-down", detail: `it does not tell its version: ${detail}` };
    const [major = 0, minor = 0] = api.split(".").map(Number);
    const old = major < OLDEST_API[0] || (major === OLDEST_API[0] && minor < OLDEST_API[1]);
    return old ? { kind: "docker-old", version } : undefined;
  }
  if (/^exit 124$/m.test(text)) return { kind: "docker-down", detail: `no answer within ${ENGINE_SECONDS} s` };
  if (/permission denied/i.test(text)) return { kind: "docker-permission", detail };
  return { kind: "docker-down", detail };
}
