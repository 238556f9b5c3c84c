import type { RenderedSection, ReportInputs } from "../section.ts";

/** A run with its report: what every output of it is made from. */
export interface RunReport {
  /** The run's folder. */
  readonly dir: string;
  readonly inputs: ReportInputs;
  readonly sections: readonly RenderedSection[];
  /** What `--json` prints. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Makes an output: whole, or in pieces where it may be too long for memory. */
export type Render = (run: RunReport) => string | AsyncIterable<string>;

/** One output of a run. Another one is a file that exports a `Render`, and a line in `OUTPUTS` (registry.ts). */
export type Output = {
  /** What makes it is loaded when it is written: `--help` needs the registry alone. */
  readonly load: () => Promise<Render>;
} & (
  | {
      /** Its name in the run's folder: every run has it. */
      readonly file: string;
    }
  | {
      /** The option that asks for it: `junit` for `--junit FILE`. */
      readonly option: string;
      readonly help: string;
      /** The variable of a CI system that names a file to append it to, whether or not the option asks for it. */
      readonly appendTo?: string;
    }
);
