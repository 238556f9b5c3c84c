import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../lib/errors.ts";
import { labPaths } from "../names.ts";
import { tryRun } from "../run.ts";
import { sshTo } from "../ssh.ts";
import type { Lab, LabHost } from "../state.ts";

const READY_SECONDS = 60;

/** Waits until a host can be logged in to and its Docker answers. @throws UserError with the end of its logs */
export async function awaitHost(lab: Lab, host: LabHost): Promise<void> {
  const probe = host.docker ? ["docker", "version", "--format", "{{.Server.Version}}"] : ["true"];
  const until = Date.now() + READY_SECONDS * 1000;
  for (;;) {
    const result = await tryRun(sshTo(lab.sshConfig, host.name, ...probe));
    if (result.exitCode === 0) return;
    if (Date.now() > until) {
      throw new UserError({
        what: `host "${host.name}" (${host.address}) is not ready after ${READY_SECONDS} s: ${result.stderr.trim()}`,
        fix: `npx lathe lab down --name ${lab.name}, then up again; its logs: ${labPaths(lab.name).host(host.name)}/upper/var/log`,
      });
    }
    await sleep(200);
  }
}
