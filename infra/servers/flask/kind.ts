import { webKind } from "../web/kind.ts";

/** Lathe's small app in Flask, served by gunicorn. */
export const flask = webKind({
  name: "flask",
  about: "Flask with gunicorn: a small app of Lathe's own that serves models by plain REST, as people write it.",
  port: 8100,
});
