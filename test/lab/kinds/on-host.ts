import { expect } from "vitest";
import type { ClientKind } from "../../../clients/client.ts";
import { pulumi, up, type StackRef } from "../../../infra/pulumi/testing/stack.ts";
import type { Server } from "../../../infra/outputs.ts";
import { serverKind } from "../../../infra/servers/registry.ts";
import { kindImage, pushImage } from "../../../lab/index.ts";
import { progress } from "../../../lib/progress.ts";
import { quote } from "../../../lib/quote.ts";
import { makeBed, type Bed } from "../../engine/harness.ts";
import { on } from "../tools.ts";
import { Bench, callOnce, clientsOf } from "./calls.ts";
import { expectAsTensorFlow, photo, referenceAnswers, type Photo, type Tolerance } from "./reference.ts";

/** What a test must know of a kind. */
export interface KindInLab {
  /** As `lathe:server` names it. */
  readonly kind: string;
  /** `lathe:settings` that it is put up with. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** What the stack's outputs must say of it (`toMatchObject`): its settings as they were read back, `standIn`, `build`. */
  readonly outputs: Partial<Pick<Server, "standIn" | "build" | "note" | "settings">>;
  readonly tolerance: Tolerance;
  /** It decodes files itself, as libjpeg does by default: its answers to them are those to their pixels. (TensorFlow decodes faster, and not the same.) */
  readonly decodesItself?: boolean;
  /** A limit of memory in which it cannot serve both models. */
  readonly tooLittleMiB: number;
  /** What a call or the server's state says where the detector's files are damaged. */
  readonly saysDamaged: RegExp;
  /**
   * A line for the host's shell that kills one worker while the server's front end lives, and what the bench then says; absent: one
   * process is all of it.
   */
  readonly worker?: { readonly kill: (container: string) => string; readonly says: RegExp };
}

export const HOST = "cloud";
export const NULL = "null";
export const DETECTOR = "ssd-mobilenet";
/** Milliseconds in which a server that mends itself answers again. */
export const MENDED_MS = 180_000;

/** A kind's server on a host of the lab, as one stack has it, with what a test knows of it. */
export class KindOnHost {
  readonly lab: KindInLab;
  readonly bed: Bed;
  readonly stack: StackRef;
  readonly container: string;
  readonly #seen: Photo;
  #up: { readonly server: Server; readonly address: string; readonly bench: Bench } | undefined;

  private constructor(lab: KindInLab, bed: Bed, stack: StackRef, seen: Photo) {
    [this.lab, this.bed, this.stack, this.#seen] = [lab, bed, stack, seen];
    this.container = serverKind(lab.kind).defaultContainer;
  }

  /** Pushes the kind's image and makes a stack of it; nothing is on the host yet. */
  static async prepare(lab: KindInLab): Promise<KindOnHost> {
    const bed = await makeBed();
    const image = await kindImage(lab.kind, progress());
    if (image === undefined) throw new Error("the lab has no image of that kind");
    const { reference } = await pushImage(bed.lab, image, progress());
    const settings = Object.entries(lab.settings ?? {}).map(([key, value]) => [`lathe:settings.${key}`, `${value}`]);
    const stack = await bed.stack(lab.kind, {
      ...{ "lathe:host": HOST, "lathe:server": lab.kind, "lathe:image": reference },
      ...{ "lathe:models[0]": NULL, "lathe:models[1]": DETECTOR },
      // A machine that is busy with other things is no fault of the kind.
      "lathe:gateTimeoutSeconds": "600",
      ...(Object.fromEntries(settings) as Record<string, string>),
    });
    return new KindOnHost(lab, bed, stack, await photo(7));
  }

  /** `up`, which must succeed; gives what it says of the server. */
  async up(): Promise<Server> {
    const outputs = await up(this.stack);
    const [server] = outputs.servers;
    if (server === undefined) throw new Error("no server");
    this.#up = {
      ...{ server, address: outputs.machine.address },
      bench: this.#up?.bench ?? (await Bench.of(this.bed.projectDir, outputs)),
    };
    return server;
  }

  get #now() {
    if (this.#up === undefined) throw new Error("it was not put up");
    return this.#up;
  }

  get bench(): Bench {
    return this.#now.bench;
  }

  /** Where its ports are reached. */
  get address(): string {
    return this.#now.address;
  }

  /** The client kinds that it is offered to. */
  get clients(): ClientKind[] {
    return clientsOf(this.#now.server);
  }

  /** Runs a line in the host's shell. */
  run(line: string): Promise<string> {
    return on(this.bed.lab, HOST, line);
  }

  /** Takes a key out of the stack's config. */
  async forget(key: string): Promise<void> {
    await pulumi(this.stack, ["config", "rm", `lathe:${key}`, "--stack", this.stack.stack]);
  }

  /** Cuts the largest file of the detector off in the middle, and starts the server again. */
  async damage(): Promise<void> {
    const path = serverKind(this.lab.kind).modelPath(DETECTOR, 1);
    const folder = `.lathe/lathe-${this.stack.stack}/models/${path}`;
    const largest = `find ${quote(folder)} -type f -printf '%s %p\\n' | sort -n | tail -n 1`;
    await this.run(`${largest} | while read -r size file; do truncate -s $((size / 2)) "$file"; done`);
    await this.run(`docker restart ${this.container}`);
  }

  /** The next `up` makes it whole: every client kind is answered. */
  async expectHealed(): Promise<void> {
    const server = await this.up();
    for (const kind of this.clients)
      for (const model of [NULL, DETECTOR]) {
        const answer = () => callOnce(kind, this.#now.address, server, model, this.#seen);
        const patience = { timeout: MENDED_MS, interval: 500, message: `${kind.name} ${model}` };
        await expect.poll(answer, patience).toBe("answered");
      }
  }

  /** In the newest run, every client kind's answer to the photograph is TensorFlow's. */
  async expectReference(): Promise<void> {
    const { manifest, seen } = await this.bench.newest();
    const expected = await referenceAnswers(DETECTOR, this.#seen);
    const cells = manifest.cells.filter(({ model }) => model === DETECTOR);
    expect(cells.map(({ client }) => client).sort()).toEqual(this.clients.map(({ name }) => name).sort());
    for (const { id, input } of cells) {
      const own = expected[this.lab.decodesItself === true ? "pixels" : input];
      expectAsTensorFlow(own, seen.answers.get(id) ?? {}, this.lab.tolerance, id);
    }
  }
}
