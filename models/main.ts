import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { runCommand } from "../lib/cli.ts";
import { UserError } from "../lib/errors.ts";
import { writeAtomic } from "../lib/cached.ts";
import { progress } from "../lib/progress.ts";
import { formatTable } from "../lib/table.ts";
import { loadCatalogue } from "./catalogue.ts";
import { digestSource } from "./fetch.ts";
import { loadLock, lockedSource, lockFile } from "./lock.ts";
import { convert, findEntry, prepareModel } from "./prepare.ts";

const LOCK_HEAD = `# SHA-256 of every source file and of the model archive made of it (conversion is repeatable to the byte with the
# packages of models/python/requirements.txt). A source that is not here is not used. Written by \`npm run models -- lock\`.
`;

await runCommand(
  {
    name: "npm run models --",
    summary: "The models that Lathe can deploy: what there is, and fetching and converting them ahead of time.",
    operands: "list | fetch [NAME…] | lock NAME SOURCE",
    options: { json: { type: "boolean", help: "print the result as JSON" } },
    details: [
      "fetch: downloads each model's files, checks them against models/lock.yaml and converts them to SavedModels, once.",
      "lock: fetches one Internet source whose checksum is not known yet, converts it and writes what it found to models/lock.yaml: from then on it is used, and must not change.",
    ],
    examples: [
      ["npm run models -- list", "names, licences, sources"],
      ["npm run models -- fetch ssd-mobilenet null", "two models, ready for delivery"],
    ],
  },
  async (values, [action = "list", ...names]) => {
    const json = values.json === true;
    if (action === "list") await list(json);
    else if (action === "fetch") await fetchModels(names, json);
    else if (action === "lock") await lockSource(names);
    else throw new UserError({ what: `unknown action "${action}"`, expected: "list, fetch or lock" });
  },
);

async function list(json: boolean): Promise<void> {
  const lock = await loadLock();
  const rows = (await loadCatalogue()).map((entry) => {
    const used = entry.sources.find((source) => "locked" in lockedSource(entry, source, lock));
    const { sources, ...facts } = entry;
    return {
      ...facts,
      source: used?.id ?? null,
      timingOnly: used?.timingOnly ?? false,
      sources: sources.map((s) => s.id),
    };
  });
  if (json) return void process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  const columns = ["name", "what it is", "in the paper", "licence", "source", "remark"].map((title) => ({ title }));
  const text = rows.map((r) => [
    r.name,
    r.title,
    r.paperModel ?? "",
    r.licence,
    r.source ?? "none is locked",
    r.timingOnly ? "untrained weights: for timing only" : "",
  ]);
  process.stdout.write(`${formatTable(columns, text)}\n`);
}

async function fetchModels(names: readonly string[], json: boolean): Promise<void> {
  const wanted = names.length > 0 ? names : (await loadCatalogue()).map((entry) => entry.name);
  const bar = progress();
  const done = [];
  for (const name of wanted) done.push(await prepareModel(name, bar));
  if (json) {
    const plain = done.map(({ entry, ...rest }) => ({ name: entry.name, ...rest }));
    process.stdout.write(`${JSON.stringify(plain, null, 2)}\n`);
  } else for (const model of done) process.stdout.write(`${model.entry.name}  ${model.sha256}  ${model.archive}\n`);
}

async function lockSource([name = "", id = ""]: readonly string[]): Promise<void> {
  const entry = await findEntry(name);
  const source = entry.sources.find((s) => s.id === id);
  if (source === undefined)
    throw new UserError({
      what: `${name} has no source "${id}"`,
      expected: `one of ${entry.sources.map((s) => s.id).join(", ")}`,
    });
  const bar = progress();
  const lock = await loadLock();
  bar.step(`Reading ${name} (${id}) as it is today`);
  const files = lock[name]?.[id]?.files ?? (await digestSource(source, bar));
  const out = await mkdtemp(join(tmpdir(), "lathe-lock-"));
  try {
    const artefact = await convert(entry, source, { files, artefact: "" }, out, bar);
    const next = { ...lock, [name]: { ...lock[name], [id]: { files, artefact } } };
    await writeAtomic(lockFile, LOCK_HEAD + stringify(next, { lineWidth: 0 }));
    bar.done(`locked as ${artefact}`);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
