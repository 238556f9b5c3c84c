import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import {
  destroy,
  initStack,
  projectFolder,
  pulumi,
  type EngineResult,
  type StackRef,
} from "../../infra/pulumi/testing/stack.ts";
import { startPulumi } from "../../infra/pulumi/engine.ts";
import { StackSecrets } from "../../infra/outputs.ts";
import { kindImage, pushImage, readLab, type Lab } from "../../lab/index.ts";
import { progress } from "../../lib/progress.ts";
import { on } from "../lab/tools.ts";
import { TEST_LAB } from "../lab/setup.ts";

/** The tests' lab with the stand-in's image in its registry, and an empty backend for stacks of one test file. */
export interface Bed {
  readonly lab: Lab;
  /** The server's image, by digest. */
  readonly image: string;
  /** Where its stacks' config files lie, and what they need in their environment. */
  readonly projectDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Makes a stack of that name; its servers are taken down with the bed. */
  stack(name: string, config: Readonly<Record<string, string>>): Promise<StackRef>;
  /** Everything that Lathe or Docker could have left on a host, one line each; empty if there is nothing. */
  leftOn(host: string): Promise<string>;
  /** Takes all stacks down; fails if anything stays on a host that other test files use too. */
  down(): Promise<void>;
}

/**
 * What Lathe or Docker may have left on a host, a line each. Not Lathe's, nor to be waited for: runc's own file of a container that goes while
 * Docker runs its health test, and the stacks of a containerd that was too slow for dockerd, which then starts it anew.
 */
export const LEFT =
  "docker ps -aq; docker images -q; docker volume ls -q; ls -A .lathe 2>/dev/null; " +
  "ls /tmp | grep -vE '^(runc-process|containerd[.].*[.]stacks[.]log$)' || true";

/** Beds that are laid and not down yet: while there is another one, its stacks are on the hosts. */
let laid = 0;

/** Lays the bed in a lab that is up: the image is pushed once and then comes from the cache. */
export async function makeBed(name = TEST_LAB): Promise<Bed> {
  const steps = progress();
  const lab = await readLab(name);
  const source = await kindImage("tf-serving", steps);
  if (source === undefined) throw new Error("the lab has no image of that kind");
  const { reference } = await pushImage(lab, source, steps);
  const dir = await mkdtemp(join(tmpdir(), "lathe-engine-"));
  const projectDir = await projectFolder(join(dir, "project"));
  const env = { PULUMI_BACKEND_URL: `file://${dir}`, PULUMI_CONFIG_PASSPHRASE: "test" };
  const refs: StackRef[] = [];
  const leftOn = (host: string) => on(lab, host, LEFT);
  laid += 1;
  return {
    lab,
    image: reference,
    projectDir,
    env,
    async stack(name, config) {
      const ref: StackRef = { stack: name, projectDir, env };
      await initStack(ref, { "lathe:sshConfig": lab.sshConfig, "lathe:image": reference, ...config });
      refs.push(ref);
      return ref;
    },
    leftOn,
    async down() {
      for (const ref of refs) await destroy(ref).catch(() => {});
      await rm(dir, { recursive: true, force: true });
      // What stays on hosts that all tests share fails the next test file: the one that left it is told.
      laid -= 1;
      if (name !== TEST_LAB || laid > 0) return;
      const left = await Promise.all(lab.hosts.map(async (host) => `${host.name}: ${await leftOn(host.name)}`));
      expect(left).toEqual(lab.hosts.map((host) => `${host.name}: `));
    },
  };
}

/** What the clients of a stack's one server need to be let in. */
export async function clientSecrets(ref: StackRef): Promise<{ clientKey: string; token: string }> {
  const shown = await pulumi({ ...ref, onLine: () => {} }, [
    ...["stack", "output", "latheSecrets", "--show-secrets", "--json", "--stack", ref.stack],
  ]);
  const [own] = StackSecrets.parse(JSON.parse(shown.stdout)).servers;
  return { clientKey: own?.clientKey ?? "", token: own?.token ?? "" };
}

/** `pulumi up`, to which something is done as soon as it says a line with this word. */
export async function startUp(
  stack: StackRef,
  word: string,
  act: (kill: (signal: NodeJS.Signals) => void) => void | Promise<void>,
): Promise<EngineResult> {
  let acted: Promise<void> | undefined;
  const onLine = (line: string) => {
    if (line.includes(word)) acted ??= Promise.resolve(act(engine.signal));
  };
  const engine = await startPulumi({ ...stack, onLine }, ["up", "--yes", "--skip-preview", "--stack", stack.stack]);
  const ended = await engine.ended;
  expect(acted, ended.output).toBeDefined();
  await acted;
  return ended;
}
