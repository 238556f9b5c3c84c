import { django } from "./django/kind.ts";
import { fastApi } from "./fastapi/kind.ts";
import { flask } from "./flask/kind.ts";
import type { ServerKind } from "./kind.ts";
import { openvino } from "./openvino/kind.ts";
import { tfServing } from "./tf-serving/kind.ts";
import { torchServe } from "./torchserve/kind.ts";
import { triton } from "./triton/kind.ts";

/** Every server kind there is; the first is what a stack gets that names none. A new one is a folder here and a line below. */
const KINDS: readonly [ServerKind, ...ServerKind[]] = [tfServing, triton, openvino, torchServe, flask, django, fastApi];

/** What `lathe:server` may name. */
export const serverKindNames: readonly string[] = KINDS.map((kind) => kind.name);

/** The kind of a stack that names none. */
export const defaultServerKind: ServerKind = KINDS[0];

/** The kind of this name, which the config has been checked to be one of. */
export function serverKind(name: string): ServerKind {
  const kind = KINDS.find((k) => k.name === name);
  if (!kind) throw new Error(`no server kind ${name}`);
  return kind;
}
