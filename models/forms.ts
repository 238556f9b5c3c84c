import { UserError } from "../lib/errors.ts";
import type { CatalogueEntry } from "./catalogue.ts";
import type { ModelForm } from "./forms/form.ts";
import { openvinoIr } from "./forms/openvino-ir.ts";
import { torchForm } from "./convert/to_torch/form.ts";

/** The form in which every model is made first, and which TensorFlow reads. */
export const SAVED_MODEL = "saved-model";

/** Every form but the SavedModel itself. A new one is a file in `models/forms/` and a line here. */
export const FORMS: readonly ModelForm[] = [openvinoIr, torchForm];

/** The signatures of a model that are left in a form. Pure. */
export function signaturesIn(
  form: string,
  signatures: readonly string[],
  forms: readonly ModelForm[] = FORMS,
): string[] {
  const kept = forms.find((f) => f.name === form)?.signatures;
  return signatures.filter((name) => kept?.includes(name) ?? true);
}

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
