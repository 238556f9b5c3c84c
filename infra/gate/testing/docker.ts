import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What this machine's engine says of a container that runs, as `docker container inspect` prints it. */
const RUNNING = JSON.stringify([
  {
    ...{ Image: "sha256:1", RestartCount: 0 },
    State: { Status: "running", ExitCode: 0, OOMKilled: false, Error: "" },
    Config: { Env: [], Cmd: [], Labels: null },
    HostConfig: { CpusetCpus: "", CpusetMems: "", PidsLimit: null },
  },
]);

/** A `docker` of shell script, for gates on this machine: its container runs. */
export class FakeDocker {
  readonly #dir = mkdtempSync(join(tmpdir(), "lathe-docker-"));
  readonly #path = process.env["PATH"] ?? "";

  constructor() {
    const says = { container: RUNNING, exec: "0", events: "", logs: "" };
    for (const [verb, text] of Object.entries(says)) this.says(verb, text);
    writeFileSync(join(this.#dir, "docker"), `#!/bin/sh\ncat "$(dirname "$0")/$1.said"\n`);
    chmodSync(join(this.#dir, "docker"), 0o755);
    process.env["PATH"] = `${this.#dir}:${this.#path}`;
  }

  /** What `docker VERB …` prints from now on. */
  says(verb: string, text: string): void {
    writeFileSync(join(this.#dir, `${verb}.said`), text);
  }

  /** Takes it off the path. */
  remove(): void {
    process.env["PATH"] = this.#path;
    rmSync(this.#dir, { recursive: true });
  }
}
