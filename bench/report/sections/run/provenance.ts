import type { DeployedModel } from "../../../../infra/outputs.ts";
import type { RunManifest } from "../../../records/manifest.ts";
import { differencesText } from "../../../targets/setup-diff.ts";
import { type Block, type Table, only, rights, table } from "../../blocks.ts";

/** What produced the numbers: programs, machines, inputs and the timed region. */
export const provenanceBlocks = (manifest: RunManifest): Block[] => [
  only(["html", "markdown"], runTable(manifest), ...inputs(manifest)),
];

function runTable(m: RunManifest): Table {
  const { commit, dirty } = m.lathe;
  const limits = Object.entries(m.limits).map(([name, value]) => `${name} ${value ?? "none"}`);
  const rows: [string, string][] = [
    ["run", m.id],
    ["begun", m.createdAt],
    ["Lathe", `${m.lathe.version}, commit ${commit ?? "unknown"}${dirty === true ? ", with uncommitted changes" : ""}`],
    ["client program (agent)", m.lathe.agent || "–"],
    ["Node", m.lathe.node],
    ...Object.entries(m.transports ?? {}).map(([client, settings]): [string, string] => [
      `connections of ${client}`,
      Object.entries(settings)
        .map(([name, bytes]) => `${name} ${bytes}`)
        .join(", ") || "defaults",
    ]),
    ["clock", m.clock],
    ["timed region", m.timedRegion],
    ["limits", limits.join(", ")],
    ["seed of the order of visits", String(m.seed)],
    [
      "matrix",
      m.matrix === undefined ? "–" : `${m.matrix.file}: ${m.matrix.experiments.map((e) => e.name).join(", ")}`,
    ],
    ...(m.sessions ?? []).map(({ at, fromRound, differences }): [string, string] => [
      `resumed ${at}`,
      `from round ${fromRound} on: ${differencesText(differences)}`,
    ]),
    ...(m.matrix?.notes ?? []).map((note): [string, string] => ["left out", note]),
  ];
  return table({ caption: "The run", columns: ["what", "value"], rows });
}

function inputs(m: RunManifest): Block[] {
  return [
    table({
      caption: "Models",
      columns: ["model", "server", "version", "SHA-256", "what it is"],
      rows: m.servers.flatMap((server) => server.models.map((model) => modelRow(server.id, model))),
    }),
    table({
      caption: "Images",
      columns: ["image", "source", ...rights("pixels", "file bytes"), "SHA-256"],
      rows: m.images.map((i) => [i.name, i.source, `${i.width} × ${i.height}`, String(i.fileBytes), i.sha256]),
    }),
  ];
}

function modelRow(server: string, model: DeployedModel): string[] {
  const kind = model.isNull ? "answers a constant" : model.timingOnly ? "random weights: timing only" : "trained";
  return [model.name, server, String(model.version), model.sha256, kind];
}
