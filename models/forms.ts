import { UserError } from "../lib/errors.ts";
import type { Progress } from "../lib/progress.ts";
import type { CatalogueEntry } from "./catalogue.ts";
import { torchForm } from "./convert/to_torch/form.ts";

/** The form in which every model is made first, and which TensorFlow reads. */
export const SAVED_MODEL = "saved-model";

/** How a model's files lie in its archive: what a server kind reads (`ServerKind.modelForm`). It is made of the SavedModel. */
export interface ModelForm {
  /** As an entry of the catalogue (`forms`) and models/lock.yaml name it. */
  readonly name: string;
  /**
   * Writes `out/version` (the version folder) and `out/model.tar` (the same, packed; byte for byte the same each time).
   *
   * @param savedModel folder of the model's SavedModel
   */
  make(entry: CatalogueEntry, savedModel: string, out: string, progress: Progress): Promise<void>;
}

/** Every form but the SavedModel itself. A new one is a file in `models/` and a line here. */
export const FORMS: readonly ModelForm[] = [torchForm];

/**
 * The form of a name, for a model that the catalogue says to have it.
 *
 * @throws UserError where the model has no such form
 */
export function formOf(entry: CatalogueEntry, name: string, forms: readonly ModelForm[] = FORMS): ModelForm {
  const form = forms.find((f) => f.name === name);
  if (form !== undefined && entry.forms.includes(name)) return form;
  throw new UserError({
    what: `model ${entry.name} cannot be had as ${name}, which this server kind reads`,
    expected: `one of the forms ${[SAVED_MODEL, ...entry.forms].join(", ")}`,
    fix: "take the model out of lathe:models of this server, or choose another lathe:server",
  });
}
