import { z } from "zod";
import type { GateState } from "../../gate/spec.ts";
import type { ModelToServe } from "../kind.ts";

/*
 * What a TF Serving has to serve: versions and labels of each model, as its config file says it, as its reload call takes
 * it, and on the way from one to the next. Pure.
 */

/** Name of the config file in the models folder. */
export const CONFIG_FILE = "models.config";

/** One model's versions that are served, and the names that some of them have. */
export const ServedModel = z.object({
  name: z.string().min(1),
  versions: z.array(z.number().int().positive()).min(1),
  /** Version by label. */
  labels: z.record(z.string(), z.number().int().positive()),
});
export type ServedModel = z.infer<typeof ServedModel>;

/** What a TF Serving is to serve, and from where in its container (`ContainerSpec.serving`). */
const Serving = z.object({ basePath: z.string(), models: z.array(ServedModel) });
export type Serving = z.infer<typeof Serving>;

/** The same, as its gate gets it. */
export function servingOf({ serving }: { readonly serving?: unknown }): Serving {
  return Serving.parse(serving);
}

/** The versions and labels of models as they are deployed: `stable` is the version that is live, `canary` one beside it. */
export function servedOf(models: readonly ModelToServe[]): ServedModel[] {
  return models.map(({ name, version, canary }) => ({
    name,
    versions: [version, ...(canary === undefined ? [] : [canary.version])].sort((a, b) => a - b),
    labels: { ...(canary === undefined ? {} : { canary: canary.version }), stable: version },
  }));
}

/** What is served while new versions are tried: everything that was, and the new beside it. No label moves yet. */
export function trialOf(held: readonly ServedModel[], wanted: readonly ServedModel[]): ServedModel[] {
  const tried = wanted.map(({ name, versions }) => {
    const old = held.find((m) => m.name === name);
    const all = new Set([...(old?.versions ?? []), ...versions]);
    return { name, versions: [...all].sort((a, b) => a - b), labels: old?.labels ?? {} };
  });
  return [...tried, ...held.filter((m) => !wanted.some((w) => w.name === m.name))];
}

/** The same versions with the labels that are wanted: what comes between the trial and the end of the old versions. */
export function relabelled(trial: readonly ServedModel[], wanted: readonly ServedModel[]): ServedModel[] {
  return trial.map((m) => ({ ...m, labels: wanted.find((w) => w.name === m.name)?.labels ?? m.labels }));
}

/** Whether a version of a model is among what is served. */
export function isServed(models: readonly ServedModel[], name: string, version: number): boolean {
  return models.some((m) => m.name === name && m.versions.includes(version));
}

/** Every version that was served and is not wanted any more. */
export function letGo(
  held: readonly ServedModel[],
  wanted: readonly ServedModel[],
): { readonly name: string; readonly version: number }[] {
  return held.flatMap(({ name, versions }) =>
    versions.filter((version) => !isServed(wanted, name, version)).map((version) => ({ name, version })),
  );
}

/** What a config file says of itself, for Lathe to read again. */
const Head = z.object({
  /** A server was seen to serve it. What was not may be overwritten: it may be the reason why a server does not start. */
  proven: z.boolean(),
  models: z.array(ServedModel),
});
export type Held = z.infer<typeof Head>;

const HEAD = "# lathe: ";

/** How a proven config file begins. */
export const PROVEN = `${HEAD}{"proven":true`;

/** TF Serving's `ModelServerConfig` as text, with what Lathe wants to read of it again in a comment. */
export function configText(models: readonly ServedModel[], basePath: string, proven: boolean): string {
  const entries = models.map(({ name, versions, labels }) =>
    [
      "  config {",
      `    name: "${name}"`,
      `    base_path: "${basePath}/${name}"`,
      '    model_platform: "tensorflow"',
      `    model_version_policy { specific { ${versions.map((v) => `versions: ${v}`).join(" ")} } }`,
      ...Object.entries(labels).map(([label, version]) => `    version_labels { key: "${label}" value: ${version} }`),
      "  }",
    ].join("\n"),
  );
  return `${HEAD}${JSON.stringify({ proven, models })}\nmodel_config_list {\n${entries.join("\n")}\n}\n`;
}

/** What a config file's text says; undefined where it is not of this form. */
export function readConfigText(text: string): Held | undefined {
  const [first = ""] = text.split("\n", 1);
  if (!first.startsWith(HEAD)) return undefined;
  try {
    return Head.parse(JSON.parse(first.slice(HEAD.length)));
  } catch {
    return undefined;
  }
}

/** The same config as the message that TF Serving's reload call takes. */
export function configMessage(models: readonly ServedModel[], basePath: string): object {
  return {
    model_config_list: {
      config: models.map(({ name, versions, labels }) => ({
        name,
        base_path: `${basePath}/${name}`,
        model_platform: "tensorflow",
        model_version_policy: { specific: { versions } },
        version_labels: labels,
      })),
    },
  };
}

/** The models' config file on the host: it says what was last seen to serve, so that a server which restarts comes up with that. */
export const state: GateState = {
  file: CONFIG_FILE,
  text: (run) => {
    const { models, basePath } = servingOf(run);
    return configText(models, basePath, true);
  },
  isProven: (text) => readConfigText(text)?.proven === true,
  serves: (text, model, version) => isServed(readConfigText(text)?.models ?? [], model, version),
};
