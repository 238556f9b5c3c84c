import { type Block, fold } from "../../blocks.ts";
import type { ReportInputs, Section } from "../../section.ts";
import { when } from "../../../format/when.ts";
import { conditionBlocks, failedCells } from "./conditions.ts";
import { failedJson, failuresTable } from "./failures.ts";
import { linkBlocks } from "./links.ts";
import { machinesTable } from "./machines.ts";
import { scoreFits, scoresTable } from "./scores.ts";
import { provenanceBlocks } from "./provenance.ts";

/** How the run went: machines and settings, what failed, how cells ended, and what the numbers were measured with. */
export const runSection: Section = {
  id: "run",
  title: "The run: machines, failures, provenance",
  short: "Run",
  blocks: (inputs) => [
    ...when(
      inputs.manifest.servers.length > 0,
      fold("Machines, and the settings read back from the running containers", ...machinesTable(inputs.manifest)),
    ),
    ...scoresTable(inputs),
    ...linkBlocks(inputs),
    ...failuresTable(inputs),
    ...failedCells(inputs),
    ...conditionBlocks(inputs),
    ...folded(inputs),
  ],
  json: (inputs) => ({
    ...(inputs.manifest.scores === undefined
      ? {}
      : { scores: { machines: inputs.manifest.scores, fit: scoreFits(inputs) } }),
    ...(inputs.conditions === undefined ? {} : { conditions: [...inputs.conditions.values()] }),
    ...failedJson(inputs),
  }),
};

const folded = ({ manifest }: ReportInputs): Block[] => [
  fold("Provenance: programs, models and images by SHA-256", ...provenanceBlocks(manifest)),
];
