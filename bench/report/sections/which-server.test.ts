import { describe, expect, it } from "vitest";
import { clientKind, clientKinds } from "../../../clients/registry.ts";
import { cellOf } from "../../testing/cells.ts";
import { answerOf } from "../../testing/detections.ts";
import { sampleManifest, sampleModel, sampleServer } from "../../testing/sample-run.ts";
import { studyOf } from "../../testing/studies.ts";
import type { Cell } from "../../matrix/cell.ts";
import type { RunManifest } from "../../records/manifest.ts";
import type { CellConditions } from "../../stats/conditions.ts";
import type { CellData } from "../../stats/visits.ts";
import { effectsOf } from "../../stats/run-effects.ts";
import { random } from "../../stats/math/random.ts";
import type { AtLoad } from "../answer/which-server.ts";
import { cellsCsv } from "../csv.ts";
import type { Block } from "../blocks.ts";
import { findingOf } from "../finding.ts";
import { reportInputs, reportJson } from "../index.ts";
import { renderText } from "../render/text.ts";
import { summaryLines } from "../summary/summary.ts";
import { frontOf } from "../front/front.ts";
import { answerSection } from "./answer.ts";
import { whichServerSection } from "./which-server.ts";

/** The kind that the first API is named after, one of the same API, and one that shares no client kind with them. */
const FIRST = clientKinds[0]?.api ?? "";
const [PLAIN = "", PLAIN_FILE = ""] = ["plain-json", "plain-b64"].map((name) => clientKind(name).name);
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  [FIRST]: ["probe", "rest"],
  alike: ["probe", "rest"],
  framework: [PLAIN, PLAIN_FILE],
};
/** Times as long as the first kind's gRPC. */
const TIMES: Readonly<Record<string, number>> = { [FIRST]: 1, alike: 1.3, framework: 2 };

/** A server's level is its kind, and of a second one its name, too: `framework fast`. */
const kindIn = (level: string) => level.split(" ")[0] ?? "";
const idOf = (level: string) => `cloud/${level.split(" ").at(-1) ?? ""}`;

const cell = (kind: string, client: string, image: string, model: string, more: Partial<Cell> = {}) =>
  cellOf(["cloud", idOf(kind)], model, client, image, {
    ...{ serverMachine: "cloud", local: true, serverKind: kind, ...more },
  });

function manifestWith(kinds: readonly string[], models: readonly string[]): RunManifest {
  const images = ["image-1", "image-2"];
  const loads = [1, 4].map((concurrency) => ({ mode: "closed-loop", concurrency }));
  return {
    ...sampleManifest(),
    neighbours: "frozen",
    clients: [...new Set(kinds.flatMap((kind) => CLIENTS[kindIn(kind)] ?? []))],
    servers: kinds.map((kind) => ({
      ...sampleServer(idOf(kind), [sampleModel("ssd-mobilenet"), sampleModel("null")]),
      ...{ machineId: "cloud", kind: kindIn(kind), standIn: kind === FIRST, readySeconds: 7, imageBytes: 2e9 },
      ...(kindIn(kind) === "framework"
        ? { settings: { threads: "1", PARSER: kind === "framework" ? "slow" : "fast" } }
        : {}),
      ...(kind === "alike" ? { settings: { INFERENCE_PRECISION_HINT: "bf16" }, note: "Slower than it could be." } : {}),
    })),
    cells: kinds.flatMap((kind) =>
      (CLIENTS[kindIn(kind)] ?? []).flatMap((client) =>
        models.flatMap((model) =>
          images.flatMap((image) => loads.map((load) => cell(kind, client, image, model, { load }))),
        ),
      ),
    ),
  };
}

function inputsOf(kinds: readonly string[], models: readonly string[] = ["ssd-mobilenet"]) {
  const manifest = manifestWith(kinds, models);
  const stream = random(3);
  const made = studyOf(manifest, 4, (c) => {
    const lists = c.serverKind === "framework" ? 3 : 1.2;
    const encoding = c.client === "rest" ? 1.5 : c.client === PLAIN ? lists : 1;
    const ms = 40 * (TIMES[kindIn(c.serverKind ?? "")] ?? 1) * encoding;
    return Array.from({ length: 20 }, () => ({ totalMs: ms * Math.exp(0.01 * stream.normal()) }));
  });
  // Twenty calls of a visit, some at a time.
  const spanMs = ({ totalsMs }: CellData, load: unknown) => (20 * (totalsMs[0] ?? NaN)) / (load as number);
  const data = new Map(
    manifest.cells.map((c) => {
      const own = made.data.get(c.id) as CellData;
      const visits = own.visits.map((v) => ({ ...v, spanMs: spanMs(own, c.load["concurrency"]) }));
      return [c.id, { ...own, visits }];
    }),
  );
  const study = { ...made, data };
  const answers = new Map(
    manifest.cells.map((c) => {
      const off = c.serverKind === "alike" ? 0.02 : c.serverKind === "framework" ? 1e-6 : 0;
      return [c.id, answerOf([{ classId: 1, score: 0.9 - off, box: { top: 0, left: 0, bottom: 1, right: 1 } }])];
    }),
  );
  const seen = { answers, photographs: new Map(), labels: new Map(), tooLarge: new Map() };
  const use = { cpuMs: 900, answers: 10, restBytes: 3e8, peakBytes: 5e8 };
  const conditions = new Map(
    manifest.cells.map((c) => [c.id, { cell: c.id, visits: 4, disturbances: [], use } as unknown as CellConditions]),
  );
  return reportInputs(manifest, { study: { ...study, seen }, conditions });
}

const textOf = async (inputs: ReturnType<typeof inputsOf>) =>
  renderText([{ id: "x", title: "Which server", short: "x", blocks: await whichServerSection.blocks(inputs) }]);

describe("which server", () => {
  const inputs = inputsOf([FIRST, "alike", "framework"]);

  it("has each server's time by each client kind as a ratio to the first kind's first client, also where servers share no client kind", async () => {
    const text = await textOf(inputs);
    expect(text).toMatch(/alike +gRPC \(probe\) +[\d.]+ .* 1\.[23]\d+ +1\.\d+ to 1\.\d+/);
    expect(text).toMatch(new RegExp(`framework +REST \\(${PLAIN_FILE}\\) +80\\.\\d .* 2\\.0\\d+ `));
    expect(text).toMatch(new RegExp(`framework +REST \\(${PLAIN}\\) .* (5\\.9|6\\.0)\\d+ `));
    expect(text).toContain("were frozen (docker pause)");
  });

  it("says what each costs and what to know of it: memory, image, start, processor time, stand-ins, notes, precision", async () => {
    const text = await textOf(inputs);
    expect(text).toMatch(
      /alike +cloud +300 MB +500 MB +2000 MB +7 s +Slower than it could be\.; INFERENCE_PRECISION_HINT bf16/,
    );
    expect(text).toMatch(/framework +cloud +300 MB/);
    expect(text).toMatch(/0\.090 +stand-in/);
    expect(text).toMatch(/0\.090 +bf16, see below/);
  });

  it("has answers a second and the p95 for each number of calls at a time", async () => {
    expect(await textOf(inputs)).toMatch(/one call at a time.*4 at a time/);
    const { servers } = (await reportJson(inputs)) as { servers: { compared: { ways: { loads: AtLoad[] }[] }[] } };
    const [one, four] = servers.compared[0]?.ways[0]?.loads ?? [];
    expect([one?.concurrency, four?.concurrency]).toEqual([1, 4]);
    expect(one?.perSecond).toBeCloseTo(25, 0);
    expect(four?.perSecond).toBeCloseTo(100, -1);
    expect(one?.p95Ms).toBeGreaterThan(39);
  });

  it("says whose detections are the same and whose are not, with the tolerance", async () => {
    const text = await textOf(inputs);
    expect(text).toMatch(/cloud\/framework +\S+ +2 +1e-6 +0 +the same/);
    expect(text).toMatch(/cloud\/alike +\S+ +2 +2e-2 +0 +differ in 2 of 2/);
    expect(text).toMatch(/cloud\/alike, image-1; .*INFERENCE_PRECISION_HINT bf16/);
    expect(text).toContain("within 0.0001");
  });

  it("is the finding's title, with how much longer the next server takes", () => {
    const { title, confidence } = findingOf(inputs);
    expect(confidence).toBe("high");
    expect(title).toMatch(
      new RegExp(
        `^${FIRST} \\+ gRPC is fastest: 40\\.?\\d* ms for ssd-mobilenet; alike \\+ gRPC takes 1\\.3\\d? times as long`,
      ),
    );
    const lines = summaryLines(inputs, { page: "report.html" });
    expect(lines.length).toBeLessThanOrEqual(20);
    // The third kind shares no client program with the other two: the answer does not speak for it.
    const said = lines.map((l) => l.map((s) => s.text).join("")).join("\n");
    expect(said).toMatch(new RegExp(`^Server kind \\(2 of 3\\): ${FIRST} `, "m"));
    const { limit } = findingOf(inputs).answers[0] ?? {};
    expect(limit).toBe("not compared, for want of like cells: 1 other");
  });

  it("is an effect, and a column of CSV", () => {
    expect(
      effectsOf(inputsOf([FIRST, "alike"]).study as never)?.rows.find((r) => r.factor === "server_kind")?.ratio,
    ).toBeCloseTo(1.3, 1);
    const mixed = effectsOf(inputs.study as never)?.rows.map((r) => [r.factor, r.over, r.under]);
    expect(mixed).toContainEqual(["server kind + client program", "framework, plain-b64", `${FIRST}, probe`]);
    expect(cellsCsv(inputs).split("\r\n")[0]).toContain("server,server_kind,protocol");
  });

  it("says what each encoding costs on a server, beside its fastest one and beside the first server of its kind", async () => {
    const variants = inputsOf([FIRST, "framework", "framework fast"]);
    const text = await textOf(variants);
    const [slow, fast] = [`framework +REST \\(${PLAIN}\\)`, `framework fast +REST \\(${PLAIN}\\)`];
    expect(text).toMatch(new RegExp(`${slow} +(2\\.9|3\\.0)\\d+ +2\\.\\d+ to 3\\.\\d+$`, "m"));
    expect(text).toMatch(
      new RegExp(`${fast} +1\\.[12]\\d+ +1\\.\\d+ to 1\\.\\d+ +0\\.(39|40)\\d* +0\\.\\d+ to 0\\.4`, "m"),
    );
    // What tells the two apart stands beside them.
    expect(text).toMatch(/framework +cloud .* PARSER slow/);
    expect(text).toMatch(/framework fast +cloud .* PARSER fast/);
    const [found] = findingOf(variants).notable;
    expect(found?.short).toMatch(
      new RegExp(`^framework takes 2\\.[45]\\d* times as long as framework fast by ${PLAIN}$`),
    );
    expect(found?.cause).toBe("They differ in PARSER: fast on framework fast, slow on framework.");
    expect(findingOf(inputs).notable).toEqual([]);
  });

  it("finds nothing between two servers of one kind that have the same settings", () => {
    const made = inputsOf([FIRST, "framework", "framework fast"]);
    const servers = made.manifest.servers.map((s) => ({ ...s, settings: { threads: "1" } }));
    const alike = reportInputs({ ...made.manifest, servers }, { study: made.study as NonNullable<typeof made.study> });
    expect(findingOf(alike).notable).toEqual([]);
  });

  it("says in the terminal which server and client program its ratios are against", () => {
    const text = summaryLines(inputs, {}).map((l) => l.map((s) => s.text).join(""));
    expect(text).toContainEqual(
      expect.stringMatching(new RegExp(`^ssd-mobilenet, .*; 1 = ${FIRST} by gRPC \\(probe\\), 40\\.\\d ms:$`)),
    );
  });

  it("has each server by its fastest client program on the report's first screen and at the top of its text, and no map of empty fields", async () => {
    const front = frontOf(inputs).body.text;
    expect(front).toContain("each server by its fastest client program");
    expect(front).not.toContain('class="heat"');
    const text = renderText([{ id: "x", title: "x", short: "x", blocks: await answerSection.blocks(inputs) }]);
    expect(text).toMatch(
      new RegExp(`^framework +REST \\(${PLAIN_FILE}\\) +80\\.\\d +2\\.0\\d+ .* 0\\.090 +500 MB +7 s$`, "m"),
    );
    expect(text).not.toContain("Median latency, ms");
    expect(frontOf(inputsOf([FIRST])).body.text).toContain('class="heat"');
  });

  it("shows the null model's tables below those of models that compute, folded; alone they are all there is", async () => {
    const both = await whichServerSection.blocks(inputsOf([FIRST, "alike"], ["ssd-mobilenet", "null"]));
    const captions = (blocks: readonly Block[]) => blocks.flatMap((b) => (b.kind === "table" ? [b.caption ?? ""] : []));
    expect(
      captions(both)
        .filter((text) => /times as long|an encoding costs/.test(text))
        .join(),
    ).not.toContain("null");
    const folded = both.flatMap((b) => (b.kind === "fold" ? [captions(b.blocks).join()] : []));
    expect(folded).toEqual([expect.stringMatching(/^null.*times as long.*null.*an encoding costs/)]);
    const alone = await whichServerSection.blocks(inputsOf([FIRST, "alike"], ["null"]));
    expect([captions(alone)[0], alone.some((b) => b.kind === "fold")]).toEqual([expect.stringMatching(/^null/), false]);
  });

  it("is left out where a machine has one server", async () => {
    expect(await whichServerSection.blocks(inputsOf([FIRST]))).toEqual([]);
    expect(await whichServerSection.json?.(inputsOf([FIRST]))).toEqual({});
  });

  it("says what was not measured, and takes the first server where the kind of reference is not there", async () => {
    const own = inputsOf(["alike", "framework"]);
    const data = new Map([...(own.study?.data ?? [])].filter(([id]) => !id.includes(PLAIN_FILE)));
    const text = await textOf(
      reportInputs(own.manifest, { study: { ...(own.study as NonNullable<typeof own.study>), data } }),
    );
    expect(text).toMatch(/times as long as alike, gRPC \(probe\)/);
    expect(text).toMatch(new RegExp(`framework +REST \\(${PLAIN_FILE}\\) +not measured`));
  });
});
