import { webKind } from "../web/kind.ts";

/** Lathe's small app in Django, served by gunicorn. */
export const django = webKind({
  name: "django",
  about: "Django with gunicorn: a small app of Lathe's own that serves models by plain REST, as people write it.",
  port: 8110,
});
