import { show } from "../../../lib/show.ts";
import { pathText } from "../../../lib/zod-faults.ts";
import type { FileFaults } from "./file-faults.ts";
import { nameHint } from "./hints.ts";
import type { ExperimentSchema } from "./schema.ts";

/** What a file's contents are checked against besides their form. */
export interface Known {
  /** Numbers of the photographs there are. Undefined: any number will do. */
  readonly images?: readonly number[];
  /** Machines, servers and models that there are or may be; any other name is a fault. Undefined: any name will do. */
  readonly machines?: readonly string[];
  readonly servers?: readonly string[];
  readonly models?: readonly string[];
  /** Experiments whose machines, servers and models are asked for; undefined: all of them. */
  readonly chosen?: readonly string[] | undefined;
}

type ListKey = "images" | "models" | "servers" | "clientMachines" | "serverMachines";

/**
 * Names that nothing has, item by item: what else is wrong with a list does not hide them.
 *
 * @param deployment whether machines, servers and models are asked for
 */
export function checkNames(
  path: readonly PropertyKey[],
  raw: unknown,
  schema: ExperimentSchema,
  known: Known,
  deployment: boolean,
  faults: FileFaults,
): void {
  const images = [...path, "images"];
  for (const { index, item } of itemsOf(raw, "images", schema))
    if (typeof item === "number" && known.images?.includes(item) === false)
      faults.at([...images, index], `${pathText(images)}: no photograph ${item}`, `some of ${known.images.join(", ")}`);
  if (!deployment) return;
  for (const [key, names, what] of [
    ["clientMachines", known.machines, "machine"],
    ["serverMachines", known.machines, "machine"],
    ["servers", known.servers, "server"],
    ["models", known.models, "model"],
  ] as const)
    for (const { index, item } of itemsOf(raw, key, schema))
      if (typeof item === "string" && names?.includes(item) === false)
        faults.unknownName(
          [...path, key, index],
          `${pathText([...path, key])}: no ${what} ${show(item, 60)}`,
          nameHint(item, names),
        );
}

/** The items of one of an experiment's lists that are right by themselves, each with its place in the list. */
function itemsOf(raw: unknown, key: ListKey, { defaults }: ExperimentSchema) {
  if (typeof raw !== "object" || raw === null || !Object.hasOwn(raw, key)) return [];
  const value = (raw as Record<string, unknown>)[key];
  return (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap((one, index) => {
    const parsed = defaults.shape[key].safeParse([one]);
    return parsed.success && Array.isArray(parsed.data) ? [{ index, item: parsed.data[0] }] : [];
  });
}
