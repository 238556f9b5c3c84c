import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { destroy, setConfig, tryUp } from "../../../infra/pulumi/testing/stack.ts";
import { serverKind } from "../../../infra/servers/registry.ts";
import { quote } from "../../../lib/quote.ts";
import { DETECTOR, HOST, KindOnHost, MENDED_MS, NULL, type KindInLab } from "./on-host.ts";

/*
 * What every server kind must do, on a real host with the real engine: a kind's own test is `describeKind` with its particulars. One
 * stack goes through all of it in turn; each step finds what the one before has left.
 */

/** A line that kills the children of a container's first process. */
export const killChildren = (container: string): string =>
  `pkill -9 -P $(docker inspect --format '{{.State.Pid}}' ${quote(container)})`;

/** What becomes of a server amid a bench's calls, and what the bench then says. */
interface Fault {
  readonly what: string;
  readonly act: (on: KindOnHost) => Promise<unknown>;
  readonly says: RegExp;
}

function faultsOf({ worker }: KindInLab): Fault[] {
  const all: Fault[] = [
    {
      what: "is killed",
      act: (on) => on.run(`docker kill ${on.container}`),
      says: /UNAVAILABLE.*died \(exit code 137\)/,
    },
    {
      what: "is paused",
      act: (on) => on.run(`docker pause ${on.container}`),
      says: /DEADLINE_EXCEEDED.*is paused/,
    },
  ];
  if (worker !== undefined)
    all.push({
      what: "loses a worker while its front end lives",
      act: (on) => on.run(worker.kill(on.container)),
      says: worker.says,
    });
  return all;
}

/** Puts a kind's server up, gates, measures and troubles it, and takes it down: a minute and a half on a machine that is idle. */
export function describeKind(lab: KindInLab): void {
  const port = serverKind(lab.kind).endpoints[0]?.defaultPort ?? 0;
  let on: KindOnHost;
  beforeAll(async () => {
    on = await KindOnHost.prepare(lab);
  }, 900_000);
  afterAll(() => on?.bed.down(), 300_000);

  describe(`a ${lab.kind} server on a host of the lab`, { timeout: 900_000 }, () => {
    it("is not begun where another program has its port, which is named", async () => {
      const listen = `use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalPort => ${port}, Listen => 1, ReuseAddr => 1) or die; sleep 600`;
      const holder = await on.run(`nohup perl -e ${quote(listen)} >/dev/null 2>&1 & echo $!`);
      const { code, output } = await tryUp(on.stack);
      await on.run(`kill ${holder}`);
      expect([code !== 0, output]).toEqual([true, expect.stringContaining(`port ${port} is taken by another program`)]);
    });

    it("fails its gate where its memory is too little, with what to raise", async () => {
      await setConfig(on.stack, { "lathe:memoryMiB": `${lab.tooLittleMiB}` });
      const { code, output } = await tryUp(on.stack);
      expect([code !== 0, output]).toEqual([true, expect.stringMatching(/out of memory: raise lathe:memoryMiB/)]);
      await on.forget("memoryMiB");
    });

    it("comes up, says what runs there, and is as it was after another up", async () => {
      expect(await on.up()).toMatchObject({ ...{ kind: lab.kind, container: on.container }, ...lab.outputs });
      const again = await tryUp(on.stack);
      expect([again.code, Object.keys(again.changes)], again.output).toEqual([0, ["same"]]);
    });

    it("answers every client kind as TensorFlow does in float32", async () => {
      const { code, said } = await on.bench.run([NULL, DETECTOR], on.clients, 3);
      expect(code, said).toBe(0);
      await on.expectReference();
    });

    it.each(faultsOf(lab).map((fault) => [fault.what, fault] as const))(
      "that %s fails the bench's calls with the reason, and up mends it",
      async (_what, { act, says }) => {
        const { code, said } = await on.bench.underWay(NULL, on.clients.slice(0, 1), () => act(on));
        expect([code, said]).toEqual([1, expect.stringMatching(says)]);
        await on.expectHealed();
      },
    );

    it("says so where a model's files were damaged, and up brings them again", async () => {
      await on.damage();
      const measured = async () => (await on.bench.run([DETECTOR], on.clients.slice(0, 1), 1)).said;
      await expect.poll(measured, { timeout: MENDED_MS }).toMatch(lab.saysDamaged);
      await on.expectHealed();
      expect(await on.bench.run([DETECTOR], on.clients, 1)).toMatchObject({ code: 0 });
      await on.expectReference();
    });

    it("is taken down, and leaves nothing", async () => {
      await destroy(on.stack);
      expect(await on.bed.leftOn(HOST)).toBe("");
    });
  });
}
