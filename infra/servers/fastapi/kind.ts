import { webKind } from "../web/kind.ts";

/** Lathe's small app in FastAPI, served by uvicorn. */
export const fastApi = webKind({
  name: "fastapi",
  about: "FastAPI with uvicorn: a small app of Lathe's own that serves models by plain REST, as people write it.",
  port: 8120,
});
