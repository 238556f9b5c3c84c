/** The catalogue of models and photographs, as other folders use it. */
export { loadCatalogue, loadLabels, type CatalogueEntry } from "./catalogue.ts";
export { SAVED_MODEL, signaturesIn } from "./forms.ts";
export { isOwnModel, packOwnModel } from "./own.ts";
export { findEntry, prepareModel, type PreparedModel } from "./prepare.ts";
export { addOn, pythonEnv, requirementsFile, type PythonEnv } from "./python.ts";
