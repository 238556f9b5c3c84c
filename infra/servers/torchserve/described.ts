import { z } from "zod";
import { messageOf } from "../../../lib/errors.ts";
import { show } from "../../../lib/show.ts";

/** Of what TorchServe's management API says of a model, what the gate looks at. */
const Described = z.object({
  modelUrl: z.string(),
  batchSize: z.number(),
  maxBatchDelay: z.number(),
  workers: z.array(z.object({ id: z.string(), status: z.string() })),
});
export type Described = z.infer<typeof Described>;

/** A model as the server describes it, or why it does not. */
export type Answer =
  | { readonly is: "described"; readonly model: Described }
  /** The server says that there is no such model: it could not register it, and will not. */
  | { readonly is: "refused"; readonly why: string }
  | { readonly is: "unclear"; readonly why: string };

const Failure = z.object({ message: z.string() });

/** Whether a process of the container was killed for want of memory, as its control group counts them (either version). Pure. */
export const ranOutOfMemory = (events: string): boolean => /^oom_kill [1-9]/m.test(events);

/** Reads an HTTP answer of `GET /models/NAME`, head and body, as bash printed it. Pure. */
export function readDescribed(printed: string): Answer {
  const end = printed.indexOf("\r\n\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(printed)?.[1]);
  if (end < 0 || Number.isNaN(status))
    return { is: "unclear", why: printed === "" ? "no answer yet" : `it answered ${show(printed.slice(0, 200))}` };
  let body: unknown;
  try {
    body = JSON.parse(printed.slice(end + 4));
  } catch (error) {
    return { is: "unclear", why: `HTTP ${status}, and no JSON: ${messageOf(error)}` };
  }
  const [model] = z.array(Described).min(1).safeParse(body).data ?? [];
  if (status === 200 && model !== undefined) return { is: "described", model };
  const why = Failure.safeParse(body).data?.message.slice(0, 1000) ?? `HTTP ${status}`;
  return { is: status === 404 ? "refused" : "unclear", why };
}

/** How TorchServe's log begins what it says of a worker that did not come up, or could not load its model. */
const FAILED = ["Backend worker error", "Load model failed"];

/**
 * Why the workers of a model cannot load it: the error at the end of a traceback that one has printed. Undefined as long as fewer than two
 * have failed: what fails once may come up at TorchServe's next try. Pure.
 *
 * @param log the container's last lines
 */
export function loadFailure(log: string, model: string): string | undefined {
  // `2026-01-01T00:00:00,000 [INFO ] W-9000-ssd_1.0-stdout MODEL_LOG - ValueError: …`
  const said = log.split("\n").flatMap((line) => {
    const [head = "", ...words] = line.split(" - ");
    return head.includes(`-${model}_`) ? [words.join(" - ")] : [];
  });
  if (said.filter((words) => FAILED.some((begin) => words.startsWith(begin))).length < 2) return undefined;
  // As Python ends a traceback: a class, by its module or not.
  const error = said.findLast((words) => /^(?:[\w.]+\.)?[A-Z]\w*: /.test(words));
  return error?.slice(0, 500) ?? "its worker died";
}
