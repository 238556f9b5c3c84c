import { expect, it } from "vitest";
import { loadCatalogue } from "../catalogue.ts";
import { FORMS, signaturesIn } from "../forms.ts";
import { loadLock } from "../lock.ts";

it("every form that a model of the catalogue can be had in is there, and is locked for each source that is locked", async () => {
  const lock = await loadLock();
  const named = (await loadCatalogue()).filter(({ forms }) => forms.length > 0);
  expect(named.length).toBeGreaterThan(0);
  for (const { name, forms } of named) {
    expect(FORMS.map((form) => form.name)).toEqual(expect.arrayContaining(forms));
    for (const [source, locked] of Object.entries(lock[name] ?? {}))
      expect(Object.keys(locked.forms ?? {}).sort(), `${name} ${source}`).toEqual([...forms].sort());
  }
});

it("a model in a form has the signatures that the form keeps", () => {
  const both = ["serving_default", "serving_bytes"];
  expect(signaturesIn("openvino-ir", both)).toEqual(["serving_default"]);
  expect(signaturesIn("saved-model", both)).toEqual(both);
  expect(signaturesIn("openvino-ir", ["serving_bytes"])).toEqual([]);
});
