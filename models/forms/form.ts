import type { Progress } from "../../lib/progress.ts";
import type { CatalogueEntry } from "../catalogue.ts";

/** How a model's files lie in its archive: what a server kind reads (`ServerKind.modelForm`). It is made of the SavedModel. */
export interface ModelForm {
  /** As an entry of the catalogue (`forms`) and models/lock.yaml name it. */
  readonly name: string;
  /** The model's signatures that it keeps; absent: all. */
  readonly signatures?: readonly string[];
  /**
   * Writes `out/version` (the version folder) and `out/model.tar` (the same, packed; byte for byte the same each time).
   *
   * @param savedModel folder of the model's SavedModel
   */
  make(entry: CatalogueEntry, savedModel: string, out: string, progress: Progress): Promise<void>;
}
