import { isAbsolute, join } from "node:path";
import { type Fault, UserError } from "../../lib/errors.ts";
import { shownPath } from "../../lib/paths.ts";
import { readText } from "../../lib/read-text.ts";
import { show } from "../../lib/show.ts";
import type { Load } from "../loads/load.ts";
import { LOAD_MODES, type LoadModes, loadTitle, modeOf } from "../loads/registry.ts";
import type { Experiment } from "../matrix/experiments/schema.ts";

/** Experiments whose loads have the facts of their files, and the times in these files by their SHA-256. */
export interface LoadFiles {
  readonly experiments: readonly Experiment[];
  readonly traces: Readonly<Record<string, readonly number[]>>;
  readonly faults: readonly Fault[];
}

const EXPECTED = "a file of times; its path starts in the folder of the file of experiments";

/** Reads the files that experiments' loads name. It gathers the faults of all of them, and throws none. @param folder where paths start */
export async function readLoadFiles(
  experiments: readonly Experiment[],
  folder: string,
  modes: LoadModes = LOAD_MODES,
): Promise<LoadFiles> {
  const traces: Record<string, readonly number[]> = {};
  const faults: Fault[] = [];
  const contents = new Map<string, string>();
  const read = async (load: Load): Promise<Load> => {
    const mode = modeOf(load, modes);
    const file = load["file"];
    if (mode.readFile === undefined || typeof file !== "string") return load;
    const path = isAbsolute(file) ? file : join(folder, file);
    try {
      const found = mode.readFile(load, await readText(path, { expected: EXPECTED }), shownPath(path));
      const sha256 = String(found.load["sha256"]);
      traces[sha256] = found.times;
      const title = loadTitle(found.load, modes);
      // A cell is told apart by its load's title: two traces of one name would be one cell.
      if ((contents.get(title) ?? sha256) !== sha256)
        faults.push({
          what: `${show(file, 100)}: another load with a different file is called "${title}", too`,
          expected: "files of different names",
        });
      contents.set(title, sha256);
      return found.load;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults.push(...error.faults);
      return load;
    }
  };
  const known: Experiment[] = [];
  for (const experiment of experiments) {
    const loads: Load[] = [];
    for (const load of experiment.loads ?? []) loads.push(await read(load));
    known.push(loads.length === 0 ? experiment : { ...experiment, loads });
  }
  return { experiments: known, traces, faults };
}
